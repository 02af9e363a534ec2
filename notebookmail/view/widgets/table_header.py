"""The heads of the table's columns: buttons, because a head that sorts is clicked and reached by Tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ipywidgets

from notebookmail.view.words.table_columns import ROW
from notebookmail.view.words.visible_text import clip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookmail.view.words.table_columns import TableColumn

_ARROWS: Final = {False: "▲", True: "▼"}
_TITLE: Final = 40


class TableHeader:
    """Shows which column the rows are sorted by, and sorts by another.

    Args:
        sort: Called with the column that was clicked.

    Attributes:
        row: The head of the rows' labels.
        widget: The other heads, side by side.
    """

    def __init__(self, sort: Callable[[TableColumn], None]) -> None:
        self._sort = sort
        self._shown: list[TableColumn] = []
        self.row = self._head(ROW)
        self.widget = ipywidgets.HBox().add_class("nbm-heads")

    def _head(self, column: TableColumn) -> ipywidgets.Button:
        head = ipywidgets.Button(layout={"width": "auto"}).add_class("nbm-head-button")
        head.on_click(lambda _: self._sort(column))
        return head

    def show(self, columns: Sequence[TableColumn], sorted_by: TableColumn | None, *, is_reversed: bool) -> None:
        """Show these columns, with an arrow at the one that the rows are sorted by."""
        if list(columns) != self._shown:
            before = self.widget.children
            heads = [self._head(column) for column in columns]
            for head, column in zip(heads, columns, strict=True):
                head.layout.flex = "1 1 0" if column.width == "auto" else f"0 0 {column.width}"
                head.add_class(f"nbm-by-{column.key}" if not column.is_own else "nbm-own")
            self._shown = list(columns)
            self.widget.children = heads
            for head in before:
                head.layout.close()
                head.style.close()
                head.close()
        for head, column in zip((self.row, *self.widget.children), (ROW, *columns), strict=True):
            title = clip(column.title, _TITLE)
            is_sorted = column == sorted_by
            head.description = f"{title} {_ARROWS[is_reversed]}" if is_sorted else title
            turned = "the other way round" if is_sorted else "these rows"
            head.tooltip = f"Sort {turned} by {title}{', sorted by it now' if is_sorted else ''}"

    def close(self) -> None:
        """Free the heads."""
        for head in (self.row, *self.widget.children):
            head.layout.close()
            head.style.close()
            head.close()
