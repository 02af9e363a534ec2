"""The runner: every row gets its event, whatever the sender does."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.journals import NOON

from notebookmail.campaign.results import SendResults
from notebookmail.delivery import retry_policy, runner
from notebookmail.delivery.backlog import Task
from notebookmail.delivery.circuit_breaker import POLICY_IN_A_ROW
from notebookmail.delivery.daily_quota import Quota, UsageCounts
from notebookmail.delivery.events import RowDeferred, RowSent, RowStarted
from notebookmail.delivery.fake_transport import FakeTransport
from notebookmail.delivery.journal import Charge, Earlier, Entry, Journal, minute_of
from notebookmail.delivery.runner import Runner
from notebookmail.delivery.runner_settings import RunnerSettings
from notebookmail.errors import (
    JournalError,
    SMTPConnectError,
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    TemplateError,
    at,
)
from notebookmail.mail.message import Envelope, Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.journal import State
    from notebookmail.delivery.transport import MessageSource, OutgoingMessage
    from notebookmail.mail.message import Receipt


def script(**outcomes: Sequence[Receipt | Exception]) -> dict[str, Sequence[Receipt | Exception]]:
    return {f"{name}@example.org": each for name, each in outcomes.items()}


def delivered(transport: FakeTransport) -> list[str]:
    return [mail.envelope.recipients[0].partition("@")[0] for mail in transport.delivered]


def build(name: str, sender: str = "a@example.org") -> Callable[[], Mail]:
    return lambda: Mail(Envelope(sender, (f"{name}@example.org",)), (b"\r\n",), f"<{name}@x>")


def broken() -> Mail:
    raise TemplateError("no name", "to", 1)


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "wait_seconds", lambda *_: 0)


def tasks_of(builds: list[Callable[[], Mail]]) -> Iterator[Task]:
    for position, each in enumerate(builds):
        yield Task(position, f"{position}@example.org", b"key %d" % position, each)


async def outcomes_of(
    transport: FakeTransport, builds: list[Callable[[], Mail]], settings: RunnerSettings | None = None
) -> tuple[SendResults, list[RowEvent]]:
    outcomes, events = SendResults(range(len(builds))), []

    def emit(event: RowEvent) -> None:
        events.append(event)
        outcomes.apply(event)

    await Runner(tasks_of(builds), len(builds), transport, emit, settings).run()
    assert transport.is_closed
    return outcomes, events


async def test_every_row_is_sent() -> None:
    outcomes, _ = await outcomes_of(FakeTransport(connections=7), [build(f"r{n}") for n in range(50)])
    assert outcomes.counts["sent"] == 50
    assert outcomes.outcome(3).code == 250
    assert outcomes.outcome(3).message_id == "<r3@x>"


async def test_a_bad_row_never_stops_the_others() -> None:
    refused = SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 no", "r1@example.org")])
    transport = FakeTransport(script(r1=[refused], r3=[SMTPDataError(451, "4.3.0 later")]))
    outcomes, _ = await outcomes_of(transport, [broken, build("r1"), build("r2"), build("r3"), build("r4")])
    assert [outcomes.status_at(n) for n in range(5)] == ["failed", "failed", "sent", "deferred", "sent"]
    assert isinstance(outcomes.exceptions[0], TemplateError)
    assert outcomes.outcome(1).enhanced_code == "5.1.1"


async def test_connection_trouble_is_tried_again_and_counted() -> None:
    transport = FakeTransport(
        script(r0=[SMTPServerDisconnected("gone"), at("mail", SMTPSenderRefused(421, "busy", "a"))])
    )
    outcomes, _ = await outcomes_of(transport, [build("r0")])
    assert (outcomes.status_at(0), outcomes.outcome(0).attempts) == ("sent", 3)


async def test_a_connection_that_is_lost_every_time_defers_the_row() -> None:
    transport = FakeTransport(script(r0=[SMTPServerDisconnected("gone")] * 9))
    outcomes, _ = await outcomes_of(transport, [build("r0"), build("r1")])
    assert [outcomes.status_at(0), outcomes.status_at(1)] == ["deferred", "sent"]


async def test_an_unconfirmed_message_is_never_tried_again() -> None:
    lost = SMTPServerDisconnected("gone")
    lost.unconfirmed = True
    transport = FakeTransport(script(r0=[lost]))
    outcomes, _ = await outcomes_of(transport, [build("r0")])
    assert outcomes.status_at(0) == "unconfirmed"
    assert delivered(transport) == []


async def test_what_would_meet_every_row_stops_the_run_and_leaves_the_rest_pending() -> None:
    transport = FakeTransport(
        script(r1=[at("data", SMTPDataError(550, "5.4.5 Daily user sending limit exceeded"))])
    )
    outcomes, _ = await outcomes_of(transport, [build(f"r{n}") for n in range(4)])
    assert [outcomes.status_at(n) for n in range(4)] == ["sent", "pending", "pending", "pending"]
    assert isinstance(outcomes.outcome(1).error, SMTPDataError)
    assert "sending limit is reached" in outcomes.outcome(1).hint
    assert "sending limit is reached" in outcomes.outcome(3).hint


async def test_a_stopped_run_tries_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "wait_seconds", lambda *_: 60.0)
    refused = at("data", SMTPDataError(550, "5.4.5 the day's limit"))
    transport = FakeTransport(script(r0=[SMTPServerDisconnected("gone")], r1=[refused]), connections=2)
    outcomes, _ = await outcomes_of(transport, [build("r0"), build("r1")])
    assert delivered(transport) == []
    assert [outcomes.status_at(0), outcomes.status_at(1)] == ["pending", "pending"]


async def test_a_pool_that_finds_no_server_any_more_stops_the_run() -> None:
    class Unreachable(FakeTransport):
        def start(self, source: MessageSource[Any]) -> None:
            source.unreachable(at("connect", SMTPConnectError("refused")))

    outcomes, _ = await outcomes_of(Unreachable(), [build(f"r{n}") for n in range(3)])
    assert outcomes.counts["pending"] == 3
    assert "cannot be reached" in outcomes.outcome(2).hint


async def test_a_refused_sender_stops_only_its_own_rows() -> None:
    transport = FakeTransport(script(r0=[at("mail", SMTPSenderRefused(550, "5.7.60 not yours", "a@example.org"))]))
    builds = [build("r0"), build("r1"), build("r2", "other@example.org")]
    outcomes, _ = await outcomes_of(transport, builds)
    assert [outcomes.status_at(n) for n in range(3)] == ["failed", "pending", "sent"]
    assert "refuses the sender a@example.org" in outcomes.outcome(1).hint


async def test_a_started_row_comes_before_its_outcome() -> None:
    _, events = await outcomes_of(FakeTransport(), [build("r0"), broken, build("r2")])
    assert [type(event).__name__ for event in events] == [
        "RowStarted", "RowSent", "RowFailed", "RowStarted", "RowSent",
    ]  # fmt: skip
    assert isinstance(events[0], RowStarted)


async def test_a_bug_in_building_crashes_instead_of_becoming_a_result() -> None:
    def buggy() -> Mail:
        raise ZeroDivisionError

    transport = FakeTransport()
    with pytest.raises(ZeroDivisionError):
        await outcomes_of(transport, [build("r0"), buggy, build("r2")])
    assert transport.is_closed


async def cancelled(transport: FakeTransport, *, releases: bool) -> SendResults:
    outcomes = SendResults(range(5))
    running = asyncio.create_task(
        Runner(tasks_of([build(f"r{n}") for n in range(5)]), 5, transport, outcomes.apply).run()
    )
    await transport.holding.wait()
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.sleep(0)
    if releases:
        transport.release()
    with pytest.raises(asyncio.CancelledError):
        await running
    return outcomes


async def test_on_cancellation_messages_on_their_way_finish_and_no_new_ones_start() -> None:
    outcomes = await cancelled(FakeTransport(connections=2, is_held=True), releases=True)
    assert Counter(outcomes.status_at(n) for n in range(5)) == {"sent": 2, "pending": 3}
    assert outcomes.outcome(4).hint == "interrupted"


async def test_on_cancellation_what_does_not_finish_is_unconfirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.01)
    outcomes = await cancelled(FakeTransport(connections=2, is_held=True), releases=False)
    assert Counter(outcomes.status_at(n) for n in range(5)) == {"unconfirmed": 2, "pending": 3}


async def test_a_connection_that_is_spent_costs_the_row_no_try() -> None:
    spent = SMTPRecipientsRefused([SMTPRecipientRefused(452, "4.5.3 too many messages", "r0@example.org")])
    transport = FakeTransport(script(r0=[spent]))
    outcomes, _ = await outcomes_of(transport, [build("r0")])
    assert (outcomes.status_at(0), outcomes.outcome(0).attempts, transport.renewed) == ("sent", 1, 1)


async def test_a_row_that_finds_every_connection_spent_is_deferred() -> None:
    spent = [SMTPRecipientsRefused([SMTPRecipientRefused(452, "4.5.3 no", "r0@example.org")]) for _ in range(99)]
    outcomes, _ = await outcomes_of(FakeTransport(script(r0=spent)), [build("r0"), build("r1")])
    assert [outcomes.status_at(0), outcomes.status_at(1)] == ["deferred", "sent"]


async def test_a_server_that_wants_less_gets_less_and_the_row_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    monkeypatch.setattr(retry_policy, "slow_down_seconds", lambda slowdowns, _: waits.append(slowdowns) or 0.0)
    busy = [at("data", SMTPDataError(432, "4.3.2 concurrent connections limit exceeded")) for _ in range(2)]
    transport = FakeTransport(script(r0=busy))
    outcomes, _ = await outcomes_of(transport, [build("r0"), build("r1")])
    assert outcomes.counts["sent"] == 2
    assert (transport.lowered, waits) == (2, [1, 2])


async def test_a_server_that_never_gets_enough_defers_the_row_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "slow_down_seconds", lambda *_: 0.0)
    busy = [at("data", SMTPDataError(432, "4.3.2 limit exceeded")) for _ in range(99)]
    outcomes, _ = await outcomes_of(FakeTransport(script(r0=busy)), [build("r0")])
    assert outcomes.status_at(0) == "deferred"


async def test_a_deferred_row_is_tried_again_where_the_run_stays_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "defer_seconds", lambda *_: 0.01)
    transport = FakeTransport(script(r0=[at("data", SMTPDataError(451, "4.7.1 greylisted"))] * 2))
    outcomes, events = await outcomes_of(transport, [build("r0")], RunnerSettings(retry_seconds=5))
    assert outcomes.status_at(0) == "sent"
    assert [type(event).__name__ for event in events].count("RowDeferred") == 2


async def test_a_deferred_row_is_tried_again_also_when_the_last_connection_ended_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ending(FakeTransport):
        """Each connection carries one message and ends; a call brings a new one, as does a message in sight."""

        def start(self, source: MessageSource[Any]) -> None:
            self.source = source
            super().start(source)

        async def _work(self, source: MessageSource[Any]) -> None:
            message = source.take()
            if message is not None:
                await self.carry(source, message)
                self.wake()

        def wake(self) -> None:
            if self.source.waiting():
                self._tasks.append(asyncio.create_task(self._work(self.source)))

    monkeypatch.setattr(retry_policy, "defer_seconds", lambda *_: 0.01)
    transport = Ending(script(r0=[at("data", SMTPDataError(451, "4.7.1 greylisted"))]))
    async with asyncio.timeout(20):
        outcomes, _ = await outcomes_of(transport, [build("r0")], RunnerSettings(retry_seconds=5))
    assert outcomes.status_at(0) == "sent"


async def test_a_run_that_does_not_stay_leaves_deferred_rows_with_a_time() -> None:
    transport = FakeTransport(script(r0=[at("data", SMTPDataError(451, "4.7.1 greylisted"))]))
    _, events = await outcomes_of(transport, [build("r0")], RunnerSettings(clock=lambda: 1_000_000.0))
    deferred = next(event for event in events if isinstance(event, RowDeferred))
    assert deferred.next_at is not None
    assert 240 <= deferred.next_at.timestamp() - 1_000_000 <= 360


async def test_many_refusals_by_policy_in_a_row_stop_the_run() -> None:
    refusals = {f"r{n}": [at("data", SMTPDataError(554, "5.7.1 spam"))] for n in range(20)}
    outcomes, _ = await outcomes_of(FakeTransport(script(**refusals)), [build(f"r{n}") for n in range(20)])
    assert (outcomes.counts["failed"], outcomes.counts["pending"]) == (POLICY_IN_A_ROW, 20 - POLICY_IN_A_ROW)
    assert "policy" in outcomes.outcome(19).hint


def quota_of(per_day: int, used: int = 0) -> Quota:
    counts = UsageCounts()
    for _ in range(used):
        counts.charge("", "", minute_of(time.time()), None)
    return Quota({"": per_day}, "", counts=counts)


async def test_the_days_quota_ends_the_run_and_leaves_the_rest_pending() -> None:
    transport = FakeTransport(connections=3)
    outcomes, _ = await outcomes_of(
        transport, [build(f"r{n}") for n in range(9)], RunnerSettings(quota=quota_of(10, used=6))
    )
    assert (outcomes.counts["sent"], outcomes.counts["pending"]) == (4, 5)
    assert "quota of 10 messages" in outcomes.outcome(8).hint


async def test_a_row_that_is_tried_again_keeps_within_the_quota_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_policy, "wait_seconds", lambda *_: 0.05)
    transport = FakeTransport(script(r0=[SMTPServerDisconnected("gone")]))
    outcomes, _ = await outcomes_of(
        transport, [build(f"r{n}") for n in range(3)], RunnerSettings(quota=quota_of(2))
    )
    assert sorted(delivered(transport)) == ["r1", "r2"]  # r0 comes back after a wait, and finds no room
    assert transport.taken == 3  # it is not even begun
    assert (outcomes.counts["sent"], outcomes.status_at(0)) == (2, "pending")
    assert "quota of 2 messages" in outcomes.outcome(0).hint


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_the_quota_counts_messages_that_were_accepted_and_not_tries(keeps_journal: bool) -> None:
    gone = SMTPServerDisconnected("gone")
    refusals = {
        "r0": [SMTPRecipientsRefused([SMTPRecipientRefused(550, "5.1.1 unknown", "r0@example.org")])],
        "r1": [gone],
        "r2": [at("end_of_data", SMTPDataError(554, "5.6.0 no"))],
    }
    settings = RunnerSettings(quota=quota_of(4), ledger=Ledger() if keeps_journal else None)
    outcomes, _ = await outcomes_of(
        FakeTransport(script(**refusals), connections=3), [build(f"r{n}") for n in range(9)], settings
    )
    assert (outcomes.counts["sent"], outcomes.counts["failed"], outcomes.counts["pending"]) == (4, 2, 3)


async def test_a_message_of_which_nobody_knows_whether_it_was_accepted_counts() -> None:
    lost = SMTPServerDisconnected("gone")
    lost.unconfirmed = True
    transport = FakeTransport(script(r0=[lost]), connections=1)
    outcomes, _ = await outcomes_of(
        transport, [build(f"r{n}") for n in range(4)], RunnerSettings(quota=quota_of(2))
    )
    assert (outcomes.counts["unconfirmed"], outcomes.counts["sent"], outcomes.counts["pending"]) == (1, 1, 2)


async def test_a_message_that_comes_back_untried_is_no_try_and_keeps_no_room() -> None:
    class GivesBack(FakeTransport):
        """Hands the first message back once, as a connection does that has carried its last."""

        async def carry(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
            if self.taken <= 4:
                source.give_back(message)
            else:
                await super().carry(source, message)

    transport = GivesBack(connections=1)
    outcomes, events = await outcomes_of(transport, [build("r0")], RunnerSettings(quota=quota_of(1)))
    assert outcomes.counts["sent"] == 1
    assert [event.attempts for event in events if isinstance(event, RowSent)] == [1]


class GivesBackIntents(FakeTransport):
    """Hands messages back whose end was about to go out, as a connection does that is lost in that moment."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def carry(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
        if self.taken > self.times:
            await super().carry(source, message)
            return
        gate: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        is_free = source.commit(message, gate.set_result)
        if self.taken % 2 and not is_free:  # what was noted may be in the file by now, or not yet
            await gate
        source.give_back(message)


