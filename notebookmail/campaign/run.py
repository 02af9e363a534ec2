"""One run: a plan carried out over a server, recorded in the journal, folded into results, and shown.

The run is the only place where the wings meet: the merge's runner takes messages from the plan, the client's pool
takes them from the runner, and what comes of them is emitted into the results and shown on the board.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from notebookmail.delivery.daily_quota import Quota
from notebookmail.delivery.events import RowFailed, RowPending, RowSkipped, RowUnconfirmed
from notebookmail.delivery.explain import explain
from notebookmail.delivery.journal import Journal, lifetime
from notebookmail.delivery.progress import PAUSED, STOPPING, Meter, Progress
from notebookmail.delivery.rate_limit import Bucket
from notebookmail.delivery.runner import Runner, RunnerSettings
from notebookmail.errors import JournalError, NotebookmailError, SMTPAuthenticationError, TemplateError
from notebookmail.smtp.pool.pool import Pool
from notebookmail.view.frontend import current_cell, hears_clicks, is_attended, is_notebook

from .results import SendResults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from datetime import datetime

    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.journal import Claim, Earlier
    from notebookmail.delivery.results_frame import Outcomes
    from notebookmail.server.server import Server
    from notebookmail.view.widgets.board import Commands

    from .options import ProgressMode
    from .plan import Plan
    from .results import Stage

SANDBOX_NOTICE: Final = "No server was given: these messages went to a sandbox on this machine. Nothing left it."
DRY_RUN_NOTICE: Final = "Dry run: every message was built, none was sent."
REFRESH_SECONDS: Final = 0.1
"""How often the board may repaint. The tick also wakes an idle kernel's loop, so that an interrupt is noticed."""

_last_results: SendResults | None = None


class _Display(Protocol):
    """What shows a run: a widget, a terminal's progress bar, or nothing."""

    shows_results: bool
    """True when closing it leaves the whole summary in the output."""

    def show(self) -> None: ...
    def refresh(self) -> None: ...
    def close(self, outcomes: Outcomes, *, title: str = "") -> None: ...
    def abandon(self, outcomes: Outcomes, why: str) -> None: ...


def last_results() -> SendResults | None:
    """Return the results of the newest run in this process, also of one that was interrupted; None before any."""
    return _last_results


def _publish(results: SendResults) -> SendResults:
    global _last_results  # noqa: PLW0603 -- what an interrupted cell leaves behind has no other owner
    _last_results = results
    return results


