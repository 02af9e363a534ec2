"""The names of the columns: blanks around them go, each name stands for one column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .loaded import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_UNSEEN: Final = dict.fromkeys((0x200B, 0x2060, 0xFEFF))
"""Blanks of no width and byte order marks come along with pasted text: nobody could type them in a template."""


def clean_names(path: Path, where: str, cells: Sequence[object]) -> list[str]:
    """Return the columns' names; "" where a column has none.

    Blanks around a name and blanks of no width are dropped, line breaks and several blanks in it become one: a
    template can say it.

    Args:
        path: The file.
        where: What the header is called in an error: "line 1".
        cells: The header's cells.

    Raises:
        FrameError: Two columns have one name, or no column has any.
    """
    names = ["" if cell is None else " ".join(str(cell).translate(_UNSEEN).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise refusal(path, f"{where} is empty; it has to name the columns")
    complete = [named(names, place) for place in range(len(names))]
    for place, name in enumerate(complete):
        if name in complete[:place]:
            raise refusal(
                path,
                f"{where} names two columns {name!r} (number {complete.index(name) + 1} and {place + 1}): a "
                "template could not say which one it means; rename one",
            )
    return names


def named(names: Sequence[str], place: int) -> str:
    """Return the name of a column, in pandas' way for one that has none."""
    return (names[place] if place < len(names) else "") or f"Unnamed: {place}"
