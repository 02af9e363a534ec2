"""What a row is known by in its campaign: digests of what the user gave, never of rendered bytes.

A key must be the same whenever the same cell is run again, in any process, and must not depend on other rows: a
row is known by the columns the user named, else, in a campaign with a name, by its recipient, else by its
recipient and every field the template reads. Rows that are alike in that are counted, so that asking for both
gives both. A number is the same with and without a point: a column of whole numbers becomes one of floats as
soon as a cell of it is missing, and nobody must be mailed twice for that.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from .groups import Varying
from .identity import PLAIN_TYPES, identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from .frame import Frame, Row
    from .template import Template

KEY_OCTETS: Final = 16
_CHUNK: Final = 4096


class Keys:
    """Makes the keys of rows.

    Args:
        template: What each row gets.
        columns: All columns there are.
        named: The columns that tell rows apart; empty if the user named none.
        is_by_recipient: Without such columns: True knows rows by their recipients, False by all they say.
    """

    def __init__(
        self, template: Template, columns: Sequence[str], named: Sequence[str], *, is_by_recipient: bool
    ) -> None:
        self._named = tuple(named)
        self._is_by_recipient = is_by_recipient
        used = frozenset[str]().union(*template.blueprint.names.values())
        self._columns = tuple(columns) if "row" in used else tuple(each for each in columns if each in used)

    def __call__(self, row: Row, to: str, occurrence: int = 1) -> bytes:
        """Return a row's key.

        Args:
            row: The row.
            to: Its recipient.
            occurrence: 1 for the first row that is known by this, 2 for the second, ...
        """
        if self._named:
            known = f"columns {key_text([row.fields[name] for name in self._named])}"
        elif self._is_by_recipient:
            known = f"recipient {to.casefold()!r}"
        else:
            known = f"fields {to!r} {_fields_text([row.fields[name] for name in self._columns])}"
        return blake2b(f"{known} {occurrence}".encode("utf-8", "surrogatepass"), digest_size=KEY_OCTETS).digest()


def key_text(values: Sequence[Any]) -> str:
    """Return what a row is known by of its key columns: 17, 17.0 and "17" are one key."""
    return identity([str(_whole(value)) if type(value) in {int, float} else value for value in values])


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
    kinds = set(map(type, cells))
    if kinds == {int}:
        return list(map(str, cells)), []
    if kinds == {str} and all(map(str.strip, cells)):
        return cells, []
    return [key_text([cell]) if type(cell) not in {int, float, str} else str(_whole(cell)) for cell in cells], [
        place for place, cell in enumerate(cells) if not _is_key(cell)
    ]


def _is_key(value: Any) -> bool:
    """Tell whether a value can tell a row apart: it is there, it says something, and it is one."""
    if type(value) is str:
        return bool(value.strip())
    return value is not None and type(value) is not Varying


def _fields_text(values: list[Any]) -> str:
    kinds = set(map(type, values))
    if float in kinds:
        values = [_whole(value) for value in values]
    return repr(values) if kinds <= PLAIN_TYPES else identity(values)


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value
