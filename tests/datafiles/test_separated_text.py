"""CSV as programs write it: what its cells become, what is said, and which line is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notebookmail import FrameError, read_table
from notebookmail.datafiles.reading import notices

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(content: str | bytes, name: str = "people.csv", **choices: str) -> pd.DataFrame:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **choices)

    return read


def notes(frame: pd.DataFrame) -> str:
    return " | ".join(frame.attrs["read_table"]["notes"])


@pytest.mark.parametrize(
    ("sep", "words"),
    [(",", "comma-separated"), (";", "semicolon-separated"), ("\t", "tab-separated"), ("|", "pipe-separated")],
)
def test_the_separator_is_found_and_said(read: Any, sep: str, words: str) -> None:
    frame = read(f"name{sep}email\nAnn{sep}a@x.org\n")
    assert frame.to_dict("list") == {"name": ["Ann"], "email": ["a@x.org"]}
    assert frame.attrs["read_table"]["as"] == f"{words}, UTF-8"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("name;amount\nAnn;3,50\nBo;1.234,00\n", ["name", "amount"]),
        ("Name, Vorname;E-Mail\nMeier, Ann;a@x.org\nOtto, Bo;b@x.org\n", ["Name, Vorname", "E-Mail"]),
        ("name,likes,email\nAnn,tea; cake,a@x.org\n", ["name", "likes", "email"]),
        ("name;url;email\nAnn;https://x.org/?a=1,2&b=3|4;a@x.org\n", ["name", "url", "email"]),
        ('name;note\nAnn;"one\ntwo; three, four"\n', ["name", "note"]),
        ("email\na@x.org\n", ["email"]),
        ("name;email\n", ["name", "email"]),
        ("name;email;;\nAnn;a@x.org;;\n", ["name", "email"]),
        ("sep=;\r\nname;email\r\nAnn;a@x.org\r\n", ["name", "email"]),
        ('"sep=|"\nname|email\nAnn|a@x.org\n', ["name", "email"]),
        ("\n\nname;email\nAnn;a@x.org\n", ["name", "email"]),
        ("name\remail\r".replace("\remail", ";email") + "Ann;a@x.org\r", ["name", "email"]),
    ],
)  # fmt: skip
def test_what_stands_in_cells_does_not_mislead_the_separator(read: Any, text: str, columns: list[str]) -> None:
    assert read(text).columns.tolist() == columns


def test_two_separators_that_fit_alike_are_a_question(read: Any) -> None:
    with pytest.raises(FrameError, match=r"comma or semicolon: say which with sep=';' \(--sep\)"):
        read("a,b;c\n1,2;3\n")
    assert read("a,b;c\n1,2;3\n", sep=";").columns.tolist() == ["a,b", "c"]
    assert read("a,b\tc\n1,2\t3\n", name="people.tsv").columns.tolist() == ["a,b", "c"]


@pytest.mark.parametrize(
    ("word", "sep"), [("tab", "\t"), ("\\t", "\t"), ("pipe", "|"), ("^", "^"), ("comma", ",")]
)
def test_a_separator_may_be_said_instead(read: Any, word: str, sep: str) -> None:
    assert read(f"a{sep}b\n1{sep}2\n", sep=word).to_dict("list") == {"a": [1], "b": [2]}


def test_cells_become_values_only_where_they_print_as_they_are_written(read: Any) -> None:
    frame = read(
        "number,paid,points,share,both,long,day,plus\n"
        "007,3.50,1200,3.25,3,12345678901234567890,03/04/2026,+49\n"
        "12,4,7,0.1,4.5,1,2026-01-02,30\n"
    )
    assert frame.iloc[0].tolist() == [
        "007", "3.50", 1200, 3.25, 3, "12345678901234567890", "03/04/2026", "+49",
    ]  # fmt: skip
    assert frame.iloc[1].tolist() == ["12", "4", 7, 0.1, 4.5, "1", "2026-01-02", "30"]
    assert "'number', 'paid', 'long', 'plus'; to reckon" in notes(frame)


def test_a_gap_changes_the_type_of_no_column(read: Any) -> None:
    frame = read("name,qty,vip,share\nAnn,3,TRUE,1.5\nBo,,,\nCy,4, ,2.5\n")
    assert frame["qty"].tolist() == [3, frame["qty"][1], 4]
    assert (str(frame["qty"].dtype), str(frame["vip"].dtype)) == ("Int64", "boolean")
    assert frame.isna().sum().tolist() == [0, 1, 2, 1]
    assert read("name,qty\nAnn,3\nBo,4\n")["qty"].dtype == "int64"


@pytest.mark.parametrize(
    "words", ["TRUE FALSE", "True False", "true false", "WAHR FALSCH", "VRAI FAUX", "VERO FALSO"]
)
def test_false_is_false(read: Any, words: str) -> None:
    yes, no = words.split()
    assert read(f"name,vip\nAnn,{yes}\nBo,{no}\n")["vip"].tolist() == [True, False]


@pytest.mark.parametrize(
    "cells", ["yes no", "TRUE false", "TRUE maybe", "nan inf", "None NaN", "1_000 2", "1e5 -0"]
)
def test_what_is_no_value_stays_text(read: Any, cells: str) -> None:
    assert read("name,x\nAnn,{}\nBo,{}\n".format(*cells.split()))["x"].tolist() == cells.split()


def test_the_cell_that_makes_texts_of_numbers_is_named_by_its_line_and_not_shown(read: Any) -> None:
    said = notes(read("name,qty\nAnn,3\nBo,secret\nCy,4\n"))
    assert "column 'qty' is text, because line 3 holds neither a number" in said
    assert "secret" not in said
    assert notes(read("name,qty\nAnn,3\nBo,4\n")) == ""


def test_errors_of_excel_are_missing_and_said(read: Any) -> None:
    frame = read("name,qty\nAnn,3\nBo,#N/A\nCy,#NV\n")
    assert frame["qty"].isna().tolist() == [False, True, True]
    assert "2 cells with an error of Excel (such as #N/A), taken for missing; the first is in line 3" in notes(
        frame
    )


def test_empty_rows_are_left_out_and_those_between_others_are_said(read: Any) -> None:
    frame = read("name,email\nAnn,a@x.org\n,\n\nBo,b@x.org\n,\n , \n\n")
    assert (frame["name"].tolist(), frame.index.tolist()) == (["Ann", "Bo"], [0, 1])
    assert notes(frame) == "2 empty rows left out: lines 3, 4"


def test_a_short_row_misses_its_last_cells_and_is_said(read: Any) -> None:
    frame = read("name,email\nAnn\nBo,b@x.org\n")
    assert frame["email"].isna().tolist() == [True, False]
    assert "1 row with fewer cells than line 1; what is not there is missing: line 2" in notes(frame)


def test_blanks_around_names_go_and_those_after_separators_too_where_the_header_has_them(read: Any) -> None:
    frame = read(' name , E-Mail,"First\nname"\nAnn , a@x.org, 3\n')
    assert frame.to_dict("list") == {"name": ["Ann "], "E-Mail": ["a@x.org"], "First name": [3]}
    assert read("name,x\nAnn, B\n")["x"].tolist() == [" B"]


def test_blanks_around_a_number_or_a_truth_do_not_make_a_text_of_it(read: Any) -> None:
    frame = read("name,qty,price,vip\nAnn, 3,1.5 ,TRUE \nBo, 4\u00a0, 2.25,FALSE\n")
    assert frame.to_dict("list") == {
        "name": ["Ann", "Bo"],
        "qty": [3, 4],
        "price": [1.5, 2.25],
        "vip": [True, False],
    }
    assert read("name,zip\nAnn, 007\n")["zip"].tolist() == [" 007"]


def test_blanks_of_no_width_in_a_name_go(read: Any) -> None:
    assert read("na\u200bme,\ufeffemail\u2060\nAnn,a@x.org\n").columns.tolist() == ["name", "email"]


def test_columns_without_a_name_are_called_as_pandas_calls_them(read: Any) -> None:
    frame = read(",name\n0,Ann\n")
    assert frame.columns.tolist() == ["Unnamed: 0", "name"]
    assert "a column without a name is called 'Unnamed: 0'" in notes(frame)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the file is empty; the first line has to name the columns"),
        ("\n \n", "the file is empty"),
        (",,\n1,2,3\n", "line 1 is empty"),
        ("name,name\n1,2\n", r"line 1 names two columns 'name' \(number 1 and 2\)"),
        ("name,Unnamed: 2,\n1,2,3\n", "line 2 has 3 cells"),
        ("name,email\nA,a@x.org\nB,b@x.org,1\n", "line 3 has 3 cells, but line 1 names 2 columns"),
        ('name,note\nA,"one\ntwo"\nB,b,c\n', "line 4 has 3 cells"),
        ("sep=;\nname;email\nA;a;b\n", "line 3 has 3 cells, but line 2 names 2 columns"),
        ("email\nann@x.org,bo@x.org\n", "line 2 has 2 cells, but line 1 names 1 column"),
        ("People\nname,email\nA,a\n", "line 2 has 2 cells.* stand further down, delete the lines above them"),
        ('name,note\nA,b\nB,"never ends\nC,c\n', "line 3 begins a quotation that never ends"),
        ('name,note\nA,"b"c\n', 'line 2 has text after a closing "'),
        ('name,note\nA,"' + "x" * 140_000, "line 2 begins a cell longer than"),
        ("name,email\nA,a\0b\n", "line 2 holds a NUL byte"),
        ("name,email\n" + "A,a\n" * 3000 + "B,b\0\n", "line 3002 holds a NUL byte"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_the_line(read: Any, content: str, words: str) -> None:
    with pytest.raises(FrameError, match=rf"people\.csv: {words}") as caught:
        read(content)
    assert not any(person in str(caught.value) for person in ("x.org", "never ends\nC"))


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"sep": "ab"}, "sep='ab' is no separator"),
        ({"sep": '"'}, "is no separator"),
        ({"encoding": "klingon"}, "there is no encoding 'klingon'"),
        ({"encoding": "base64"}, "there is no encoding 'base64'"),
        ({"encoding": "ascii"}, "line 2 is not written in ascii"),
        ({"sheet": "People"}, "sheet= .--sheet. is for Excel workbooks"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(read: Any, choices: dict[str, str], words: str) -> None:
    with pytest.raises(FrameError, match=words):
        read("name,x\nZoë,1\n", **choices)


def test_a_plain_file_has_nothing_to_be_said_about_it_and_a_guess_is_said_first(read: Any) -> None:
    assert notices(read("name,email\nZoë,z@x.org\n")) == []
    assert notices(read("name;email\nAnn;a@x.org\n")) == ["people.csv: semicolon-separated, UTF-8"]
    assert notices(read("name;email\nZoë;z@x.org\n".encode("cp1252"))) == [
        "people.csv: semicolon-separated, cp1252, a guess by the letters ë"
    ]


def test_only_the_first_lines_are_looked_at_for_the_separator_but_all_for_the_types(read: Any) -> None:
    rows = "".join(f"{number};x\n" for number in range(6000))
    frame = read(f"number;x\n{rows}n;x\n")
    assert (len(frame), frame["number"].iloc[[0, -1]].tolist()) == (6001, ["0", "n"])
    assert "because line 6002" in notes(frame)
