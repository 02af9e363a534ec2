"""The names a template sees for a row: its columns, the whole row, what is inline, and the letter's images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .callables import RowView
from .columns import RowValues
from .environment import environment_of
from .groups import Varying
from .images.pictures import Album, Gathered
from .inline import Inline, check_inline_names
from .missing import missing_value, varying_value
from .showing import GATHERED

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .attachments.files import Folder
    from .definition import Definition
    from .frame import Row


@dataclass(frozen=True, slots=True)
class Letter:
    """One row's letter while it is made.

    Attributes:
        context: The values a template sees, by name.
        row: The row as a function sees it.
        label: The row's label, for messages.
        images: Takes in what the HTML shows.
    """

    context: dict[str, Any]
    row: RowView
    label: Hashable
    images: Gathered


class Contexts:
    """Makes the context of each row.

    Args:
        definition: What the template was made of.
        columns: The frame's columns.
        names: The names that are read, "row" among them where the whole row is read.
        folder: Where files may lie.

    Raises:
        FrameError: Something inline has the name of a column.
        TemplateError: A picture that is the same for all rows cannot be drawn, or is not there.
    """

    def __init__(
        self,
        definition: Definition,
        columns: Sequence[str],
        names: frozenset[str],
        folder: Folder,
    ) -> None:
        check_inline_names(definition.inline, columns)
        env = environment_of(definition, html=False)
        self._album = Album(folder)
        self._inline = Inline(env, definition.inline, names, self._album) if definition.inline else None
        self._reads_row = "row" in names
        self._missing = {name: missing_value(name, definition.na) for name in (*columns, *names)}
        self._watched = tuple(names & set(columns))
        self._globals = env.globals

    def letter(self, row: Row, touched: set[str] | None = None) -> Letter:
        """Begin a row's letter.

        Args:
            row: The row.
            touched: Takes in the names of the columns that functions of the row read.

        Raises:
            TemplateError: A function that makes something inline failed.
        """
        context = self.values(row)
        letter = Letter(
            context, RowView(row.fields, row.label, touched, row.gap), row.label, Gathered(self._album)
        )
        context[GATHERED] = letter.images
        if self._inline:
            context |= self._inline.values(context, letter.row, row.label)
        return letter

    def end(self, letter: Letter) -> None:
        """Let go of the figures that were drawn for this letter alone."""
        if self._inline:
            self._inline.release(letter.context)

    def values(self, row: Row) -> dict[str, Any]:
        """Return a row's values by name, a missing one in place of None: what addresses are made of."""
        fields = row.fields
        context = {**self._globals, **fields}
        for name in self._watched:
            context[name] = self._shown(name, fields.get(name))
        if self._reads_row:
            context["row"] = RowValues((name, self._shown(name, value)) for name, value in fields.items())
        return context

    def _shown(self, name: str, value: Any) -> Any:
        if value is None:
            return self._missing.get(name)
        return varying_value(name, value.hint) if type(value) is Varying else value
