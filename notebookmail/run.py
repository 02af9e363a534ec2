"""One run: a plan carried out over a server, recorded in the journal, folded into results, and shown.

The run is the only place where the wings meet: the merge's runner takes messages from the plan, the client's pool
takes them from the runner, and what comes of them is emitted into the results and shown on the board.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from .errors import FrameError, NotebookmailError, TemplateError
from .merge.events import RowFailed, RowPending, RowSkipped, RowUnconfirmed
from .merge.journal import Journal
from .merge.progress import Meter, Progress
from .merge.quota import Quota
from .merge.rate import Bucket
from .merge.runner import Runner, Terms
from .results import SendResults
from .server import URL_VARIABLE, Server
from .smtp.pool import Pool
from .view.frontend import current_cell, is_notebook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from datetime import datetime

    from .merge.events import RowEvent
    from .merge.journal import Claim, Earlier
    from .merge.outcomes import Outcomes
    from .plan import Plan

ProgressMode = Literal["auto", "widget", "text", False]

SANDBOX_NOTICE: Final = "No server was given: these messages went to a sandbox on this machine. Nothing left it."
DRY_RUN_NOTICE: Final = "Dry run: every message was built, none was sent."
REFRESH_SECONDS: Final = 0.1
"""How often the board may repaint. The tick also wakes an idle kernel's loop, so that an interrupt is noticed."""

_DAY_SECONDS: Final = 86_400.0
_last_results: SendResults | None = None


