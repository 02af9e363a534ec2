"""Whom the rows of a frame are for, without rendering each, and without a string for each.

Most templates name the recipient by one column, `{{ email }}` or `{{ name }} <{{ email }}>`. There the column is
read a few thousand cells at a time and joined to one text. Where the text holds nothing but plain addresses, as
one look at all of it tells, that text is kept as it is and read when somebody asks for a row. Everything else (a
name in the cell, an international domain, a number, a template that computes) is read row by row. Both ways give
what the renderer gives: the address, or "" where a row's message could not be made for want of one.

A hash of each address is made on the way, so that the same address twice can be found without comparing texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, overload

from notebookmail.address import parse_address, parse_mailbox, to_ascii_domain
from notebookmail.errors import AddressError

from .identity.same_value import address_text
from .rows.frame import email_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import numpy.typing as npt

    from .renderer import Renderer
    from .rows.frame import Frame
    from .rows.spooled_texts import SpooledTexts
    from .template import Template

_CHUNK: Final = 4096
_VARIABLE = r"\{\{ *([a-zA-Z_]\w*) *\}\}"
_BARE: Final = re.compile(rf" *{_VARIABLE} *")
_NAMED: Final = re.compile(rf"(?:[^<>{{}}]|{_VARIABLE.replace('(', '(?:')})*< *{_VARIABLE} *>\s*")
_NO_COLUMNS: Final = frozenset({"row", "rows", "true", "false", "none", "True", "False", "None"})
"""Names that mean something else in a template, whatever the frame has."""

# What a dot-atom, a domain of letters, or something that is neither but reads like one is made of.
_PLAIN: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-."
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_LABEL = r"[a-z0-9]++(?:-++[a-z0-9]++)*+"
_ADDRESSES: Final = re.compile(rf"(?:{_ATOM}(?:\.{_ATOM})*+@{_LABEL}(?:\.{_LABEL})++\n)*+")
_SHORT: Final = 64  # octets of an address none of whose parts can be too long


class Recipients(Sequence[str]):
    """The recipient of each row, by position; "" where there is none, several of one row joined by ", ".

    Args:
        is_mailbox: Whether a cell may hold a name beside the address.
        texts: Where the addresses of so many rows at a time are kept as one text; None keeps them in memory.
    """

    def __init__(self, *, is_mailbox: bool = True, texts: list[str] | SpooledTexts | None = None) -> None:
        self._read_cell = _address_in_mailbox if is_mailbox else _address
        self._chunks: list[str] | SpooledTexts = [] if texts is None else texts
        self._unread: set[int] = set()
        self._count = 0
        self._open: tuple[int, list[str]] = (-1, [])

    def add(self, texts: Sequence[str]) -> None:
        """Add the recipients of a chunk of rows."""
        self._chunks.append("\n".join(texts))
        self._count += len(texts)

    def add_cells(self, joined: str, count: int) -> None:
        """Add a chunk of cells to be read when they are asked for, joined by line ends."""
        self._unread.add(len(self._chunks))
        self._chunks.append(joined)
        self._count += count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        number, place = divmod(position, _CHUNK)
        opened, texts = self._open
        if opened != number:
            if not 0 <= position < self._count:
                raise IndexError(position)
            texts = self._texts(number)
            self._open = (number, texts)
        return texts[place]

    def __iter__(self) -> Iterator[str]:
        for number in range(len(self._chunks)):
            yield from self._texts(number)

    def __repr__(self) -> str:
        return f"<Recipients of {self._count} rows>"

    def _texts(self, number: int) -> list[str]:
        joined = self._chunks[number]
        texts = joined.split("\n")
        if number in self._unread:
            if not _are_addresses(joined, texts):
                texts = [self._read_cell(cell) for cell in texts]
                self._chunks[number] = "\n".join(texts)
            self._unread.discard(number)
        return texts


def read_recipients(
    frame: Frame, renderer: Renderer, template: Template
) -> tuple[Recipients, npt.NDArray[np.int64]]:
    """Find out whom each row is for.

    Returns:
        The recipients, and of each a hash, in which its case does not count: recipients that are the same have
        the same one, and so have a few that are not, or that are no addresses.
    """
    import numpy as np

    cell = _cell_of(frame, template)
    recipients = Recipients(is_mailbox=cell is None or cell[1], texts=frame.new_texts())
    chunks = (
        _by_row(frame, renderer, recipients) if cell is None else _by_cell(frame, renderer, recipients, cell[0])
    )
    hashes = [np.array(list(map(hash, texts)), dtype=np.int64) for texts in chunks]
    return recipients, np.concatenate([np.zeros(0, dtype=np.int64), *hashes])


def has_several_recipients(template: Template) -> bool:
    """Tell whether a row may be for several people."""
    to = template.definition.to
    return len(to) > 1 or bool(template.definition.split) or not all(isinstance(source, str) for source in to)


def repeated(hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Return the positions of the hashes that stand there more than once, in order."""
    import numpy as np

    ordered = np.sort(hashes)
    several = ordered[1:][ordered[1:] == ordered[:-1]]
    if not several.size:
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero(np.isin(hashes, several))


