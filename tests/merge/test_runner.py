"""The runner: every row gets its event, whatever the sender does."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from notebookmail.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    TemplateError,
    at,
)
from notebookmail.mail import Envelope, Mail, Receipt
from notebookmail.merge import policy, runner
from notebookmail.merge.events import RowStarted
from notebookmail.merge.outcomes import Outcomes
from notebookmail.merge.runner import Runner, Task
from notebookmail.reply import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.merge.events import RowEvent

ACCEPTED = SMTPResponse(250, "2.0.0 queued")


class ScriptedSender:
    """The runner's counterpart: answers by recipient, from a script of exceptions; then it accepts."""

    def __init__(self, **script: list[Exception]) -> None:
        self.script = script
        self.delivered: list[str] = []
        self.is_closed = False

    async def deliver(self, mail: Mail) -> Receipt:
        await asyncio.sleep(0)
        name = mail.envelope.recipients[0].partition("@")[0]
        if self.script.get(name):
            raise self.script[name].pop(0)
        self.delivered.append(name)
        return Receipt(ACCEPTED)

    async def close(self) -> None:
        self.is_closed = True


def build(name: str, sender: str = "a@example.org") -> Callable[[], Mail]:
    return lambda: Mail(Envelope(sender, (f"{name}@example.org",)), (b"\r\n",), f"<{name}@x>")


def broken() -> Mail:
    raise TemplateError("no name", "to", 1)


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "wait_seconds", lambda *_: 0)


async def outcomes_of(
    sender: ScriptedSender, builds: list[Callable[[], Mail]], *, workers: int = 1
) -> tuple[Outcomes, list[RowEvent]]:
    outcomes, events = Outcomes(range(len(builds))), []

    def emit(event: RowEvent) -> None:
        events.append(event)
        outcomes.apply(event)

    tasks = [Task(position, f"{position}@example.org", each) for position, each in enumerate(builds)]
    await Runner(tasks, sender, emit, workers=workers).run()
    return outcomes, events


async def test_every_row_is_sent() -> None:
    outcomes, _ = await outcomes_of(ScriptedSender(), [build(f"r{n}") for n in range(50)], workers=7)
    assert outcomes.counts["sent"] == 50
    assert outcomes.outcome(3).code == 250
    assert outcomes.outcome(3).message_id == "<r3@x>"


async def test_a_bad_row_never_stops_the_others() -> None:
    refused = SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 no", "r1@example.org")])
    sender = ScriptedSender(r1=[refused], r3=[SMTPDataError(451, "4.3.0 later")])
    outcomes, _ = await outcomes_of(sender, [broken, build("r1"), build("r2"), build("r3"), build("r4")])
    assert [outcomes.status_at(n) for n in range(5)] == ["failed", "failed", "sent", "deferred", "sent"]
    assert isinstance(outcomes.exceptions[0], TemplateError)
    assert outcomes.outcome(1).enhanced_code == "5.1.1"


async def test_connection_trouble_is_tried_again_and_counted() -> None:
    sender = ScriptedSender(r0=[SMTPServerDisconnected("gone"), at("mail", SMTPSenderRefused(421, "busy", "a"))])
    outcomes, _ = await outcomes_of(sender, [build("r0")])
    assert (outcomes.status_at(0), outcomes.outcome(0).attempts) == ("sent", 3)


async def test_a_connection_that_is_lost_every_time_defers_the_row() -> None:
    sender = ScriptedSender(r0=[SMTPServerDisconnected("gone")] * 9)
    outcomes, _ = await outcomes_of(sender, [build("r0"), build("r1")])
    assert [outcomes.status_at(0), outcomes.status_at(1)] == ["deferred", "sent"]


async def test_an_unconfirmed_message_is_never_tried_again() -> None:
    lost = SMTPServerDisconnected("gone")
    lost.unconfirmed = True
    sender = ScriptedSender(r0=[lost])
    outcomes, _ = await outcomes_of(sender, [build("r0")])
    assert outcomes.status_at(0) == "unconfirmed"
    assert sender.delivered == []


