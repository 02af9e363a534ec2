"""The results table: every row of a run, a page at a time, from the kernel; and one row in full.

Paging, searching and sorting happen in Python: the page is a few rows of escaped HTML beside as many buttons, and
no other row ever reaches the browser or the widget's state, so 100,000 rows open as fast as 25. Addresses stand
here in full, because this view is for the person who sends and lives as long as the kernel; what a saved notebook
shows in its place names no one. Reads results only, and never builds their frame.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import ipywidgets

from notebookmail.delivery.events import STATUSES
from notebookmail.errors import INTERRUPTS
from notebookmail.privacy.masking import mask_text
from notebookmail.sync import running_loop
from notebookmail.view.frontend import is_attended, saves_widgets
from notebookmail.view.html.escaping import element
from notebookmail.view.html.results import table_html
from notebookmail.view.html.stand_in import without_jupyter
from notebookmail.view.html.style import LIVE_STYLE, ROOT
from notebookmail.view.words.headlines import SYMBOLS, headline
from notebookmail.view.words.results import interrupted
from notebookmail.view.words.table_columns import ROW, columns_of, rows_written
from notebookmail.view.words.visible_text import clip, visible

from .column_choice import ColumnChoice
from .live_output import LiveView, button, close_all, show_static, stand_in
from .row_detail import RowDetail
from .row_finder import RowFinder, Sorting, TableSource
from .table_header import TableHeader
from .take_away import RowsOnView, TakeAway

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    import pandas as pd

    from notebookmail.delivery.events import Status
    from notebookmail.delivery.row_search import Order
    from notebookmail.view.words.table_columns import TableColumn

    from .column_choice import ColumnsSource

PAGE: Final = 25
"""Rows on a page."""

_LABEL, _PROBLEM = 40, 300  # characters shown
_LEAST_WIDTH, _OWN_WIDTH = 860, 132  # CSS pixels of a table with them, and for each column of the analyst's frame
_BY_COLUMN: Final = "column"
_ALL: Final = "all"
"""Not None: a drop-down whose value is None shows nothing chosen in one process of three."""
_ORDERS: Final[dict[str, Order]] = {
    "Rows in order": "row", "Problems first": "status", "Recipient, A to Z": "to", "Reply, A to Z": "reply",
    "Slowest first": "slowest", "Latest first": "latest", "Most tries first": "attempts",
}  # fmt: skip


class TableActions(Protocol):
    """What a table can do beside showing: it belongs to the run behind the results."""

    @property
    def waiting(self) -> int:
        """How many rows may be tried again."""

    @property
    def columns(self) -> ColumnsSource:
        """The columns of the analyst's own frame."""

    def letter(self, position: int) -> bytes:
        """Return the message of a row as it was transmitted."""

    def again(self, stage: Callable[[ipywidgets.Widget], None]) -> Awaitable[TableSource]:
        """Try again what may be tried again, with the board on a stage."""


