"""Campaigns that go to the drafts of a mailbox: the same letters, the same promises, and nobody mailed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from peers.process import DELIVER_SECONDS, stopped, wait_until
from support.scripted_imap import SILENCE, scripted_imap

from notebookmail import (
    Drafts,
    Folder,
    FrameError,
    Mailbox,
    MailboxError,
    SendResults,
    Template,
    last_results,
    plan_frame,
    send_frame,
)
from notebookmail.mail.message import Envelope, Mail
from notebookmail.mailbox import drafts
from notebookmail.mailbox.draft_store import DraftStore, draft_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.imap_users import User

TEMPLATE = Template("News, {{ name }}", text="Dear {{ name }}", sender="us@example.com", bcc="boss@example.com")
PEOPLE = pd.DataFrame({"name": ["Ann", "Bo", "Ça"], "email": [f"{who}@example.com" for who in ("ann", "bo", "c")]})


async def send(
    user: User, journal: Path, people: pd.DataFrame = PEOPLE, template: Template = TEMPLATE
) -> SendResults:
    return await send_frame(people, template, Drafts(user.mailbox()), journal=journal, progress=False)


def message_ids(user: User) -> list[str]:
    return sorted(message_from_bytes(content)["Message-ID"] for _, content in user.found("Drafts"))


@pytest.mark.peer
async def test_each_row_is_a_draft(user: User, tmp_path: Path) -> None:
    results = await send(user, tmp_path / "journal")
    assert results.counts["sent"] == 3
    found = {message["To"]: (flags, message) for flags, message in parsed(user)}
    assert set(found) == set(PEOPLE["email"])
    flags, message = found["c@example.com"]
    assert r"\Draft" in flags
    assert message["Subject"] == "News, Ça"
    assert message.get_content().strip() == "Dear Ça"
    assert sorted(results.frame["message_id"]) == message_ids(user)


def parsed(user: User):
    return [(flags, message_from_bytes(content, policy=policy.default)) for flags, content in user.found("Drafts")]


@pytest.mark.peer
async def test_who_is_in_bcc_stands_in_the_draft(user: User, tmp_path: Path) -> None:
    await send(user, tmp_path / "journal")
    assert [message["Bcc"] for _, message in parsed(user)] == ["boss@example.com"] * 3


@pytest.mark.peer
async def test_a_run_that_is_repeated_makes_no_second_draft(user: User, tmp_path: Path) -> None:
    await send(user, tmp_path / "journal")
    before = message_ids(user)
    results = await send(user, tmp_path / "journal")
    assert (results.counts["sent"], results.counts["skipped"]) == (0, 3)
    assert message_ids(user) == before


@pytest.mark.peer
async def test_a_draft_that_is_there_is_not_made_again(user: User) -> None:
    mail = Mail(
        Envelope("us@example.com", ("ann@example.com",)), (b"Message-ID: <1@x>\r\n\r\nhello\r\n",), "<1@x>"
    )
    for _ in range(2):  # as after a crash between the two: the second one knows nothing of the first
        store = DraftStore(user.mailbox(), None)
        await store.open()
        assert await store.write(mail) == await store.write(mail) == "put into Drafts"
        await store.close()
    assert message_ids(user) == ["<1@x>"]


@pytest.mark.peer
async def test_drafts_are_a_world_of_their_own(user: User, tmp_path: Path) -> None:
    await send(user, tmp_path / "journal")
    results = await send_frame(
        PEOPLE, TEMPLATE, Folder(tmp_path / "letters"), journal=tmp_path / "journal", progress=False
    )
    assert results.counts["sent"] == 3


@pytest.mark.peer
async def test_another_folder_can_be_named(user: User, tmp_path: Path) -> None:
    user.command("create", "Letters")
    target = Drafts(user.mailbox(), folder="Letters")
    results = await send_frame(PEOPLE, TEMPLATE, target, journal=tmp_path / "journal", progress=False)
    assert results.counts["sent"] == len(user.found("Letters")) == 3
    assert user.found("Drafts") == []


@pytest.mark.peer
async def test_a_folder_that_is_not_there_is_told_before_anything_is_made(user: User) -> None:
    with pytest.raises(MailboxError, match=r"no folder 'Nowhere'.*there are .*'Drafts'"):
        await send_frame(PEOPLE, TEMPLATE, Drafts(user.mailbox(), folder="Nowhere"), journal=False, progress=False)


@pytest.mark.peer
async def test_a_refused_login_is_told_before_anything_is_made(user: User) -> None:
    target = Drafts(user.mailbox(password="wrong"))
    with pytest.raises(MailboxError, match="refuses the login"):
        await send_frame(PEOPLE, TEMPLATE, target, journal=False, progress=False)


def test_what_is_no_mailbox_is_refused() -> None:
    with pytest.raises(FrameError, match=r"give a Mailbox\("):
        Drafts("me@example.org")  # type: ignore[arg-type]


def test_a_plan_says_where_it_goes() -> None:
    plan = plan_frame(PEOPLE, TEMPLATE, Drafts(Mailbox("imap.example.org", username="me", password="x")))
    assert "3 messages" in str(plan)
    assert "the drafts at imap.example.org" in str(plan)


def test_only_hidden_recipients_are_added_to_a_draft() -> None:
    content = b'To: "Smith, Ann" <Ann@example.com>\r\nCc: bo@example.com\r\n\r\nx\r\n'
    people = ("ann@example.com", "bo@example.com", "c@example.com", "d@example.com")
    mail = Mail(Envelope("us@example.com", people), (content,), "<1@x>", copies=frozenset(people[1:]))
    assert draft_of(mail) == b"Bcc: c@example.com,\r\n d@example.com\r\n" + content


# --- a mailbox that takes not everything ------------------------------------------------------------------------

LISTED = {
    "LIST": '* LIST (\\Drafts) "/" Drafts\r\n{tag} OK done\r\n',
    "EXAMINE": "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n* OK [UIDNEXT 1] ok\r\n{tag} OK done\r\n",
    "UID SEARCH": "* SEARCH\r\n{tag} OK done\r\n",
}


async def made(answer: str, **options: float) -> SendResults:
    """Make drafts at a server that gives this answer to each."""
    async with scripted_imap({**LISTED, "APPEND": answer}) as (port, _):
        mailbox = Mailbox("127.0.0.1", port, username="me", password="x", **options)
        return await send_frame(PEOPLE, TEMPLATE, Drafts(mailbox), journal=False, progress=False)


async def test_a_draft_that_is_too_large_fails_its_row() -> None:
    results = await made("{tag} NO [TOOBIG] Message is too large\r\n")
    assert results.counts["failed"] == 3
    assert set(results.frame["code"]) == {552}


async def test_a_full_mailbox_leaves_the_rest_pending_and_says_so() -> None:
    results = await made("{tag} NO [OVERQUOTA] Quota exceeded\r\n")
    assert results.counts["pending"] == 3
    assert "make room in the mailbox" in str(results)


async def test_a_mailbox_that_hangs_up_is_given_up_after_some_tries() -> None:
    results = await made("* BYE no more\r\n")
    assert results.counts["pending"] == 3
    assert "was lost" in str(results)


async def test_who_interrupts_does_not_wait_for_a_silent_mailbox_and_its_draft_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drafts, "_CLOSING_SECONDS", 0.1)
    async with scripted_imap({**LISTED, "APPEND": SILENCE}) as (port, heard):
        mailbox = Mailbox("127.0.0.1", port, username="me", password="x", timeout=600)
        sending = send_frame(PEOPLE, TEMPLATE, Drafts(mailbox), journal=False, progress=False)
        task = asyncio.create_task(sending)
        await asyncio.to_thread(wait_until, lambda: any("APPEND" in line for line in heard), str)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    results = last_results()
    assert results is not None
    assert (results.counts["unconfirmed"], results.counts["pending"]) == (1, 2)


# --- kill -9 ----------------------------------------------------------------------------------------------------

ROWS = 120
PROGRAM = """
import sys
import pandas as pd
from notebookmail import Drafts, Mailbox, Template, send_frame_sync

people = pd.DataFrame({"n": range(int(sys.argv[4]))})
people["email"] = "p" + people["n"].astype(str) + "@example.com"
template = Template("Number {{ n }}", text="x", sender="us@example.com")
mailbox = Mailbox("127.0.0.1", int(sys.argv[1]), username=sys.argv[2], password="secret")
results = send_frame_sync(people, template, Drafts(mailbox), journal=sys.argv[3], progress=False)
print(results.counts["sent"] + results.counts["skipped"])
"""


@pytest.mark.peer
@pytest.mark.slow
def test_killed_runs_make_every_draft_once(user: User, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(user.peer.port), user.name, str(tmp_path / "journal"), str(ROWS)]
    user.found("Drafts")  # the folder is there
    for number in (5, 40, 41, 90):
        with subprocess.Popen(command) as process, stopped(process):
            wait_until(
                lambda number=number: user.count("Drafts") >= number, lambda: "it makes nothing", DELIVER_SECONDS
            )
            process.send_signal(signal.SIGKILL)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DELIVER_SECONDS)
    assert done.stdout.strip() == str(ROWS)
    subjects = sorted(str(message["Subject"]) for _, message in parsed(user))
    assert subjects == sorted(f"Number {n}" for n in range(ROWS))
