"""Parquet and JSON, and the files that are none of what is read."""

from __future__ import annotations

import datetime as dt
import zipfile
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import FrameError, read_table

if TYPE_CHECKING:
    from pathlib import Path


def test_parquet_keeps_its_types_with_gaps(tmp_path: Path) -> None:
    frame = pd.DataFrame({
        "name": ["Ann", None], "qty": pd.array([3, None], dtype="Int64"), "vip": pd.array([True, None], "boolean"),
        "day": [dt.date(2026, 1, 2), None], " E-Mail ": ["a@x.org", "b@x.org"],
    })  # fmt: skip
    frame.to_parquet(tmp_path / "people.parquet")
    import pyarrow.parquet as pq

    table = pq.read_table(tmp_path / "people.parquet").replace_schema_metadata(None)  # as others write it
    pq.write_table(table, tmp_path / "plain.parquet")
    for name in ("people.parquet", "plain.parquet"):
        read = read_table(tmp_path / name)
        assert (str(read["qty"].dtype), str(read["vip"].dtype)) == ("Int64", "boolean")
        assert read["day"].tolist()[0] == dt.date(2026, 1, 2)
        assert read.columns.tolist()[-1] == "E-Mail"


@pytest.mark.parametrize("name", ["people.jsonl", "people.ndjson", "people.json"])
def test_json_lines_are_rows(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(
        '\ufeff{"a": 1, "b": true, "c": "007"}\n\n{"b": null, "d": [1, 2], "a": null}\n', "utf-8"
    )
    frame = read_table(tmp_path / name)
    assert frame.columns.tolist() == ["a", "b", "c", "d"]
    assert (frame["a"].tolist(), str(frame["a"].dtype)) == ([1, pd.NA], "Int64")
    assert (frame["c"][0], frame["d"][1]) == ("007", [1, 2])


def test_a_list_of_objects_is_rows_too(tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text('\n[{"a": 1},\n {"a": 2.5}]')
    assert read_table(tmp_path / "people.json")["a"].tolist() == [1, 2.5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1}\n{"a": \n', "line 2 is no JSON"),
        ('{\n"a": 1}\n', "line 1 is no JSON .one object over several lines is read only inside a list"),
        ('[{"a": 1},\n{]', "line 2 is no JSON"),
        ("7\n", "line 1 is no object"),
        ("[7]", "entry 1 is no object"),
        ("[]", "holds no objects"),
        ('{" a": 1, "a": 2}', "names two columns 'a'"),
    ],
)
def test_json_that_is_no_table_is_refused_by_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "people.json").write_text(text)
    with pytest.raises(FrameError, match=words):
        read_table(tmp_path / "people.json")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("people.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old Excel file .* save it as .xlsx"),
        ("people.xls", b"<html><table><tr><td>name", "a web page or XML, whatever its name says"),
        ("people.csv.gz", b"\x1f\x8b\x08\x00", "compressed"),
        ("people.pdf", b"%PDF-1.7", "a PDF"),
        ("people.db", b"SQLite format 3\0", "a database"),
        ("people.parquet", b"PAR1 cut", "Parquet file is damaged"),
        ("people.csv", b"\x00\x01\x02\x03", "line 1 holds a NUL byte"),
    ],
)
def test_what_is_not_read_is_refused_by_what_it_is(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FrameError, match=words):
        read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("content.xml", r"OpenDocument file .*save it as .xlsx"),
        ("Index/Document.iwa", "a Numbers file: export it"),
        ("xl/workbook.bin", "a binary Excel file"),
        ("people.csv", "a ZIP archive: unpack it first"),
    ],
)
def test_archives_of_other_programs_are_refused_with_what_to_do(tmp_path: Path, inside: str, words: str) -> None:
    with zipfile.ZipFile(tmp_path / "people.xlsx", "w") as archive:
        archive.writestr(inside, "x")
    with pytest.raises(FrameError, match=words):
        read_table(tmp_path / "people.xlsx")


def test_text_with_the_name_of_a_workbook_is_read_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "export.xls").write_text("name\temail\nAnn\ta@x.org\n")
    assert read_table(tmp_path / "export.xls").columns.tolist() == ["name", "email"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match=r"nowhere\.csv: cannot be read as CSV: No such file"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(FrameError, match=r"cannot be read as CSV: Is a directory"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("name", "choice"), [("p.parquet", "sep"), ("p.parquet", "encoding"), ("p.jsonl", "sheet")]
)
def test_a_choice_for_another_kind_of_file_is_refused(tmp_path: Path, name: str, choice: str) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "p.parquet")
    (tmp_path / "p.jsonl").write_text('{"a": 1}')
    with pytest.raises(FrameError, match=f"{choice}="):
        read_table(tmp_path / name, **{choice: ";"})
