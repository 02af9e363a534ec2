"""preview_frame, as an analyst calls it: it shows what would be sent, and says of every row why it is there."""

from __future__ import annotations

import asyncio
import time
from email import policy
from email.parser import BytesParser
from itertools import pairwise
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.good_rows import people

from notebookmail import (
    FrameError,
    Preview,
    Sandbox,
    Template,
    TemplateError,
    check_frame,
    preview_frame,
    send_frame,
)
from notebookmail.review.extremes import ERRORS, LOOKED_AT
from notebookmail.review.picked_rows import spread

LETTER = Template("News for {{ name }}", sender="Desk <desk@acme.org>", markdown="Dear {{ name }},\n\n*all* well?")


def states(preview: Preview) -> list[tuple[Any, str]]:
    """Say of each picked row whether it has a message, an error, or is left out."""
    return [
        (row.label, "left out" if row.left_out else "error" if row.mail is None else "message")
        for row in preview.previewed_rows()
    ]


def text_of(message: Any, kind: str) -> str:
    """Read a body with Python's line ends."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


# --- what is shown is what would be sent -------------------------------------------------------------------


async def test_a_message_is_the_one_that_is_sent() -> None:
    df = people(3)
    async with Sandbox() as box:
        await send_frame(df, LETTER, box.server, journal=False, progress=False)
        arrived = {received.rcpt_to[0]: received.message for received in box.received}
    preview = preview_frame(df, LETTER)
    for label in df.index:
        shown, sent = preview.message(label), arrived[df.loc[label, "email"]]
        for field in ("From", "To", "Subject", "Content-Type"):
            assert shown[field].partition("boundary")[0] == sent[field].partition("boundary")[0]
        for kind in ("plain", "html"):
            assert text_of(shown, kind) == text_of(sent, kind)


def test_messages_are_read_by_their_place_too_and_the_preview_ends() -> None:
    preview = preview_frame(people(3), LETTER)
    assert (len(preview), [message["Subject"] for message in preview]) == (
        3,
        [f"News for Name {n}" for n in range(3)],
    )
    assert preview[-1]["To"] == "n2@acme.org"


def test_findings_are_those_of_a_check() -> None:
    df = people(5, name_1="nan", email_2="n2@gmial.com", name_3=None, email_4="n0@acme.org")
    report, preview = check_frame(df, LETTER), preview_frame(df, LETTER)
    for label in df.index:
        of_row = report.frame[report.frame["row"] == label]
        found = [(each.severity, each.kind, each.field, each.message) for each in preview.findings(label)]
        expected = of_row[["severity", "kind", "field", "message"]].itertuples(index=False, name=None)
        assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_a_row_that_cannot_be_made_is_shown_with_its_error_and_raises_it_when_asked_for() -> None:
    preview = preview_frame(people(3, name_1=None), LETTER)
    assert states(preview) == [("row0", "message"), ("row1", "error"), ("row2", "message")]
    (finding,) = preview.findings("row1")
    assert (finding.field, finding.severity) == ("subject", "error")
    assert finding.remedy
    with pytest.raises(TemplateError, match="'name' is missing"):
        preview.message("row1")


def test_rows_that_are_left_out_are_shown_with_the_reason() -> None:
    df = people(5, email_1="n0@acme.org")
    preview = preview_frame(df, LETTER, suppress=["N2@acme.org"], duplicates="skip", limit=2)
    assert states(preview) == [
        ("row0", "message"), ("row1", "left out"), ("row2", "left out"), ("row3", "message"), ("row4", "left out"),
    ]  # fmt: skip
    with pytest.raises(FrameError, match=r"duplicate: the same recipient as row r\.\.\. \(number 1\)"):
        preview.message("row1")
    with pytest.raises(FrameError, match="suppress list"):
        preview.message("row2")
    with pytest.raises(FrameError, match="beyond limit=2"):
        preview.message("row4")


def test_somebody_who_would_be_mailed_twice_is_an_error_of_the_second_row() -> None:
    preview = preview_frame(people(3, email_2="N0@acme.org"), LETTER)
    assert [each.kind for each in preview.findings("row2")] == ["duplicate"]
    assert preview.findings("row0") == []


def test_a_rehearsal_is_previewed_as_it_would_go() -> None:
    message = preview_frame(people(2), LETTER, redirect_to="me@acme.org").message("row1")
    assert (message["To"], message["X-Original-To"]) == ("me@acme.org", "n1@acme.org")


def test_groups_are_shown_by_their_key_and_a_row_without_one_says_so() -> None:
    df = people(4, email_1="n0@acme.org", email_3=None)
    template = Template("{{ rows | length }} things", sender="a@acme.org", text="x")
    preview = preview_frame(df, template, group_by="email")
    assert preview.message("n0@acme.org")["Subject"] == "2 things"
    assert [state for _, state in states(preview)] == ["message", "message", "error"]
    assert "no value in 'email'" in list(preview.previewed_rows())[2].remarks[0].message


@pytest.mark.parametrize(
    ("df", "options", "words"),
    [
        ("people.csv", {}, "not a data frame"), (people(), {"sender": "nobody"}, "no @"),
        (people().drop(columns="name"), {}, "no column 'name'"), (people(), {"suppress": "a@b.org"}, "a list"),
    ],
)  # fmt: skip
def test_a_frame_that_cannot_be_sent_as_a_whole_raises(df: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises((FrameError, TemplateError), match=words):
        preview_frame(df, LETTER, **options)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="preview_frame\\(\\) has no option 'limmit': did you mean limit="):
        preview_frame(people(), LETTER, limmit=3)


def test_the_frame_is_not_changed_and_other_libraries_frames_are_read() -> None:
    df = people(3)
    before = df.copy()
    assert preview_frame(df, LETTER, pick="extremes")
    pd.testing.assert_frame_equal(df, before)
    assert preview_frame(pl.from_pandas(df), LETTER).message(2)["Subject"] == "News for Name 2"


def test_a_million_letters_are_not_made_to_show_one() -> None:
    asked: list[Any] = []
    template = Template("x", sender="a@acme.org", text="x", attachments=[asked.append])
    preview = preview_frame(people(2000), template)
    assert preview[1500]["To"] == "n1500@acme.org"
    assert len(asked) == 1


def test_a_hundred_thousand_rows_open_at_once() -> None:
    df = people(100_000)
    started = time.process_time()
    preview = preview_frame(df, LETTER)
    assert preview[0]["Subject"] == "News for Name 0"
    assert time.process_time() - started < 5  # of the processor: it takes a tenth


def test_a_row_among_very_many_with_one_address_is_shown_at_once() -> None:
    preview = preview_frame(people(20_000).assign(email="me@acme.org"), LETTER)
    assert preview[19_999]["Subject"] == "News for Name 19999"
    started = time.process_time()
    assert preview[19_998]["Subject"] == "News for Name 19998"
    assert time.process_time() - started < 0.5  # it takes hundredths of a second; to number them all takes seconds


# --- which rows --------------------------------------------------------------------------------------------


def test_labels_pick_rows_in_the_order_given_and_none_twice() -> None:
    assert preview_frame(people(5), LETTER, pick=["row3", "row1", "row3"]).labels.tolist() == ["row3", "row1"]
    df = people(4).set_axis([7, 7, 8, 9])
    assert len(preview_frame(df, LETTER, pick=[7])) == 2
    assert preview_frame(df, LETTER, pick=df.index[df["name"] == "Name 3"]).labels.tolist() == [9]
    assert len(preview_frame(df, LETTER, pick=[])) == 0


@pytest.mark.parametrize("pick", ["extreme", 0, -3, True, 1.5, ["nobody"], [["a"]], {"row1": 1}, b"x", slice(3)])
def test_anything_else_is_refused_with_what_is_possible(pick: Any) -> None:
    with pytest.raises(FrameError, match="'extremes' for the odd ones, a number of rows, or a list of row labels"):
        preview_frame(people(), LETTER, pick=pick)


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_evenly_spread_rows_are_distinct_in_order_and_reach_from_end_to_end(rows: int, count: int) -> None:
    places = list(spread(rows, count))
    assert places == sorted(set(places))
    assert len(places) == min(rows, count)
    if rows and count > 1:
        assert (places[0], places[-1]) == (0, rows - 1)
        widest = max((b - a for a, b in pairwise(places)), default=0)
        assert widest <= rows // (count - 1) + 1


CELLS = st.one_of(st.none(), st.sampled_from(["Ann", "nan", "", "Jörg", "x" * 60, "a\r\nb", "<b>", "Ann Lee"]))
ADDRESSES = st.sampled_from(
    ["a@acme.org", "b@acme.org", "c@gmial.com", "a@acme.org, b@acme.org", "", None, "d+x@acme.org"]
)


@given(st.lists(st.tuples(CELLS, ADDRESSES), max_size=25), st.sampled_from(["error", "skip", "send"]))
@settings(max_examples=60)
def test_the_odd_ones_are_distinct_the_same_every_time_and_hold_every_error(
    rows: list[tuple[str | None, str | None]], duplicates: str
) -> None:
    df = pd.DataFrame(rows, columns=["name", "email"], dtype=object)
    preview = preview_frame(df, LETTER, pick="extremes", duplicates=duplicates)
    labels = preview.labels.tolist()
    assert len(set(labels)) == len(labels)
    assert labels == preview_frame(df, LETTER, pick="extremes", duplicates=duplicates).labels.tolist()
    assert preview.reasons.index.tolist() == labels
    assert bool(labels) == bool(rows)
    errors = {
        row.position
        for row in preview_frame(df, LETTER, duplicates=duplicates).previewed_rows()
        if any(each.severity == "error" for each in row.remarks)
    }
    assert len(errors & set(labels)) >= min(len(errors), ERRORS)


def test_each_odd_row_says_why_in_words() -> None:
    df = people(
        40, name_3="N" * 60, name_5=None, name_7="Jörg Åse", email_9="n9@gmial.com", email_11="n0@acme.org"
    )
    df["note"] = "Thank you."
    df.loc["row13", "note"] = None
    template = Template(
        "News for {{ name }}", sender="a@acme.org", cc="{{ 'boss@acme.org' if name == 'Name 15' }}",
        text="Dear {{ name }},\n{{ note if note is defined else '' }}", na="empty",
        attachments=[lambda row: ("big.bin", b"x" * 3_000_000) if row.name == "Name 17" else None],
    )  # fmt: skip
    preview = preview_frame(df, template, pick="extremes", suppress=["n19@acme.org"])
    reasons = preview.reasons
    assert "the longest subject, 69 characters" in reasons["row3"]
    assert "'name' is not ASCII" in reasons["row7"]
    assert "the domain looks mistyped" in reasons["row9"]
    assert "the same recipient as row r... (number 1)" in reasons["row11"]
    assert "the only one with 2 recipients" in reasons["row15"]
    assert "the largest message, 4." in reasons["row17"]
    assert "the only one with an attachment" in reasons["row17"]
    assert "on the suppress list" in reasons["row19"]
    assert "missing" in "".join(reasons)
    assert len(preview) <= 20


def test_of_letters_that_are_all_alike_the_first_is_shown() -> None:
    preview = preview_frame(
        people(9), Template("x", sender="a@acme.org", text="Hello, all well?"), pick="extremes"
    )
    assert preview.reasons.to_dict() == {"row0": "all letters are alike; this is the first"}


def test_of_very_many_rows_an_even_sample_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LOOKED_AT == 10_000
    monkeypatch.setattr("notebookmail.review.extremes.LOOKED_AT", 10)
    asked: list[Any] = []
    template = Template("x", sender="a@acme.org", text="x", attachments=[asked.append])
    preview = preview_frame(people(500), template, pick="extremes")
    assert len(asked) == 10
    assert "10 of 500 letters were looked at" in str(preview)


# --- how it shows itself -----------------------------------------------------------------------------------


def test_printed_it_is_the_first_message_with_its_findings() -> None:
    text = str(preview_frame(people(3, name_0="nan"), LETTER))
    for words in ("From: Desk <desk@acme.org>", "To: n0@acme.org", "Subject: News for nan", "Dear nan,",
                  "the first of 3", "2 warnings", "'nan' stands in the text"):  # fmt: skip
        assert words in text


def test_printed_without_findings_it_says_so_and_without_rows_too() -> None:
    assert "✓ No findings" in str(preview_frame(people(1), LETTER))
    assert str(preview_frame(people(0), LETTER)) == "no rows, nothing to preview"
    assert repr(preview_frame(people(2), LETTER)) == "<Preview of 2 letters>"


def test_nothing_in_a_letter_reaches_the_terminal_as_a_command() -> None:
    df = people(1)
    template = Template("x", sender="a@acme.org", text="{{ name }}")
    df.loc["row0", "name"] = "a\x1b[2Jb\x07\u202ec"
    assert not set("\x1b\x07\u202e") & set(str(preview_frame(df, template)))


def test_it_works_inside_a_running_loop() -> None:
    async def look() -> int:
        return len(preview_frame(people(2), LETTER, pick="extremes"))

    assert asyncio.run(look()) >= 1


def test_a_message_can_be_written_and_read_again() -> None:
    message = preview_frame(people(1, name_0="Jörg"), LETTER)[0]
    assert BytesParser(policy=policy.default).parsebytes(message.as_bytes())["Subject"] == "News for Jörg"
