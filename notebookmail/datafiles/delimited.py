"""Text files of separated cells, read line by line.

Python's own `csv` reads, strictly: a quotation that never ends or text after a closing quote is an error with its
line, never a cell that swallows the rows below. A line with more cells than there are names is refused by its
number, because its cells would stand in wrong columns; one with fewer misses its last cells. Rows without any
value are left out. The file is walked once, and only a part of it is ever held as texts of cells.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from .columns import TextColumn
from .encodings import encoding_of, undecodable_line
from .header import clean_names, named
from .loaded import Loaded, ReadingOptions, counted, refusal
from .separators import COMMA, announced_separator, given_separator, separator_of, separator_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from notebookmail.errors import FrameError

_SAMPLE_LINES: Final = 500
_SAMPLE_CHARACTERS: Final = 1 << 18
_PART_ROWS: Final = 4096
_MOST_NAMED: Final = 5
_TITLE_WORDS: Final = "; where the columns' names stand further down, delete the lines above them"


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a file is written: its separator, whether blanks follow it, how many lines stand above the header."""

    sep: str
    has_blanks: bool
    above: int


def read_delimited(path: Path, options: ReadingOptions) -> Loaded:
    """Read a text file of separated cells.

    Raises:
        FrameError: It cannot be read as it is; the message names the line and the remedy.
    """
    encoding = encoding_of(path, options.encoding)
    try:
        dialect = _dialect_of(path, encoding.codec, options.sep)
        table = _DelimitedTable(path, dialect, encoding.codec)
        table.read()
    except UnicodeError as problem:
        line = undecodable_line(path, encoding.codec)
        words = f"line {line} is not written in {encoding.name}: say which encoding= (--encoding) it has"
        raise refusal(path, words) from problem
    said = encoding.name + (f", a guess by the letters {encoding.letters}" if encoding.is_guess else "")
    is_plain = dialect.sep == COMMA and encoding.name == "UTF-8"
    return Loaded(
        frame=table.frame(),
        read_as=f"{separator_words(dialect.sep)}, {said}",
        notes=tuple(table.notes()),
        is_guessed=not is_plain,
    )


def _dialect_of(path: Path, codec: str, asked: str | None) -> _Dialect:
    with path.open(encoding=codec, newline="") as file:
        sample: list[str] = []
        size = 0
        for line in islice(file, _SAMPLE_LINES):
            sample.append(line)
            size += len(line)
            if size > _SAMPLE_CHARACTERS:
                break
    above = 0
    announced = announced_separator(sample[0]) if sample else None
    if announced is not None:
        above = 1
    while above < len(sample) and not sample[above].strip():
        above += 1
    if above == len(sample):
        raise refusal(path, "the file is empty; the first line has to name the columns")
    sep = given_separator(path, asked) if asked is not None else announced or separator_of(path, sample[above:])
    return _Dialect(sep, f"{sep} " in sample[above], above)


