"""What a row is known by in its campaign: digests of what its letter reads, never of rendered bytes.

A row is known by the columns the user named, else, in a campaign with a name, by its recipient, else by its
recipient and every field the templates name. Several rows that are known by the same are numbered; which of them
is which, in whatever order they stand, is told by what their letters read, functions of the row included. All of
it must be the same whenever the same cell is run again, in any process; same_value says when two values are so.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.groups import ROWS, Varying
from notebookmail.compose.tables.group_rows import GroupRows, table_of
from notebookmail.mail.message import RowContent

from .same_value import NOTHING, address_text, rows_text, value_text, values_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from notebookmail.compose.jinja.columns_read import Reads
    from notebookmail.compose.rows.frame import Frame, Row

KEY_OCTETS: Final = 16
MARK_BITS: Final = 16
"""So many bits of what stands for what a row said stand for the names, so that no others need to be tried."""

_CHUNK: Final = 4096
_SHORT_OCTETS: Final = 8
_ITEM: Final = f"{ROWS}\0"
"""Stands before the name of a column that is read of the rows of a group."""


class Keys:
    """Makes the keys of rows.

    Args:
        reads: What the letter reads.
        named: The columns that tell rows apart; empty if the user named none.
        is_by_recipient: Without such columns: True knows rows by their recipients, False by all they say.

    Attributes:
        reads: What the letter reads.
        named: The columns that tell rows apart.
    """

    def __init__(self, reads: Reads, named: Sequence[str], *, is_by_recipient: bool) -> None:
        self.reads = reads
        self.named = tuple(named)
        self._is_by_recipient = is_by_recipient
        self._fields = tuple(sorted(reads.columns))
        self._items = tuple(sorted(reads.items))
        self._names = (*sorted(reads.columns), *(_ITEM + name for name in self._items))

    @property
    def is_by_content(self) -> bool:
        """Whether rows that say something else are never the same."""
        return not (self.named or self._is_by_recipient)

    @property
    def says(self) -> bool:
        """Whether what a row says tells more than what it is known by."""
        return not self.is_by_content or self.reads.is_open

    @property
    def known_by(self) -> str:
        """What rows are known by, in words that stay the same."""
        if self.named:
            return values_text(["columns", *self.named])
        return "recipient" if self._is_by_recipient else "fields"

    def person(self, row: Row, to: str) -> str:
        """Return what a row is known by, before rows that are known by the same are numbered.

        Args:
            row: The row.
            to: The row's recipient.
        """
        # None of these texts is one of the first rules: a key never stands for another row in an older journal.
        fields = row.fields
        if self.named:
            return f"key {values_text([fields[name] for name in self.named])}"
        to = address_text(to)
        if self._is_by_recipient:
            return f"to {to!r}"
        return f"row {to!r} {_values(row, self._fields, self._items)}"

    def people(self, rows: Sequence[Row], recipients: Sequence[str]) -> list[str]:
        """Return what `person` returns for each of several rows, with less work: each column is read at once.

        Args:
            rows: The rows.
            recipients: Their recipients.
        """
        if self._items and self.is_by_content:
            return list(map(self.person, rows, recipients))
        if self.named:
            columns = [[row.fields[name] for row in rows] for name in self.named]
            return [f"key {said}" for said in rows_text(columns, len(rows))]
        addresses = map(address_text, recipients)
        if self._is_by_recipient:
            return [f"to {to!r}" for to in addresses]
        columns = [[row.fields.get(name) for row in rows] for name in self._fields]
        return [f"row {to!r} {said}" for to, said in zip(addresses, rows_text(columns, len(rows)), strict=True)]

    @staticmethod
    def key(person: str, number: int = 1) -> bytes:
        """Return a row's key.

        Args:
            person: What it is known by.
            number: 1 for the first row that is known by this, 2 for the second, ...
        """
        return blake2b(f"{person} {number}".encode("utf-8", "surrogatepass"), digest_size=KEY_OCTETS).digest()

    @staticmethod
    def short(person: str) -> int:
        """Return a number that stands for what a row is known by."""
        return _short(person)

    def names(self, row: Row, touched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the names of all that a row's letter reads.

        Args:
            row: The row.
            touched: The columns that functions of the row touched.
        """
        reads = self.reads
        if not (reads.is_whole or reads.is_whole_group or touched):
            return self._names
        columns = {*reads.columns, *touched, *(row.fields if reads.is_whole else ())} - {ROWS}
        items = set(reads.items)
        if reads.is_whole_group or (ROWS in row.fields and (reads.is_whole or ROWS in touched)):
            items.update(table_of(row.fields[ROWS], index=False).heads)
        return (*sorted(columns), *(_ITEM + name for name in sorted(items)))

    def said(self, row: Row, to: str, names: tuple[str, ...]) -> RowContent:
        """Return what a row says under these names.

        Args:
            row: The row.
            to: The row's recipient.
            names: As `names` returns them, of this row or of others of its campaign.
        """
        written, mark, columns, items = _cut(names)
        text = f"{written} {address_text(to)!r} {_values(row, columns, items)}"
        return RowContent(_short(self.person(row, to)), names, _short(text) >> MARK_BITS << MARK_BITS | mark)

    @staticmethod
    def mark(names: tuple[str, ...]) -> int:
        """Return the last bits of what stands for what a row said under these names."""
        return _cut(names)[1]


