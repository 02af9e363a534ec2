"""The next letter of a conversation: to whom, in which thread, and why the others get none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import FrameError, JournalError, Sandbox, Template, read_feedback, send_frame
from notebookmail.campaign.durations import seconds_of
from notebookmail.campaign.follow_up import FollowedCampaign, Wanted
from notebookmail.delivery.journal import FeedbackEntry, FoundRow

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail import SendResults

FIRST = Template("Your points", sender="desk@example.org", text="Dear {{ name }}")
AGAIN = Template("Re: Your points", sender="desk@example.org", text="Dear {{ name }}, did you see it?")
FAULTS = {"bounce": 0.2, "reply": 0.3, "complaint": 0.1, "unsubscribe": 0.1, "away": 0.2}
DAY = 86_400.0


def people(count: int = 40) -> pd.DataFrame:
    names = [f"P{number}" for number in range(count)]
    return pd.DataFrame({"name": names, "email": [f"{name.lower()}@example.com" for name in names]})


async def sent(
    box: Sandbox, df: pd.DataFrame, journal: Path, template: Template = FIRST, **options: Any
) -> SendResults:
    return await send_frame(df, template, box.server, journal=journal, progress=False, **options)


async def begun(box: Sandbox, journal: Path, df: pd.DataFrame | None = None) -> Any:
    """Send the first letter and read what came back of it."""
    await sent(box, people() if df is None else df, journal, campaign="may")
    return await read_feedback(box.mailbox, "may", journal=journal)


# --- who gets it --------------------------------------------------------------------------------------------


async def test_the_silent_get_the_next_letter_in_the_thread_of_theirs(tmp_path: Path) -> None:
    async with Sandbox(FAULTS) as box:
        feedback = await begun(box, tmp_path / "j")
        first = {str(each["To"]): each for each in box.messages}
        results = await sent(box, people(), tmp_path / "j", AGAIN, follows="may")
    followed = {str(each["To"]): each for each in box.messages[len(first) :]}
    assert set(followed) == set(feedback.silent.index)
    assert 0 < len(followed) < len(first)
    for to, message in followed.items():
        assert message["In-Reply-To"] == message["References"] == first[to]["Message-ID"]
        assert message["Message-ID"] != first[to]["Message-ID"]
    reasons = results.frame.set_index("to")["hint"]
    frame = feedback.frame
    for name, words in (("bounced", ("bounced 'may'", "suppressed on")), ("replied", "answered 'may'")):
        assert reasons[frame.index[frame[name]]].str.startswith(words).all()
    assert results.counts["skipped"] == len(first) - len(followed)


async def test_a_soft_bounce_is_no_silence(tmp_path: Path) -> None:
    async with Sandbox({"bounce": "452 4.2.2 Mailbox full"}) as box:
        await begun(box, tmp_path / "j", people(2))
        results = await sent(box, people(2), tmp_path / "j", AGAIN, follows="may")
    assert results.frame["hint"].str.startswith("bounced 'may' on ").all()


async def test_a_machine_that_answers_for_somebody_is_no_answer(tmp_path: Path) -> None:
    async with Sandbox({"away": 1}) as box:
        await begun(box, tmp_path / "j", people(3))
        results = await sent(box, people(3), tmp_path / "j", AGAIN, follows="may")
    assert results.counts["sent"] == 3


async def test_a_follow_up_run_twice_goes_once(tmp_path: Path) -> None:
    async with Sandbox(FAULTS) as box:
        await begun(box, tmp_path / "j")
        first = await sent(box, people(), tmp_path / "j", AGAIN, follows="may", campaign="may again")
        second = await sent(box, people(), tmp_path / "j", AGAIN, follows="may", campaign="may again")
    assert first.counts["sent"] > 0
    assert second.counts == {**dict.fromkeys(second.counts, 0), "skipped": 40}
    assert second.sent_before == first.counts["sent"]


async def test_the_limit_counts_those_who_get_it(tmp_path: Path) -> None:
    async with Sandbox(FAULTS) as box:
        feedback = await begun(box, tmp_path / "j")
        silent = len(feedback.silent)
        counts = [
            (await sent(box, people(), tmp_path / "j", AGAIN, follows="may", campaign="again", limit=5)).counts[
                "sent"
            ]
            for _ in range(silent // 5 + 1)
        ]
    assert counts == [5] * (silent // 5) + [silent % 5]


async def test_confirm_counts_those_who_get_it(tmp_path: Path) -> None:
    async with Sandbox(FAULTS) as box:
        feedback = await begun(box, tmp_path / "j")
        silent = len(feedback.silent)
        with pytest.raises(FrameError, match=f"{silent} messages would go"):
            await sent(box, people(), tmp_path / "j", AGAIN, follows="may", confirm=40)
        results = await sent(box, people(), tmp_path / "j", AGAIN, follows="may", confirm=silent)
    assert results.counts["sent"] == silent


async def test_who_answered_can_be_chosen_or_all(tmp_path: Path) -> None:
    async with Sandbox({"reply": 0.5}) as box:
        feedback = await begun(box, tmp_path / "j")
        replied = await sent(
            box, people(), tmp_path / "j", AGAIN, follows="may", only="replied", campaign="thanks"
        )
        everybody = await sent(box, people(), tmp_path / "j", AGAIN, follows="may", only="all", campaign="news")
    assert set(replied.sent["to"]) == set(feedback.replied.index)
    assert everybody.counts["sent"] == 40


async def test_who_got_no_first_letter_gets_no_next_one(tmp_path: Path) -> None:
    async with Sandbox({"p1@example.com": "550 5.1.1 No"}) as box:
        await begun(box, tmp_path / "j", people(2))
        results = await sent(box, people(3), tmp_path / "j", AGAIN, follows="may")
    assert results.frame["hint"].tolist()[1:] == ["got no letter in 'may'", "not in 'may'"]
    assert results.counts["sent"] == 1


async def test_rows_are_known_by_their_key_as_in_the_first_campaign(tmp_path: Path) -> None:
    df = pd.DataFrame({"name": ["A", "B"], "email": ["a@example.com"] * 2, "order": [1, 2]})
    both: dict[str, Any] = {"key": "order", "duplicates": "send"}
    async with Sandbox() as box:
        await sent(box, df, tmp_path / "j", campaign="may", **both)
        await read_feedback(box.mailbox, "may", journal=tmp_path / "j")
        guessing = await sent(box, df.iloc[:1], tmp_path / "j", AGAIN, follows="may")
        results = await sent(box, df.iloc[::-1], tmp_path / "j", AGAIN, follows="may", campaign="again", **both)
    assert guessing.frame["hint"].tolist() == ["'may' has several letters to it: key= says which is which"]
    assert results.counts["sent"] == 2
    threads = {str(each["In-Reply-To"]) for each in box.messages[2:]}
    assert threads == {str(each["Message-ID"]) for each in box.messages[:2]}


async def test_a_dry_run_and_a_rehearsal_leave_out_the_same(tmp_path: Path) -> None:
    async with Sandbox(FAULTS) as box:
        feedback = await begun(box, tmp_path / "j")
        dry = await sent(box, people(), tmp_path / "j", AGAIN, follows="may", dry_run=True)
        redirected = await sent(box, people(), tmp_path / "j", AGAIN, follows="may", redirect_to="me@example.org")
    assert set(dry.pending["to"]) == set(feedback.silent.index)
    assert redirected.counts["sent"] == len(feedback.silent)


async def test_a_row_that_is_tried_again_keeps_its_thread(tmp_path: Path) -> None:
    async with Sandbox({"greylist": 0}) as box:
        first = await sent(box, people(3), tmp_path / "j", campaign="may")
        await first.retry()
        await read_feedback(box.mailbox, "may", journal=tmp_path / "j")
        ids = {str(each["Message-ID"]) for each in box.messages}
        other = Template("Re: Your points", sender="other@example.org", text="x")
        results = await sent(box, people(3), tmp_path / "j", other, follows="may")
        assert results.counts["deferred"] == 3
        await results.retry()
    assert results.counts["sent"] == 3
    assert {str(each["In-Reply-To"]) for each in box.messages[3:]} == ids


# --- when it is refused -------------------------------------------------------------------------------------


async def test_without_a_reading_nobody_is_known_to_be_silent(tmp_path: Path) -> None:
    async with Sandbox() as box:
        await sent(box, people(2), tmp_path / "j", campaign="may")
        with pytest.raises(FrameError, match=r"never read.*await read_feedback\(mailbox, 'may'\) first"):
            await sent(box, people(2), tmp_path / "j", AGAIN, follows="may")
        results = await sent(box, people(2), tmp_path / "j", AGAIN, follows="may", only="all")
    assert results.counts["sent"] == 2


async def test_a_row_that_went_out_after_the_reading_waits_for_the_next(tmp_path: Path) -> None:
    async with Sandbox() as box:
        await begun(box, tmp_path / "j", people(1))
        await sent(box, people(2), tmp_path / "j", campaign="may")
        results = await sent(box, people(2), tmp_path / "j", AGAIN, follows="may")
    assert results.counts["sent"] <= 1
    assert "answers were not read since 'may' went out" in results.frame["hint"].iloc[1]


async def test_after_lets_a_letter_rest(tmp_path: Path) -> None:
    async with Sandbox() as box:
        await begun(box, tmp_path / "j", people(2))
        results = await sent(box, people(2), tmp_path / "j", AGAIN, follows="may", after="5d")
    assert results.counts["skipped"] == 2
    assert results.frame["hint"].str.contains("too early: 'may' went out on ").all()


async def test_an_unknown_campaign_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    async with Sandbox() as box:
        await begun(box, tmp_path / "j", people(1))
        with pytest.raises(JournalError, match="did you mean 'may'"):
            await sent(box, people(1), tmp_path / "j", AGAIN, follows="mai")


async def test_a_thread_that_the_template_writes_itself_is_refused(tmp_path: Path) -> None:
    own = Template("Re: x", sender="desk@example.org", text="x", headers={"References": "<a@example.org>"})
    async with Sandbox() as box:
        await begun(box, tmp_path / "j", people(1))
        with pytest.raises(FrameError, match="take them out of headers="):
            await sent(box, people(1), tmp_path / "j", own, follows="may")


async def test_another_subject_is_told_of(tmp_path: Path) -> None:
    async with Sandbox() as box:
        await begun(box, tmp_path / "j", people(1))
        told = await sent(box, people(1), tmp_path / "j", FIRST, follows="may", campaign="x")
        quiet = await sent(box, people(1), tmp_path / "j", AGAIN, follows="may", campaign="y")
    assert "does not begin with 'Re:'" in told.notice
    assert "Re:" not in quiet.notice


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"follows": " "}, "follows=' ': it is a name"),
        ({"follows": "may", "only": "opened"}, "one of 'silent', 'replied', 'all'"),
        ({"follows": "may", "after": "soon"}, "after='soon': it is a time, as in '5d'"),
        ({"follows": "may", "campaign": "May"}, "follows itself"),
        ({"follows": "may", "journal": False}, "known by the journal"),
        ({"after": "5d"}, "follows= names; give that, too"),
    ],
)
async def test_a_wrong_option_is_refused_by_name(options: dict[str, Any], words: str) -> None:
    with pytest.raises(FrameError, match=words):
        await send_frame(people(1), AGAIN, progress=False, **options)


# --- the decision, purely -----------------------------------------------------------------------------------


ENTRY = FeedbackEntry(1, 0, 0, "reply", False, 5 * DAY, "", "", "", "", "", b"d", "message_id")


@given(
    st.sets(st.sampled_from(["bounce", "delay", "reply", "auto_reply", "complaint", "unsubscribe", "delivered"])),
    st.sampled_from(["sent", "failed", "unconfirmed", "deferred", "pending"]),
    st.sampled_from(["silent", "replied", "all"]),
    st.floats(0, 30 * DAY),
    st.none() | st.floats(0, 40 * DAY),
)
def test_nobody_gets_a_letter_who_said_no_or_may_not_have_had_the_first(
    kinds: set[str], state: Any, only: Any, after_seconds: float, read_at: float | None
) -> None:
    row = FoundRow(1, 0, 0, b"k", "a@example.com", "<t@example.org>", 3 * DAY, state)
    campaign = FollowedCampaign("may", [row], [ENTRY._replace(kind=kind) for kind in sorted(kinds)])
    why = campaign.why_not(
        campaign.letters_of(b"", "A@example.com"), Wanted(only, after_seconds, 30 * DAY, read_at)
    )
    is_wanted = {"silent": "reply" not in kinds, "replied": "reply" in kinds, "all": True}[only]
    is_known = only != "silent" or (read_at is not None and read_at >= 3 * DAY)
    may_go = state == "sent" and not kinds & {"bounce", "complaint", "unsubscribe"}
    assert (why == "") == (may_go and is_wanted and is_known and after_seconds <= 27 * DAY)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("5d", 5 * DAY), ("36h", 1.5 * DAY), ("90 min", 5400), ("2w", 14 * DAY), ("1.5d", 1.5 * DAY), ("9s", 9),
     (timedelta(days=5), 5 * DAY), (pd.Timedelta("5D"), 5 * DAY), (None, 0)],
)  # fmt: skip
def test_a_time_is_read_as_it_is_written(value: object, seconds: float) -> None:
    assert seconds_of("after", value) == seconds


@pytest.mark.parametrize(
    "value", ["", "d", "5", "-5d", "5 days", "½d", "1.2.3d", 5, pd.NaT, "1e3d", timedelta(-1), "9999999w"]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(FrameError, match="it is a time"):
        seconds_of("after", value)