class _DelimitedTable:
    """The rows of one file on their way into columns."""

    def __init__(self, path: Path, dialect: _Dialect, codec: str) -> None:
        self._path = path
        self._dialect = dialect
        self._codec = codec
        self._names: list[str] = []
        self._columns: list[TextColumn] = []
        self._empty_rows: list[int] = []
        self._short_rows: list[int] = []
        self._last_row = 0

    def read(self) -> None:
        """Walk the file once, from its header to its end."""
        with self._path.open(encoding=self._codec, newline="") as file:
            records = self._records(self._lines(file))
            line, header = next(records)
            self._names = clean_names(self._path, f"line {line}", header)
            self._columns = [TextColumn() for _ in self._names]
            rows = self._rows(records)
            while part := list(islice(rows, _PART_ROWS)):
                lines = [number for number, _ in part]
                for column, cells in zip(
                    self._columns, zip(*(cells for _, cells in part), strict=True), strict=True
                ):
                    column.take(cells, lines)

    def frame(self) -> pd.DataFrame:
        """Return what was read, labelled from 0."""
        import pandas as pd

        columns = {named(self._names, place): column.series() for place, column in enumerate(self._columns)}
        return pd.DataFrame(columns)

    def notes(self) -> Iterator[str]:
        """Say what a person should know about the file."""
        middle = [line for line in self._empty_rows if line < self._last_row]
        if middle:
            yield f"{counted(len(middle), 'empty row')} left out: {_at_lines(middle)}"
        if self._short_rows:
            short = counted(len(self._short_rows), "row")
            yield (
                f"{short} with fewer cells than line {self._dialect.above + 1}; what is not there is missing: "
                + (_at_lines(self._short_rows))
            )
        for place, column in enumerate(self._columns):
            yield from _column_notes(named(self._names, place), column, has_name=bool(self._names[place]))
        kept = [named(self._names, place) for place, column in enumerate(self._columns) if column.is_as_written]
        if kept:
            yield (
                f"numbers that stay texts, as they are written (007, 3.50): {', '.join(map(repr, kept))}; to "
                "reckon with them, make them numbers first"
            )

    def _lines(self, file: Iterator[str]) -> Iterator[str]:
        for number, line in enumerate(file, start=1):
            if "\0" in line:
                raise refusal(self._path, f"line {number} holds a NUL byte: save the file again where it was made")
            if number > self._dialect.above:
                yield line

    def _records(self, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        """Walk the records with the number of the line each begins in."""
        reader = csv.reader(
            lines, delimiter=self._dialect.sep, strict=True, skipinitialspace=self._dialect.has_blanks
        )
        while True:
            line = self._dialect.above + reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                raise refusal(self._path, f"line {line} {_quoting_words(problem)}") from problem
            yield line, record

    def _rows(self, records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Walk the rows that hold anything, each with as many cells as there are names."""
        width = len(self._names)
        for line, cells in records:
            if not any(cells) or not any(map(str.strip, cells)):
                self._empty_rows.append(line)
                continue
            if any(map(str.strip, cells[width:])):
                raise self._wrong_width(line, len(cells))
            if len(cells) < width:
                self._short_rows.append(line)
            self._last_row = line
            yield line, cells[:width] + [""] * (width - len(cells))

    def _wrong_width(self, line: int, count: int) -> FrameError:
        header = f"line {self._dialect.above + 1} names {counted(len(self._names), 'column')}"
        return refusal(
            self._path,
            f"line {line} has {counted(count, 'cell')}, but {header}: a text that holds the separator "
            f'has to stand in quotes ("..."); where the file is not {separator_words(self._dialect.sep)}, say '
            "sep= (--sep)" + _TITLE_WORDS * (len(self._names) == 1),
        )


def _column_notes(name: str, column: TextColumn, *, has_name: bool) -> Iterator[str]:
    if not has_name and column.present:
        yield f"a column without a name is called {name!r}"
    if column.errors:
        yield (
            f"column {name!r}: {counted(column.errors, 'cell')} with an error of Excel (such as #N/A), taken for "
            f"missing; the first is in line {column.error_line}"
        )
    if column.is_spoilt:
        yield (
            f"column {name!r} is text, because line {column.spoiling_line} holds neither a number nor TRUE or "
            "FALSE: where it should, correct it (of the text 3, {{ 3 * 2 }} makes 33)"
        )


def _at_lines(lines: list[int]) -> str:
    shown = ", ".join(map(str, lines[:_MOST_NAMED]))
    more = f" and {len(lines) - _MOST_NAMED:,} more" if len(lines) > _MOST_NAMED else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def _quoting_words(problem: csv.Error) -> str:
    if "limit" in str(problem):
        limit = f"{csv.field_size_limit():,} characters"
        return f"begins a cell longer than {limit}: most likely a quotation in it never ends"
    if "end of data" in str(problem):
        return 'begins a quotation that never ends: a " inside a quoted text has to be written twice'
    return 'has text after a closing ": a " inside a quoted text has to be written twice'
