"""Drafts and copies of what was sent, as the command line makes them, in a real mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from peers import Setup, collector
from support.command_line import run

from notebookmail import Server
from notebookmail.cli.mailbox_options import chosen_mailbox, mailbox_for_copies
from notebookmail.privacy.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from support.imap_users import User


@pytest.mark.peer
def test_letters_become_drafts_and_what_is_sent_is_filed(user: User, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\nann@example.com\nbo@example.com\n")
    (tmp_path / "letter.md").write_text("---\nsubject: Points\nsender: desk@example.org\n---\nHello")
    files = (str(tmp_path / "people.csv"), str(tmp_path / "letter.md"), "--journal", str(tmp_path / "j"))
    place = f"imap://{user.name}@{user.peer.host}:{user.peer.port}"
    secret = {"NOTEBOOKMAIL_PASSWORD": user.peer.password}
    drafts = run("send", *files, "--drafts", place, **secret)
    assert (drafts.returncode, user.count("Drafts")) == (0, 2), drafts.stderr
    with collector(Setup()) as server:
        to = ("--server", f"smtp://{server.host}:{server.port}")
        copied = run("send", *files, *to, "--save-sent", place, **secret)
        arrived = [each.content for each in server.arrivals()]
    assert (copied.returncode, len(arrived)) == (0, 2), copied.stderr
    assert sorted(content for _, content in user.found("Sent")) == sorted(arrived)
    assert user.peer.password not in drafts.stdout + drafts.stderr + copied.stdout + copied.stderr


def test_a_mailbox_is_named_by_its_url_by_a_profile_or_by_the_account_that_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "notebookmail").mkdir()
    (tmp_path / "notebookmail" / "servers.toml").write_text(
        '[work]\npreset = "gmail"\nusername = "me@gmail.com"\n'
    )
    gmail = Server.preset("gmail", username="me@gmail.com")
    found = [
        chosen_mailbox(Secret("imaps://me@imap.example.org")),
        chosen_mailbox(Secret("work")),
        mailbox_for_copies(Secret("work"), None),
        mailbox_for_copies(Secret("server"), gmail),
    ]
    assert [each.name for each in found] == ["imap.example.org/me", *["imap.gmail.com/me@gmail.com"] * 3]
