"""The preview in a notebook: one letter as a mail program would show it, and beside it what was found in its row.

A slider over the rows, a search, and the odd ones first. The widget's state holds the one row that is visible and
nothing else; the next is made when the slider comes to rest on it. Reads rows, and has no way to send one.
"""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final, Protocol

import ipywidgets

from notebookmail.errors import INTERRUPTS
from notebookmail.sync import running_loop
from notebookmail.view.html.escaping import element
from notebookmail.view.html.preview import PREVIEW_STYLE, beside_html, where_html
from notebookmail.view.html.style import ROOT
from notebookmail.view.words.preview import nothing_to_show
from notebookmail.view.words.results import interrupted

from .choice_buttons import ChoiceButtons
from .live_output import button, close_all
from .message_reader import MessageReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.checks.previewed_row import PreviewedRow

_IN_ORDER, _ODD = "In order", "Odd ones first"
_SEARCHED_AT_ONCE: Final = 5_000
"""Of so many rows a search runs with every letter typed; of more, when the typing is done."""
_STEP_SECONDS: Final = 0.2
"""How long all rows are searched between two looks at what else there is to do."""
_SEARCH_ALL, _STOP = "Search all rows", "Stop"


class PreviewSource(Protocol):
    """The rows on show, and the one of them that is looked at."""

    @property
    def unit(self) -> str:
        """What gets a message: "row" or "group"."""

    @property
    def has_two_orders(self) -> bool:
        """Whether the odd ones can be shown first."""

    @property
    def count(self) -> int:
        """How many rows a text is looked for in."""

    @property
    def text(self) -> str:
        """What rows must hold to be shown, or ""."""

    @property
    def searched(self) -> int:
        """How many rows were searched for the text."""

    @property
    def note(self) -> str:
        """What is to be said of all of them, or ""."""

    @property
    def place(self) -> int:
        """Which of the rows on show is looked at, from 0."""

    @property
    def reason(self) -> str:
        """Why the row that is looked at was picked, in words, or ""."""

    def __len__(self) -> int:
        """Count the rows on show."""

    def order(self, *, is_odd_first: bool) -> None:
        """Show the odd rows, or those that were picked."""

    def find(self, text: str) -> None:
        """Show only rows that hold a text."""

    def find_more(self, seconds: float | None = None) -> None:
        """Search rows that were not searched yet, for so long; the row that is looked at stays."""

    def go_to(self, place: int) -> None:
        """Look at another of the rows on show, or at the nearest there is."""

    def row(self) -> PreviewedRow:
        """Make the message of the row that is looked at."""