class Run:
    """Carries out a plan once.

    Args:
        plan: What goes.
        server: Where it goes; None takes a sandbox.
        before: The results of the run that this one continues, for `results.retry()`.
        stage: Where its board is shown, if not in the running cell's output.
    """

    def __init__(
        self, plan: Plan, server: Server | None, before: SendResults | None = None, stage: Stage | None = None
    ) -> None:
        self._plan = plan
        self._server = server
        self._notices: list[str] = []
        self._is_first = before is None
        self.results = SendResults.begin(plan, before)
        self.results.sent_with(self)
        self._left_before: frozenset[int] = frozenset()  # of the run that this one continues
        self._stage = stage
        self._identity = (self._plan.digest(""), 0)
        self._runner: Runner | None = None
        self._pool: Pool | None = None
        self._target = ""
        self._is_paused = False
        self._stop_reason = ""
        self._meter = Meter(time.monotonic())
        self._resting = 0
        self._complaint = ""
        self._sent_before: tuple[int, datetime | None] = (0, None)
        self._held = 0
        self._board: _Display | None = None

    async def again(self, positions: list[int], stage: Stage | None = None) -> SendResults:
        """Send rows again, with the same letter, over the same server; the results stay the same object.

        Goes on in the campaign's generation, whatever the first run began. Where the run may not begin at all, the
        rows stand as before.
        """
        before = self.results.copy()
        further = type(self)(self._plan.only(positions), self._server, self.results, stage)
        further._left_before = self.left_out
        try:
            return await further.carry_out()
        finally:
            if further._runner is None:
                self.results.restore(before)
                self.results.sent_with(self)
            self.results.refresh_tables()

    @property
    def left_out(self) -> frozenset[int]:
        """The positions that were not to be sent: beyond the limit, or all of a rehearsal."""
        beyond = range(len(self.results)) if self._plan.options.dry_run else self._plan.beyond
        return self._left_before.union(beyond)

    def letter(self, position: int) -> bytes:
        """Make the message of a row again, as it was or would be sent.

        Raises:
            TemplateError: There is none.
        """
        for task in self._plan.only([position]).tasks(*self._identity):
            return task.build().content
        raise TemplateError("this row was left out, so none was made", None, self._plan.frame.labels[position])

    # --- commands; safe before, while and after it runs, on the loop's thread ---------------------------------

    def pause(self) -> None:
        """Take no further rows until `resume`."""
        self._is_paused = True
        if self._runner is not None:
            self._runner.pause()

    def resume(self) -> None:
        """Take rows again after `pause`, from where it stopped; does nothing to a run that is not paused."""
        self._is_paused = False
        if self._runner is not None:
            self._runner.resume()

    def stop(self) -> None:
        """Take no further rows; those on their way finish."""
        self._stop_reason = "stopped"
        if self._runner is not None:
            self._runner.stop(self._stop_reason)

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `resume`."""
        return self._is_paused

    # --- carrying out ---------------------------------------------------------------------------------------

    async def carry_out(self) -> SendResults:
        """Send, and return how every row stands.

        Raises:
            FrameError, JournalError: The run may not begin; nothing was sent.
            SMTPException: The server cannot be used; nothing was sent.
        """
        with self.results.being_sent() if self._is_first else contextlib.nullcontext():
            return self._rehearse() if self._plan.options.dry_run else await self._carry_out_shown()

    async def _carry_out_shown(self) -> SendResults:
        loop = asyncio.get_running_loop()
        board = self.show(_ThreadsafeCommands(loop, self), is_in_cell=True)
        ticker = loop.create_task(_tick(board))
        try:
            await self._carry_out()
        except Exception as problem:
            if isinstance(problem, SMTPAuthenticationError):
                why = explain(problem)
                problem.add_note(f"{why.cause}: {why.remedy}")
                if self._server is not None:
                    self._server.forget_password()
            if self._runner is None:
                board.abandon(self.results, _nothing_sent(problem))
            raise
        finally:
            ticker.cancel()
            self._leave_beyond()
            self._notice_what_was_left()
            self.results.notice = " ".join(self._notices)
            board.close(self.results, title=self.results.notice)
        return self.results

    async def _carry_out(self) -> None:
        async with _target(self._server) as (server, notice):
            if notice:
                self._notices.append(notice)
            world = server.endpoint if server.is_local else ""
            digest = self._plan.digest(world)
            with self._claimed(server, digest, world) as (journal, claim):
                await self._send(server, digest, journal, claim)

    @contextlib.contextmanager
    def _claimed(self, server: Server, digest: str, world: str) -> Iterator[tuple[Journal | None, Claim | None]]:
        """Open the journal and claim the campaign, if one is kept."""
        options = self._plan.options
        keeps = options.journal is not False and options.redirect_to is None
        if not keeps or (options.journal is None and server.is_sandbox):
            yield None, None
            return
        journal = Journal.open(Path(options.journal) if options.journal else None)
        with contextlib.closing(journal):
            self._notices += filter(None, [lifetime.warning(journal.path)])
            claim = journal.claim(
                digest,
                name=options.campaign or "",
                server=server.endpoint,
                account=server.account,
                sender=options.sender or "",
                resend=options.resend,
                now=time.time(),
                known_by=self._plan.matching.keys.known_by,
                first_digests=lambda names: self._plan.first_digests(world, names),
            )
            is_finished = False
            try:
                yield journal, claim
                is_finished = not self.results.counts["pending"]  # those beyond the limit are still to go
            finally:
                try:
                    claim.close(is_finished=is_finished)
                except JournalError as problem:  # the results are exact all the same
                    self._notices.append(f"{str(problem)[:1].upper()}{str(problem)[1:]}.")

    async def _send(self, server: Server, digest: str, journal: Journal | None, claim: Claim | None) -> None:
        plan = self._settle(claim.earlier if claim is not None else {})
        self._identity = (digest, claim.generation if claim is not None else 0)
        tasks = plan.tasks(*self._identity)
        self._pool = pool = Pool(server.routes(self._plan.options.max_connections))
        runner = Runner(tasks, len(plan.going), pool, self._apply, self._terms(server, journal, claim))
        _publish(self.results)
        try:
            if plan.going:
                await pool.open()
            self._runner = runner
            if self._is_paused:
                runner.pause()
            if self._stop_reason:
                runner.stop(self._stop_reason)
            await runner.run()
        except BaseException:
            if self._runner is None:  # no server: what was sent before is told all the same
                await runner.tell_what_was_settled()
            raise
        finally:
            await pool.close()

    def _settle(self, earlier: Mapping[bytes, Earlier]) -> Plan:
        """Decide what goes, now that it is known what went before; what stays is in the results."""
        self._plan = self._plan.resumed(earlier, resend_unconfirmed=self._plan.options.resend_unconfirmed)
        self._resting = len(self._plan.beyond)
        for event in self._plan.excluded:
            self.results.apply(event)
        return self._plan

    def _terms(self, server: Server, journal: Journal | None, claim: Claim | None) -> RunnerSettings:
        options = self._plan.options
        return RunnerSettings(
            bucket=None if server.messages_per_second is None else Bucket(server.messages_per_second),
            quota=_quota(server, journal, claim),
            ledger=claim,
            earlier=claim.earlier if claim is not None else {},
            delivered=self.results.delivered(),
            resend_unconfirmed=options.resend_unconfirmed,
            not_before=0.0 if options.not_before is None else options.not_before.timestamp(),
            retry_seconds=options.retry * 60,
        )

    def _notice_what_was_left(self) -> None:
        count, when = self._sent_before
        self.results.sent_before += count
        if when is not None:
            at = f"{when.astimezone():%Y-%m-%d %H:%M}"
            were = f"{count:,} were" if count > 1 else "One was"
            self._notices.append(f"{were} already sent, the last at {at}; resend=True sends again.")
        copies = self.results.copies_refused
        if copies:
            rows = f"{copies:,} rows were" if copies > 1 else "One row was"
            self._notices.append(f"{rows} sent, but a copy was refused: results.addresses says which.")
        if self._held:
            rows = f"{self._held:,} rows" if self._held > 1 else "One row"
            self._notices.append(
                f"{rows} may have been delivered by an earlier run; resend_unconfirmed=True sends again."
            )
        if self._runner is not None and self._runner.fault is not None:
            self._notices.append(f"The run was stopped: {self._runner.fault}.")
        if self._runner is not None and self._runner.unrecorded:
            self._notices.append(
                f"The journal could not be written: it does not know the end of {self._runner.unrecorded:,} rows, "
                "which a later run holds as unconfirmed."
            )

    def _apply(self, event: RowEvent) -> None:
        self.results.apply(event)
        kind = type(event)
        if kind is RowSkipped:
            count, last = self._sent_before
            when = event.sent_at  # type: ignore[union-attr]
            if when is not None:
                self._sent_before = (count + 1, max(last, when) if last else when)
        elif kind is RowUnconfirmed:
            self._held += event.is_from_before  # type: ignore[union-attr]
        error = getattr(event, "error", None)
        if error is not None and not isinstance(error, TemplateError):
            self._complaint = str(error)

    def _rehearse(self) -> SendResults:
        results = _publish(self.results)
        results.notice = DRY_RUN_NOTICE
        plan = self._settle({})
        for task in plan.tasks():
            try:
                mail = task.build()
            except NotebookmailError as error:
                results.apply(RowFailed(task.position, error))
            else:
                results.apply(RowPending(task.position, "dry run: built, not sent", task.to, mail.message_id))
        self._leave_beyond()
        return results

    def _leave_beyond(self) -> None:
        """Say of the rows beyond the limit why they stay: at the end, for they may be a million."""
        for event in self._plan.left_for_later:
            self.results.apply(event)

    # --- showing --------------------------------------------------------------------------------------------

    def show(self, commands: Commands, *, is_in_cell: bool = False) -> _Display:
        """Show the board in the output of the running cell, unless it is shown already.

        Args:
            commands: What its buttons do.
            is_in_cell: Whether the cell that shows it also waits for the run: not every kernel hears clicks then.
        """
        if self._board is None:
            mode = False if self._plan.options.dry_run else self._plan.options.progress
            # send_frame_sync has a thread of its own here, and keeps the kernel's from hearing anything.
            is_loop_free = threading.current_thread() is threading.main_thread()
            is_heard = not is_in_cell or self._stage is not None or (is_loop_free and hears_clicks())
            server = self._server
            self._target = "the sandbox" if server is None else server.endpoint
            self._board = _make_board(mode, self.progress, commands if is_heard else None, self._stage)
            self._board.show()
            if self._board.shows_results:
                self.results.shown_in = current_cell()
        return self._board

    def progress(self) -> Progress:
        """Tell how the run stands."""
        now = time.monotonic()
        counts = self.results.counts
        left = counts["pending"] - self._resting
        per_second = self._meter.per_second(now, max(0, len(self._plan.going) - left))  # 0 before it has begun
        return Progress(
            counts=counts,
            seconds=self._meter.seconds(now),
            per_second=per_second,
            seconds_left=left / per_second if per_second > 0 else None,
            server=self._target,
            connections=self._pool.connections if self._pool is not None else 0,
            complaint=self._complaint,
            note=self._note(),
        )

    def _note(self) -> str:
        if self._stop_reason:
            return STOPPING
        if self._is_paused:
            return PAUSED
        not_before = self._plan.options.not_before
        if not_before is not None and not_before.timestamp() > time.time():
            return f"waiting until {not_before.astimezone():%Y-%m-%d %H:%M}"
        return ""


def _quota(server: Server, journal: Journal | None, claim: Claim | None) -> Quota | None:
    """Make what counts the run's messages; the sandbox's reach nobody, and are no account's."""
    if server.is_sandbox and journal is None:
        return None
    per_day = {each.account: each.daily_quota for each in (*server.failover, server) if each.daily_quota}
    if journal is None or claim is None:
        return Quota(per_day, server.account)
    at_first = {account: journal.used(account, time.time()) for account in per_day}

    def known(account: str) -> int:
        used = claim.used(account)
        return at_first.get(account, 0) if used is None else used

    return Quota(per_day, server.account, journal=str(journal.path), known=known)


