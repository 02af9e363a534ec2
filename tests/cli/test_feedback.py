"""Reading what came back from the command line: a wrong call says so. (A real mailbox: tests/mailbox.)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_password_on_the_command_line_is_refused_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "may", "--mailbox", "imaps://me:hush@imap.example.org"]) == 2
    said = capsys.readouterr().err
    assert "can be read by every user of this machine" in said
    assert "hush" not in said


def test_a_journal_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["feedback", "may", "--mailbox", "imaps://me@imap.example.org", "--journal", str(tmp_path / "none")]
    assert main(words) == 2
    assert "there is no journal" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
