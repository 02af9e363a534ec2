"""Frames as files: CSV, Excel, Parquet, by the name they are given.

The data stay as they are. A text that begins with "=" is a text in Excel's own format, never a formula
(CWE-1236); CSV cannot say so, and a mark put before it would change the data of whoever reads the file with a
program. The same frame is the same bytes: an Excel file does not say when it was written.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any, Final

from notebookmail.errors import INTERRUPTS, TemplateError

_PACKAGES: Final = {"xlsx": "openpyxl", "parquet": "pyarrow"}
_DATES: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def sheet_of(table: Any, name: str) -> bytes:
    """Write a frame or a series as a file.

    Row labels that say something become columns; CSV is UTF-8 with a mark that Excel knows it by.

    Args:
        table: A frame or series of any library.
        name: The file's name; its ending says which kind: .csv, .tsv, .xlsx, .parquet.

    Raises:
        TemplateError: The ending is another one, a library that writes it is not installed, or the kind of file
            cannot hold what is in the frame.
    """
    from notebookmail.compose.tables.flattening import has_labels
    from notebookmail.compose.tables.tables import is_series, pandas_of

    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in {"csv", "tsv", "xlsx", "parquet"}:
        raise TemplateError(f"a table can be attached as .csv, .tsv, .xlsx or .parquet, not as {name!r:.80}")
    try:
        frame = pandas_of(table)
        labels = has_labels(frame, is_series=is_series(table))
        return _written(frame if labels else frame.reset_index(drop=True), ending, has_labels=labels)
    except ImportError as problem:
        package = _PACKAGES.get(ending, ending)
        raise TemplateError(f"writing {name!r:.80} needs {package}: pip install {package}") from problem
    except INTERRUPTS:
        raise
    except BaseException as problem:  # each library refuses in its own words
        raise TemplateError(f"the table cannot be written as {name!r:.80}: {problem}") from problem


def _written(frame: Any, ending: str, *, has_labels: bool) -> bytes:
    if ending in {"csv", "tsv"}:
        text: str = frame.to_csv(index=has_labels, sep="," if ending == "csv" else "\t", lineterminator="\r\n")
        return text.encode("utf-8-sig")
    file = io.BytesIO()
    if ending == "parquet":
        frame.to_parquet(file, index=has_labels, engine="pyarrow")
        return file.getvalue()
    _write_excel(frame, file, has_labels=has_labels)
    return _without_dates(file)


def _write_excel(frame: Any, file: io.BytesIO, *, has_labels: bool) -> None:
    import pandas as pd

    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        frame.to_excel(writer, index=has_labels)
        for cells in writer.book.active.iter_rows():
            for cell in cells:
                if cell.data_type == "f":
                    cell.data_type = "s"


def _without_dates(workbook: io.BytesIO) -> bytes:
    """Return an Excel file that does not say when it was written."""
    file = io.BytesIO()
    with zipfile.ZipFile(workbook) as dated, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as undated:
        for entry in dated.namelist():
            content = dated.read(entry)
            if entry == "docProps/core.xml":
                content = _DATES.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            undated.writestr(zipfile.ZipInfo(entry), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
