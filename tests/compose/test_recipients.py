"""Recipients read by the column are those the compiler makes out row by row, and same ones are found."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail import Template, TemplateError
from notebookmail.compose import recipients as module
from notebookmail.compose.groups import GroupedFrame
from notebookmail.compose.recipients import Recipients, read_recipients, repeated
from notebookmail.compose.renderer import Renderer
from notebookmail.compose.rows.frame import Frame, Row

if TYPE_CHECKING:
    from notebookmail.mail.message import Mail

DATE = datetime(2026, 5, 4, tzinfo=UTC)
ODD_CELLS = [
    "a@example.org", "Ann@example.org", "ann@EXAMPLE.org", "a.b+c@sub.example.org", "a@b", "a@localhost", "n/a",
    "", " a@example.org ", "\ta@example.org", "a@example.org\n", "a@x.org\nb@x.org", "a@x.org,b@x.org",
    "Ann <a@x.org>", "<a@x.org>", '"a b"@x.org', "a@[192.0.2.1]", "a@müller.example", "ü@example.org",
    "a@xn--mller-kva.example", "a..b@x.org", ".a@x.org", "a.@x.org", "a@x..org", "a@-x.org", "a@x-.org",
    "a@x_y.org", "a@.x.org", "a@x.org.", "@x.org", "a@", "a@b@x.org", "@", "a@x.org;", "x" * 64 + "@x.org",
    "x" * 65 + "@x.org", "a@" + "x" * 64 + ".org", "a\u00a0@x.org", "\u00a0a@x.org", "a@x.123", "{{ name }}",
    "A@X.ORG", "a@x\u2028.org", "a%b@x.org", "a@x.o--rg", None, float("nan"), 7, 7.5, True, b"a@x.org",
    ["a@x.org"], pd.Timestamp("2026-05-04"),
]  # fmt: skip
ADDRESSES = st.from_regex(r"[a-zA-Z.+_'-]{1,8}@[a-zA-Z0-9.-]{1,12}", fullmatch=True)
CELLS = st.one_of(st.sampled_from(ODD_CELLS), ADDRESSES, st.emails(), st.text(max_size=12))
SOURCES = [
    None, "{{ email }}", " {{email}} ", "{{ name }} <{{ email }}>", "Team <{{ email }}>", "<{{ email }}>",
    '"{{ name }}" < {{ email }} >', "{{ email | lower }}", "{{ row.email }}", "{{ name }}@example.org",
    "{% if name %}{{ name }}{% endif %} <{{ email }}>", "fixed@example.org", "{{ email }}{{ '' }}",
]  # fmt: skip


def compiled(df: Any, template: Template) -> tuple[Frame, Renderer]:
    frame = Frame(df)
    return frame, template.renderer(frame.columns, date=DATE)


def letter(to: Any = None, **more: Any) -> Template:
    return Template("x", sender="me@example.org", text="{{ name }}", to=to, **more)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 4)


def assert_read_as_compiled(df: Any, template: Template) -> None:
    frame, renderer = compiled(df, template)
    found, hashes = read_recipients(frame, renderer, template)
    expected = [renderer.recipient(row) for row in frame.rows()]
    assert list(found) == expected
    assert [found[position] for position in reversed(range(len(found)))] == expected[::-1]
    assert found[:] == expected
    assert len(found) == len(hashes) == len(expected)
    for one, first in enumerate(expected):
        for other in range(one):
            if first and first.casefold() == expected[other].casefold():
                assert hashes[one] == hashes[other]


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=25)
@given(cells=st.lists(CELLS, max_size=14))
def test_recipients_are_what_the_compiler_makes_of_every_row(source: str | None, cells: list[Any]) -> None:
    df = pd.DataFrame({"email": pd.Series(cells, dtype=object), "name": [f"n{n}" for n in range(len(cells))]})
    assert_read_as_compiled(df, letter(source))


@pytest.mark.parametrize("place", range(len(ODD_CELLS)))
@pytest.mark.parametrize("source", [None, "{{ name }} <{{ email }}>"])
def test_an_odd_cell_among_plain_ones_is_read_as_the_compiler_reads_it(place: int, source: str | None) -> None:
    cells = ["a@example.org", "b@example.org", ODD_CELLS[place], "c@example.org", "d@example.org"]
    df = pd.DataFrame({"email": pd.Series(cells, dtype=object), "name": "n"})
    assert_read_as_compiled(df, letter(source))


@settings(max_examples=25)
@given(cells=st.lists(st.one_of(ADDRESSES, st.sampled_from([None, "Ann <a@x.org>"])), min_size=1, max_size=14))
def test_columns_of_texts_are_read_as_columns_of_objects_are(cells: list[str | None]) -> None:
    names = [f"n{n}" for n in range(len(cells))]
    assert_read_as_compiled(pd.DataFrame({"email": pd.Series(cells, dtype="string"), "name": names}), letter())
    assert_read_as_compiled(pd.DataFrame({"email": pd.Categorical(cells), "name": names}), letter())
    assert_read_as_compiled(
        pl.DataFrame({"email": cells, "name": names}, schema_overrides={"email": pl.String}), letter()
    )


def test_a_level_of_the_index_can_hold_the_recipients() -> None:
    cells = ["a@example.org", "Bo <b@example.org>", "C@EXAMPLE.org"] * 3
    df = pd.DataFrame({"name": range(9)}, index=pd.Index(cells, name="email"))
    assert_read_as_compiled(df, letter())


def test_a_column_whose_name_is_no_variable_can_hold_the_recipients() -> None:
    df = pd.DataFrame({"E-Mail": ["a@example.org", "B@example.ORG", None, 3, "x"], "name": "n"})
    assert_read_as_compiled(df, letter())


@pytest.mark.parametrize("name", ["row", "none", "True", "loop", "range"])
def test_names_that_mean_something_else_in_a_template_are_read_as_the_compiler_reads_them(name: str) -> None:
    df = pd.DataFrame({name: ["a@example.org", "b@example.org"], "name": "n"})
    for source in (
        f"{{{{ {name} }}}}",
        f" {{{{ {name} }}}} ",
        f"N <{{{{ {name} }}}}>",
        f"{{{{ row[{name!r}] }}}}",
    ):
        assert_read_as_compiled(df, letter(source))


@pytest.mark.parametrize("policies", [{"na": "empty"}, {"undefined": "empty"}])
def test_missing_cells_have_no_recipient_whatever_they_print(policies: dict[str, Any]) -> None:
    df = pd.DataFrame({"email": ["a@example.org", None, "b@example.org"], "name": "n"})
    assert_read_as_compiled(df, letter(**policies))


def test_several_recipients_are_joined() -> None:
    df = pd.DataFrame({"email": ["A@x.org", "b"], "boss": ["c@X.org", "d@x.org"], "name": "n"})
    assert_read_as_compiled(df, letter(["{{ email }}", "{{ boss }}"]))


def test_a_group_has_the_recipient_of_its_rows() -> None:
    df = pd.DataFrame({"email": ["a@x.org", "b@x.org", "a@x.org"], "name": ["n", "m", "o"]})
    template = Template("x", sender="me@example.org", text="{{ rows | length }}")
    frame = GroupedFrame(df, "email")
    found, _ = read_recipients(frame, template.renderer(frame.columns, date=DATE), template)
    assert list(found) == ["a@x.org", "b@x.org"]


def test_a_frame_without_rows_has_no_recipients() -> None:
    frame, renderer = compiled(pd.DataFrame({"email": [], "name": []}), letter())
    found, hashes = read_recipients(frame, renderer, letter())
    assert (list(found), len(found), hashes.tolist()) == ([], 0, [])


def test_a_position_that_is_not_there_has_no_recipient() -> None:
    recipients = Recipients()
    recipients.add(["a@x.org"])
    for position in (1, 4, 9, -1):
        with pytest.raises(IndexError):
            recipients[position]


def test_recipients_travel_without_the_frame() -> None:
    df = pd.DataFrame({"email": ["a@x.org", "B@X.org", "bad", "c@x.org", "d@x.org"], "name": "n"})
    frame, renderer = compiled(df, letter())
    found, _ = read_recipients(frame, renderer, letter())
    assert (
        list(pickle.loads(pickle.dumps(found))) == list(found) == ["a@x.org", "B@x.org", "", "c@x.org", "d@x.org"]
    )


def test_plain_addresses_are_never_given_to_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("asked")

    df = pd.DataFrame({"email": ["a@x.org", "B@X.org", "no address", None, "Ann <c@x.org>"], "name": "n"})
    frame, renderer = compiled(df, letter())
    monkeypatch.setattr(Renderer, "recipient", refuse)
    assert list(read_recipients(frame, renderer, letter())[0]) == ["a@x.org", "B@x.org", "", "", "c@x.org"]


@given(st.lists(st.integers(-5, 5)))
def test_what_stands_there_more_than_once_is_found(numbers: list[int]) -> None:
    found = repeated(np.array(numbers, dtype=np.int64)).tolist()
    assert found == [place for place, number in enumerate(numbers) if numbers.count(number) > 1]


def written(renderer: Renderer, row: Row, to: str) -> Mail | str:
    try:
        return renderer.render(row, seed="a", to=to)
    except TemplateError as error:
        return str(error)


@given(
    cells=st.lists(CELLS, min_size=1, max_size=6),
    source=st.sampled_from(SOURCES),
    split=st.sampled_from([(), (",",)]),
)
def test_a_letter_is_the_same_where_its_recipient_was_read_before(
    cells: list[Any], source: str | None, split: tuple[str, ...]
) -> None:
    df = pd.DataFrame({"name": "Ann", "email": pd.Series(cells, dtype=object)})
    template = letter(source, split=split)
    frame, renderer = compiled(df, template)
    found, _ = read_recipients(frame, renderer, template)
    for row, to in zip(frame.rows(), found, strict=True):
        assert written(renderer, row, to) == written(renderer, row, "")