@lru_cache(maxsize=256)
def _cut(names: tuple[str, ...]) -> tuple[str, int, tuple[str, ...], tuple[str, ...]]:
    """Return names in writing, their mark, those of columns, and those of columns of a group's rows."""
    items = tuple(name.removeprefix(_ITEM) for name in names if name.startswith(_ITEM))
    written = repr(names)
    mark = _short(written) % 2**MARK_BITS
    return written, mark, tuple(name for name in names if not name.startswith(_ITEM)), items


def _values(row: Row, columns: Sequence[str], items: Sequence[str]) -> str:
    """Return what a row says under the names of columns, and of columns of its rows."""
    said = values_text(map(row.fields.get, columns))
    if not items:
        return said
    rows = row.fields.get(ROWS)
    if not isinstance(rows, GroupRows):
        return said
    table = table_of(rows, index=False)
    nothing = [NOTHING] * len(table)
    columns_said = [
        table.each(table.heads.index(name), value_text) if name in table.heads else nothing for name in items
    ]
    # Their order is not the letter's business: it may come from a query without one.
    lines = sorted([repr(list(line)) for line in zip(*columns_said, strict=True)])  # as values_text writes them
    return f"{said} {lines!r}"


def _short(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_SHORT_OCTETS).digest()
    return int.from_bytes(digest, signed=True)


def key_text(values: Sequence[Any]) -> str:
    """Return what a row is known by of its key columns: 17, 17.0 and "17" are one key."""
    return values_text(values)


def read_keys(frame: Frame, named: Sequence[str]) -> tuple[npt.NDArray[np.int64], dict[int, str]]:
    """Look at the key columns of all rows.

    Returns:
        A hash of each row's key, the same for keys that are the same and seldom for others; and the positions of
        the rows that have no key, each with the column that holds none.
    """
    import numpy as np

    hashes = [np.zeros(0, dtype=np.int64)]
    keyless: dict[int, str] = {}
    start = 0
    for columns in _chunks(frame, named):
        texts = []
        for name, cells in zip(named, columns, strict=True):
            written, lacking = _written(cells)
            texts.append(written)
            keyless |= {start + place: name for place in lacking}
        hashes.append(np.array(list(map(hash, zip(*texts, strict=True))), dtype=np.int64))
        start += len(texts[0])
    return np.concatenate(hashes), keyless


def _chunks(frame: Frame, named: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
    """Walk the key columns, so many rows at a time."""
    if frame.unit == "group":
        rows = frame.rows()
        while chunk := [[row.fields[name] for name in named] for row in islice(rows, _CHUNK)]:
            yield list(zip(*chunk, strict=True))
    else:
        yield from zip(*(frame.column(name, _CHUNK) for name in named), strict=True)


def _written(cells: Sequence[Any]) -> tuple[Sequence[str], list[int]]:
    """Write cells as keys are compared; and tell which of them hold no key."""
    if set(map(type, cells)) == {int}:
        return list(map(str, cells)), []
    written = list(map(value_text, cells))
    return written, [
        place for place, text in enumerate(written) if text == NOTHING or type(cells[place]) is Varying
    ]
