"""The book of suppressions from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from notebookmail.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> str:
    return str(tmp_path / "journal.sqlite")


def test_addresses_are_added_listed_and_taken_out(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ann@example.org", "Bo@example.org", "--reason", "by telephone", "--journal", journal]
    assert main(["suppress", *words]) == 0
    assert main(["suppressed", "--journal", journal]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == ["2 added", told[1]]
    assert [line.split()[0] for line in told[2:]] == ["ann@example.org", "bo@example.org"]
    assert main(["unsuppress", "ann@example.org", "--journal", journal, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": 1}
    assert main(["suppressed", "--journal", journal, "--json"]) == 0
    (left,) = json.loads(capsys.readouterr().out)["suppressed"]
    assert (left["address"], left["cause"], left["reason"]) == ("bo@example.org", "added", "by telephone")


def test_a_book_is_written_to_a_file_and_read_from_it(
    journal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, other = str(tmp_path / "book.csv"), str(tmp_path / "other.sqlite")
    main(["suppress", "ann@example.org", "--reason", "left", "--journal", journal])
    assert main(["suppressed", "--csv", file, "--journal", journal]) == 0
    assert main(["suppress", "--file", file, "--journal", other]) == 0
    capsys.readouterr()
    assert main(["suppressed", "--journal", other, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["suppressed"][0]["reason"] == "left"


@pytest.mark.parametrize("words", [[], ["ann@example.org", "--file", "x.csv"], ["ann"]])
def test_a_wrong_call_is_told(words: list[str], journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suppress", *words, "--journal", journal]) == 2
    assert capsys.readouterr().err


def test_an_empty_book_is_said(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suppressed", "--journal", journal]) == 0
    assert capsys.readouterr().out == "Nobody is suppressed.\n"