@pytest.mark.parametrize("keeps_journal", [True, False])
async def test_a_message_that_comes_back_before_its_end_went_out_is_not_counted(
    tmp_path: Path, keeps_journal: bool
) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        settings = RunnerSettings(
            quota=Quota({"": 2}, "", journal="j", counts=UsageCounts(), clock=lambda: NOON),
            ledger=journal.claim("d", now=NOON) if keeps_journal else None,
            clock=lambda: NOON,
        )
        outcomes, _ = await outcomes_of(GivesBackIntents(6), [build("r0"), build("r1")], settings)
        assert outcomes.counts["sent"] == 2
        assert journal.used("", NOON) == (2 if keeps_journal else 0)


async def test_of_a_message_that_comes_back_the_journal_no_longer_says_that_it_may_be_out() -> None:
    ledger = Ledger()
    await outcomes_of(GivesBackIntents(1), [build("r0")], RunnerSettings(ledger=ledger))
    noted = [entry.state for entries in ledger.writes for entry in entries]
    assert noted == ["committing", "pending", "committing", "sent"]


async def test_runs_at_the_same_time_share_the_quota_of_their_account() -> None:
    counts, pools = UsageCounts(), [FakeTransport(connections=4) for _ in range(2)]
    await asyncio.gather(
        *(
            outcomes_of(
                transport,
                [build(f"r{n}") for n in range(9)],
                RunnerSettings(quota=Quota({"": 10}, "", counts=counts)),
            )
            for transport in pools
        )
    )
    assert sum(len(delivered(transport)) for transport in pools) == 10


