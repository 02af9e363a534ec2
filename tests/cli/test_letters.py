"""Checking, previewing and sending a data file from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.command_line import run
from support.notebook_files import code, printed, text, written

from notebookmail.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "people.csv").write_text("name,email\nAnn,ann@example.org\nBo,bo@example.org\n,cy@example.org\n")
    (tmp_path / "letter.md").write_text("Dear {{ name }},\n\n*hello*.\n")
    return str(tmp_path / "people.csv"), str(tmp_path / "letter.md")


def test_the_demo_sends_its_letters_and_says_where_to_look() -> None:
    shown = run("demo")
    assert shown.returncode == 0, shown.stderr
    assert "13 of 16 rehearsed, 3 failed" in shown.stdout
    assert "column 'contact' is missing" in shown.stdout
    assert "several addresses" in shown.stdout
    assert "550 5.1.1" in shown.stdout
    assert "Dear " in shown.stdout
    assert "Where to look now" in shown.stdout
    assert "01-first-merge.ipynb" in shown.stdout


def test_send_mails_a_csv_and_tells_by_its_exit_code(files: tuple[str, str]) -> None:
    letter = ("--subject", "Hello {{ name }}", "--from", "Desk <desk@example.org>")
    shown = run("send", *files, *letter)
    assert (shown.returncode, "2 of 3 rehearsed, 1 failed" in shown.stdout) == (1, True)


def test_send_writes_the_letters_into_a_folder(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["send", *files, "--subject", "Hello", "--from", "Desk <desk@example.org>", "--no-journal"]
    assert main([*call, "--folder", str(tmp_path / "letters")]) == 1
    assert "2 of 3 written, 1 failed" in capsys.readouterr().out
    assert len(list((tmp_path / "letters").glob("*.eml"))) == 2
    assert main([*call, "--folder", str(tmp_path / "letters"), "--preset", "gmail"]) == 2
    assert "--folder and --preset name two places" in capsys.readouterr().err


def test_a_dry_run_succeeds_when_every_row_can_be_built(files: tuple[str, str]) -> None:
    letter = ("--subject", "Hello {{ name }}", "--from", "Desk <desk@example.org>", "--dry-run")
    assert run("send", *files, *letter).returncode == 1  # one has no name
    shown = run("send", *files, *letter[:1], "Hello {{ name | default('you') }}", *letter[2:], "--limit", "2")
    assert (shown.returncode, " ready" in shown.stdout) == (0, True)


def test_any_data_file_is_read_and_what_was_guessed_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, letter = tmp_path / "people.csv", tmp_path / "letter.txt"
    letter.write_text(
        "{{ name }} {{ number }} {{ qty * 2 if qty else 0 }} {% if vip %}VIP{% else %}guest{% endif %}"
    )
    data.write_bytes(
        "name;email;number;qty;vip\nZoë;z@x.org;007;;FALSE\nBo;b@x.org;3.50;3;TRUE\n".encode("cp1252")
    )
    words = ["preview", str(data), str(letter), "--subject", "S", "--from", "d@x.org", "--pick", "2"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert "Zoë 007 0 guest" in shown.out
    assert "Bo 3.50 6 VIP" in shown.out
    assert shown.err.startswith("people.csv: semicolon-separated, cp1252, a guess by the letters ë\n")
    assert main([*words, "--sep", ",", "--encoding", "latin-1"]) == 2
    assert "'name;email;number;qty;vip'" in capsys.readouterr().err


def test_the_sheet_of_a_workbook_is_said_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    with pd.ExcelWriter(tmp_path / "people.xlsx") as book:
        pd.DataFrame({"email": ["a@x.org"]}).to_excel(book, sheet_name="Staff", index=False)
        pd.DataFrame({"email": ["b@x.org"]}).to_excel(book, sheet_name="Guests", index=False)
    (tmp_path / "letter.txt").write_text("Hello")
    words = [
        "check",
        str(tmp_path / "people.xlsx"),
        str(tmp_path / "letter.txt"),
        "--subject",
        "S",
        "--from",
        "d@x.org",
    ]
    assert main(words) == 2
    assert "there are: 'Staff', 'Guests'" in capsys.readouterr().err
    assert main([*words, "--sheet", "Guests"]) == 0


def test_a_file_whose_columns_would_shift_is_refused_by_the_line(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.csv").write_text("name,email\nA,a@x.org\nB,b@x.org,1\n")
    assert main(["check", *files, "--subject", "S", "--from", "d@x.org"]) == 2
    assert "line 3 has 3 cells, but line 1 names 2 columns" in capsys.readouterr().err


def test_check_tells_by_its_exit_code_whether_there_are_errors(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["check", *files, "--from", "Desk <desk@example.org>", "--subject"]
    assert main([*words, "Hello {{ name }}"]) == 1
    assert "column 'name' is missing" in capsys.readouterr().out
    assert main([*words, "Hello", "--limit", "2"]) == 0
    assert "reserved for examples" in capsys.readouterr().out
    assert main([*words, "Hello", "--server", "nonsense"]) == 2


def test_check_sends_nothing_and_names_no_one(files: tuple[str, str]) -> None:
    shown = run("check", *files, "--subject", "Hello {{ nickname }}", "--from", "desk@example.org")
    assert (shown.returncode, shown.stderr) == (1, "")
    assert "there is no column 'nickname'" in shown.stdout
    assert "@" not in run("check", *files, "--subject", "x", "--from", "desk@example.org").stdout


def test_preview_prints_the_first_message_or_the_row_that_is_asked_for(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["preview", *files, "--subject", "Hello {{ name }}", "--from", "Desk <desk@example.org>"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "To: ann@example.org\nSubject: Hello Ann\n\nDear Ann," in shown
    assert "reserved for examples" not in shown
    assert "Nobody gets mail at example.org" in shown
    assert main([*words, "--row", "1"]) == 0
    assert "Subject: Hello Bo" in capsys.readouterr().out
    assert main([*words, "--row", "2"]) == 1
    assert "column 'name' is missing" in capsys.readouterr().out.lower()
    assert main([*words, "--group-by", "email", "--row", "bo@example.org"]) == 0
    assert "Subject: Hello Bo" in capsys.readouterr().out


def test_preview_shows_the_odd_rows_with_why(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["preview", *files, "--subject", "Hello {{ name }}", "--from", "desk@example.org", "--pick"]
    assert main([*words, "extremes"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("Row 2: has an error")
    assert "the shortest subject, 8 characters" in shown
    assert main([*words, "2"]) == 1
    assert capsys.readouterr().out.count("Row ") == 2
    assert main([*words, "odd"]) == 2
    assert main([*words[:-1], "--row", "9"]) == 2
    assert "no row has the label '9'" in capsys.readouterr().err


def test_preview_writes_a_page_and_never_over_another_unless_told_to(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "letters.html"
    words = ["preview", *files, "--subject", "Hello {{ name }}", "--from", "desk@example.org", "--html", str(page)]
    assert main(words) == 1  # one has no name
    assert "3 letters" in capsys.readouterr().out
    assert page.read_text("utf-8").startswith("<!doctype html>")
    page.write_text("mine")
    assert main(words) == 2
    assert "--force" in capsys.readouterr().err
    assert page.read_text() == "mine"
    assert main([*words, "--force"]) == 1
    assert "Dear Ann" in page.read_text("utf-8")
    assert main([*words[:-1], str(tmp_path / "nowhere" / "x.html")]) == 2


def test_a_wrong_call_is_exit_code_2(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    letter = ["--subject", "{{ nickname }}", "--from", "Desk <desk@example.org>"]
    assert main(["send", *files, *letter]) == 2
    assert "nickname" in capsys.readouterr().err
    assert main(["send", "/nowhere.csv", files[1], *letter]) == 2
    assert "cannot be read as CSV" in capsys.readouterr().err


def test_a_file_with_front_matter_says_all_there_is_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.csv").write_text("name,email\nAnn,ann@x.org\nAnn,ann@x.org\nBo,bo@y.org\n")
    (tmp_path / "letter.md").write_text(
        "---\nsubject: Hello {{ name }}\nsender: desk@z.org\n---\nDear {{ name }}, {{ rows | length }} things"
    )
    files = (str(tmp_path / "people.csv"), str(tmp_path / "letter.md"))
    assert main(["send", *files, "--group-by", "email", "--confirm", "2", "--dry-run"]) == 0
    assert main(["check", *files, "--group-by", "email"]) == 0
    assert main(["check", *files, "--group-by", "name", "--subject", "{{ nothing }}"]) == 1
    assert "there is no column 'nothing'" in capsys.readouterr().out


WORDS = ("--from", "Desk <desk@example.org>", "--subject")


def test_what_programs_read_is_one_object_and_nothing_else(files: tuple[str, str]) -> None:
    shown = run("send", *files, *WORDS, "Hello {{ name }}", "--json")
    told = json.loads(shown.stdout)
    assert (shown.returncode, told["counts"]["sent"], told["counts"]["failed"]) == (1, 2, 1)
    assert [(row["row"], row["to"], row["status"]) for row in told["rows"]] == [
        (0, "ann@example.org", "sent"), (1, "bo@example.org", "sent"), (2, "cy@example.org", "failed"),
    ]  # fmt: skip
    assert told["rows"][0]["code"] == 250
    assert told["rows"][2]["sent_at"] is None
    assert "2 of 3 rehearsed, 1 failed" in shown.stderr


def test_checks_and_previews_are_told_to_programs(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *files, *WORDS, "Hello {{ name }}", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["counts"]["error"]) == (False, 1)
    assert {"row", "severity", "kind", "field", "message", "remedy"} == set(told["findings"][0])
    assert main(["preview", *files, *WORDS, "Hello {{ name }}", "--json", "--pick", "3"]) == 1
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["row"] for row in rows] == [0, 1, 2]
    assert rows[0]["message"]["subject"] == "Hello Ann"
    assert "Dear Ann" in rows[0]["message"]["text"]
    assert (rows[2]["message"], rows[2]["findings"][0]["severity"]) == (None, "error")


def test_programs_are_told_what_was_wrong_with_the_call(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["send", *files, *WORDS, "Hello {{ nickname }}", "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["kind"] == "FrameError"
    assert "nickname" in json.loads(shown.out)["error"]["message"]
    assert "nickname" in shown.err


def test_a_row_and_a_pick_contradict_each_other(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preview", *files, *WORDS, "Hello", "--row", "1", "--pick", "2"]) == 2
    assert "give one of them" in capsys.readouterr().err


def test_a_notebook_is_a_letter_too(
    tmp_path: Path, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    report = str(written(tmp_path, text("# Sales"), code("f()", printed("in May")), text("for us", "mail")))
    call = [files[0], report, "--from", "Desk <desk@example.org>"]
    assert main(["send", *call, "--no-journal", "--folder", str(tmp_path / "letters")]) == 0
    letter = min((tmp_path / "letters").glob("*.eml")).read_text()
    assert "Subject: Sales" in letter
    assert "in May" in letter
    assert "f()" not in letter
    assert main(["preview", *call, "--tag", "mail", "--json"]) == 0
    assert "in May" not in capsys.readouterr().out.splitlines()[-1]


def test_options_of_notebooks_are_for_notebooks(
    tmp_path: Path, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *files, "--subject", "S", "--parameter", "region"]) == 2
    assert "--parameter, --code and --tag are for notebooks" in capsys.readouterr().err
    report = str(written(tmp_path, text("# Sales"), code("region = 1", tags=("parameters",))))
    assert main(["check", files[0], report, "--from", "a@example.org", "--parameter", "area=name"]) == 2
    assert "has no parameter 'area'" in capsys.readouterr().err
