"""`read_table`: a file of people's data as a frame, whatever program saved it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from .kinds import kind_of
from .loaded import Loaded, ReadingOptions, refusal

if TYPE_CHECKING:
    import os

    import pandas as pd

_ATTRIBUTE: Final = "read_table"
_CALLED: Final = {".xlsx": "an Excel workbook", ".parquet": "Parquet", ".json": "JSON", ".jsonl": "JSON lines",
                  ".ndjson": "JSON lines"}  # fmt: skip


def read_table(
    path: str | os.PathLike[str],
    *,
    sep: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> pd.DataFrame:
    """Read a file of people's data: CSV as programs write it, Excel, Parquet, JSON lines.

    Separator and encoding of a text file are found out. Cells become values only where nothing is lost: 12, 3.25
    and TRUE do, 007, 3.50 and 3,50 stay the texts they are, no date is guessed. Empty cells are missing and change
    the type of no column. Blanks around the columns' names are dropped, and so are rows without any value.

    Args:
        path: The file. What it is, is told by its content: text with a header line (CSV, TSV), .xlsx, Parquet, or
            JSON, one object a line.
        sep: What stands between the cells of a text file, instead of a guess: ";", "tab", "|".
        encoding: The encoding of a text file, instead of a guess: "cp1252", "mac-roman".
        sheet: The sheet of a workbook; needed when several visible ones hold something.

    Returns:
        The rows, labelled from 0. How it was read stands in `frame.attrs["read_table"]`: "as" says it in words,
        "notes" lists what was left out or taken for missing, by line, naming no one.

    Raises:
        FrameError: The file cannot be read, or not without guessing more than can be guessed; the message names
            the line and what to do.
    """
    file = Path(path)
    loaded = _load(file, ReadingOptions(sep, encoding, sheet))
    frame = loaded.frame
    frame.attrs[_ATTRIBUTE] = {
        "file": file.name,
        "as": loaded.read_as,
        "notes": list(loaded.notes),
        "guessed": loaded.is_guessed,
    }
    return frame


def notices(frame: pd.DataFrame) -> list[str]:
    """Return what is to be said about a frame that `read_table` read: what was guessed, then its notes.

    A comma-separated file in UTF-8 without anything odd has nothing to be said about it.
    """
    said = frame.attrs.get(_ATTRIBUTE)
    if said is None or not (said["guessed"] or said["notes"]):
        return []
    return [f"{said['file']}: {said['as']}", *(f"  {note}" for note in said["notes"])]


def _load(path: Path, options: ReadingOptions) -> Loaded:
    try:
        kind = kind_of(path)
        _refuse_idle(path, kind, options)
        if kind == "workbook":
            from .workbook import read_workbook

            return read_workbook(path, options)
        if kind == "parquet":
            from .parquet import read_parquet

            return read_parquet(path)
        if kind == "json":
            from .jsonlines import read_json

            return read_json(path, options)
        from .delimited import read_delimited

        return read_delimited(path, options)
    except OSError as problem:
        words = f"cannot be read as {_CALLED.get(path.suffix.lower(), 'CSV')}: {problem.strerror or problem}"
        raise refusal(path, words) from problem


def _refuse_idle(path: Path, kind: str, options: ReadingOptions) -> None:
    """Refuse a choice that says nothing about a file of this kind."""
    if options.sheet is not None and kind != "workbook":
        raise refusal(path, "sheet= (--sheet) is for Excel workbooks, and this is none")
    if options.sep is not None and kind != "text":
        raise refusal(path, "sep= (--sep) is for text files such as CSV, and this is none")
    if options.encoding is not None and kind in {"workbook", "parquet"}:
        raise refusal(path, "encoding= (--encoding) is for text files such as CSV, and this is none")
