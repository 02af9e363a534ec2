"""Results that can be sent again: the rows still to go, with the same letter, over the same server."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from notebookmail.errors import TemplateError

from .own_columns import OwnColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notebookmail.sandbox.server import Sandbox

    from .plan import Plan
    from .results import SendResults
    from .run_handle import Stage


class Continued(Protocol):
    """A run that goes on where another one ended."""

    @property
    def has_begun(self) -> bool:
        """True once rows may have been sent."""

    async def carry_out(self) -> SendResults:
        """Send the rows still to go, and return how every row stands."""


class Resender:
    """What results know of the run behind them.

    Args:
        plan: Which rows go, and what each gets.
        results: How its rows stand.
        make_run: Makes the run that goes on where this one ended, with some of its rows, on a stage.
        before: The same of the run that this one continues.

    Attributes:
        results: How the rows stand.
        plan: The plan as it was carried out.
        is_retry: True when the rows were tried by an earlier run.
        journal: The journal that knows the rows, once there is one.
        identity: The campaign's digest, its generation and its secret: what Message-IDs are made of.
        box: The sandbox of this process that the rows went to, if they did.
    """

    def __init__(
        self,
        plan: Plan,
        results: SendResults,
        make_run: Callable[[Plan, Resender, Stage | None], Continued],
        before: Resender | None = None,
    ) -> None:
        self.plan = plan
        self.results = results
        self.identity = (plan.digest(""), 0, "")
        self.journal: Path | None = None
        self.is_retry = before is not None
        self.box: Sandbox | None = None if before is None else before.box
        self._make_run = make_run
        self._left_before = frozenset[int]() if before is None else before.left_out

    @cached_property
    def columns(self) -> OwnColumns:
        """The columns of the analyst's frame."""
        return OwnColumns(self.plan.frame)

    @property
    def left_out(self) -> frozenset[int]:
        """The positions that were not to be sent: beyond the limit, or all of a dry run."""
        beyond = range(len(self.results)) if self.plan.settings.dry_run else self.plan.beyond
        return self._left_before.union(beyond)

    @property
    def campaign(self) -> str:
        """The campaign's digest."""
        return self.identity[0]

    def row_keys(self) -> Iterator[tuple[int, bytes]]:
        """Walk the rows that could be sent: the position, and what the campaign knows it by."""
        return ((position, key) for position, _, key in self.plan.row_keys())

    def letter(self, position: int) -> bytes:
        """Make the message of a row again, as it was or would be sent.

        Raises:
            TemplateError: There is none.
        """
        for task in self.plan.only([position]).tasks(*self.identity):
            return task.build().content
        raise TemplateError("this row was left out, so none was made", None, self.plan.frame.labels[position])

    async def again(self, positions: list[int], stage: Stage | None = None) -> SendResults:
        """Send rows again; the results stay the same object.

        Goes on in the campaign's generation, whatever the first run began. Where the run may not begin at all, the
        rows stand as before.
        """
        results = self.results
        before = results.copy()
        further = self._make_run(self.plan.only(positions), self, stage)
        try:
            return await further.carry_out()
        finally:
            if not further.has_begun:
                results.restore(before)
                results.sent_with(self)
            results.refresh_tables()
