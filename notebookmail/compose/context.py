"""The names a template sees for a row: its columns, the whole row, what is inline, and the letter's images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .definition import environment_of
from .groups import Varying
from .images.inline_images import InlineImages, UsedImages
from .inline_values import InlineValues, check_inline_names
from .jinja.printing import USED_IMAGES
from .row_functions import FunctionRow
from .rows.column_names import RowValues
from .rows.missing import missing_value, varying_value

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from jinja2 import Undefined

    from .definition import Definition
    from .files import ReadFolder
    from .images.inline_images import Picture
    from .rows.frame import Row


class RowContext(NamedTuple):
    """What the parts of a template are given for one row.

    Attributes:
        values: The values a template sees, by name.
        row: The row as a function sees it.
        label: The row's label, for messages.
        images: Takes in what the HTML shows.
        to: The address the row is for, where it was read before; or "".
    """

    values: dict[str, Any]
    row: FunctionRow
    label: Hashable
    images: UsedImages
    to: str = ""


class RowContexts:
    """Makes the context of each row.

    Args:
        definition: What the template was made of.
        columns: The frame's columns.
        names: The names that are read, "row" among them where the whole row is read.
        folder: Where files may lie.
        drawn: The pictures that are the same for all rows, by name, where they were drawn before.

    Raises:
        FrameError: Something inline has the name of a column.
        TemplateError: A picture that is the same for all rows cannot be drawn, or is not there.
    """

    def __init__(
        self,
        definition: Definition,
        columns: Sequence[str],
        names: frozenset[str],
        folder: ReadFolder,
        drawn: Mapping[str, Picture] | None = None,
    ) -> None:
        check_inline_names(definition.inline, columns)
        env = environment_of(definition, html=False)
        self._images = InlineImages(folder)
        self._inline = None
        if definition.inline:
            self._inline = InlineValues(env, definition.inline, names, self._images, drawn)
        self._reads_row = "row" in names
        self._varying: dict[str, Undefined] = {}
        self._missing = {name: missing_value(name, definition.na) for name in (*columns, *names)}
        self._watched = tuple(names & set(columns))
        self._globals = env.globals

    @property
    def drawn(self) -> Mapping[str, Picture]:
        """The pictures that are the same for all rows, by name."""
        return self._inline.drawn if self._inline else {}

    @property
    def runs(self) -> Mapping[str, Any]:
        """The notebooks that are run for rows, by name, as this call runs them."""
        return self._inline.runs if self._inline else {}

    def begin(self, row: Row, touched: set[str] | None = None, to: str = "") -> RowContext:
        """Make the context of a row; `end` must follow.

        Args:
            row: The row.
            touched: Takes in the names of the columns that functions of the row read.
            to: As for `RowContext`.

        Raises:
            TemplateError: A function that makes something inline failed.
        """
        values = self.values(row)
        label = row.label
        values[USED_IMAGES] = images = UsedImages(self._images)
        row_context = RowContext(values, FunctionRow(row.fields, label, touched, row.gap), label, images, to)
        if self._inline:
            values |= self._inline.values(values, row_context.row, row.label)
        return row_context

    def end(self, row_context: RowContext) -> None:
        """Let go of the figures that were drawn for this row alone."""
        if self._inline:
            self._inline.release(row_context.values)

    def values(self, row: Row) -> dict[str, Any]:
        """Return a row's values by name, a missing one in place of None: what addresses are made of."""
        fields = row.fields
        context = {**self._globals, **fields}
        for name in self._watched:
            value = fields.get(name)
            if value is None or type(value) is Varying:
                context[name] = self._shown(name, value)
        if self._reads_row:
            context["row"] = RowValues((name, self._shown(name, value)) for name, value in fields.items())
        return context

    def _shown(self, name: str, value: Any) -> Any:
        if value is None:
            return self._missing.get(name)
        if type(value) is not Varying:
            return value
        shown = self._varying.get(name)
        if shown is None:  # the same for every group: it speaks of the column
            shown = self._varying[name] = varying_value(name, value.hint)
        return shown