def _by_row(frame: Frame, renderer: Renderer, recipients: Recipients) -> Iterator[list[str]]:
    """Ask the renderer for every row; yield what is hashed."""
    texts: list[str] = []
    for row in frame.rows():
        texts.append(renderer.recipient(row))
        if len(texts) == _CHUNK:
            yield _added(recipients, texts)
            texts = []
    if texts:
        yield _added(recipients, texts)


def _by_cell(frame: Frame, renderer: Renderer, recipients: Recipients, column: str) -> Iterator[list[str]]:
    """Read a column's cells; yield what is hashed."""
    for cells in frame.column(column, _CHUNK):
        if set(map(type, cells)) == {str}:
            joined = "\n".join(cells)
            if joined.isascii() and joined.encode().translate(None, _PLAIN) == (b"@\n" * len(cells))[:-1]:
                recipients.add_cells(joined, len(cells))
                lowered = joined.lower()
                yield cells if lowered == joined else lowered.split("\n")
                continue
        yield _added(recipients, _read_one_by_one(frame, renderer, recipients, cells))


def _read_one_by_one(frame: Frame, renderer: Renderer, recipients: Recipients, cells: list[Any]) -> list[str]:
    """Read cells some of which are no plain addresses; what a cell of another type prints, the renderer knows."""
    texts = ["" if cell is None else recipients._read_cell(cell) if type(cell) is str else None for cell in cells]
    others = [place for place, text in enumerate(texts) if text is None]
    start = len(recipients)
    for place, row in zip(others, frame.rows([start + place for place in others]), strict=True):
        texts[place] = renderer.recipient(row)
    return [text or "" for text in texts]


def _added(recipients: Recipients, texts: list[str]) -> list[str]:
    recipients.add(texts)
    return list(map(address_text, texts))


def _cell_of(frame: Frame, template: Template) -> tuple[str, bool] | None:
    """Return the column whose cell is the recipient, and whether a name may stand in it; None if none is."""
    sources = template.definition.to
    if frame.unit == "group" or template.definition.split:
        return None  # a group's cells are several, and so are the addresses of one
    if not sources:
        return email_column(frame.columns), True
    if len(sources) > 1 or not isinstance(sources[0], str):
        return None
    bare, named = _BARE.fullmatch(sources[0]), _NAMED.fullmatch(sources[0])
    match = bare or named
    if match is None or match[1] not in frame.columns or match[1] in _NO_COLUMNS:
        return None
    return match[1], bare is not None


def _are_addresses(joined: str, texts: Iterable[str]) -> bool:
    """Tell whether each text is an address, and already as the envelope has it."""
    return max(map(len, texts)) <= _SHORT and _ADDRESSES.fullmatch(joined + "\n") is not None


def _address_in_mailbox(cell: str) -> str:
    try:
        return to_ascii_domain(parse_mailbox(cell.strip(" ")).address)
    except AddressError:
        return ""


def _address(cell: str) -> str:
    try:
        return to_ascii_domain(parse_address(cell.strip(" ")))
    except AddressError:
        return ""