async def test_a_refused_login_stops_the_run_and_leaves_the_rest_pending() -> None:
    sender = ScriptedSender(r1=[at("auth", SMTPAuthenticationError(535, "5.7.8 no"))])
    outcomes, _ = await outcomes_of(sender, [build(f"r{n}") for n in range(4)])
    assert [outcomes.status_at(n) for n in range(4)] == ["sent", "pending", "pending", "pending"]
    assert "credentials" in outcomes.outcome(1).hint
    assert "credentials" in outcomes.outcome(3).hint
    assert outcomes.outcome(3).to == "3@example.org"


async def test_a_stopped_run_tries_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "wait_seconds", lambda *_: 0.02)
    refused = at("auth", SMTPAuthenticationError(535, "5.7.8 no"))
    sender = ScriptedSender(r0=[SMTPServerDisconnected("gone")], r1=[refused])
    outcomes, _ = await outcomes_of(sender, [build("r0"), build("r1")], workers=2)
    assert sender.delivered == []
    assert [outcomes.status_at(0), outcomes.status_at(1)] == ["pending", "pending"]


async def test_a_server_that_cannot_be_reached_any_more_stops_the_run() -> None:
    sender = ScriptedSender(r1=[at("connect", SMTPConnectError("refused"))] * 9)
    outcomes, _ = await outcomes_of(sender, [build(f"r{n}") for n in range(3)])
    assert [outcomes.status_at(n) for n in range(3)] == ["sent", "pending", "pending"]
    assert "cannot be reached" in outcomes.outcome(2).hint


async def test_a_refused_sender_stops_only_its_own_rows() -> None:
    sender = ScriptedSender(r0=[at("mail", SMTPSenderRefused(550, "5.7.60 not yours", "a@example.org"))])
    builds = [build("r0"), build("r1"), build("r2", "other@example.org")]
    outcomes, _ = await outcomes_of(sender, builds)
    assert [outcomes.status_at(n) for n in range(3)] == ["failed", "pending", "sent"]
    assert "refuses the sender a@example.org" in outcomes.outcome(1).hint


async def test_a_started_row_comes_before_its_outcome() -> None:
    _, events = await outcomes_of(ScriptedSender(), [build("r0"), broken, build("r2")])
    assert [type(event).__name__ for event in events] == [
        "RowStarted", "RowSent", "RowFailed", "RowStarted", "RowSent",
    ]  # fmt: skip
    assert isinstance(events[0], RowStarted)


async def test_a_bug_in_building_crashes_instead_of_becoming_a_result() -> None:
    def buggy() -> Mail:
        raise ZeroDivisionError

    sender = ScriptedSender()
    with pytest.raises(ZeroDivisionError):
        await outcomes_of(sender, [build("r0"), buggy, build("r2")])
    assert sender.is_closed


class SlowSender(ScriptedSender):
    """Holds messages until it is told to go on; closing it makes them unconfirmed."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.holding = asyncio.Event()

    async def deliver(self, mail: Mail) -> Receipt:
        self.holding.set()
        await self.go.wait()
        if self.is_closed:
            lost = SMTPServerDisconnected("closed")
            lost.unconfirmed = True
            raise lost
        return await super().deliver(mail)

    async def close(self) -> None:
        await super().close()
        self.go.set()


async def cancelled(sender: SlowSender, *, let_go: bool) -> Outcomes:
    outcomes = Outcomes(range(5))
    tasks = [Task(n, "", build(f"r{n}")) for n in range(5)]
    running = asyncio.create_task(Runner(tasks, sender, outcomes.apply, workers=2).run())
    await sender.holding.wait()
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.sleep(0)
    if let_go:
        sender.go.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    return outcomes


async def test_on_cancellation_messages_on_their_way_finish_and_no_new_ones_start() -> None:
    outcomes = await cancelled(SlowSender(), let_go=True)
    assert Counter(outcomes.status_at(n) for n in range(5)) == {"sent": 2, "pending": 3}
    assert outcomes.outcome(4).hint == "interrupted"


async def test_on_cancellation_what_does_not_finish_is_unconfirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.01)
    outcomes = await cancelled(SlowSender(), let_go=False)
    assert Counter(outcomes.status_at(n) for n in range(5)) == {"unconfirmed": 2, "pending": 3}