class PreviewView:
    """Shows a preview in the notebook's output.

    Args:
        rows: Which rows are on show, and which of them is looked at.

    Attributes:
        widget: The ipywidget to display.
    """

    def __init__(self, rows: PreviewSource) -> None:
        self._rows = rows
        self._is_settling = False  # while slider and number are set to what is shown already
        self._make_controls()
        self.widget = self._assemble()
        self._settle()

    # --- making ---------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        unit = self._rows.unit
        self._previous = button("Previous", f"The {unit} before")
        self._next = button("Next", f"The {unit} behind")
        self._slider = ipywidgets.IntSlider(
            value=1, min=1, max=max(1, self._rows.count), readout=False, continuous_update=False,
            tooltip=f"Which {unit} is shown", tabbable=False,
        )  # fmt: skip
        # For the keyboard and screen readers: a slider's handle cannot be given a name.
        self._number = ipywidgets.BoundedIntText(
            value=1, min=1, max=max(1, self._rows.count), description="Show",
            tooltip=f"Which {unit} is shown, counted from 1; the arrow keys work, too",
        )  # fmt: skip
        self._text = ipywidgets.Text(
            description="Find",
            placeholder="address or value",
            tooltip=f"Show only {unit}s whose label, address or values hold this text",
            continuous_update=self._rows.count <= _SEARCHED_AT_ONCE,
        ).add_class("nbm-find")
        self._on = button(_SEARCH_ALL, "Look through the rows that were not searched yet")
        self._search: object | None = None  # stands for the search that runs
        self._order = ChoiceButtons((_IN_ORDER, _ODD), self._reorder)
        self._said = ipywidgets.HTML()
        self._where = ipywidgets.HTML().add_class("nbm-place")
        self._reader = MessageReader()
        self._beside = ipywidgets.HTML().add_class("nbm-beside")

    def _assemble(self) -> ipywidgets.VBox:
        self._previous.on_click(lambda _: self._go_to(self._rows.place - 1))
        self._next.on_click(lambda _: self._go_to(self._rows.place + 1))
        self._slider.observe(lambda change: self._choose(change["new"]), "value")
        self._number.observe(lambda change: self._choose(change["new"]), "value")
        self._text.observe(lambda _: self._find(), "value")
        self._on.on_click(lambda _: self._find_rest())
        if not self._rows.has_two_orders:
            self._order.widget.layout.display = "none"
        find = ipywidgets.HBox([self._text, self._said, self._on]).add_class("nbm-tools")
        widget = ipywidgets.VBox([
            ipywidgets.HTML(PREVIEW_STYLE, layout={"display": "none"}),
            ipywidgets.HBox([self._previous, self._next, self._number, self._slider]).add_class("nbm-walk"),
            ipywidgets.HBox([find, self._order.widget]).add_class("nbm-tools").add_class("nbm-choose"),
            self._where,
            ipywidgets.HBox([self._reader.widget, self._beside]).add_class("nbm-split"),
        ])  # fmt: skip
        return widget.add_class(ROOT).add_class("nbm-preview")

    # --- which row ------------------------------------------------------------------------------------------

    def _choose(self, number: int) -> None:
        if not self._is_settling:
            self._go_to(number - 1)

    def _go_to(self, place: int) -> None:
        self._rows.go_to(place)
        self._show()

    def _reorder(self) -> None:
        self._search = None
        is_odd_first = self._order.value == _ODD
        if is_odd_first:
            self._said.value = element("p", "Looking at every letter ...", class_="nbm-quiet")
        self._rows.order(is_odd_first=is_odd_first)
        self._settle()

    def _find(self) -> None:
        self._search = None
        self._rows.find(self._text.value)
        self._settle()

    def _find_rest(self) -> None:
        """Search all rows, beside whatever else the kernel does; a second click stops it."""
        if self._search is not None:
            self._search = None
            self._settle()
            return
        self._search = own = object()
        search = self._steps(own)
        loop = running_loop()
        if loop is not None:
            self._task = loop.create_task(self._searched(search))
        else:  # a click on a thread of its own
            for _ in search:
                pass

    async def _searched(self, search: Iterator[None]) -> None:
        for _ in search:
            await asyncio.sleep(0)

    def _steps(self, own: object) -> Iterator[None]:
        """Search step by step, until all is searched or somebody wants something else."""
        rows = self._rows
        while self._search is own and rows.searched < rows.count:
            had = len(rows)
            rows.find_more(_STEP_SECONDS)
            if rows.searched == rows.count:
                self._search = None
            self._say()
            if had:
                self._walk()
            elif len(rows):
                self._show()
            yield
        if not len(rows) and self._search is None:
            self._show()

    def _settle(self) -> None:
        """Show other rows, and say which they are."""
        self._say()
        self._show()

    def _say(self) -> None:
        """Say how many rows are on show, and how many of all were searched."""
        rows = self._rows
        said = [f"{len(rows):,} of {rows.count:,}"] if rows.text else []
        is_done = rows.searched == rows.count
        if not is_done:
            share = f" ({rows.searched * 100 // rows.count} %) ..." if self._search is not None else ""
            said.append(f"{rows.searched:,} searched{share}")
        if rows.note:
            said.append(rows.note)
        self._said.value = element("p", "; ".join(said), class_="nbm-quiet", role="status") if said else ""
        self._on.layout.display = "none" if is_done else None
        self._on.description = _SEARCH_ALL if self._search is None else _STOP

    # --- one row --------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Show the row that is looked at."""
        rows = self._rows
        place, count = rows.place, len(rows)
        self._walk()
        if not count:
            is_done = rows.searched == rows.count
            none = "Nothing here holds this text." if is_done else "Nothing yet holds this text."
            words = none if rows.text else f"No {rows.unit}s, nothing to preview."
            self._where.value = element("p", words, class_="nbm-quiet")
            self._beside.value = ""
            self._reader.show(None)
            return
        try:
            row = rows.row()
        except INTERRUPTS as interrupt:  # of a function of the row: a click has nobody to raise it to
            self._where.value = self._beside.value = ""
            self._reader.show(None, words=f"There is no message. {interrupted(interrupt)}")
            return
        self._where.value = where_html(row, place, count, rows.reason)
        self._beside.value = beside_html(row)
        if row.mail is None:
            self._reader.show(None, words=nothing_to_show(row))
        else:
            content = row.mail.content
            self._reader.show(message_from_bytes(content, policy=policy.default), content)

    def _walk(self) -> None:
        """Set what walks the rows to where one stands."""
        place, count = self._rows.place, len(self._rows)
        self._set_number(place, count)
        self._previous.disabled, self._next.disabled = place == 0, place >= count - 1

    def _set_number(self, place: int, count: int) -> None:
        self._is_settling = True
        try:
            for each in (self._slider, self._number):
                with each.hold_trait_notifications():
                    each.max = max(1, count)
                    each.value = place + 1
                each.disabled = count <= 1
        finally:
            self._is_settling = False

    def close(self) -> None:
        """Free the widgets."""
        self._search = None
        self._reader.close()
        close_all(self.widget)
