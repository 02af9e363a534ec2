"""The seam for where mail goes: what any transport owes its source, by the fake and by the page's example."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import notebookmail.delivery
from notebookmail.campaign.results import SendResults
from notebookmail.delivery import Transport
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.fake_transport import FakeTransport
from notebookmail.delivery.runner import Runner
from notebookmail.delivery.runner_settings import RunnerSettings
from notebookmail.errors import JournalError, SMTPDataError, SMTPServerDisconnected, at
from notebookmail.mail.message import Envelope, Mail, Receipt
from notebookmail.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notebookmail.delivery.journal import Entry
    from notebookmail.delivery.transport import OutgoingMessage

PAGE = Path(notebookmail.delivery.__file__).with_name("README.md")


def folder_of_the_page(path: Path) -> Transport:
    """Return the transport that the page shows."""
    (source,) = (
        each for each in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL) if "class" in each
    )
    names: dict[str, Any] = {}
    exec(source, names)
    folder: Transport = names["Folder"](path)
    return folder


@pytest.fixture(params=["the fake", "the page's example"])
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> Transport:
    if request.param == "the fake":
        return FakeTransport(connections=3)
    return folder_of_the_page(tmp_path)


def letter(number: int) -> Mail:
    content = f"Subject: {number}\r\n\r\nhello\r\n".encode()
    return Mail(Envelope("a@example.org", (f"{number}@example.org",)), (content,), f"<{number}@x>")


def tasks(count: int) -> Iterator[Task]:
    for number in range(count):
        yield Task(number, f"{number}@example.org", b"key %d" % number, lambda number=number: letter(number))


class Witness:
    """A source that writes down what it is asked and told."""

    def __init__(self, count: int, *, forbids: Exception | None = None, is_slow: bool = False) -> None:
        self.messages = [task.build() for task in tasks(count)]
        self.ends: list[tuple[str, Receipt | None, Exception | None]] = []
        self.committed: Counter[str] = Counter()
        self.taken: list[str] = []
        self._forbids = forbids
        self._is_slow = is_slow

    def take(self) -> Any:
        if not self.messages:
            return None
        mail = self.messages.pop(0)
        self.taken.append(mail.message_id)
        return type("Message", (), {"mail": mail})()

    def waiting(self) -> int:
        return len(self.messages)

    def commit(self, message: OutgoingMessage, go: Callable[[Exception | None], None], account: str = "") -> bool:
        self.committed[message.mail.message_id] += 1
        if not (self._is_slow or self._forbids):
            return True
        asyncio.get_running_loop().call_soon(go, self._forbids)
        return False

    def end(self, message: OutgoingMessage, receipt: Receipt | None, error: Exception | None) -> bool:
        assert self.committed[message.mail.message_id]
        self.ends.append((message.mail.message_id, receipt, error))
        return False

    def give_back(self, message: OutgoingMessage) -> None:
        self.taken.remove(message.mail.message_id)

    def unreachable(self, error: Exception) -> None:
        raise error


async def carry_all(transport: Transport, source: Witness) -> None:
    transport.start(source)
    for _ in range(200):
        await asyncio.sleep(0)
    await transport.close()


def test_the_seam_stands_at_the_rooms_door() -> None:
    assert notebookmail.delivery.Transport is Transport


async def test_every_message_that_was_taken_gets_one_end(transport: Transport) -> None:
    source = Witness(20, is_slow=True)
    await carry_all(transport, source)
    assert sorted(mid for mid, _, _ in source.ends) == sorted(source.taken)
    assert len(source.ends) == 20
    assert all(receipt is not None and receipt.reply.code == 250 for _, receipt, _ in source.ends)


async def test_what_the_source_forbids_does_not_go_out(transport: Transport) -> None:
    source = Witness(3, forbids=JournalError("the disk is full"))
    await carry_all(transport, source)
    assert [(receipt, type(error)) for _, receipt, error in source.ends] == [(None, JournalError)] * len(
        source.taken
    )


async def test_a_closed_transport_owes_nothing(transport: Transport) -> None:
    source = Witness(20, is_slow=True)
    transport.start(source)
    await asyncio.sleep(0)
    transport.hurry()
    await transport.close()
    assert sorted(mid for mid, _, _ in source.ends) == sorted(source.taken)


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_a_runner_sends_over_it(transport: Transport, keeps_journal: bool) -> None:
    class Ledger:
        def write(self, entries: Sequence[Entry]) -> frozenset[bytes]:
            return frozenset()

    outcomes = SendResults(range(30))
    settings = RunnerSettings(ledger=Ledger() if keeps_journal else None)
    await Runner(tasks(30), 30, transport, outcomes.apply, settings).run()
    assert outcomes.counts["sent"] == 30


def test_the_pages_folder_holds_the_letters(tmp_path: Path) -> None:
    async def send() -> None:
        await Runner(tasks(3), 3, folder_of_the_page(tmp_path), lambda _: None).run()

    asyncio.run(send())
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in tmp_path.glob("*.eml")]
    assert sorted(each["Subject"] for each in found) == ["0", "1", "2"]


async def test_a_letter_that_the_pages_folder_cannot_write_is_refused_and_the_next_goes_on(tmp_path: Path) -> None:
    blocked = next(iter(tasks(1))).build().message_id.strip("<>")
    (tmp_path / f"{blocked}.eml").mkdir()
    outcomes = SendResults(range(3))
    await Runner(tasks(3), 3, folder_of_the_page(tmp_path), outcomes.apply).run()
    assert [outcomes.status_at(number) for number in range(3)] == ["failed", "sent", "sent"]


# --- the fake -----------------------------------------------------------------------------------------------


async def test_the_fake_ends_tries_as_scripted() -> None:
    gone = SMTPServerDisconnected("gone")
    no = at("end_of_data", SMTPDataError(554, "5.7.1 no"))
    partly = Receipt(SMTPResponse(250, "ok"), {"b@example.org": SMTPResponse(550, "5.1.1 unknown")})
    fake = FakeTransport({"0@example.org": [gone], "1@example.org": [no], "2@example.org": [partly]})
    source = Witness(4)
    await carry_all(fake, source)
    assert [receipt or error for _, receipt, error in source.ends[:3]] == [gone, no, partly]
    assert [mail.message_id for mail in fake.delivered] == ["<2@x>", "<3@x>"]
    assert (fake.taken, fake.is_closed) == (4, True)


async def test_what_the_fake_holds_when_it_is_closed_is_unconfirmed() -> None:
    fake = FakeTransport(connections=2, is_held=True)
    source = Witness(5)
    await carry_all(fake, source)
    assert len(source.ends) == 2
    assert all(isinstance(error, SMTPServerDisconnected) and error.unconfirmed for _, _, error in source.ends)
    assert fake.delivered == []


async def test_the_fake_gives_up_what_waits_for_its_commit_when_it_is_hurried() -> None:
    class Silent(Witness):
        def commit(
            self, message: OutgoingMessage, go: Callable[[Exception | None], None], account: str = ""
        ) -> bool:
            self.committed[message.mail.message_id] += 1
            asyncio.get_running_loop().call_later(0.01, go, None)  # too late
            return False

    fake, source = FakeTransport(), Silent(1)
    fake.start(source)
    await asyncio.sleep(0)
    fake.hurry()
    await fake.close()
    ((_, receipt, error),) = source.ends
    assert receipt is None
    assert isinstance(error, SMTPServerDisconnected)
    assert not error.unconfirmed
    await asyncio.sleep(0.02)