class _Board(Protocol):
    """What shows a run: a widget, a terminal's progress bar, or nothing."""

    shows_results: bool
    """True when closing it leaves the whole summary in the output."""

    def show(self) -> None: ...
    def refresh(self) -> None: ...
    def close(self, outcomes: Outcomes, *, title: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Carriage:
    """How a run goes, beside what it sends.

    Attributes:
        server: Where it goes; None takes the one in NOTEBOOKMAIL_URL, else a sandbox.
        max_connections: At most so many at once, below the server's own limit.
        progress: What shows it.
        dry_run: Build every message and send none.
    """

    server: Server | None = None
    max_connections: int | None = None
    progress: ProgressMode = "auto"
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.server is not None and not isinstance(self.server, Server):
            raise FrameError(
                f"server is a {type(self.server).__name__}: give Server('smtp.example.org', username=..., ...)"
            )
        if self.max_connections is not None and self.max_connections < 1:
            raise FrameError(f"max_connections={self.max_connections}: it is at least 1")
        if not (self.progress is False or self.progress in {"auto", "widget", "text"}):
            raise FrameError(f"progress={self.progress!r}: it is one of 'auto', 'widget', 'text', False")


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
        carriage: Where and how.
        before: The results of the run that this one continues, for `results.retry()`.
    """

    def __init__(self, plan: Plan, carriage: Carriage, before: SendResults | None = None) -> None:
        self._plan = plan
        self._carriage = carriage
        self._notices: list[str] = []
        self.results = SendResults.begin(plan, before)
        self.results.retry_with(self._again)
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

    async def _again(self, positions: list[int]) -> SendResults:
        return await Run(self._plan.only(positions), self._carriage, self.results).carry_out()

    # --- commands; safe before, while and after it runs, on the loop's thread ---------------------------------

    def pause(self) -> None:
        """Take no further rows until `resume`."""
        self._is_paused = True
        if self._runner is not None:
            self._runner.pause()

    def resume(self) -> None:
        """Go on."""
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
        if self._carriage.dry_run:
            return self._rehearse()
        async with _target(self._carriage.server) as (server, notice):
            if notice:
                self._notices.append(notice)
            self._target = "the sandbox" if notice else server.endpoint
            digest = self._plan.digest(server.endpoint if server.is_local else "")
            with self._claimed(server, digest) as (journal, claim):
                await self._send(server, digest, journal, claim)
        return self.results

    @contextlib.contextmanager
    def _claimed(self, server: Server, digest: str) -> Iterator[tuple[Journal | None, Claim | None]]:
        """Open the journal and claim the campaign, if one is kept."""
        options = self._plan.options
        keeps = options.journal is not False and options.redirect_to is None
        if not keeps or (options.journal is None and server.is_sandbox):
            yield None, None
            return
        journal = Journal.open(Path(options.journal) if options.journal else None)
        with contextlib.closing(journal):
            claim = journal.claim(
                digest,
                name=options.campaign or "",
                server=server.endpoint,
                account=server.account,
                sender=options.sender or "",
                resend=options.resend,
                now=time.time(),
            )
            is_finished = False
            try:
                yield journal, claim
                is_finished = self.results.counts["pending"] == self._resting
            finally:
                claim.close(is_finished=is_finished)

    async def _send(self, server: Server, digest: str, journal: Journal | None, claim: Claim | None) -> None:
        plan = self._settle(claim.earlier if claim is not None else {})
        tasks = plan.tasks(digest, claim.generation if claim is not None else 0)
        self._pool = pool = Pool(server.routes(self._carriage.max_connections))
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
            await self._shown(runner)
        finally:
            await pool.close()

    def _settle(self, earlier: Mapping[bytes, Earlier]) -> Plan:
        """Decide what goes, now that it is known what went before; what stays is in the results."""
        self._plan = self._plan.resumed(earlier, resend_unconfirmed=self._plan.options.resend_unconfirmed)
        self._resting = len(self._plan.beyond)
        for event in self._plan.excluded:
            self.results.apply(event)
        return self._plan

    def _terms(self, server: Server, journal: Journal | None, claim: Claim | None) -> Terms:
        options = self._plan.options
        quota = None
        if server.daily_quota is not None:
            used = 0 if journal is None else journal.sent_since(server.account, time.time() - _DAY_SECONDS)
            quota = Quota(server.daily_quota, used)
        return Terms(
            bucket=None if server.messages_per_second is None else Bucket(server.messages_per_second),
            quota=quota,
            ledger=claim,
            earlier=claim.earlier if claim is not None else {},
            resend_unconfirmed=options.resend_unconfirmed,
            not_before=0.0 if options.not_before is None else options.not_before.timestamp(),
            retry_seconds=options.retry * 60,
        )

    async def _shown(self, runner: Runner) -> None:
        board = _make_board(self._carriage.progress, self.progress)
        board.show()
        ticker = asyncio.create_task(_tick(board))
        try:
            await runner.run()
        finally:
            ticker.cancel()
            self._leave_beyond()
            self._notice_what_was_left(runner)
            self.results.notice = " ".join(self._notices)
            board.close(self.results, title=self.results.notice)
            if board.shows_results:
                self.results.shown_in = current_cell()

    def _notice_what_was_left(self, runner: Runner) -> None:
        count, when = self._sent_before
        self.results.sent_before = count
        if when is not None:
            at = f"{when.astimezone():%Y-%m-%d %H:%M}"
            were = f"{count:,} were" if count > 1 else "One was"
            self._notices.append(f"{were} already sent, the last at {at}; resend=True sends again.")
        if self._held:
            rows = f"{self._held:,} rows" if self._held > 1 else "One row"
            self._notices.append(
                f"{rows} may have been delivered by an earlier run; resend_unconfirmed=True sends again."
            )
        if runner.unrecorded:
            self._notices.append(
                f"The journal could not be written: it does not know the end of {runner.unrecorded:,} rows, "
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

    def progress(self) -> Progress:
        """Tell how the run stands."""
        now = time.monotonic()
        counts = self.results.counts
        left = counts["pending"] - self._resting
        per_second = self._meter.per_second(now, len(self._plan.going) - left)
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
            return "stopping"
        if self._is_paused:
            return "paused"
        not_before = self._plan.options.not_before
        if not_before is not None and not_before.timestamp() > time.time():
            return f"waiting until {not_before.astimezone():%Y-%m-%d %H:%M}"
        return ""


@contextlib.asynccontextmanager
async def _target(server: Server | None) -> AsyncIterator[tuple[Server, str]]:
    """Find the server to use; the second value is what to say about it."""
    if server is not None:
        yield server, ""
    elif os.environ.get(URL_VARIABLE):
        yield Server.from_env(), ""
    else:
        from .sandbox.server import Sandbox

        async with Sandbox() as box:
            yield box.server, SANDBOX_NOTICE


async def _tick(board: _Board) -> None:
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        board.refresh()


class _NoBoard:
    """Shows nothing; the tick goes on all the same."""

    shows_results = False

    def show(self) -> None:
        """Show nothing."""

    def refresh(self) -> None:
        """Show nothing new."""

    def close(self, outcomes: Outcomes, *, title: str = "") -> None:
        """Leave nothing behind."""


def _make_board(mode: ProgressMode, read: Callable[[], Progress]) -> _Board:
    if mode is False:
        return _NoBoard()
    if mode == "widget" or (mode == "auto" and is_notebook()):
        from .view.board import Board

        return Board(read)
    from .view.terminal import TerminalBoard

    return TerminalBoard(read)
