"""Excel workbooks: which sheet, which values, and what a person sees otherwise in Excel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import pytest

from notebookmail import FrameError, read_table
from notebookmail.datafiles import workbook
from notebookmail.datafiles.reading import notices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    def saved(*rows: Sequence[Any], edit: Any = None) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if edit is not None:
            edit(book)
        book.save(path := tmp_path / "people.xlsx")
        return path

    return saved


@pytest.fixture(params=["whole", "row by row"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "row by row":
        monkeypatch.setattr(workbook, "_LARGEST_WHOLE", 0)


@pytest.mark.usefixtures("_both_ways")
def test_values_keep_their_types_whatever_is_missing(saved: Any) -> None:
    path = saved(
        [" name ", "E-Mail", "qty", "price", "vip", "day", "mixed"],
        ["Ann", "a@x.org", 3, 3.5, False, pd.Timestamp("2026-01-02").to_pydatetime(), 1],
        ["Bo", "b@x.org", None, 4.0, None, None, "x"],
        [None] * 7,
        ["  ", "c@x.org", 5.0, 2, True, pd.Timestamp("2026-01-03 04:05").to_pydatetime(), None],
        [None] * 7,
    )
    frame = read_table(path)
    assert frame.columns.tolist() == ["name", "E-Mail", "qty", "price", "vip", "day", "mixed"]
    assert frame.index.tolist() == [0, 1, 2]
    assert frame["qty"].tolist() == [3, pd.NA, 5]
    assert [str(price) for price in frame["price"]] == ["3.5", "4", "2"]
    assert (str(frame["vip"].dtype), str(frame["day"].dtype)) == ("boolean", "datetime64[us]")
    assert frame["name"].isna().tolist() == [False, False, True]
    assert frame["mixed"].tolist()[:2] == [1, "x"]
    assert notices(frame) == ["people.xlsx: Excel, sheet 'Sheet'", "  1 empty row left out: row 4"]


@pytest.mark.usefixtures("_both_ways")
def test_zeros_that_excel_shows_before_a_number_are_kept(saved: Any) -> None:
    def edit(book: Any) -> None:
        for row in (2, 3):
            book.active.cell(row, 1).number_format = "[$-407]00000"
            book.active.cell(row, 2).number_format = "0.00"

    frame = read_table(saved(["plz", "price"], [1067, 3.5], [80331, 4], edit=edit))
    assert frame["plz"].tolist() == ["01067", "80331"]
    assert frame["price"].tolist() == [3.5, 4]


@pytest.mark.usefixtures("_both_ways")
def test_cells_with_an_error_are_missing_and_named(saved: Any) -> None:
    frame = read_table(saved(["name", "qty"], ["Ann", "#N/A"], ["Bo", 3]))
    assert frame["qty"].isna().tolist() == [True, False]
    assert "1 cell with an error (such as #N/A), taken for missing: B2" in notices(frame)[1]


def test_several_sheets_without_a_choice_are_listed(saved: Any) -> None:
    def edit(book: Any) -> None:
        book.create_sheet("Staff").append(["email"])
        book.create_sheet("Empty")
        book.create_sheet("Old").append(["email"])
        book["Old"].sheet_state = "hidden"

    path = saved(["email"], ["a@x.org"], edit=edit)
    with pytest.raises(FrameError, match=r"say which with sheet= \(--sheet\); there are: 'Sheet', 'Staff'$"):
        read_table(path)
    with pytest.raises(
        FrameError, match="there is no sheet 'Nobody'; there are: 'Sheet', 'Staff', 'Empty', 'Old'"
    ):
        read_table(path, sheet="Nobody")
    with pytest.raises(FrameError, match="sheet 'Empty' is empty"):
        read_table(path, sheet="Empty")
    assert read_table(path, sheet=" sheet")["email"].tolist() == ["a@x.org"]
    assert read_table(path, sheet="Old")["email"].tolist() == []


def test_empty_and_hidden_sheets_need_no_choice(saved: Any) -> None:
    def edit(book: Any) -> None:
        book.create_sheet("Sheet2")
        book.create_sheet("Lists").append(["x"])
        book["Lists"].sheet_state = "veryHidden"

    frame = read_table(saved(["email"], ["a@x.org"], edit=edit))
    assert notices(frame) == ["people.xlsx: Excel, sheet 'Sheet'", "  1 hidden sheet left out"]
    with pytest.raises(FrameError, match="no sheet that can be seen holds anything"):
        read_table(saved())


def test_hidden_rows_and_merged_cells_are_said(saved: Any) -> None:
    def edit(book: Any) -> None:
        book.active.row_dimensions[3].hidden = True
        book.active.merge_cells("B2:B3")

    frame = read_table(saved(["email", "team"], ["a@x.org", "A"], ["b@x.org", None], edit=edit))
    said = notices(frame)
    assert "1 row hidden in Excel (by a filter, say), read like all others: row 3" in said[1]
    assert "merged cells hold their value in the first cell only, the others are missing: B2:B3" in said[2]
    assert frame["team"].isna().tolist() == [False, True]


def test_formulas_without_results_are_refused_with_what_to_do(saved: Any) -> None:
    with pytest.raises(
        FrameError, match=r"formulas, but not their results: open it in Excel or LibreOffice and save"
    ):
        read_table(saved(["a", "b"], [1, "=A2*2"]))
    assert read_table(saved(["a", "b"], [1, None]))["b"].isna().all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["a", "a"], [1, 2]], r"row 1 of sheet 'Sheet' names two columns 'a' \(number 1 and 2\)"),
        ([["a"], [1, 2]], "row 2 has 2 cells, but the first row names 1 column"),
        ([["People"], ["a", "b"]], "stand further down, delete the rows above them"),
    ],
)
def test_a_wrong_row_is_refused_by_its_number(saved: Any, rows: list[list[Any]], words: str) -> None:
    with pytest.raises(FrameError, match=words):
        read_table(saved(*rows))


def test_a_damaged_workbook_is_refused(tmp_path: Path, saved: Any) -> None:
    whole = saved(["email"], ["a@x.org"]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FrameError, match=r"cut\.xlsx: the file is damaged"):
        read_table(tmp_path / "cut.xlsx")