class ResultsTable:
    """A paged table with a search, an order, a view of each row, and a button that tries again.

    Args:
        results: How every row stands; a finished run's.
        sending: What it was sent with; None for a table that only shows.

    Attributes:
        widget: The ipywidget to display; None in a kernel that nobody watches.
    """

    def __init__(self, results: TableSource, sending: TableActions | None = None) -> None:
        self._results = results
        self._sending = sending
        self._loop = running_loop()
        self._task: asyncio.Task[None] | None = None
        self._found: list[int] = []
        self._start = 0
        self._opened = 0  # the row on view, by its place among those found
        self._sorting, self._is_told = Sorting(), False
        self.widget: Any = None
        if saves_widgets():
            self._found = results.find()
            return
        self._make_controls()
        self._finder = RowFinder(None if sending is None else sending.columns)
        self._row = RowDetail(self._turn, self._close_row, sending.letter if sending is not None else None)
        self._stage = ipywidgets.VBox()
        self._list = self._assemble()
        self.widget = ipywidgets.VBox([ipywidgets.HTML(LIVE_STYLE, layout={"display": "none"}), *self._list])
        self.widget.add_class(ROOT).add_class("nbm-table")
        self._find()

    # --- making ---------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self._status = ipywidgets.Dropdown(
            options=self._statuses(), description="Status", tooltip="Show only rows that stand so"
        ).add_class("nbm-choice")
        self._text = ipywidgets.Text(
            description="Find", placeholder="row, address or reply", tooltip="Show only rows that hold this text"
        ).add_class("nbm-find")
        self._order = ipywidgets.Dropdown(
            options=list(_ORDERS.items()), description="Sort", tooltip="The order of the rows"
        ).add_class("nbm-choice")
        self._retry = button("Try again", "Send again what may be sent again; nothing goes out twice")
        self._first, self._previous, self._next, self._last = self._pager = tuple(
            button(words, f"{words} page") for words in ("First", "Previous", "Next", "Last")
        )
        self._where = ipywidgets.Label()
        self._page = ipywidgets.HTML(layout={"width": "auto", "margin": "0"})
        self._labels = [
            ipywidgets.Button(tooltip="Everything about this row").add_class("nbm-row") for _ in range(PAGE)
        ]
        self._header = TableHeader(self._sort_by)
        self._choice = ColumnChoice(None if self._sending is None else self._sending.columns, self._choose_columns)
        self._away = TakeAway(lambda: len(self._found), self._taken_away)
        self._said = ipywidgets.HTML(layout={"margin": "0"})

    def _assemble(self) -> list[ipywidgets.Widget]:
        self._status.observe(lambda _: self._find(), "value")
        self._order.observe(lambda _: self._choose_order(), "value")
        self._text.observe(lambda _: self._find(), "value")
        self._retry.on_click(lambda _: self._try_again())
        self._first.on_click(lambda _: self._show(0))
        self._previous.on_click(lambda _: self._show(self._start - PAGE))
        self._next.on_click(lambda _: self._show(self._start + PAGE))
        self._last.on_click(lambda _: self._show(self._last_start))
        for place, label in enumerate(self._labels):
            label.on_click(lambda _, place=place: self._open_row(self._start + place))
        self._column = ipywidgets.VBox([self._header.row]).add_class("nbm-labels")
        self._cells = ipywidgets.VBox([self._header.widget, self._page]).add_class("nbm-cells")
        controls = [self._status, self._text, self._order, self._choice.button, self._retry]
        return [
            ipywidgets.HBox(controls).add_class("nbm-tools"),
            self._choice.widget,
            self._said,
            self._stage,
            ipywidgets.HBox([self._column, self._cells]).add_class("nbm-grid"),
            ipywidgets.HBox([*self._pager, self._where, self._away.button]).add_class("nbm-tools"),
            self._away.widget,
        ]

    def _statuses(self) -> list[tuple[str, str]]:
        counts = self._results.counts
        return [
            (f"All {len(self._results):,}", _ALL),
            *((f"{SYMBOLS[status]} {status} {counts[status]:,}", status) for status in STATUSES if counts[status]),
        ]

    # --- what is found --------------------------------------------------------------------------------------

    @property
    def results(self) -> TableSource:
        """The results on view: after a retry its own."""
        return self._results

    @property
    def frame(self) -> pd.DataFrame:
        """The rows found, in the order shown, as they stand in `results.frame`."""
        return self._results.frame.iloc[self._found]

    def _find(self) -> None:
        status: Status | None = None if self._status.value == _ALL else self._status.value
        shown = self._choice.chosen
        self._found = self._finder.found(self._results, status, self._text.value, self._sorting, shown)
        self._show(0)

    def _sort_by(self, column: TableColumn) -> None:
        """Sort by a column; by the one that the rows are sorted by already, the other way round."""
        before = self._sorting
        is_same = (column.key, column.is_own) == (before.key, before.is_own)
        self._sort(Sorting(column.key, column.is_own, is_same and not before.is_reversed))

    def _choose_order(self) -> None:
        chosen = Sorting(self._order.value)
        if not self._is_told and self._order.value != _BY_COLUMN and chosen != self._sorting:
            self._sort(chosen)

    def _sort(self, sorting: Sorting) -> None:
        self._sorting = sorting
        is_plain = not sorting.is_own and not sorting.is_reversed and sorting.key in _ORDERS.values()
        further = [] if is_plain else [("As the heads say", _BY_COLUMN)]
        self._is_told = True  # a list with other options chooses the first of them by itself
        self._order.options = [*_ORDERS.items(), *further]
        self._order.value = sorting.key if is_plain else _BY_COLUMN
        self._is_told = False
        self._find()

    def _choose_columns(self) -> None:
        if self._sorting.is_own and self._sorting.key not in self._choice.chosen:
            self._sort(Sorting())
        else:
            self._find()

    def _taken_away(self) -> RowsOnView:
        names = self._choice.chosen
        cells = self._own_cells(self._found)
        written = partial(rows_written, self._results, self._found, names, cells)
        return RowsOnView(text=written(delimiter="\t"), csv=written())

    def _own_cells(self, positions: Sequence[int]) -> list[list[Any]]:
        names = self._choice.chosen
        return self._sending.columns.cells(names, positions) if names and self._sending is not None else []

    @property
    def _last_start(self) -> int:
        return max(0, (len(self._found) - 1) // PAGE * PAGE)

    def _show(self, start: int) -> None:
        self._start = min(max(0, start), self._last_start)
        count = len(self._found)
        shown = self._found[self._start : self._start + PAGE]
        self._first.disabled = self._previous.disabled = self._start == 0
        self._next.disabled = self._last.disabled = self._start == self._last_start
        columns = columns_of(self._choice.chosen)
        sorted_by = (self._sorting.key, self._sorting.is_own)
        by = next((each for each in (ROW, *columns) if (each.key, each.is_own) == sorted_by), None)
        self._header.show(columns, by, is_reversed=self._sorting.is_reversed)
        width = f"{_LEAST_WIDTH + _OWN_WIDTH * len(self._choice.chosen)}px" if self._choice.chosen else None
        self._header.widget.layout.min_width = self._page.layout.min_width = width
        self._page.value = table_html(self._results, shown, columns, self._own_cells(shown))
        self._away.clear()
        for label, position in zip(self._labels, shown, strict=False):
            label.description = clip(self._results.outcome(position).label, _LABEL)
        self._column.children = [self._header.row, *self._labels[: len(shown)]]
        where = f"rows {self._start + 1:,}\u2013{self._start + len(shown):,} of {count:,}" if count else "no rows"
        self._where.value = where
        self._offer_retry()

    def refresh(self) -> None:
        """Show how the rows stand now; safe on any thread."""
        if self.widget is None:
            self._found = self._results.find()
        elif self._loop is None or self._loop is running_loop():
            self._offer_statuses()
            self._find()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.refresh)

    def _offer_statuses(self) -> None:
        """Offer the statuses that there are now; what was chosen stays chosen as long as there are such rows."""
        chosen, statuses = self._status.value, self._statuses()
        self._status.options = statuses
        self._status.value = chosen if chosen in dict(statuses).values() else _ALL

    # --- one row --------------------------------------------------------------------------------------------

    def _open_row(self, place: int) -> None:
        if place < len(self._found):
            self._turn(place - self._opened)
            self.widget.children = [self.widget.children[0], *self._row.widgets]
            self._row.focus()

    def _turn(self, step: int) -> None:
        """Go on to another of the rows found."""
        self._opened = min(max(0, self._opened + step), len(self._found) - 1)
        position = self._found[self._opened]
        self._row.show(self._results.outcome(position), position, self._opened, len(self._found))

    def _close_row(self) -> None:
        self._row.close_letter()
        self._show(self._opened // PAGE * PAGE)
        self.widget.children = [self.widget.children[0], *self._list]
        self._labels[self._opened - self._start].focus()

    # --- trying again ---------------------------------------------------------------------------------------

    def _offer_retry(self) -> None:
        count = 0 if self._sending is None or self._loop is None else self._sending.waiting
        self._retry.description = f"Try {count:,} again"
        self._retry.layout.display = None if count else "none"

    def _try_again(self) -> None:
        """Begin on the kernel's loop, whichever thread the click came on."""
        loop = self._loop
        if loop is not None and not self._retry.disabled:
            self._retry.disabled = True
            loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._loop is not None and self._sending is not None:
            self._task = self._loop.create_task(self._send(self._sending))

    async def _send(self, sending: TableActions) -> None:
        self._said.value = ""
        before = dict(self._results.counts)
        try:
            self._results = await sending.again(self._take_stage)
        except Exception as problem:  # noqa: BLE001 -- a button has nobody to raise it to: it is shown
            self._say(_why_it_ended(problem, was_sent=self._results.counts != before))
        except INTERRUPTS as interrupt:  # going on, it would end the kernel's loop
            self._say(interrupted(interrupt))
        finally:
            self._stage.children = ()
            self._retry.disabled = False
            self.refresh()

    def _say(self, words: str) -> None:
        self._said.value = element("p", clip(mask_text(words), _PROBLEM), role="alert")

    def _take_stage(self, board: ipywidgets.Widget) -> None:
        self._stage.children = (board,)

    # --- display --------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Free the widgets."""
        if self.widget is not None:
            self._row.close_letter()
            self._header.close()
            close_all(self.widget, *self._list, *self._row.widgets, *self._labels)

    def _stand_in(self) -> str:
        words = headline(self._results.counts, self._results.facts)
        return f"{words}. The table lives as long as the kernel: run the cell again to open it."

    def _repr_html_(self) -> str:
        """The summary, where no widget can be shown."""
        return without_jupyter(
            f"{headline(self._results.counts, self._results.facts)}. results.frame holds every row."
        )

    def _ipython_display_(self) -> None:
        words = self._stand_in()
        if self.widget is not None and is_attended():
            LiveView(self.widget, stand_in(words), words)
        else:
            show_static(stand_in(words), words)

    def __repr__(self) -> str:
        return visible(f"<ResultsTable {headline(self._results.counts, self._results.facts)}>")


def _why_it_ended(problem: Exception, *, was_sent: bool) -> str:
    """Say why trying again ended; of a server's refusal a note of the exception says what to do."""
    why = " ".join(getattr(problem, "__notes__", ())) or str(problem)
    if was_sent or "nothing was sent" in why:
        return why
    return f"Nothing was sent. {why[:1].upper()}{why[1:]}"
