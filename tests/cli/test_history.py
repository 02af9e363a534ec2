"""What was sent before, listed and forgotten from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.command_line import run, run_in_a_terminal, without_steering

from notebookmail import Sandbox, Template, send_frame
from notebookmail.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def journal(tmp_path: Path) -> str:
    """A journal with a campaign that has a name and one that has none."""
    path = tmp_path / "journal.sqlite"
    df = pd.DataFrame({"email": ["ann@example.org", "bo@example.org"]})
    template = Template("Hello", text="hello", sender="desk@example.org")
    async with Sandbox() as box:
        await send_frame(df, template, box.server, campaign="may-letters", journal=path, progress=False)
        await send_frame(df.head(1), template, box.server, journal=path, progress=False)
    return str(path)


def test_campaigns_are_listed_by_name_or_digest(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaigns", "--journal", journal]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["campaign", "last", "run", "server", "sender", "sent"]
    assert any(line.startswith("may-letters") and line.endswith("2") for line in lines)
    assert main(["campaigns", "--journal", journal, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["campaigns"]
    assert sorted((each["name"], each["sent"]) for each in told) == [("", 1), ("may-letters", 2)]
    assert told[0]["last_run"].endswith("Z")


def test_nothing_sent_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaigns", "--journal", str(tmp_path / "none.sqlite")]) == 0
    assert "Nothing was sent yet" in capsys.readouterr().out
    assert not (tmp_path / "none.sqlite").exists()


def test_a_campaign_is_forgotten_only_when_that_is_confirmed(
    journal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = run_in_a_terminal("forget", "may-letters", "--journal", journal, answers=[("[y/N]", "n")])
    assert (code, "nothing was forgotten" in without_steering(shown)) == (1, True)
    code, shown = run_in_a_terminal("forget", "may-letters", "--journal", journal, answers=[("[y/N]", "y")])
    assert (code, "2 rows of 'may-letters' forgotten" in without_steering(shown)) == (0, True)
    assert main(["forget", "may-letters", "--journal", journal, "--yes"]) == 2
    assert "may-letters" in capsys.readouterr().err


def test_nobody_to_ask_means_no(journal: str) -> None:
    shown = run("forget", "may-letters", "--journal", journal)
    assert shown.returncode == 1
    assert json.loads(run("campaigns", "--journal", journal, "--json").stdout)["campaigns"][0]["sent"] in {1, 2}
    told = run("forget", "may-letters", "--journal", journal, "--yes", "--json")
    assert json.loads(told.stdout) == {"forgotten_rows": 2}


def test_campaigns_are_completed(journal: str) -> None:
    words = f"notebookmail forget --journal {journal} may"
    shown = run(_NOTEBOOKMAIL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="4")
    assert "plain,may-letters" in shown.stdout.splitlines()


def test_the_campaign_that_a_letter_follows_is_completed(journal: str) -> None:
    words = f"notebookmail send --journal {journal} --follows may"
    shown = run(_NOTEBOOKMAIL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="5")
    assert "plain,may-letters" in shown.stdout.splitlines()
