"""Excel workbooks (.xlsx): one sheet, its values as Excel last reckoned them.

Excel knows types, so nothing is guessed but what a person cannot see in a frame: a postal code that is a number
shown as 01067 becomes that text. Cells that hold an error are missing, never the words "#N/A". What a person sees
otherwise in Excel is said: hidden rows are rows too, and of merged cells only the first holds the value. A sheet
whose formulas were never reckoned is refused, and so is a choice between sheets that nobody made.
"""

from __future__ import annotations

import zipfile
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

from .columns import EXCEL_ERRORS, texts_of, values_of
from .header import clean_names, named
from .loaded import Loaded, ReadingOptions, counted, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

_LARGEST_WHOLE: Final = 64 << 20
"""Bytes of XML up to which a workbook is loaded whole; above, row by row, and its hidden and merged cells are not
known."""
_MOST_NAMED: Final = 5
_FEWEST_ZEROS: Final = 2
_EXACT: Final = 2**53
"""Below it a float holds every whole number."""


def read_workbook(path: Path, options: ReadingOptions) -> Loaded:
    """Read one sheet of a workbook.

    Raises:
        FrameError: openpyxl is not installed, the file is damaged, the sheet is unknown or was not chosen, or its
            formulas hold no values.
    """
    book = _opened(path, is_whole=_xml_bytes(path) <= _LARGEST_WHOLE)
    try:
        sheet, others = _chosen(path, book, options.sheet)
        grid = _SheetGrid(path, sheet)
        grid.read()
        if grid.has_empty_columns and _lacks_results(path, sheet.title, grid):
            raise refusal(
                path,
                f"sheet {sheet.title!r} holds formulas, but not their results: open it in Excel or LibreOffice "
                "and save it there",
            )
        notes = [*others, *_unseen(sheet, grid), *grid.notes()]
        return Loaded(grid.frame(), f"Excel, sheet {sheet.title!r}", tuple(notes), is_guessed=bool(others))
    finally:
        book.close()


def _opened(path: Path, *, is_whole: bool, has_formulas: bool = False) -> Any:
    try:
        import openpyxl
    except ImportError as problem:
        raise refusal(path, "Excel files are read with openpyxl: pip install 'notebookmail[excel]'") from problem
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what openpyxl does not keep (styles) is not read either
            return openpyxl.load_workbook(path, data_only=not has_formulas, read_only=not is_whole)
    except (KeyError, ValueError, TypeError, SyntaxError, zipfile.BadZipFile) as problem:
        raise refusal(path, "the Excel file is damaged: open it in Excel and save it again") from problem


