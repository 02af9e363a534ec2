import io
import sys
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.attachments.frames_as_files import sheet_of
from notebookmail.errors import TemplateError

INJECTIONS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("https://evil.example")', "\t=1", "'=1"]


def workbook(frame):
    return openpyxl.load_workbook(io.BytesIO(sheet_of(frame, "a.xlsx"))).active


def test_csv_is_utf8_with_the_mark_excel_knows_it_by():
    assert sheet_of(pd.DataFrame({"é": ["x,y", None]}), "a.csv") == '\ufeffé\r\n"x,y"\r\n""\r\n'.encode()


def test_tsv_is_cut_by_tabs():
    assert sheet_of(pd.DataFrame({"a": [1], "b": [2]}), "A.TSV") == b"\xef\xbb\xbfa\tb\r\n1\t2\r\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1))
def test_a_text_comes_back_from_csv_as_it_was(texts):
    content = sheet_of(pd.DataFrame({"a": [*INJECTIONS, *texts]}), "a.csv")
    read = pd.read_csv(
        io.BytesIO(content), dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
    )
    assert read["a"].tolist() == [*INJECTIONS, *texts]


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_text_in_excel_is_never_a_formula(text):
    sheet = workbook(pd.DataFrame({text: [text]}))
    assert [(cell.value, cell.data_type) for cell in sheet["A"]] == [(text, "s")] * 2


def test_no_sheet_holds_a_formula():
    with zipfile.ZipFile(io.BytesIO(sheet_of(pd.DataFrame({"a": INJECTIONS}), "a.xlsx"))) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml").replace(b"<format", b"")


def test_numbers_dates_and_gaps_are_what_they_are_in_excel():
    frame = pd.DataFrame({"n": [1.5, np.nan], "d": [pd.Timestamp("2024-01-02 10:30"), pd.NaT]})
    rows = list(workbook(frame).values)
    assert rows == [("n", "d"), (1.5, pd.Timestamp("2024-01-02 10:30")), (None, None)]


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "parquet"])
def test_the_same_frame_is_the_same_bytes(ending):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "=y"]})
    assert sheet_of(frame, f"a.{ending}") == sheet_of(frame.copy(), f"b.{ending}")


def test_a_workbook_does_not_say_when_it_was_written():
    with zipfile.ZipFile(io.BytesIO(sheet_of(pd.DataFrame({"a": [1]}), "a.xlsx"))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2


def test_dates_with_a_time_zone_cannot_be_in_excel():
    frame = pd.DataFrame({"d": [pd.Timestamp("2024-01-02", tz="UTC")]})
    with pytest.raises(TemplateError, match=r"'a\.xlsx': Excel does not support .*timezone"):
        sheet_of(frame, "a.xlsx")
    assert b"2024-01-02 00:00:00+00:00" in sheet_of(frame, "a.csv")


@pytest.mark.parametrize(("text", "name"), [("a\0b", "a.xlsx"), ("a\x1bb", "a.xlsx"), ("a\ud800b", "a.csv")])
def test_what_a_kind_of_file_cannot_hold_is_refused(text, name):
    with pytest.raises(TemplateError, match=r"cannot be written as 'a\."):
        sheet_of(pd.DataFrame({"a": pd.Series([text], dtype=object)}), name)


@pytest.mark.parametrize("name", ["a.ods", "a", "", "csv", "a.csv.gz", "x" * 500])
def test_an_unknown_ending_is_refused_with_those_there_are(name):
    with pytest.raises(TemplateError, match=r"\.csv, \.tsv, \.xlsx or \.parquet") as caught:
        sheet_of(pd.DataFrame({"a": [1]}), name)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("a.xlsx", "xlsxwriter", "excel"), ("a.parquet", "pyarrow", "parquet")]
)
def test_a_library_that_is_not_there_is_named_with_its_extra(name, package, extra, monkeypatch):
    for module in [package, *(name for name in sys.modules if name.partition(".")[0] == package)]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(TemplateError, match=rf'needs (?i:{package}): pip install "notebookmail\[{extra}\]"'):
        sheet_of(pd.DataFrame({"a": [1]}), name)


def test_row_labels_are_written_where_they_say_something():
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 3])
    assert sheet_of(frame, "a.csv")[3:] == b"a\r\n1\r\n2\r\n"
    assert sheet_of(frame.rename_axis("id"), "a.csv")[3:] == b"id,a\r\n7,1\r\n3,2\r\n"
    assert sheet_of(frame.set_axis(["x", "y"]), "a.csv")[3:] == b",a\r\nx,1\r\ny,2\r\n"
    assert sheet_of(pd.Series({"x": 1}, name="n"), "a.csv")[3:] == b",n\r\nx,1\r\n"


@pytest.mark.parametrize("table", [pl.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]}), pl.Series("a", [1, 2])])
@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_tables_of_every_library(table, ending):
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": pd.read_parquet}[ending]
    assert read(io.BytesIO(sheet_of(table, f"a.{ending}"))).to_dict("list") == {"a": [1, 2]}


def test_the_frame_stays_as_it_was():
    frame = pd.DataFrame({"a": ["=1"]}, index=["x"])
    before = frame.copy(deep=True)
    for ending in ("csv", "xlsx", "parquet"):
        sheet_of(frame, f"a.{ending}")
    pd.testing.assert_frame_equal(frame, before)
