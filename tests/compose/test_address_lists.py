"""to, cc and bcc: templates, functions of the row, lists, and cells that hold several addresses."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Template, check_frame
from notebookmail.compose.addresses.address_lists import pieces_of
from notebookmail.compose.recipients import read_recipients
from notebookmail.compose.rows.frame import Frame
from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from notebookmail.mail.message import Envelope

DATE = datetime(2026, 5, 4, tzinfo=UTC)
WORDS = st.text(
    st.characters(exclude_characters='"\\<>,;', exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8
)


def letter(**parts: Any) -> Template:
    return Template("S", text="x", sender="me@example.org", **parts)


def envelope(template: Template, **row: Any) -> Envelope:
    frame = Frame(pd.DataFrame([row]))
    renderer = template.renderer(frame.columns, date=DATE)
    return renderer.render(next(frame.rows()), seed="s").envelope


def recipients(template: Template, **row: Any) -> tuple[str, ...]:
    return envelope(template, **row).recipients


def second(row: Any) -> list[str]:
    return [row.email, "Deputy <second@example.org>"]


@pytest.mark.parametrize(
    ("given_to", "expected"),
    [
        (lambda row: row["email"], ("a@example.org",)),
        (second, ("a@example.org", "second@example.org")),
        (["{{ email }}", lambda _row: ("b@example.org",)], ("a@example.org", "b@example.org")),
        (lambda row: ["", None, float("nan"), row.email], ("a@example.org",)),
        (lambda row: (each for each in [row.email]), ("a@example.org",)),
    ],
)
def test_a_function_of_the_row_gives_one_address_or_several(given_to: Any, expected: tuple[str, ...]) -> None:
    assert recipients(letter(to=given_to), email="a@example.org") == expected


@pytest.mark.parametrize("field", ["cc", "bcc"])
@pytest.mark.parametrize("nothing", [None, "", [], [None], float("nan"), pd.NA])
def test_a_function_that_gives_nobody_adds_no_copy(field: str, nothing: Any) -> None:
    template = letter(to="{{ email }}", **{field: lambda _row: nothing})
    assert recipients(template, email="a@example.org") == ("a@example.org",)


@pytest.mark.parametrize("nothing", [None, "", []])
def test_a_function_that_gives_no_recipient_fails_its_row(nothing: Any) -> None:
    with pytest.raises(TemplateError, match="to: the function gave no address"):
        recipients(letter(to=lambda _row: nothing), email="a@example.org")


@pytest.mark.parametrize("wrong", [7, b"a@example.org", {"a@example.org": 1}, ["a@example.org", 7], "no address"])
def test_a_function_that_gives_no_addresses_fails_its_row_and_names_the_field(wrong: Any) -> None:
    with pytest.raises(TemplateError) as caught:
        recipients(letter(to="{{ email }}", cc=lambda _row: wrong), email="a@example.org")
    assert caught.value.field == "cc"


def test_a_functions_failure_is_its_rows() -> None:
    with pytest.raises(TemplateError, match="KeyError"):
        recipients(letter(to=lambda row: row["nobody"]), email="a@example.org")


@pytest.mark.parametrize("cell", ["a@example.org; b@example.org", "a@example.org, b@example.org"])
@pytest.mark.parametrize("to", [None, "{{ email }}"])
def test_several_recipients_in_a_cell_are_refused_where_nobody_asks_for_them(cell: str, to: str | None) -> None:
    with pytest.raises(TemplateError, match="several addresses") as caught:
        recipients(letter(to=to), email=cell)
    assert f"split={cell[13]!r}" in str(caught.value)


def test_a_cell_that_holds_a_list_is_answered_with_a_function_that_works() -> None:
    cell = ["a@example.org", "b@example.org"]
    with pytest.raises(TemplateError, match=r"to=lambda row: row\[column\]") as caught:
        recipients(letter(), email=cell)
    assert "split=" not in str(caught.value)
    assert recipients(letter(to=lambda row: row["email"]), email=cell) == tuple(cell)


@pytest.mark.parametrize("to", [None, "{{ email }}"])
@pytest.mark.parametrize(
    ("split", "cell"),
    [
        (",", "a@example.org,b@example.org"),
        (";", " a@example.org ;; b@example.org; "),
        ([",", ";"], "a@example.org; b@example.org,"),
        (" / ", "a@example.org / B <b@example.org>"),
        (",", 'a@example.org, "Last, First" <b@example.org>'),
    ],
)
def test_split_reads_several_addresses_in_a_cell(to: str | None, split: Any, cell: str) -> None:
    assert recipients(letter(to=to, split=split), email=cell) == ("a@example.org", "b@example.org")


@pytest.mark.parametrize("cell", ["Smith, Bob <b@example.org>", "a@example.org, nobody", ",", " ; "])
def test_a_piece_that_is_no_mailbox_fails_the_whole_row(cell: str) -> None:
    with pytest.raises(TemplateError):
        recipients(letter(to="{{ email }}", split=","), email=cell)


def test_an_address_in_brackets_the_author_wrote_is_one_whatever_split_says() -> None:
    with pytest.raises(TemplateError, match="several addresses"):
        recipients(letter(to="Ann <{{ email }}>", split=","), email="a@example.org,b@example.org")


def test_commas_in_a_copys_cell_stand_between_mailboxes_as_in_its_header() -> None:
    template = letter(to="{{ email }}", cc="{{ boss }}", bcc="{{ boss }}")
    assert recipients(template, email="a@example.org", boss='"B, B" <b@example.org>, c@example.org') == (
        "a@example.org", "b@example.org", "c@example.org",
    )  # fmt: skip


def test_a_constant_list_is_read_as_a_cell_is() -> None:
    template = letter(
        to="a@example.org; b@example.org", cc='"C, C" <c@example.org>, d@example.org', split=[";", ","]
    )
    assert recipients(template, x=1) == tuple(f"{name}@example.org" for name in "abcd")
    with pytest.raises(TemplateError) as caught:
        letter(to="a@example.org, b@example.org")
    assert "split" not in str(caught.value)


@pytest.mark.parametrize("split", ["", " ", "a", 7, [",", ""]])
def test_what_separates_nothing_is_refused_when_the_template_is_made(split: Any) -> None:
    with pytest.raises(TemplateError, match="split"):
        letter(split=split)


@given(
    st.lists(st.tuples(WORDS, st.sampled_from(["a@x.org", "b@x.org"])), max_size=4), st.sampled_from([",", ";"])
)
def test_what_was_joined_is_cut_again(boxes: list[tuple[str, str]], separator: str) -> None:
    pieces = [f'"{name}{separator}" <{address}>' for name, address in boxes]
    assert pieces_of(separator.join(pieces), [separator]) == pieces


def test_the_recipients_known_before_are_those_of_the_messages() -> None:
    df = pd.DataFrame({"email": ["a@example.org; b@example.org", "nobody", "c@example.org"]})
    for template in (letter(split=";"), letter(to=lambda row: row.email.split("; "))):
        frame = Frame(df)
        renderer = template.renderer(frame.columns, date=DATE)
        known, _ = read_recipients(frame, renderer, template)
        assert list(known) == ["a@example.org, b@example.org", "", "c@example.org"]


def test_one_of_several_recipients_on_the_suppress_list_keeps_the_row_back() -> None:
    df = pd.DataFrame({"email": ["a@acme.org; b@acme.org"]})
    for template in (letter(split=";"), letter(to=lambda row: row.email.split("; "))):
        assert check_frame(df, template, suppress=["b@acme.org"]).messages == 0
        assert check_frame(df, template, suppress=["c@acme.org"]).messages == 1


def test_a_function_travels_with_the_template() -> None:
    template = pickle.loads(pickle.dumps(letter(to=second, split=";")))
    assert recipients(template, email="a@example.org") == ("a@example.org", "second@example.org")
    assert template.digest == letter(to=second, split=";").digest != letter(to=second).digest


def test_another_kind_of_recipient_is_refused_when_the_template_is_made() -> None:
    for wrong in (7, {"a@example.org": "A"}, [7]):
        with pytest.raises(TemplateError, match="to"):
            letter(to=wrong)
