"""send_frame and its family: the only place where rows and connections meet.

A wrong call raises before anything is sent. A wrong row never raises: it becomes a result. Without a server the
messages go to a sandbox on this machine, because nobody should mail a thousand people on the first try.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .errors import FrameError, NotebookmailError, TemplateError
from .merge.events import RowFailed, RowPending
from .merge.progress import Meter, Progress
from .merge.runner import Runner
from .plan import Duplicates, SendOptions, make_plan
from .results import SendResults
from .server import URL_VARIABLE, Server
from .smtp.pool import Pool
from .sync import run_sync
from .view.frontend import current_cell, is_notebook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from .compose.signing import DKIM
    from .compose.template import Template
    from .merge.events import RowEvent
    from .merge.outcomes import Outcomes
    from .plan import Plan

ProgressMode = Literal["auto", "widget", "text", False]

SANDBOX_NOTICE = "No server was given: these messages went to a sandbox on this machine. Nothing left it."
DRY_RUN_NOTICE = "Dry run: every message was built, none was sent."
REFRESH_SECONDS = 0.1
"""How often the board may repaint. The tick also wakes an idle kernel's loop, so that an interrupt is noticed."""

_WORKERS_PER_CONNECTION = 3  # one message on its way, one opened behind it, one being made
_last_results: SendResults | None = None


class _Board(Protocol):
    """What shows a run: a widget, a terminal's progress bar, or nothing."""

    shows_results: bool
    """True when closing it leaves the whole summary in the output."""

    def show(self) -> None: ...
    def refresh(self) -> None: ...
    def close(self, outcomes: Outcomes, *, title: str = "") -> None: ...


async def send_frame(
    df: Any,
    template: Template,
    server: Server | None = None,
    *,
    sender: str | None = None,
    group_by: str | None = None,
    confirm: int | None = None,
    limit: int | None = None,
    redirect_to: str | None = None,
    dry_run: bool = False,
    suppress: Iterable[str] = (),
    duplicates: Duplicates = "error",
    dkim: DKIM | None = None,
    max_connections: int | None = None,
    progress: ProgressMode = "auto",
) -> SendResults:
    """Mail a personalised message to every row of a frame, or to every group of rows.

    Args:
        df: A pandas DataFrame, or a frame of any library narwhals reads (polars, pyarrow). It is not changed.
        template: What each row gets.
        server: Where it goes. None takes the server in the environment variable NOTEBOOKMAIL_URL, or, if that is
            not set, a sandbox on this machine: then nothing leaves it.
        sender: The From mailbox, instead of the template's.
        group_by: A column: its rows of equal value get one message together, and the template sees them as `rows`.
            A column that differs within a group has no value to print. A row without a value here fails.
        confirm: Refuse to start unless exactly so many messages would go.
        limit: Send at most so many messages; the rows beyond stay pending.
        redirect_to: Rehearse: all messages go to this address; X-Original-To names the intended one.
        dry_run: Build every message and send none: good rows are pending, the others failed.
        suppress: Addresses never to mail.
        duplicates: What to do when two rows have the same recipient: "error" refuses to start, "skip" sends only
            the first, "send" sends both.
        dkim: Signs every message in the name of its domain.
        max_connections: At most so many connections at once, below the server's own limit.
        progress: "auto" shows a live board in notebooks and a progress bar in terminals, "widget" and "text"
            choose one, False shows nothing.

    Returns:
        One entry per row, in order, or per group in the order the groups begin, labelled by the value of its
        column: `df.join(results.frame, on=group_by)`. A row never raises: its exception is in the results.

    Raises:
        FrameError: The call is wrong as a whole; nothing was sent.
        TemplateError: The template is.
        SMTPException: The server cannot be used: not reachable, no TLS, login refused. Nothing was sent.

    Example:
        >>> results = await send_frame(df, Template("Hello {{ name }}", markdown="..."))
        >>> results.failed
    """
    options = SendOptions(sender, group_by, confirm, limit, redirect_to, _texts(suppress), duplicates, dkim)
    if max_connections is not None and max_connections < 1:
        raise FrameError(f"max_connections={max_connections}: it is at least 1")
    plan = make_plan(df, template, options)
    if dry_run:
        return _publish(_rehearse(plan))
    async with _target(server) as (target, notice):
        pool = Pool(target.options(), target.limits(max_connections))
        run = _Run(
            plan, pool, SendResults(plan.frame.labels, notice), "the sandbox" if notice else target.endpoint
        )
        try:
            if plan.going:
                await pool.open()
            await run.carry_out(progress, workers=target.limits(max_connections).connections)
        finally:
            await pool.close()
        return run.results


