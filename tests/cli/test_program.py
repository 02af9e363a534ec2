"""The program as a whole: help, mistakes, exit codes, completion, colours, and how soon it begins."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.command_line import run, run_in_a_terminal, without_steering

from notebookmail.cli import main
from notebookmail.cli.program import program

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = list(program.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: notebookmail {command}")
    assert "Examples:\n  " in shown
    assert f"notebookmail {command}" in shown.partition("Examples:")[2]


def test_the_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-h"]) == 0
    shown = capsys.readouterr().out
    assert [
        line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines() if line[2:3].strip()
    ] == COMMANDS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sned"], "did you mean send?"),
        (["xyzzy"], "there are: demo, check"),
        (["send", "--sbject", "x"], "--subject"),
        (["send", "people.csv"], "Missing argument 'LETTER'"),
        (["forget"], "Missing argument 'CAMPAIGN'"),
        (["check", "a", "b", "--duplicates", "no"], "'no' is not one of"),
        (["verify", "--preset", "gmail", "--server", "smtp://h"], "--server and --preset name two servers"),
        (["verify", "--preset", "gmial"], "did you mean 'gmail'?"),
        (["verify", "--server", "smtp://h", "--region", "x"], "--region goes with --preset ses"),
        (["serve", "--fault", "greylist"], "say how much of it"),
        (["serve", "--fault", "grylist=3"], "grylist"),
        (["verify", "--profile", "work"], "work"),
        (["verify", "--server", "smtp://h", "--sender", "desk"], "has no @"),
        (["verify", "--server", "smtp://h", "--to", "desk"], "has no @"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_answered_with_what_is_right(
    words: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(words) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_a_password_among_the_words_is_refused_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--server", "smtps://me:hunter2@smtp.example.org"]) == 2
    shown = capsys.readouterr()
    assert "can be read by every user of this machine" in shown.err
    assert "hunter2" not in shown.err + shown.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell: str) -> None:
    shown = run("completion", shell)
    assert shown.returncode == 0
    assert f"_NOTEBOOKMAIL_COMPLETE={shell}_complete" in shown.stdout


@pytest.mark.parametrize(
    ("words", "index", "offered"),
    [("notebookmail se", 1, "send"), ("notebookmail send --pre", 2, "--preset"),
     ("notebookmail verify --preset gma", 3, "gmail"), ("notebookmail send --profile w", 3, "work"),
     ("notebookmail send --drafts w", 3, "work"), ("notebookmail send --save-sent se", 3, "server"),
     ("notebookmail check --only re", 3, "replied"), ("notebookmail send --notify fa", 3, "failure")],
)  # fmt: skip
def test_words_are_completed(words: str, index: int, offered: str, tmp_path: Path) -> None:
    (tmp_path / "notebookmail").mkdir()
    (tmp_path / "notebookmail" / "servers.toml").write_text('[work]\nhostname = "smtp.example.org"\n')
    shown = run(
        _NOTEBOOKMAIL_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(index),
        XDG_CONFIG_HOME=str(tmp_path),
    )
    assert f"plain,{offered}" in shown.stdout.splitlines()


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,email\nAnn,ann@example.org\n,bo@example.org\n")
    (tmp_path / "letter.md").write_text("---\nsubject: Hi\nsender: desk@example.org\n---\nDear {{ name }}")
    words = ("send", str(tmp_path / "people.csv"), str(tmp_path / "letter.md"))
    code, shown = run_in_a_terminal(*words)
    assert code == 1
    assert "\x1b[34m" in shown  # what was rehearsed is blue
    assert "1 of 2 rehearsed, 1 failed" in without_steering(shown)
    code, plain = run_in_a_terminal(*words, environment={"NO_COLOR": "1"})
    assert code == 1
    assert "\x1b[34m" not in plain
    assert "\x1b" not in run(*words).stdout


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom notebookmail.cli import main\nmain(['send', '--help'])\n"
        "print([name for name in ('pandas', 'asyncio', 'jinja2', 'rich', 'aiosmtpd', 'http.server') "
        "if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.splitlines()[-1] == "[]"
