"""send_test: one row's letter to oneself, and nothing that is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import FrameError, Sandbox, Template, send_frame, send_test

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = pd.DataFrame(
    {"email": ["ann@example.org", "bo@example.org", "bo@example.org"], "name": ["Ann", "Bo", "Bob"]},
    index=["a", "b", "c"],
)
LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="d@example.org", cc="boss@example.org")
ME = "me@example.org"


async def test_the_letter_of_a_row_comes_to_me_alone() -> None:
    async with Sandbox() as box:
        results = await send_test(PEOPLE, LETTER, box.server, to=ME, row="b", progress=False)
    (received,) = box
    assert received.rcpt_to == (ME,)
    assert (received.message["To"], received.message["X-Original-To"]) == (ME, "bo@example.org")
    assert (received.message["Subject"], received.message["Cc"]) == ("Hello Bo", None)
    assert (results.counts["sent"], len(results), results["b"].status) == (1, 1, "sent")
    assert results.message("b")["Message-ID"] == received.message["Message-ID"]


async def test_it_says_what_was_sent_and_names_nobody() -> None:
    results = await send_test(PEOPLE, LETTER, to=ME, row="b", progress=False)
    assert "A test: the letter of row 'b' goes to m...@example.org alone" in results.notice
    assert "sandbox" in results.notice
    assert ME not in results.notice


async def test_without_a_row_the_first_that_gets_a_message_is_taken() -> None:
    async with Sandbox() as box:
        await send_test(PEOPLE, LETTER, box.server, to=ME, suppress=["ann@example.org"], progress=False)
    assert box[0].message["Subject"] == "Hello Bo"


async def test_the_journal_knows_nothing_of_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    options: dict[str, Any] = {"journal": journal, "campaign": "may", "progress": False}
    async with Sandbox() as box:
        await send_test(PEOPLE.head(2), LETTER, box.server, to=ME, **options)
        assert not journal.exists()
        results = await send_frame(PEOPLE.head(2), LETTER, box.server, **options)
    assert results.counts["sent"] == 2


async def test_a_group_is_tested_by_its_value() -> None:
    letter = Template("{{ rows | length }}", text="{{ rows.name | join(', ') }}", sender="d@example.org")
    async with Sandbox() as box:
        await send_test(PEOPLE, letter, box.server, to=ME, row="bo@example.org", group_by="email", progress=False)
    assert box[0].message.get_content().strip() == "Bo, Bob"


async def test_a_missing_value_is_that_of_the_row() -> None:
    df = pd.DataFrame({"email": [ME, ME], "x": [1.0, None]})
    letter = Template("x", text="{{ x }}", sender="d@example.org", na="empty")
    async with Sandbox() as box:
        await send_test(df, letter, box.server, to=ME, row=1, progress=False)
    assert box[0].message.get_content().strip() == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"to": "me"}, "to= is not one mailbox"),
        ({"to": None}, "to= is not one mailbox"),
        ({"to": ME, "row": "z"}, "row='z': no row has this label"),
        ({"to": ME, "row": "a", "suppress": ["ann@example.org"]}, "row 'a' gets no message"),
        ({"to": ME, "suppress": list(PEOPLE["email"])}, "no row gets a message"),
    ],
)
async def test_a_wrong_call_is_refused_before_anything_is_sent(given: dict[str, Any], said: str) -> None:
    async with Sandbox() as box:
        with pytest.raises(FrameError, match=said):
            await send_test(PEOPLE, LETTER, box.server, progress=False, **given)
    assert len(box) == 0
