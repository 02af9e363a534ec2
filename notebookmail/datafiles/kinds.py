"""What a file is: told by its first bytes, because names lie (a web page named people.xls).

Only when the bytes leave it open (any text) does the name's ending decide, between JSON and separated text. What
cannot be read is refused by its own name, with what to do.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Final, Literal

from .loaded import refusal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["text", "workbook", "parquet", "json"]

HEAD_BYTES: Final = 4096
_AS_XLSX: Final = 'open it in its program and save it as .xlsx ("Excel workbook") or as CSV UTF-8'
_FOREIGN: Final = (
    (b"\xd0\xcf\x11\xe0", f"this is an old Excel file (.xls), or one with a password: {_AS_XLSX}, without one"),
    (b"\x1f\x8b", "the file is compressed (gzip): unpack it first"),
    (b"BZh", "the file is compressed (bzip2): unpack it first"),
    (b"\xfd7zXZ", "the file is compressed (xz): unpack it first"),
    (b"\x28\xb5\x2f\xfd", "the file is compressed (zstd): unpack it first"),
    (b"%PDF", "this is a PDF: export the table as .xlsx or CSV where it was made"),
    (b"{\\rtf", f"this is a text document (RTF): {_AS_XLSX}"),
    (b"SQLite format 3", "this is a database: read it with pandas.read_sql and send that frame"),
    (b"ARROW1", "this is a Feather file: read it with pandas.read_feather and send that frame"),
)  # fmt: skip
_IN_ZIP: Final = (
    ("xl/workbook.bin", f"this is a binary Excel file (.xlsb): {_AS_XLSX}"),
    ("Index/Document.iwa", "this is a Numbers file: export it from Numbers as Excel (.xlsx) or CSV"),
    ("Index.zip", "this is a Numbers file: export it from Numbers as Excel (.xlsx) or CSV"),
    ("content.xml", f"this is an OpenDocument file (.ods): {_AS_XLSX}"),
    ("word/document.xml", "this is a Word document: the table belongs in a workbook or a CSV file"),
)
_JSON_ENDINGS: Final = frozenset({".json", ".jsonl", ".ndjson"})


def kind_of(path: Path) -> Kind:
    """Say how a file is to be read.

    Args:
        path: The file.

    Raises:
        FrameError: It is empty, or of a kind that is not read; the message says how to save it.
        OSError: It cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise refusal(path, "the file is empty; the first line has to name the columns")
    for mark, words in _FOREIGN:
        if head.startswith(mark):
            raise refusal(path, words)
    if head.startswith(b"PK\x03\x04"):
        return _kind_in_zip(path)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.lstrip().lower().startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise refusal(path, f"this is a web page or XML, whatever its name says: {_AS_XLSX}")
    return "json" if path.suffix.lower() in _JSON_ENDINGS else "text"


def _kind_in_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as problem:
        raise refusal(path, "the file is damaged or cut off: save it again where it was made") from problem
    if "xl/workbook.xml" in names:
        return "workbook"
    for name, words in _IN_ZIP:
        if name in names:
            raise refusal(path, words)
    raise refusal(path, "this is a ZIP archive: unpack it first")
