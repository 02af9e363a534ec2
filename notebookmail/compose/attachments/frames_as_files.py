"""Frames as files: CSV, Excel, Parquet, by the name they are given.

The data stay as they are. A text that begins with "=" is a text in Excel's own format, never a formula
(CWE-1236); CSV cannot say so, and a mark put before it would change the data of whoever reads the file with a
program. The same frame is the same bytes.
"""

from __future__ import annotations

import io
from typing import Any, Final

from notebookmail.compose.rows.frame import plain_values
from notebookmail.compose.rows.missing import is_missing
from notebookmail.compose.tables.content import is_series
from notebookmail.compose.tables.flattening import has_labels, is_pandas, plain_cells
from notebookmail.compose.tables.group_rows import GroupRows, pandas_of
from notebookmail.errors import INTERRUPTS, TemplateError

from .csv_files import csv_text
from .workbooks import OPTIONS, WRITTEN, workbook_of

_PACKAGES: Final = {"xlsx": ("XlsxWriter", "excel"), "parquet": ("pyarrow", "parquet")}
_SEPARATORS: Final = {"csv": ",", "tsv": "\t"}


def sheet_of(table: Any, name: str) -> bytes:
    """Write a frame or a series as a file.

    Row labels that say something become columns; CSV is UTF-8 with a mark that Excel knows it by.

    Args:
        table: A frame or series of any library, or the rows of a group.
        name: The file's name; its ending says which kind: .csv, .tsv, .xlsx, .parquet.

    Raises:
        TemplateError: The ending is another one, a library that writes it is not installed, or the kind of file
            cannot hold what is in the frame.
    """
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in {"csv", "tsv", "xlsx", "parquet"}:
        raise TemplateError(f"a table can be attached as .csv, .tsv, .xlsx or .parquet, not as {name!r:.80}")
    try:
        return _written_at_once(table, ending) or _written(table, ending)
    except ImportError as problem:
        package, extra = _PACKAGES.get(ending, (ending, ""))
        raise TemplateError(
            f'writing {name!r:.80} needs {package}: pip install "notebookmail[{extra}]"'
        ) from problem
    except INTERRUPTS:
        raise
    except BaseException as problem:  # each library refuses in its own words
        raise TemplateError(f"the table cannot be written as {name!r:.80}: {problem}") from problem


def _written_at_once(table: Any, ending: str) -> bytes:
    """Write the rows of a group of what was read for it already; nothing where it takes their frame."""
    sheet = table.sheet() if isinstance(table, GroupRows) else None
    if sheet is None or ending == "parquet":
        return b""
    if ending == "xlsx":
        return workbook_of(sheet.heads, sheet.table.columns)
    text = csv_text(sheet, _SEPARATORS[ending])
    return b"" if text is None else text.encode("utf-8-sig")


def _written(table: Any, ending: str) -> bytes:
    # Two columns of one name are narwhals' to refuse: who reads the file could not tell them apart.
    frame = table if is_pandas(table) and table.columns.is_unique else pandas_of(table)
    labelled = has_labels(frame, is_series=is_series(table))
    if ending in _SEPARATORS:
        text: str = frame.to_csv(index=labelled, sep=_SEPARATORS[ending], lineterminator="\r\n")
        return text.encode("utf-8-sig")
    if ending == "parquet":
        file = io.BytesIO()
        (frame if labelled else frame.reset_index(drop=True)).to_parquet(file, index=labelled, engine="pyarrow")
        return file.getvalue()
    return _workbook(frame, has_labels=labelled)


def _workbook(frame: Any, *, has_labels: bool) -> bytes:
    import pandas as pd

    levels = frame.columns.nlevels + frame.index.nlevels
    if levels > 2 or not frame.shape[1] or isinstance(frame.index, pd.PeriodIndex):  # noqa: PLR2004 - one of each
        return _workbook_of_levels(frame, has_labels=has_labels)
    heads, columns = frame.columns.tolist(), [plain_cells(plain_values(column)) for _, column in frame.items()]
    if has_labels:
        heads.insert(0, frame.index.name)
        columns.insert(0, plain_cells(plain_values(frame.index)))
    return workbook_of([None if is_missing(head) else head for head in heads], columns)


def _workbook_of_levels(frame: Any, *, has_labels: bool) -> bytes:
    """Write a frame whose labels have several levels: pandas knows which cells become one."""
    import pandas as pd

    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs={"options": OPTIONS}) as writer:
        writer.book.set_properties({"created": WRITTEN})
        frame.to_excel(writer, index=has_labels)
    return file.getvalue()