def _xml_bytes(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return max((entry.file_size for entry in archive.infolist()), default=0)


def _chosen(path: Path, book: Any, asked: str | None) -> tuple[Any, list[str]]:
    """Return the sheet to read, and what is to be said about the others."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if asked is not None:
        name = _by_name(list(sheets), asked)
        if name is None:
            names = ", ".join(map(repr, sheets))
            raise refusal(path, f"there is no sheet {asked!r}; there are: {names}")
        return sheets[name], []
    filled = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible" and _is_filled(sheet)]
    if not filled:
        raise refusal(path, "no sheet that can be seen holds anything; say sheet= (--sheet) for a hidden one")
    if len(filled) > 1:
        names = ", ".join(repr(sheet.title) for sheet in filled)
        raise refusal(path, f"several sheets hold something: say which with sheet= (--sheet); there are: {names}")
    hidden = sum(sheet.sheet_state != "visible" for sheet in sheets.values())
    return filled[0], [f"{counted(hidden, 'hidden sheet')} left out"] if hidden else []


def _by_name(names: list[str], asked: str) -> str | None:
    if asked in names:
        return asked
    alike = [name for name in names if name.strip().casefold() == asked.strip().casefold()]
    return alike[0] if len(alike) == 1 else None


def _is_filled(sheet: Any) -> bool:
    return any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)


def _lacks_results(path: Path, title: str, grid: _SheetGrid) -> bool:
    """Tell whether a sheet has formulas, and none of them has a value: a program that cannot reckon wrote it."""
    book = _opened(path, is_whole=False, has_formulas=True)
    wanted = set(grid.rows)
    formulas = 0
    try:
        for number, cells in enumerate(book[title].iter_rows(), start=1):
            for place, cell in enumerate(cells if number in wanted else ()):
                if cell.data_type == "f":
                    formulas += 1
                    if grid.value(number, place) is not None:
                        return False
    finally:
        book.close()
    return formulas > 0


def _unseen(sheet: Any, grid: _SheetGrid) -> Iterator[str]:
    """Say what looks otherwise in Excel than in the frame: hidden rows, merged cells."""
    dimensions = getattr(sheet, "row_dimensions", {})
    hidden = [row for row in grid.rows if row in dimensions and dimensions[row].hidden]
    if hidden:
        yield (
            f"{counted(len(hidden), 'row')} hidden in Excel (by a filter, say), read like all others: "
            f"{_at_rows(hidden)}"
        )
    rows = set(grid.rows)
    merged = [
        str(area)
        for area in getattr(getattr(sheet, "merged_cells", None), "ranges", ())
        if rows.intersection(range(area.min_row, area.max_row + 1))
    ]
    if merged:
        shown = ", ".join(sorted(merged)[:_MOST_NAMED])
        yield f"merged cells hold their value in the first cell only, the others are missing: {shown}"


class _SheetGrid:
    """The cells of a sheet on their way into columns.

    Attributes:
        rows: The numbers Excel gives the rows that were read.
    """

    def __init__(self, path: Path, sheet: Any) -> None:
        self._path = path
        self._sheet = sheet
        self._names: list[str] = []
        self._columns: list[list[Any]] = []
        self._zeros: list[int] = []
        self._errors: list[str] = []
        self._empty: list[int] = []
        self.rows: list[int] = []

    @property
    def has_empty_columns(self) -> bool:
        """True when a column has no value in any row."""
        return any(all(value is None for value in column) for column in self._columns)

    def read(self) -> None:
        """Walk the sheet once, from its header to its last row."""
        has_header = False
        for number, cells in enumerate(self._sheet.iter_rows(), start=1):
            values = [self._value(cell) for cell in cells]
            if all(value is None for value in values):
                if has_header:
                    self._empty.append(number)
            elif not has_header:
                has_header = True
                self._names = clean_names(self._path, f"row {number} of sheet {self._sheet.title!r}", values)
                self._columns = [[] for _ in self._names]
                self._zeros = [0 for _ in self._names]
            else:
                self._take(number, cells, values)
        if not has_header:
            raise refusal(
                self._path, f"sheet {self._sheet.title!r} is empty; its first row has to name the columns"
            )

    def value(self, row: int, place: int) -> Any:
        """Return the value in a row, by Excel's number, and a column, from 0."""
        return self._columns[place][bisect_left(self.rows, row)] if place < len(self._columns) else None

    def frame(self) -> pd.DataFrame:
        """Return what was read, labelled from 0."""
        import pandas as pd

        columns = {}
        for place, values in enumerate(self._columns):
            width = self._zeros[place]
            columns[named(self._names, place)] = _zero_filled(values, width) if width else values_of(_even(values))
        return pd.DataFrame(columns)

    def notes(self) -> Iterator[str]:
        """Say what a person should know about the sheet."""
        middle = [row for row in self._empty if self.rows and row < self.rows[-1]]
        if middle:
            yield f"{counted(len(middle), 'empty row')} left out: {_at_rows(middle)}"
        for place, name in enumerate(self._names):
            if not name and any(value is not None for value in self._columns[place]):
                yield f"a column without a name is called {named(self._names, place)!r}"
        if self._errors:
            shown = ", ".join(self._errors[:_MOST_NAMED])
            yield f"{counted(len(self._errors), 'cell')} with an error (such as #N/A), taken for missing: {shown}"

    def _value(self, cell: Any) -> Any:
        value = cell.value
        if isinstance(value, str):
            if cell.data_type == "e" or value in EXCEL_ERRORS:
                self._errors.append(f"{cell.column_letter}{cell.row}" if hasattr(cell, "column_letter") else "?")
                return None
            return value if value.strip() else None
        return value

    def _take(self, number: int, cells: Any, values: list[Any]) -> None:
        width = len(self._names)
        if any(value is not None for value in values[width:]):
            raise refusal(
                self._path,
                f"row {number} has {counted(len(values), 'cell')}, but the first row names "
                f"{counted(width, 'column')}: name the others, or empty them; where the columns' names stand "
                "further down, delete the rows above them",
            )
        values += [None] * (width - len(values))
        for place, (column, value) in enumerate(zip(self._columns, values, strict=False)):
            column.append(value)
            if type(value) is int and place < len(cells):
                self._zeros[place] = max(self._zeros[place], _zeros_shown(cells[place].number_format))
        self.rows.append(number)


def _zeros_shown(number_format: str | None) -> int:
    """Return to how many digits a format fills numbers with zeros: 5 for 00000, 0 for none."""
    shown = (number_format or "").split(";")[0]
    if shown.startswith("[") and "]" in shown:
        shown = shown.partition("]")[2]  # [$-407]00000: the country's postal code
    return len(shown) if len(shown) >= _FEWEST_ZEROS and set(shown) == {"0"} else 0


def _zero_filled(values: list[Any], width: int) -> pd.Series[Any]:
    return texts_of([None if value is None else str(value).zfill(width) for value in values])


def _even(values: Iterable[Any]) -> list[Any]:
    """Return values with whole numbers as such where all are: Excel itself knows floats only."""
    return [
        int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value
        for value in values
    ]


def _at_rows(rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:_MOST_NAMED]))
    more = f" and {len(rows) - _MOST_NAMED:,} more" if len(rows) > _MOST_NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"
