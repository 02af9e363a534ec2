"""Which columns of the analyst's own frame stand beside how its rows came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import ipywidgets

from notebookmail.view.html.escaping import element
from notebookmail.view.words.visible_text import clip

from .live_output import button

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST: Final = 60
"""Columns on offer; a frame may have thousands."""
_NAME: Final = 40


class ColumnsSource(Protocol):
    """What can be read of the analyst's own frame."""

    @property
    def names(self) -> Sequence[str]:
        """Name the columns there are, in the frame's order."""

    def values(self, name: str) -> list[Any]:
        """Return all values of a column, a missing one as None."""

    def cells(self, names: Sequence[str], positions: Sequence[int]) -> list[list[Any]]:
        """Return the values of some columns of some rows, row by row."""


class ColumnChoice:
    """A button that opens a box for each column; the boxes are made when they are asked for.

    Args:
        source: What can be read; None where there is no frame.
        changed: Called when other columns are chosen.

    Attributes:
        button: Opens and closes the boxes.
        widget: The boxes.
    """

    def __init__(self, source: ColumnsSource | None, changed: Callable[[], None]) -> None:
        self._source = source
        self._changed = changed
        self._boxes: dict[str, ipywidgets.Checkbox] = {}
        self.button = button("Columns", "Choose columns of your own frame to stand beside the results")
        self.button.layout.display = None if source is not None else "none"
        self.button.on_click(lambda _: self._toggle())
        self.widget = ipywidgets.HBox(layout={"display": "none"}).add_class("nbm-tools").add_class("nbm-boxes")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The columns that are chosen, in the order of the frame."""
        return tuple(name for name, box in self._boxes.items() if box.value)

    def _toggle(self) -> None:
        if not self._boxes:
            self._make_boxes()
        is_open = self.widget.layout.display is None
        self.widget.layout.display = "none" if is_open else None

    def _make_boxes(self) -> None:
        names = () if self._source is None else tuple(self._source.names)
        for name in names[:_MOST]:
            box = ipywidgets.Checkbox(
                description=clip(name, _NAME),
                indent=False,
                layout={"width": "auto"},
                tooltip=f"Show {clip(name, _NAME)}",
            )
            box.observe(lambda _: self._changed(), "value")
            self._boxes[name] = box
        words = "This frame has no columns." if not names else ""
        if len(names) > _MOST:
            words = f"and {len(names) - _MOST:,} further columns; table.frame joins them all"
        note = [ipywidgets.HTML(element("span", words, class_="nbm-quiet"))] if words else []
        self.widget.children = [*self._boxes.values(), *note]
