"""Copies of what was sent, in the Sent folder: the same octets, behind the back of who sends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from peers import Peer, Setup, collector
from peers.process import DELIVER_SECONDS, stopped, wait_until
from support.scripted_imap import SILENCE, scripted_imap

from notebookmail import Drafts, Folder, FrameError, Mailbox, Sandbox, SendResults, Server, Template, send_frame
from notebookmail.campaign import sent_copies
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.sent_copies import copies_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.imap_users import User

TEMPLATE = Template("News, {{ name }}", text="Dear {{ name }}\n.\n..\nFrom here", sender="us@example.com")
PEOPLE = pd.DataFrame({"name": ["Ann", "Bo", "Ça"], "email": [f"{who}@example.com" for who in ("ann", "bo", "c")]})
LISTED = {"LIST": '* LIST (\\Sent) "/" Sent\r\n{tag} OK done\r\n'}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with collector(Setup(refuse=("bo@example.com",))) as server:
        yield server


async def send(peer: Peer, mailbox: Mailbox, **options: Any) -> SendResults:
    return await send_frame(
        PEOPLE,
        TEMPLATE,
        Server(peer.host, peer.port),
        save_sent=mailbox,
        progress=False,
        **{"journal": False, **options},
    )


@pytest.mark.peer
async def test_a_copy_is_what_was_sent_and_has_been_read(user: User, peer: Peer) -> None:
    results = await send(peer, user.mailbox())
    assert (results.counts["sent"], results.counts["failed"]) == (2, 1)
    copies = user.found("Sent")
    assert sorted(content for _, content in copies) == sorted(each.content for each in peer.arrivals())
    assert all("Seen" in flags for flags, _ in copies)
    assert "2 copies were filed among the sent mail" in results.notice


@pytest.mark.peer
async def test_a_run_that_is_repeated_makes_no_second_copy(user: User, peer: Peer, tmp_path: Path) -> None:
    for _ in range(2):
        await send(peer, user.mailbox(), journal=tmp_path / "journal")
    assert len(user.found("Sent")) == 2


@pytest.mark.peer
async def test_a_refused_login_leaves_every_row_sent_and_is_told(user: User, peer: Peer) -> None:
    results = await send(peer, user.mailbox(password="wrong"))
    assert results.counts["sent"] == 2
    assert "2 copies were not filed among the sent mail (rows 0, 2)" in results.notice
    assert "refuses the login" in results.notice


@pytest.mark.peer
async def test_the_folder_can_be_named(user: User, peer: Peer) -> None:
    user.command("create", "Outbox")
    await send(peer, user.mailbox(sent_folder="Outbox"))
    assert (len(user.found("Outbox")), user.found("Sent")) == (2, [])


async def test_a_copy_that_is_refused_is_told_with_its_row_and_the_others_are_made(peer: Peer) -> None:
    async with scripted_imap({**LISTED, "APPEND": "{tag} NO [TOOBIG] Too large\r\n"}) as (port, heard):
        results = await send(peer, Mailbox("127.0.0.1", port, username="me", password="x"))
    assert sum("APPEND" in line for line in heard) == 2
    assert results.counts["sent"] == 2
    assert "Too large" in results.notice


async def test_a_mailbox_that_is_full_is_asked_once(peer: Peer) -> None:
    async with scripted_imap({**LISTED, "APPEND": "{tag} NO [OVERQUOTA] Full\r\n"}) as (port, heard):
        results = await send(peer, Mailbox("127.0.0.1", port, username="me", password="x"))
    assert sum("APPEND" in line for line in heard) == 1
    assert "make room in the mailbox" in results.notice


async def test_a_mailbox_that_says_nothing_keeps_nobody_waiting(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_copies, "PATIENCE_SECONDS", 0.2)
    async with scripted_imap({**LISTED, "APPEND": SILENCE}) as (port, _):
        results = await send(peer, Mailbox("127.0.0.1", port, username="me", password="x"))
    assert results.counts["sent"] == 2
    assert "not filed among the sent mail (rows 0, 2): the mailbox took too long" in results.notice


async def test_who_interrupts_does_not_wait_for_copies(peer: Peer) -> None:
    async with scripted_imap({**LISTED, "APPEND": SILENCE}) as (port, heard):
        mailbox = Mailbox("127.0.0.1", port, username="me", password="x")
        task = asyncio.create_task(send(peer, mailbox))
        async with asyncio.timeout(60):
            while not any("APPEND" in line for line in heard):  # noqa: ASYNC110 -- another library's
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_nothing_that_a_lost_connection_left_in_doubt_is_copied_twice(peer: Peer) -> None:
    found = {
        **LISTED,
        "APPEND": "* BYE no more\r\n",
        "UID SEARCH": "* SEARCH 7\r\n{tag} OK done\r\n",
    }
    async with scripted_imap(found) as (port, heard):
        results = await send(peer, Mailbox("127.0.0.1", port, username="me", password="x"))
    assert sum("APPEND" in line for line in heard) == 2  # one for each: the folder says that it is there
    assert "2 copies were filed" in results.notice


async def test_rehearsals_make_no_copies() -> None:
    mailbox = Mailbox("127.0.0.1", 9, username="me", password="x")
    async with Sandbox() as box:
        results = await send_frame(PEOPLE, TEMPLATE, box.server, save_sent=mailbox, progress=False)
    assert results.counts["sent"] == 3
    assert "made no copies" in results.notice


@pytest.mark.parametrize("hostname", ["smtp.gmail.com", "smtp.office365.com", "smtp-mail.outlook.com"])
def test_providers_that_file_copies_themselves_are_left_to_it(hostname: str) -> None:
    settings = SendSettings(save_sent=Mailbox("imap.example.org", username="me", password="x"))
    copies = copies_of(settings, Server(hostname, username="me", password="x"), [0])
    assert asyncio.run(copies.finish()).startswith(f"{hostname} files copies of what it sends by itself")


async def test_what_sends_nothing_has_no_copies(tmp_path: Path) -> None:
    mailbox = Mailbox("imap.example.org", username="me", password="x")
    for target in (Folder(tmp_path / "letters"), Drafts(mailbox)):
        with pytest.raises(FrameError, match="sends nothing"):
            await send_frame(PEOPLE, TEMPLATE, target, save_sent=mailbox, journal=False, progress=False)


async def test_what_is_no_mailbox_is_refused() -> None:
    with pytest.raises(FrameError, match=r"save_sent is a str: give Mailbox\("):
        await send_frame(PEOPLE, TEMPLATE, save_sent="me@example.org")  # type: ignore[arg-type]


# --- kill -9 ----------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
import pandas as pd
from notebookmail import Mailbox, Server, Template, send_frame_sync

people = pd.DataFrame({"n": range(200)})
people["email"] = "p" + people["n"].astype(str) + "@example.com"
template = Template("Number {{ n }}", text="x", sender="us@example.com")
mailbox = Mailbox("127.0.0.1", int(sys.argv[1]), username=sys.argv[2], password="secret")
send_frame_sync(
    people, template, Server("127.0.0.1", int(sys.argv[3]), rate=50), save_sent=mailbox, journal=sys.argv[4],
    campaign="may", resend_unconfirmed=True, progress=False,
)
"""


@pytest.mark.peer
@pytest.mark.slow
def test_killed_runs_make_no_copy_twice(user: User, tmp_path: Path) -> None:
    with collector(Setup()) as server:
        command = [
            sys.executable,
            "-c",
            PROGRAM,
            str(user.peer.port),
            user.name,
            str(server.port),
            str(tmp_path / "j"),
        ]
        for number in (20, 70, 120):
            with subprocess.Popen(command) as process, stopped(process):
                wait_until(
                    lambda number=number: user.count("Sent") >= number, lambda: "no copies", DELIVER_SECONDS
                )
                process.send_signal(signal.SIGKILL)
        subprocess.run(command, check=True, timeout=DELIVER_SECONDS)
        taken = server.arrivals()
        arrived = {each.content for each in taken}
    copies = [content for _, content in user.found("Sent")]
    assert len(copies) == len(set(copies))
    assert set(copies) <= arrived
    assert len({each.recipients for each in taken}) == 200  # one in doubt may come a second time: it was asked for
