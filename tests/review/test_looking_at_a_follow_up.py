"""A follow-up looked at before it goes out: who would get it, who is left out, and why, as send_frame decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import (
    JournalError,
    Sandbox,
    Template,
    check_frame,
    plan_frame,
    preview_frame,
    read_feedback,
    send_frame,
)

if TYPE_CHECKING:
    from pathlib import Path

FIRST = Template("Your points", sender="desk@example.org", text="Dear {{ name }}")
AGAIN = Template("Re: Your points", sender="desk@example.org", text="Dear {{ name }}, did you see it?")
NAMES = [f"P{number}" for number in range(20)]
PEOPLE = pd.DataFrame({"name": NAMES, "email": [f"{name.lower()}@example.com" for name in NAMES]})


async def test_every_look_names_those_whom_send_frame_writes_to_and_why_it_leaves_out_the_others(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "j"
    async with Sandbox({"bounce": 0.2, "reply": 0.3, "complaint": 0.1}) as box:
        await send_frame(PEOPLE, FIRST, box.server, campaign="may", journal=journal, progress=False)
        await read_feedback(box.mailbox, "may", journal=journal)
        report = check_frame(PEOPLE, AGAIN, box.server, follows="may", journal=journal)
        preview = preview_frame(PEOPLE, AGAIN, follows="may", journal=journal)
        plan = plan_frame(PEOPLE, AGAIN, box.server, follows="may", journal=journal)
        results = await send_frame(PEOPLE, AGAIN, box.server, follows="may", journal=journal, progress=False)
    hints = results.skipped["hint"]
    assert 0 < len(hints) < len(PEOPLE)
    assert report.ok
    assert report.left_out_rows.to_dict() == hints.to_dict()
    assert report.messages == plan.messages == results.counts["sent"]
    assert {row.label: row.left_out for row in preview.previewed_rows() if row.mail is None} == hints.to_dict()
    written = {label: preview.message(label)["In-Reply-To"] for label in results.sent.index}
    assert written == {label: results.message(label)["In-Reply-To"] for label in results.sent.index}
    answered = f"{hints.str.startswith('answered').sum()} answered 'may' on "
    for words in (str(plan), str(report), report._repr_html_().replace("&#39;", "'").replace("&#x27;", "'")):
        assert answered in words
    assert sum(count for _, count in plan.reasons) == plan.left_out == report.left_out == len(hints)


async def test_a_follow_up_that_send_frame_refuses_is_an_error_of_the_check(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    async with Sandbox() as box:
        await send_frame(PEOPLE, FIRST, box.server, campaign="may", journal=journal, progress=False)
        unread = check_frame(PEOPLE, AGAIN, box.server, follows="may", journal=journal)
        unknown = check_frame(PEOPLE, AGAIN, box.server, follows="april", journal=journal)
        with pytest.raises(JournalError, match="april"):
            plan_frame(PEOPLE, AGAIN, box.server, follows="april", journal=journal)
    assert "who has not answered is not known" in unread.errors["message"].item()
    assert "april" in unknown.errors["message"].item()


async def test_a_subject_that_begins_no_thread_is_said_before_the_letters_go(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    other = Template("A reminder", sender="desk@example.org", text="Dear {{ name }}, did you see it?")
    async with Sandbox() as box:
        await send_frame(PEOPLE, FIRST, box.server, campaign="may", journal=journal, progress=False)
        options = {"follows": "may", "only": "all", "journal": journal}
        report = check_frame(PEOPLE, other, box.server, **options)
        plan = plan_frame(PEOPLE, other, box.server, **options)
    assert any("do not begin with 'Re:'" in each or "does not begin with 'Re:'" in each for each in plan.notices)
    assert report.warnings.loc[report.warnings["kind"] == "subject", "message"].str.contains("Re:").all()
    assert report.ok


def test_a_plan_says_why_rows_are_left_out() -> None:
    plan = plan_frame(PEOPLE, FIRST, suppress=["p3@example.com"], limit=10, suppressed="send", journal=False)
    assert "10 rows are left out: 1 on the suppress list, 9 beyond limit=10" in str(plan)
    assert plan_frame(PEOPLE.head(1), FIRST, limit=0, journal=False).reasons == (("beyond limit=0", 1),)
