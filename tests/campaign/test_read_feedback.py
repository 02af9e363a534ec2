"""What came back of letters, read from the sandbox's mailbox: on the rows it belongs to, and each notice once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import (
    Feedback,
    FrameError,
    JournalError,
    Sandbox,
    Template,
    read_feedback,
    read_feedback_sync,
    send_frame,
)
from notebookmail.campaign.feedback import COLUMNS
from notebookmail.delivery.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from notebookmail import SendResults
    from notebookmail.view.words.feedback import ReadingState

LETTER = Template("Your points, {{ name }}", sender="desk@example.org", text="Dear {{ name }}")
FAULTS = {"bounce": 0.2, "delay": 0.1, "reply": 0.3}


def people(count: int = 40) -> pd.DataFrame:
    names = [f"P{number}" for number in range(count)]
    addresses = [f"{name.lower()}@example.com" for name in names]
    return pd.DataFrame({"name": names, "email": addresses}, index=[10 * number for number in range(count)])


async def sent(box: Sandbox, df: pd.DataFrame, **options: Any) -> SendResults:
    return await send_frame(df, LETTER, box.server, progress=False, **options)


def reply_to(message: EmailMessage, **fields: str) -> bytes:
    mail = EmailMessage()
    known = {
        "From": str(message["To"]),
        "To": "desk@example.org",
        "Subject": "Re: x",
        "In-Reply-To": message["Message-ID"],
    }
    for name, value in (known | {name.replace("_", "-"): value for name, value in fields.items()}).items():
        mail[name] = value
    mail.set_content("Fine, thanks.\n")
    return mail.as_bytes()


def whom(feedback: Feedback, name: str) -> set[int]:
    return set(feedback.frame.index[feedback.frame[name]])


async def fates(box: Sandbox, df: pd.DataFrame) -> dict[str, set[int]]:
    """Who was met by which fault, by the mails themselves."""
    found: dict[str, set[int]] = {"bounced": set(), "delayed": set(), "replied": set()}
    for mail in box.mailbox.messages:
        told = mail.as_string()
        (label,) = (
            each for each, address in df["email"].items() if f"{address}>" in told or f"{address}\n" in told
        )
        kind = (
            "replied"
            if str(mail["Subject"]).startswith("Re:")
            else "delayed"
            if "Delayed" in mail["Subject"]
            else "bounced"
        )
        found[kind].add(label)
    return found


# --- results ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_each_answer_is_told_of_its_row_and_joins_the_frame(tmp_path: Path, *, keeps_journal: bool) -> None:
    df = people()
    options = {"journal": tmp_path / "j.sqlite", "campaign": "may"} if keeps_journal else {}
    async with Sandbox(FAULTS) as box:
        results = await sent(box, df, **options)
        feedback = await read_feedback(box.mailbox, results)
    expected = await fates(box, df)
    assert {name: whom(feedback, name) for name in expected} == expected
    assert all(expected.values())
    assert list(df.join(feedback.frame).columns) == ["name", "email", *COLUMNS]
    counts = feedback.counts
    assert counts["letters"] == len(df)
    assert counts["silent"] == len(df) - counts["bounced"] - counts["replied"] == len(feedback.silent)
    assert (counts["unmatched"], feedback.new) == (0, len(box.mailbox))


async def test_a_bounce_has_its_kind_its_code_and_its_moment() -> None:
    async with Sandbox({"bounce": "550 5.1.1 No such user"}) as box:
        results = await sent(box, people(3))
        feedback = await read_feedback(box.mailbox, results)
    frame = feedback.frame
    assert set(frame["bounce_kind"]) == {"hard"}
    assert set(frame["bounce_code"]) == {"5.1.1"}
    assert frame["bounce_reason"].str.contains("No such user").all()
    assert (frame["bounced_at"] > datetime.now(UTC) - timedelta(minutes=10)).all()
    assert frame["replied_at"].isna().all()
    assert list(feedback.explain()["rows"]) == [3]
    assert feedback.explain()["category"].tolist() == ["address"]


async def test_a_full_mailbox_is_a_soft_bounce_and_suppresses_nobody(tmp_path: Path) -> None:
    journal = tmp_path / "j.sqlite"
    async with Sandbox({"bounce": "452 4.2.2 Mailbox full"}) as box:
        results = await sent(box, people(3), journal=journal)
        feedback = await read_feedback(box.mailbox, results)
    assert (feedback.counts["bounced"], feedback.counts["hard_bounces"], feedback.suppressed) == (3, 0, 0)


async def test_replies_are_listed_with_what_they_say() -> None:
    async with Sandbox() as box:
        results = await sent(box, people(3))
        box.mailbox.deliver(reply_to(box.messages[0]))
        feedback = await read_feedback(box.mailbox, results)
    assert feedback.replies[["sender", "text"]].to_dict("index") == {
        feedback.replies.index[0]: {"sender": box.messages[0]["To"], "text": "Fine, thanks."}
    }


async def test_what_matches_nobody_is_listed_and_other_mail_is_not() -> None:
    async with Sandbox() as box:
        results = await sent(box, people(2))
        box.mailbox.deliver(
            b"From: boss@example.org\r\nSubject: Lunch?\r\nMessage-ID: <l@example.org>\r\n\r\nNoon?\r\n"
        )
        box.mailbox.deliver(reply_to(box.messages[0], From="p0@example.com", In_Reply_To="<other@example.com>"))
        feedback = await read_feedback(box.mailbox, results)
    assert feedback.unmatched[["kind", "sender"]].to_numpy().tolist() == [["reply", "p0@example.com"]]
    assert feedback.counts["replied"] == 0


# --- campaigns ----------------------------------------------------------------------------------------------


async def test_weeks_later_the_name_of_the_campaign_is_enough(tmp_path: Path) -> None:
    df, journal = people(), tmp_path / "j.sqlite"
    async with Sandbox(FAULTS) as box:
        results = await sent(box, df, journal=journal, campaign="May letters")
        now = await read_feedback(box.mailbox, results)
        later = await read_feedback(box.mailbox, "may  LETTERS", journal=journal)
    assert later.frame.index.name == "to"
    assert later.counts == now.counts
    by_address = later.frame.loc[list(df["email"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(by_address, now.frame.reset_index(drop=True))


async def test_a_reading_goes_on_where_the_last_one_stopped_and_counts_nothing_twice(tmp_path: Path) -> None:
    df, journal = people(), tmp_path / "j.sqlite"
    async with Sandbox(FAULTS) as box:
        results = await sent(box, df, journal=journal)
        first = await read_feedback(box.mailbox, results)
        again = await read_feedback(box.mailbox, results)
        box.mailbox.deliver(reply_to(box.messages[5], From="secretary@example.com"))
        third = await read_feedback(box.mailbox, results)
    assert (again.new, again.counts) == (0, first.counts)
    assert third.new == 1


async def test_the_same_notices_in_another_mailbox_count_once(tmp_path: Path) -> None:
    df = people()
    async with Sandbox(FAULTS) as box, Sandbox() as moved:
        results = await sent(box, df, journal=tmp_path / "j.sqlite")
        first = await read_feedback(box.mailbox, results)
        async for batch in box.mailbox.read({}):
            for each in batch.messages:
                moved.mailbox.deliver(each.content)
        again = await read_feedback(moved.mailbox, results)
    assert (again.new, again.counts) == (0, first.counts)


async def test_reading_for_one_campaign_leaves_the_notices_of_another_to_it(tmp_path: Path) -> None:
    df, journal = people(), tmp_path / "j.sqlite"
    async with Sandbox(FAULTS) as box:
        may = await sent(box, df, journal=journal, campaign="may")
        june = await sent(box, df, journal=journal, campaign="june")
        feedback = [await read_feedback(box.mailbox, each) for each in (may, june)]
    assert [each.counts["unmatched"] for each in feedback] == [0, 0]
    assert sum(each.new for each in feedback) == len(box.mailbox)


async def test_rows_that_an_earlier_run_sent_have_their_answers_too(tmp_path: Path) -> None:
    df, journal = people(), tmp_path / "j.sqlite"
    async with Sandbox(FAULTS) as box:
        first = await sent(box, df, journal=journal, campaign="may", limit=20)
        second = await sent(box, df.iloc[::-1], journal=journal, campaign="may")
        feedback = await read_feedback(box.mailbox, second)
        before = await read_feedback(box.mailbox, first)
    assert second.counts["skipped"] == 20
    assert list(feedback.frame.index) == list(df.index[::-1])
    pd.testing.assert_frame_equal(feedback.frame.loc[df.index], before.frame)


async def test_who_presses_unsubscribe_in_the_letter_is_never_mailed_again(tmp_path: Path) -> None:
    letter = Template("Points", sender="desk@example.org", text="x", list_unsubscribe="mailto:leave@example.org")
    df, journal = people(3), tmp_path / "j.sqlite"
    async with Sandbox({"unsubscribe": 1}) as box:
        results = await send_frame(df, letter, box.server, journal=journal, progress=False)
        feedback = await read_feedback(box.mailbox, results)
    assert feedback.counts["unsubscribed"] == feedback.suppressed == 3
    with Journal.open(journal) as opened:
        book = {each.address: each.cause for each in opened.suppressions}
    assert book == dict.fromkeys(df["email"], "unsubscribed")


async def test_who_unsubscribes_by_a_new_mail_is_told_of_and_left_to_the_user(tmp_path: Path) -> None:
    link = "mailto:leave@example.org?subject=unsubscribe"
    letter = Template("Points", sender="desk@example.org", text="x", list_unsubscribe=link)
    async with Sandbox({"unsubscribe": 1}) as box:
        results = await send_frame(people(3), letter, box.server, journal=tmp_path / "j.sqlite", progress=False)
        feedback = await read_feedback(box.mailbox, results)
    assert feedback.counts["unsubscribed"] == 3
    assert feedback.suppressed == 0, "anybody can write a mail from their address"
    assert "suppress([address])" in feedback.explain()["remedy"].iloc[0]


async def test_hard_bounces_come_into_the_book_of_suppressions(tmp_path: Path) -> None:
    df, journal = people(), tmp_path / "j.sqlite"
    async with Sandbox({"bounce": 0.3}) as box:
        feedback = await read_feedback(box.mailbox, await sent(box, df, journal=journal, campaign="may"))
    with Journal.open(journal) as opened:
        book = {each.address: (each.cause, each.campaign) for each in opened.suppressions}
    assert set(book) == set(df["email"][feedback.frame["bounced"]])
    assert set(book.values()) == {("bounced", "may")}
    assert feedback.suppressed == len(book)


async def test_a_forged_bounce_suppresses_nobody(tmp_path: Path) -> None:
    df, journal = people(4), tmp_path / "j.sqlite"
    async with Sandbox() as box:
        results = await sent(box, df, journal=journal)
        async with Sandbox({"bounce": 1}) as other:
            await sent(other, df)  # bounces of the same people, whose Message-IDs are not those of the letters
        for mail in other.mailbox.messages:
            box.mailbox.deliver(mail.as_bytes())
        feedback = await read_feedback(box.mailbox, results)
    assert feedback.suppressed == 0
    assert (feedback.counts["bounced"], feedback.counts["unmatched"]) == (0, 4)


# --- what a reading promises --------------------------------------------------------------------------------


class _Breaking:
    """A mailbox whose connection is lost after a batch."""

    def __init__(self, whole: Any, after: int) -> None:
        self._whole, self._after, self.name = whole, after, whole.name

    async def read(self, positions: Any, since: Any = None) -> Any:
        count = 0
        async for batch in self._whole.read(positions, since):
            for message in batch.messages:
                if count == self._after:
                    raise ConnectionError("lost")
                count += 1
                uid = type(next(iter(batch.positions.values())))(
                    next(iter(batch.positions.values())).uidvalidity, message.uid
                )
                yield type(batch)((message,), {message.folder: uid}, count, batch.total)


async def test_what_was_read_before_the_connection_broke_is_noted(tmp_path: Path) -> None:
    async with Sandbox({"reply": 1}) as box:
        results = await sent(box, people(12), journal=tmp_path / "j.sqlite")
        with pytest.raises(ConnectionError):
            await read_feedback(_Breaking(box.mailbox, 5), results)
        feedback = await read_feedback(box.mailbox, results)
    assert (feedback.new, feedback.counts["replied"]) == (7, 12)


async def test_since_leaves_out_what_came_before() -> None:
    async with Sandbox({"reply": 1}) as box:
        results = await sent(box, people(3))
        feedback = await read_feedback(box.mailbox, results, since=datetime.now() + timedelta(hours=1))  # noqa: DTZ005
    assert feedback.counts["replied"] == 0


async def test_a_wrong_call_says_what_to_give(tmp_path: Path) -> None:
    async with Sandbox() as box:
        results = await sent(box, people(1), journal=tmp_path / "j.sqlite", campaign="may-letters")
        with pytest.raises(FrameError, match=r"mailbox is a Server: give Mailbox"):
            await read_feedback(box.server, results)
        with pytest.raises(FrameError, match="results_or_campaign is a DataFrame"):
            await read_feedback(box.mailbox, pd.DataFrame())
        with pytest.raises(JournalError, match="did you mean 'may-letters'"):
            await read_feedback(box.mailbox, "mai-letters", journal=tmp_path / "j.sqlite")
        with pytest.raises(JournalError, match="there is no journal"):
            await read_feedback(box.mailbox, "may-letters", journal=tmp_path / "none.sqlite")


async def test_reading_works_without_await_inside_a_running_loop(tmp_path: Path) -> None:
    async with Sandbox({"reply": 1}) as box:
        results = await sent(box, people(2), journal=tmp_path / "j.sqlite")
        assert read_feedback_sync(box.mailbox, results).counts["replied"] == 2


async def test_what_is_shown_names_nobody() -> None:
    async with Sandbox({"bounce": 0.5, "reply": 0.5}) as box:
        feedback = await read_feedback(box.mailbox, await sent(box, people(20)))
    shown = repr(feedback) + repr(feedback.explain())
    assert "20 letters" in shown
    assert not any(address in shown for address in people(20)["email"])
    assert Counter(feedback.frame.dtypes.astype(str))["bool"] == 7


async def test_where_somebody_watches_it_is_shown_how_far_the_mailbox_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Watched:
        def __init__(self) -> None:
            self.states: list[ReadingState] = []
            self.closings = 0

        def show(self, state: ReadingState) -> None:
            self.states.append(state)

        def close(self) -> None:
            self.closings += 1

    watched = Watched()
    monkeypatch.setattr("notebookmail.campaign.read_feedback.reading_display", lambda: watched)
    monkeypatch.setattr("notebookmail.campaign.read_feedback.REFRESH_SECONDS", 0.0)
    async with Sandbox(faults={"reply": 1.0}) as box:
        results = await sent(box, people(5))
        await read_feedback(box.mailbox, results)
    assert (watched.states[0].done, watched.states[0].total) == (0, 0)
    assert (watched.states[-1].done, watched.states[-1].total) == (5, 5)
    assert watched.states[-1].found == {"reply": 5}
    assert watched.closings == 1


async def test_feedback_shows_itself_and_names_no_one() -> None:
    async with Sandbox(faults={"bounce": 1.0}) as box:
        feedback = await read_feedback(box.mailbox, await sent(box, people(5)))
    page = feedback._repr_html_()
    assert "5 letters: 5 bounced" in page
    assert "5 letters: 5 bounced" in str(feedback)
    assert feedback._repr_mimebundle_() == {"text/plain": str(feedback)}
    assert "p1@example.com" not in page + str(feedback)


REPORT = """\
From: MAILER-DAEMON@mx.example.com
To: desk@example.org
Subject: Undeliverable
Message-ID: <r1@mx.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; zoe.tanner@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User zoe.tanner (Zoe Tanner) not listed in Directory

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
"""


async def test_what_servers_call_a_recipient_is_shown_masked() -> None:
    df = pd.DataFrame({"name": ["Zoe"], "email": ["zoe.tanner@example.com"]}, index=["Zoe Tanner"])
    async with Sandbox() as box:
        results = await sent(box, df)
        box.mailbox.deliver(REPORT.format(message_id=box.messages[0]["Message-ID"]).encode())
        feedback = await read_feedback(box.mailbox, results)
    shown = feedback._repr_html_() + str(feedback) + repr(feedback.explain())
    assert "not listed in Directory" in str(feedback)
    assert "zoe.tanner" not in shown
    assert "Zoe Tanner" not in shown
    assert "zoe.tanner" in feedback.explain()["example"].iloc[0]