async def test_a_quota_that_the_journal_finds_used_up_keeps_the_message_back() -> None:
    class Full(Ledger):
        """Others, who share the journal, have used the quota meanwhile."""

        def write(self, entries: Sequence[Entry]) -> frozenset[bytes]:
            super().write([entry for entry in entries if entry.state != "committing"])
            return frozenset(entry.key for entry in entries if entry.state == "committing")

    ledger, known = Full(), [0, 0, 5]
    quota = Quota(
        {"": 5}, "", journal="j", known=lambda _: known.pop(0) if len(known) > 1 else 5, counts=UsageCounts()
    )
    outcomes, _ = await outcomes_of(
        transport := FakeTransport(connections=1),
        [build(f"r{n}") for n in range(3)],
        RunnerSettings(quota=quota, ledger=ledger),
    )
    assert (delivered(transport), outcomes.counts["pending"]) == ([], 3)
    assert "quota of 5 messages" in outcomes.outcome(0).hint
    assert ledger.states() == {}


async def test_a_paused_run_takes_nothing_until_it_goes_on() -> None:
    transport = FakeTransport()
    outcomes = SendResults(range(3))
    run = Runner(tasks_of([build(f"r{n}") for n in range(3)]), 3, transport, outcomes.apply)
    run.pause()
    running = asyncio.create_task(run.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert transport.taken == 0
    run.resume()
    await running
    assert outcomes.counts["sent"] == 3


async def test_a_stopped_run_lets_what_is_on_its_way_finish() -> None:
    transport = FakeTransport(connections=2, is_held=True)
    outcomes = SendResults(range(5))
    run = Runner(tasks_of([build(f"r{n}") for n in range(5)]), 5, transport, outcomes.apply)
    running = asyncio.create_task(run.run())
    await transport.holding.wait()
    await asyncio.sleep(0)
    run.stop("stopped")
    transport.release()
    await running
    assert (outcomes.counts["sent"], outcomes.counts["pending"]) == (2, 3)
    assert outcomes.outcome(4).hint == "stopped"


async def test_nothing_goes_out_before_its_time() -> None:
    now = [1_000.0]
    transport = FakeTransport()
    outcomes = SendResults(range(1))
    settings = RunnerSettings(not_before=1_000.05, clock=lambda: now[0])
    running = asyncio.create_task(Runner(tasks_of([build("r0")]), 1, transport, outcomes.apply, settings).run())
    await asyncio.sleep(0.12)
    assert transport.taken == 0  # by the loop's clock it is time; by the wall's it is not
    now[0] = 1_000.05
    await running
    assert outcomes.counts["sent"] == 1


# --- the journal --------------------------------------------------------------------------------------------


class Ledger:
    """A claim of the journal, in memory; its disk can be full."""

    def __init__(self) -> None:
        self.writes: list[list[Entry]] = []
        self.is_full = False

    def write(self, entries: Sequence[Entry]) -> frozenset[bytes]:
        if self.is_full:
            raise JournalError("the disk is full")
        self.writes.append(list(entries))
        return frozenset()

    def states(self) -> dict[bytes, str]:
        return {entry.key: entry.state for entries in self.writes for entry in entries}


async def test_an_outcome_is_recorded_before_it_is_told() -> None:
    ledger, seen = Ledger(), []
    outcomes = SendResults(range(3))

    def emit(event: RowEvent) -> None:
        outcomes.apply(event)
        if isinstance(event, RowSent):
            seen.append(ledger.states()[b"key %d" % event.position])

    builds = [build(f"r{n}") for n in range(3)]
    await Runner(tasks_of(builds), 3, FakeTransport(connections=2), emit, RunnerSettings(ledger=ledger)).run()
    assert seen == ["sent"] * 3


async def test_a_connection_never_leaves_two_rows_in_doubt() -> None:
    ledger = Ledger()
    await outcomes_of(FakeTransport(), [build(f"r{n}") for n in range(10)], RunnerSettings(ledger=ledger))
    doubtful: set[bytes] = set()
    for entries in ledger.writes:
        for entry in entries:
            (doubtful.add if entry.state == "committing" else doubtful.discard)(entry.key)
        assert len(doubtful) <= 1


async def test_where_the_journal_cannot_be_written_nothing_more_goes_out() -> None:
    ledger, transport = Ledger(), FakeTransport()
    ledger.is_full = True
    outcomes, _ = await outcomes_of(transport, [build(f"r{n}") for n in range(4)], RunnerSettings(ledger=ledger))
    assert delivered(transport) == []
    assert outcomes.counts["pending"] == 4
    assert all("disk is full" in outcomes.outcome(n).hint for n in range(4))


async def test_an_outcome_the_journal_could_not_take_is_written_at_the_end_if_there_is_room() -> None:
    ledger = Ledger()
    outcomes = SendResults(range(2))

    class Filling(FakeTransport):
        async def carry(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
            await super().carry(source, message)
            ledger.is_full = True

        async def close(self) -> None:
            await super().close()
            ledger.is_full = False

    run = Runner(tasks_of([build("r0"), build("r1")]), 2, Filling(), outcomes.apply, RunnerSettings(ledger=ledger))
    await run.run()
    assert [outcomes.status_at(n) for n in range(2)] == ["sent", "pending"]
    assert ledger.states()[b"key 0"] == "sent"
    assert run.unrecorded == 0


async def test_what_the_journal_could_not_count_is_not_taken_off_its_count(tmp_path: Path) -> None:
    class FullAtFirst(Ledger):
        """The journal's claim; its disk has room again when the run ends."""

        def write(self, entries: Sequence[Entry]) -> frozenset[bytes]:
            self.is_full, is_full = False, self.is_full
            if is_full:
                raise JournalError("the disk is full")
            return claim.write(entries)

    class Losing(FakeTransport):
        async def carry(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
            gate: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
            source.commit(message, gate.set_result)
            source.end(message, None, SMTPServerDisconnected("gone"))
            await gate

    ledger = FullAtFirst()
    ledger.is_full = True
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        other = journal.claim("another campaign", now=NOON)
        other.write([Entry(b"another row", "committing", charge=Charge("", minute_of(NOON), 1))])
        claim = journal.claim("d", now=NOON)
        quota = Quota({"": 9}, "", counts=UsageCounts(), clock=lambda: NOON)
        settings = RunnerSettings(quota=quota, ledger=ledger, clock=lambda: NOON)
        outcomes, _ = await outcomes_of(Losing(), [build("r0")], settings)
        assert outcomes.counts["pending"] == 1
        assert journal.used("", NOON) == 1


async def test_what_the_journal_never_learns_is_counted() -> None:
    ledger = Ledger()

    class Filling(FakeTransport):
        async def carry(self, source: MessageSource[Any], message: OutgoingMessage) -> None:
            await super().carry(source, message)
            ledger.is_full = True

    run = Runner(tasks_of([build("r0"), build("r1")]), 2, Filling(), lambda _: None, RunnerSettings(ledger=ledger))
    await run.run()
    assert ledger.states() == {b"key 0": "committing"}
    assert run.unrecorded == 1


@pytest.mark.parametrize(
    ("state", "resend_unconfirmed", "status"),
    [
        ("sent", False, "skipped"),
        ("sent", True, "skipped"),
        ("committing", False, "unconfirmed"),
        ("unconfirmed", False, "unconfirmed"),
        ("unconfirmed", True, "sent"),
        ("committing", True, "sent"),
        ("deferred", False, "sent"),
        ("failed", False, "sent"),
        ("pending", False, "sent"),
    ],
)
async def test_what_an_earlier_run_settled_stays_settled(
    state: State, resend_unconfirmed: bool, status: str
) -> None:
    earlier = {b"key 0": Earlier(state, 1_700_000_000.0, 1, None)}
    settings = RunnerSettings(ledger=Ledger(), earlier=earlier, resend_unconfirmed=resend_unconfirmed)
    outcomes, _ = await outcomes_of(FakeTransport(), [build("r0"), build("r1")], settings)
    assert [outcomes.status_at(n) for n in range(2)] == [status, "sent"]


async def test_a_try_that_came_to_nothing_is_no_doubt_in_the_journal() -> None:
    ledger = Ledger()
    transport = FakeTransport(script(r0=[SMTPServerDisconnected("gone")] * 9))
    await outcomes_of(transport, [build("r0")], RunnerSettings(ledger=ledger))
    assert ledger.states() == {b"key 0": "deferred"}


async def test_a_run_that_is_stopped_tells_of_rows_that_an_earlier_one_sent_and_looks_no_further() -> None:
    earlier = {b"key %d" % n: Earlier("sent", 1_700_000_000.0, 1, None) for n in (0, 2)}
    handed: list[int] = []

    def tasks() -> Iterator[Task]:
        for task in tasks_of([build(f"r{n}") for n in range(500)]):
            handed.append(task.position)
            yield task

    outcomes = SendResults(range(500))
    settings = RunnerSettings(earlier=earlier, quota=quota_of(1, used=1))
    await Runner(tasks(), 500, FakeTransport(), outcomes.apply, settings).run()
    assert outcomes.counts["skipped"] == 2
    assert [outcomes.status_at(n) for n in range(4)] == ["skipped", "pending", "skipped", "pending"]
    assert handed[:3] == [0, 1, 2]
    assert len(handed) <= 66  # two that were sent before, and what is made ahead at most
