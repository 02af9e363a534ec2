"""The results table: every row of a run, a page at a time, from the kernel.

Paging happens in Python: the page is 50 rows of escaped HTML, and no other row ever reaches the browser or the
widget's state, so 100,000 rows open as fast as 50. Addresses stand here in full, because this view is for the
person who sends and lives as long as the kernel; what a saved notebook shows in its place is the masked static
page. Reads outcomes only, and never builds their frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import ipywidgets

from notebookmail.merge.events import STATUSES

from .board import widget_bundle
from .cards import results_html, table_html
from .style import STYLE
from .text import results_text
from .words import SYMBOLS

if TYPE_CHECKING:
    from notebookmail.merge.events import Status
    from notebookmail.merge.outcomes import Outcomes

PAGE = 50
"""Rows on a page."""


class ResultsTable:
    """A paged table with a filter by status and one by text.

    Args:
        outcomes: How every row stands; a finished run's.

    Attributes:
        widget: The ipywidget to display.
    """

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._found = outcomes.positions()
        self._haystack: list[str] | None = None
        self._start = 0
        self._status = _status_filter(outcomes)
        self._text = ipywidgets.Text(
            description="Find", placeholder="row, address or reply", tooltip="Show only rows that hold this text",
            continuous_update=True, style={"description_width": "auto"}, layout={"width": "260px"},
        )  # fmt: skip
        self._first, self._previous, self._next, self._last = self._buttons = tuple(
            ipywidgets.Button(description=words, tooltip=f"{words} page", layout={"width": "auto"})
            for words in ("First", "Previous", "Next", "Last")
        )
        self._where = ipywidgets.Label()
        self._page = ipywidgets.HTML(layout={"width": "auto", "margin": "0"})
        self.widget = self._assemble()
        self._listen()
        self._show(0)

    def _assemble(self) -> ipywidgets.VBox:
        wrapping = {"flex_flow": "row wrap", "align_items": "center"}
        style = ipywidgets.HTML(STYLE, layout={"display": "none"})
        filters = ipywidgets.HBox([self._status, self._text], layout=wrapping)
        pager = ipywidgets.HBox([*self._buttons, self._where], layout=wrapping)
        return ipywidgets.VBox([style, filters, self._page, pager])

    def _listen(self) -> None:
        self._first.on_click(lambda _: self._show(0))
        self._previous.on_click(lambda _: self._show(self._start - PAGE))
        self._next.on_click(lambda _: self._show(self._start + PAGE))
        self._last.on_click(lambda _: self._show(self._last_start))
        self._status.observe(lambda _: self._filter(), "value")
        self._text.observe(lambda _: self._filter(), "value")

    @property
    def _last_start(self) -> int:
        return max(0, (len(self._found) - 1) // PAGE * PAGE)

    def _show(self, start: int) -> None:
        self._start = min(max(0, start), self._last_start)
        count = len(self._found)
        end = min(self._start + PAGE, count)
        self._first.disabled = self._previous.disabled = self._start == 0
        self._next.disabled = self._last.disabled = self._start == self._last_start
        self._page.value = table_html(self._outcomes, self._found[self._start : end])
        self._where.value = f"rows {self._start + 1:,}\u2013{end:,} of {count:,}" if count else "no rows"

    def _filter(self) -> None:
        chosen: Status | Literal[""] = self._status.value
        positions = self._outcomes.positions(chosen) if chosen else self._outcomes.positions()
        wanted = self._text.value.strip().casefold()
        if wanted:
            haystack = self._searchable()
            positions = [position for position in positions if wanted in haystack[position]]
        self._found = positions
        self._show(0)

    def _searchable(self) -> list[str]:
        """Gather what can be searched, once and only when somebody searches."""
        if self._haystack is None:
            rows = map(self._outcomes.outcome, range(len(self._outcomes)))
            self._haystack = [
                f"{row.label}\n{row.to}\n{row.code or ''}\n{row.reply or row.error or ''}".casefold()
                for row in rows
            ]
        return self._haystack

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002 -- IPython's protocol
        """Show the widget, with the masked static page for places without a kernel."""
        return widget_bundle(self.widget, results_html(self._outcomes), results_text(self._outcomes))


def _status_filter(outcomes: Outcomes) -> ipywidgets.ToggleButtons:
    counts = outcomes.counts
    options: list[tuple[str, str]] = [(f"All {len(outcomes):,}", "")]
    options += [(f"{SYMBOLS[each]} {each.title()} {counts[each]:,}", each) for each in STATUSES if counts[each]]
    return ipywidgets.ToggleButtons(
        options=options,
        value="",
        tooltips=["Show all rows", *(f"Show only: {name}" for name, _ in options[1:])],
        style={"button_width": "auto"},
        layout={"width": "auto"},
    )
