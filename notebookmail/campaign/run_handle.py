"""What results hold of the run behind them: enough to send rows again, and to make a row's message again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from notebookmail.sandbox.server import Sandbox

    from .own_columns import OwnColumns

    Stage = Callable[[Any], None]  # takes a board's widget and shows it


class RunHandle(Protocol):
    """What results know of the run behind them."""

    @property
    def box(self) -> Sandbox | None:
        """The sandbox of this process that the rows went to, if they did."""

    @property
    def columns(self) -> OwnColumns:
        """The columns of the analyst's frame."""

    @property
    def left_out(self) -> frozenset[int]:
        """The positions that were not to be sent: beyond the limit, or all of a rehearsal."""

    @property
    def journal(self) -> Path | None:
        """The journal that knows the rows; None where none was kept."""

    @property
    def campaign(self) -> str:
        """The campaign's digest."""

    def row_keys(self) -> Iterator[tuple[int, bytes]]:
        """Walk the rows that could be sent: the position, and what the campaign knows it by."""

    def again(self, positions: list[int], stage: Stage | None) -> Awaitable[object]:
        """Send rows again, with the board on a stage, or where boards are shown; their results show it."""

    def letter(self, position: int) -> bytes:
        """Make the message of a row again.

        Raises:
            TemplateError: The row has none.
        """
