"""Mailboxes at a real server: how they are reached, and how they are read."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from peers import access_token
from peers.process import wait_until
from support.scripted_imap import SILENCE, scripted_imap
from support.traceback_variables import variables_shown

from notebookmail.errors import FrameError, MailboxError
from notebookmail.mailbox import reader
from notebookmail.mailbox.mailbox import Mailbox
from notebookmail.mailbox.reading import Position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Certificates
    from support.imap_users import User

    from notebookmail.mailbox.reading import ReadBatch

PASSWORD = "a password that nobody may see"


async def everything(
    mailbox: Mailbox, positions: Mapping[str, Position] | None = None, since: datetime | None = None
) -> list[ReadBatch]:
    return [batch async for batch in mailbox.read(positions or {}, since)]


def subjects(batches: list[ReadBatch]) -> list[str]:
    lines = [each.content.split(b"\r\n")[0].decode() for batch in batches for each in batch.messages]
    return [line.removeprefix("Subject: ") for line in lines]


def positions_after(batches: list[ReadBatch]) -> dict[str, Position]:
    return {name: position for batch in batches for name, position in batch.positions.items()}


def threads_of_mailboxes() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("mailbox ")]


def letter(subject: str, body: str = "Hello") -> bytes:
    return f"Subject: {subject}\r\n\r\n{body}\r\n".encode()


# --- reaching it ------------------------------------------------------------------------------------------------


@pytest.mark.peer
@pytest.mark.parametrize("security", ["tls", "starttls", "none", "auto"])
async def test_it_is_read_over_every_kind_of_connection(
    user: User, certificates: Certificates, security: str
) -> None:
    user.put(letter("one"))
    port = user.peer.tls_port if security == "tls" else user.peer.port
    mailbox = user.mailbox(port=port, security=security, cert_bundle=str(certificates.authority))
    assert subjects(await everything(mailbox)) == ["one"]


@pytest.mark.peer
async def test_an_access_token_logs_in(user: User) -> None:
    async def token() -> str:
        return access_token(user.name)

    user.put(letter("one"))
    assert subjects(await everything(user.mailbox(password=None, oauth_token_generator=token))) == ["one"]


@pytest.mark.peer
async def test_a_refused_password_says_what_to_do_and_is_shown_nowhere(user: User) -> None:
    with pytest.raises(MailboxError, match="refuses the login") as caught:
        await everything(user.mailbox(password=PASSWORD))
    assert caught.value.code == "AUTHENTICATIONFAILED"
    assert "app password" in caught.value.remedy
    assert PASSWORD not in variables_shown(caught.value) + repr(caught.value)


@pytest.mark.peer
async def test_a_refused_token_says_to_sign_in_again(user: User) -> None:
    async def token() -> str:
        return PASSWORD

    with pytest.raises(MailboxError, match="refuses the login") as caught:
        await everything(user.mailbox(password=None, oauth_token_generator=token))
    assert "mailbox.sign_in()" in caught.value.remedy
    assert PASSWORD not in variables_shown(caught.value)


@pytest.mark.peer
@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_that_nobody_knows_is_not_trusted(user: User, security: str) -> None:
    port = user.peer.tls_port if security == "tls" else user.peer.port
    with pytest.raises(MailboxError, match=r"certificate .* is not trusted") as caught:
        await everything(user.mailbox(port=port, security=security))
    assert "cert_bundle=" in caught.value.remedy


async def test_tls_that_is_asked_for_is_never_given_up() -> None:
    async with scripted_imap() as (port, heard):
        mailbox = Mailbox("127.0.0.1", port, username="me", password=PASSWORD, security="starttls")
        with pytest.raises(MailboxError, match="offers no STARTTLS"):
            await everything(mailbox)
    assert not any("AUTHENTICATE" in line or "LOGIN" in line for line in heard)


@pytest.mark.parametrize(
    ("capabilities", "answers"),
    [
        ("IMAP4rev1", {"LOGIN": "{tag} NO [ALERT] Application-specific password required " + PASSWORD + "\r\n"}),
        ("IMAP4rev1 AUTH=PLAIN", {"AUTHENTICATE": "+ \r\n", "+": "{tag} NO Application-specific password\r\n"}),
    ],
)
async def test_what_a_provider_says_of_app_passwords_is_told(capabilities: str, answers: dict[str, str]) -> None:
    offer = f"* CAPABILITY {capabilities}\r\n{{tag}} OK done\r\n"
    async with scripted_imap({"CAPABILITY": offer, **answers}) as (port, _):
        with pytest.raises(MailboxError) as caught:
            await everything(Mailbox("127.0.0.1", port, username="me", password=PASSWORD))
    assert "make an app password" in caught.value.remedy
    assert PASSWORD not in variables_shown(caught.value) + str(caught.value)


async def test_imap_that_is_switched_off_is_told() -> None:
    refused = {"AUTHENTICATE": "+ \r\n", "+": "{tag} NO [ALERT] Your account is not enabled for IMAP use.\r\n"}
    async with scripted_imap(refused) as (port, _):
        with pytest.raises(MailboxError) as caught:
            await everything(Mailbox("127.0.0.1", port, username="me", password=PASSWORD))
    assert "switch on IMAP" in caught.value.remedy


async def test_a_connection_that_is_lost_in_the_login_shows_no_password() -> None:
    async with scripted_imap({"AUTHENTICATE": "* BYE no more\r\n"}) as (port, _):
        with pytest.raises(MailboxError, match="was lost") as caught:
            await everything(Mailbox("127.0.0.1", port, username="me", password=PASSWORD))
    assert caught.value.is_lost
    assert PASSWORD not in variables_shown(caught.value)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with scripted_imap({"EXAMINE": SILENCE}) as (port, _):
        mailbox = Mailbox("127.0.0.1", port, username="me", password="x", timeout=0.3, folders=["INBOX"])
        with pytest.raises(MailboxError, match="did not answer in time"):
            await everything(mailbox)


async def test_who_stops_waiting_waits_no_longer_and_leaves_no_thread() -> None:
    async with scripted_imap({"EXAMINE": SILENCE}) as (port, heard):
        mailbox = Mailbox("127.0.0.1", port, username="me", password="x", timeout=600, folders=["INBOX"])
        task = asyncio.create_task(everything(mailbox))
        await asyncio.to_thread(wait_until, lambda: any("EXAMINE" in line for line in heard), str)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_until, lambda: not threads_of_mailboxes(), str)
    assert task.cancelled()


async def test_nobody_listens_there() -> None:
    async with scripted_imap() as (port, _):
        pass
    with pytest.raises(MailboxError, match="cannot be reached") as caught:
        await everything(Mailbox("127.0.0.1", port, username="me", password="x"))
    assert caught.value.is_lost


# --- what it is made of -----------------------------------------------------------------------------------------


def test_a_password_goes_to_no_other_machine_in_clear() -> None:
    with pytest.raises(FrameError, match="in clear"):
        Mailbox("imap.example.org", username="me", password="x", security="none")


@pytest.mark.parametrize(
    ("text", "host", "port", "security"),
    [
        ("imap.example.org", "imap.example.org", 993, "tls"),
        ("imap.example.org:143", "imap.example.org", 143, "starttls"),
        ("imaps://me%40example.org@imap.example.org", "imap.example.org", 993, "tls"),
        ("imap+starttls://imap.example.org", "imap.example.org", 143, "starttls"),
        ("imap://127.0.0.1:1143", "127.0.0.1", 1143, "none"),
    ],
)
def test_a_server_may_be_written_in_many_ways(text: str, host: str, port: int, security: str) -> None:
    mailbox = Mailbox(text)
    assert (mailbox.hostname, mailbox.effective_port, mailbox._security) == (host, port, security)


def test_a_mail_address_in_place_of_a_server_is_answered_with_the_right_call() -> None:
    with pytest.raises(FrameError, match=r"Mailbox\.for_server\(Server\.for_address\('me@example\.org'\)\)"):
        Mailbox("me@example.org")


def test_the_password_of_a_url_is_shown_nowhere() -> None:
    mailbox = Mailbox.from_url("imaps://me:s3cret@imap.example.org")
    assert mailbox.password == "s3cret"
    assert "s3cret" not in repr(mailbox) + str(mailbox)


async def test_a_mailbox_without_a_user_name_says_so() -> None:
    with pytest.raises(FrameError, match="wants username="):
        await everything(Mailbox("imap.example.org"))


# --- reading it -------------------------------------------------------------------------------------------------


@pytest.mark.peer
async def test_reading_marks_nothing_as_read(user: User) -> None:
    user.put(letter("one"))
    batches = await everything(user.mailbox())
    assert subjects(batches) == ["one"]
    assert [flags for flags, _ in user.found("INBOX") if "Seen" in flags] == []


@pytest.mark.peer
async def test_the_next_reading_begins_where_this_one_stopped(user: User) -> None:
    user.put_many([letter("one"), letter("two")])
    first = await everything(user.mailbox())
    user.put(letter("three"))
    second = await everything(user.mailbox(), positions_after(first))
    third = await everything(user.mailbox(), positions_after(second))
    assert (subjects(first), subjects(second), subjects(third)) == (["one", "two"], ["three"], [])


@pytest.mark.peer
async def test_junk_is_read_too_and_all_mail_is_not(user: User) -> None:
    user.put(letter("one"))
    user.put(letter("two"), "Junk")
    user.put(letter("three"), "Archive")
    batches = await everything(user.mailbox())
    assert subjects(batches) == ["one", "two"]
    assert {each.folder for batch in batches for each in batch.messages} == {"INBOX", "Junk"}


@pytest.mark.peer
async def test_only_the_folders_that_are_named_are_read(user: User) -> None:
    user.put(letter("one"))
    user.put(letter("two"), "Archive")
    assert subjects(await everything(user.mailbox(folders=["Archive"]))) == ["two"]


@pytest.mark.peer
async def test_a_folder_that_is_not_there_is_named_as_the_server_does(user: User) -> None:
    with pytest.raises(MailboxError, match="Nowhere"):
        await everything(user.mailbox(folders=["Nowhere"]))


@pytest.mark.peer
async def test_a_folder_that_was_numbered_anew_is_read_again(user: User) -> None:
    mailbox = user.mailbox(folders=["Bounces"])
    user.command("create", "Bounces")
    user.put(letter("one"), "Bounces")
    first = await everything(mailbox)
    numbered_anew = {"Bounces": Position(positions_after(first)["Bounces"].uidvalidity - 1, 400)}
    assert subjects(await everything(mailbox, numbered_anew)) == subjects(first) == ["one"]


@pytest.mark.peer
async def test_what_came_before_is_left_out_to_the_second(user: User) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    user.put(letter("long ago"), at=now - timedelta(days=40))
    user.put(letter("an hour ago"), at=now - timedelta(hours=1))
    user.put(letter("now"), at=now)
    batches = await everything(user.mailbox(), since=now - timedelta(minutes=30))
    assert subjects(batches) == ["now"]
    assert [each.received for batch in batches for each in batch.messages] == [now]
    assert subjects(await everything(user.mailbox(), positions_after(batches))) == []


@pytest.mark.peer
async def test_only_the_beginning_of_a_large_message_is_read(user: User) -> None:
    user.put_many([letter("large", "x" * 2 * reader.MOST_OCTETS), letter("small")])
    large, small = [each for batch in await everything(user.mailbox()) for each in batch.messages]
    assert (len(large.content), large.is_cut) == (reader.MOST_OCTETS, True)
    assert (small.content, small.is_cut) == (letter("small"), False)


@pytest.mark.peer
async def test_batches_say_how_far_they_are_and_each_can_be_the_last(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_BATCH_MESSAGES", 2)
    monkeypatch.setattr(reader, "_FACTS_AT_ONCE", 3)
    user.put_many([letter(str(number)) for number in range(7)])
    batches = await everything(user.mailbox())
    with_messages = [batch for batch in batches if batch.messages]
    assert [(batch.done, batch.total) for batch in with_messages] == [(2, 7), (3, 7), (5, 7), (6, 7), (7, 7)]
    for stopped in range(1, len(batches)):
        rest = await everything(user.mailbox(), positions_after(batches[:stopped]))
        assert subjects(batches[:stopped]) + subjects(rest) == [str(number) for number in range(7)]


@pytest.mark.peer
async def test_a_message_that_goes_while_it_is_read_is_left_out(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_FACTS_AT_ONCE", 1)
    user.put_many([letter("one"), letter("two"), letter("three")])
    found = []
    async for batch in user.mailbox(folders=["INBOX"]).read({}):
        if not found:
            user.remove("2")
        found.append(batch)
    assert subjects(found) == ["one", "three"]
    assert found[-1].done == found[-1].total == 3


@pytest.mark.peer
async def test_folders_have_names_in_any_script(user: User) -> None:
    mailbox = user.mailbox(folders=["Rückläufer & Co"])
    user.command("create", '"R&APw-ckl&AOQ-ufer &- Co"')
    user.put(letter("one"), '"R&APw-ckl&AOQ-ufer &- Co"')
    assert subjects(await everything(mailbox)) == ["one"]