@contextlib.asynccontextmanager
async def _target(server: Server | None) -> AsyncIterator[tuple[Server, str]]:
    """Find the server to use; the second value is what to say about it."""
    if server is not None:
        yield server, ""
    else:
        from notebookmail.sandbox.server import Sandbox

        async with Sandbox() as box:
            yield box.server, SANDBOX_NOTICE


def _nothing_sent(problem: Exception) -> str:
    said = str(problem)
    return said if "nothing was sent" in said else f"Nothing was sent: {said}"


async def _tick(board: _Display) -> None:
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        board.refresh()


class _NoDisplay:
    """Shows nothing; the tick goes on all the same."""

    shows_results = False

    def show(self) -> None:
        """Print and display nothing; `progress=False` asked for that."""

    def refresh(self) -> None:
        """Show nothing new."""

    def close(self, outcomes: Outcomes, *, title: str = "") -> None:
        """Leave nothing behind."""

    def abandon(self, outcomes: Outcomes, why: str) -> None:
        """Leave nothing behind: the exception says why."""


class _ThreadsafeCommands:
    """A run's commands for whoever is on another thread: they are handed to the loop it runs on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, run: Run) -> None:
        self._loop = loop
        self._run = run

    def pause(self) -> None:
        """Take no further rows until `resume`."""
        self._tell(self._run.pause)

    def resume(self) -> None:
        """Let the run take rows again after `pause`."""
        self._tell(self._run.resume)

    def stop(self) -> None:
        """End the run."""
        self._tell(self._run.stop)

    def _tell(self, command: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            self._loop.call_soon_threadsafe(command)


def _make_board(
    mode: ProgressMode, read: Callable[[], Progress], commands: Commands | None, stage: Stage | None
) -> _Display:
    if stage is not None:
        from notebookmail.view.widgets.board import Board

        return Board(read, commands, stage=stage)
    if mode is False:
        return _NoDisplay()
    if mode == "auto" and is_notebook() and not is_attended():
        from notebookmail.view.widgets.board import StillBoard

        return StillBoard()
    if mode == "widget" or (mode == "auto" and is_notebook()):
        from notebookmail.view.widgets.board import NO_BUTTONS, Board

        return Board(read, commands, advice="" if commands is not None else NO_BUTTONS)
    from notebookmail.view.terminal.results import TerminalBoard

    return TerminalBoard(read)