def send_frame_sync(df: Any, template: Template, server: Server | None = None, **options: Any) -> SendResults:
    """Do what send_frame does, for scripts and for cells without `await`.

    Works inside a running event loop too, such as a notebook's: the messages are then sent from a loop of their
    own in a background thread. An interrupt stops the run as it does for send_frame.

    Args:
        df: As for send_frame.
        template: As for send_frame.
        server: As for send_frame.
        **options: As for send_frame.

    Raises:
        FrameError, TemplateError, SMTPException: As for send_frame.
    """
    return run_sync(send_frame(df, template, server, **options))


def last_results() -> SendResults | None:
    """Return the results of the newest run in this process, also of one that was interrupted; None before any."""
    return _last_results


def _publish(results: SendResults) -> SendResults:
    global _last_results  # noqa: PLW0603 -- what an interrupted cell leaves behind has no other owner
    _last_results = results
    return results


def _texts(suppress: Iterable[str]) -> tuple[str, ...]:
    if isinstance(suppress, str):
        raise FrameError("suppress is a list of addresses; for one, write suppress=['user@example.org']")
    return tuple(map(str, suppress))


def _rehearse(plan: Plan) -> SendResults:
    results = SendResults(plan.frame.labels, DRY_RUN_NOTICE)
    for event in plan.staying:
        results.apply(event)
    for task in plan.tasks():
        try:
            mail = task.build()
        except NotebookmailError as error:
            results.apply(RowFailed(task.position, error))
        else:
            results.apply(RowPending(task.position, "dry run: built, not sent", task.to, mail.message_id))
    return results


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


class _Run:
    """One run: folds events into results and shows them."""

    def __init__(self, plan: Plan, pool: Pool, results: SendResults, server: str) -> None:
        self.results = results
        self._plan = plan
        self._pool = pool
        self._server = server
        self._started = time.monotonic()
        self._meter = Meter(self._started)
        self._never_tried = sum(isinstance(event, RowPending) for event in plan.staying)
        self._complaint = ""

    async def carry_out(self, progress: ProgressMode, *, workers: int) -> None:
        for event in self._plan.staying:
            self.results.apply(event)
        for position in self._plan.going:
            self.results.note_recipient(position, self._plan.recipients[position])
        _publish(self.results)
        runner = Runner(self._plan.tasks(), self._pool, self._apply, workers=workers * _WORKERS_PER_CONNECTION)
        board = _make_board(progress, self.progress)
        board.show()
        ticker = asyncio.create_task(_tick(board))
        try:
            await runner.run()
        finally:
            ticker.cancel()
            board.close(self.results, title=self.results.notice)
            if board.shows_results:
                self.results.shown_in = current_cell()

    def _apply(self, event: RowEvent) -> None:
        self.results.apply(event)
        error = getattr(event, "error", None)
        if error is not None and not isinstance(error, TemplateError):
            self._complaint = str(error)

    def progress(self) -> Progress:
        """Tell how the run stands."""
        now = time.monotonic()
        counts = self.results.counts
        left = counts["pending"] - self._never_tried
        per_second = self._meter.per_second(now, len(self._plan.going) - left)
        return Progress(
            counts=counts,
            seconds=self._meter.seconds(now),
            per_second=per_second,
            seconds_left=left / per_second if per_second > 0 else None,
            server=self._server,
            connections=self._pool.connections,
            complaint=self._complaint,
        )


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
    if mode in {"auto", "text"}:
        from .view.terminal import TerminalBoard

        return TerminalBoard(read)
    raise FrameError(f"progress={mode!r}: it is one of 'auto', 'widget', 'text', False")
