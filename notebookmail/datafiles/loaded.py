"""What passes between the readers and `read_table`: what was asked for, and what was found.

A reader never prints and never warns: what it guessed, left out or took for missing are sentences in
`Loaded.notes`, and they name lines, columns and counts, never what a cell holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the caller says about a file instead of having it guessed; None: guess.

    Attributes:
        sep: What stands between the cells of a text file: one character.
        encoding: The encoding of a text file, by Python's name for it.
        sheet: The sheet of a workbook, by its name.
    """

    sep: str | None = None
    encoding: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that was read.

    Attributes:
        frame: Its rows, labelled from 0.
        read_as: How it was read: "semicolon-separated, cp1252".
        notes: What a person should know about it, a sentence each.
        is_guessed: False when nothing was guessed that could have been otherwise.
    """

    frame: pd.DataFrame
    read_as: str
    notes: tuple[str, ...] = ()
    is_guessed: bool = True


def refusal(path: Path, words: str) -> FrameError:
    """Make the error that says what is wrong with a file."""
    return FrameError(f"{path}: {words}")


def counted(count: int, thing: str) -> str:
    """Say how many there are: "1 row", "3 rows"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
