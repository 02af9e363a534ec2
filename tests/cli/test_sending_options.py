"""What `send` can be told beside its letters: whom they follow, where bounces go, whom not to leave out."""

from __future__ import annotations

import json
from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from support.command_line import run

from notebookmail import Sandbox, read_feedback_sync, suppress
from notebookmail.cli import main

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 12


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    rows = "".join(f"P{number},p{number}@example.com\n" for number in range(COUNT))
    (tmp_path / "people.csv").write_text(f"name,email\n{rows}")
    (tmp_path / "letter.md").write_text("---\nsubject: Points\nsender: desk@example.org\n---\nDear {{ name }}")
    (tmp_path / "again.md").write_text(
        "---\nsubject: 'Re: Points'\nsender: desk@example.org\n---\nDear {{ name }}?"
    )
    return str(tmp_path / "people.csv"), str(tmp_path / "letter.md")


def test_the_next_letter_is_checked_and_sent_to_those_who_are_silent(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = ("--journal", str(tmp_path / "j"))
    again = (files[0], str(tmp_path / "again.md"), "--follows", "may", *journal)
    with Sandbox({"reply": 0.5}) as box:
        server = ("--server", f"smtp://{box.server.endpoint}")
        assert main(["send", *files, *server, "--campaign", "may", *journal]) == 0
        assert main(["send", *again, *server]) == 2
        assert "who has not answered is not known" in capsys.readouterr().err
        replies = read_feedback_sync(box.mailbox, "may", journal=tmp_path / "j").counts["replied"]
        main(["check", *again, *server])
        assert f"{replies} answered 'may' on" in capsys.readouterr().out
        sent = run("send", *again, *server, "--json")
        main(["send", *again, *server, "--only", "replied", "--after", "5d", "--json"])
    assert 0 < replies < COUNT
    assert json.loads(sent.stdout)["counts"]["sent"] == COUNT - replies == len(box.received) - COUNT
    assert {each["References"] for each in box.messages[COUNT:]} < {each["Message-ID"] for each in box.messages}
    hints = [row["hint"] for row in json.loads(capsys.readouterr().out)["rows"]]
    assert sum("after= lets it rest" in each for each in hints) == replies


def test_bounces_come_to_the_mailbox_that_is_named_unless_nobody_shall_be_told(
    files: tuple[str, str], tmp_path: Path
) -> None:
    words = ["send", *files, "--bounce-to", "bounces@example.net", "--verp", "--journal", str(tmp_path / "j")]
    with Sandbox({"bounce": 1}) as box:
        words += ["--server", f"smtp://{box.server.endpoint}"]
        assert main([*words, "--campaign", "told"]) == 0
        assert main([*words, "--campaign", "untold", "--notify", "never"]) == 0
        counts = [
            read_feedback_sync(box.mailbox, name, journal=tmp_path / "j").counts["bounced"]
            for name in ("untold", "told")
        ]
    assert counts == [0, COUNT]
    assert len({each.mail_from for each in box.received}) == 2 * COUNT
    assert all(each.mail_from.startswith("bounces+") for each in box.received)


def test_who_is_never_mailed_again_is_mailed_when_that_is_said(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = str(tmp_path / "j")
    suppress(["p3@example.com"], "asked by telephone", journal)
    words = [*files, "--journal", journal]
    assert main(["send", *words, "--folder", str(tmp_path / "skipped"), "--campaign", "a"]) == 1
    assert (
        main(["send", *words, "--folder", str(tmp_path / "all"), "--campaign", "b", "--suppressed", "send"]) == 0
    )
    found = [len(list((tmp_path / each).glob("*.eml"))) for each in ("skipped", "all")]
    assert found == [COUNT - 1, COUNT]
    capsys.readouterr()
    main(["check", *words, "--json"])
    (left,) = json.loads(capsys.readouterr().out)["left_out"]
    assert (left["row"], left["reason"].endswith("by you (asked by telephone)")) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "all"], "only= and after= are about the campaign that follows= names"),
        (["--follows", "april", "--journal", "{}/none"], "there is no campaign 'april'"),
        (["--follows", "april", "--no-journal"], "what follows= names is known by the journal"),
        (["--follows", "april", "--after", "soon"], "after='soon'"),
        (["--verp", "--bounce-to", "nobody"], "bounce_to is not one mailbox"),
        (["--notify", "never", "--notify", "delay"], "never"),
        (["--drafts", "imaps://me:hush@imap.example.org"], "can be read by every user of this machine"),
        (["--drafts", "nonsense@host"], "imaps://user@imap.example.org:993"),
        (["--drafts", "imaps://me@imap.example.org", "--folder", "x"], "--folder and --drafts name two places"),
        (
            ["--drafts", "imaps://me@imap.example.org", "--preset", "gmail"],
            "--drafts and --preset name two places",
        ),
        (["--save-sent", "server"], "--save-sent server is the mailbox of who sends"),
        (["--save-sent", "nobody"], "there is no profile 'nobody'"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_sends_nothing(
    words: list[str], said: str, files: tuple[str, str], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(StringIO()) as shown:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert main(["send", *files, *(each.format(tmp_path) for each in words)]) == 2
    assert said in shown.getvalue()
    assert "hush" not in shown.getvalue()
