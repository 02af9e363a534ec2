"""What stands between the cells of a text file.

The header decides: it names columns, so a separator that does not cut it into names is none. Where two could (a
header "Name, Vorname;E-Mail"), the lines below have to fit, and cells that are whole addresses count; when that
still leaves two, the caller is asked instead of one being taken. Excel's own first line `sep=;` is believed.
"""

from __future__ import annotations

import contextlib
import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .loaded import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COMMA: Final = ","
_KNOWN: Final = {COMMA: "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SPELLINGS: Final = {"comma": COMMA, "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_TAB_ENDINGS: Final = frozenset({".tsv", ".tab"})
_FORBIDDEN: Final = frozenset("\"'\r\n\0 ")
_FEWEST_NAMES: Final = 2


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a separator fits: the share of lines as wide as the header, and of cells that are addresses."""

    even: float
    addresses: float


def separator_words(sep: str) -> str:
    """Say how a file is separated: "semicolon-separated"."""
    return f"{_KNOWN.get(sep, repr(sep))}-separated"


def given_separator(path: Path, asked: str) -> str:
    """Return the separator that a caller's word for it means.

    Raises:
        FrameError: It is none.
    """
    sep = _SPELLINGS.get(asked, asked)
    if len(sep) != 1 or sep in _FORBIDDEN or sep.isalnum():
        raise refusal(path, f"sep={asked!r} is no separator: it is one character, such as ';', or the word tab")
    return sep


def announced_separator(line: str) -> str | None:
    """Return the separator that Excel's own first line announces (`sep=;`), or None for any other line."""
    words = line.strip("\r\n").strip('"')
    if len(words) == len("sep=;") and words[:4].lower() == "sep=" and words[4] not in _FORBIDDEN:
        return words[4]
    return None


def separator_of(path: Path, lines: Sequence[str]) -> str:
    """Guess the separator from a file's first lines; a comma where there is nothing to separate.

    Args:
        path: The file; an ending .tsv settles what its lines leave open.
        lines: Its first lines with their ends, from the header on.

    Raises:
        FrameError: Two separators fit equally well.
    """
    fits = {sep: fit for sep in _KNOWN if (fit := _fit(lines, sep)) is not None}
    if len(fits) > 1 and "\t" in fits and path.suffix.lower() in _TAB_ENDINGS:
        return "\t"
    best = max(((fit.even, fit.addresses) for fit in fits.values()), default=None)
    found = [sep for sep, fit in fits.items() if (fit.even, fit.addresses) == best]
    if len(found) > 1:
        names = " or ".join(_KNOWN[sep] for sep in found)
        raise refusal(path, f"it could be separated by {names}: say which with sep={found[-1]!r} (--sep)")
    return found[0] if found else COMMA


def _fit(lines: Sequence[str], sep: str) -> _Fit | None:
    """Say how well a separator fits; None if it does not cut the header into names."""
    records = _records(lines, sep)
    if not records:
        return None
    header, *rows = records
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    if len(names) < _FEWEST_NAMES or len(set(names)) < len(names):
        return None
    if not rows:
        return _Fit(1.0, 0.0)
    cells = [cell for row in rows for cell in row if cell]
    return _Fit(
        sum(len(row) == len(header) for row in rows) / len(rows),
        sum(map(_is_address, cells)) / max(1, len(cells)),
    )


def _records(lines: Sequence[str], sep: str) -> list[list[str]]:
    records: list[list[str]] = []
    # The lines may end inside a quotation; what is wrong for good is found, and named, when the file is read.
    with contextlib.suppress(csv.Error):
        records.extend(row for row in csv.reader(lines, delimiter=sep, strict=True) if any(map(str.strip, row)))
    return records


def _is_address(cell: str) -> bool:
    return cell.count("@") == 1 and not any(sign in cell for sign in ' ,;\t|<>"')
