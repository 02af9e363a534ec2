"""Who logs in is asked for at once, where somebody is there to ask."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

ASK = """
from notebookmail import Server
print("asked:", Server.preset("gmail", password="x").username)
"""
QUESTION = "User name at smtp.gmail.com (such as me@gmail.com): "


def test_a_terminals_user_is_asked() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        while QUESTION.encode() not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, b"you@gmail.com\n")
        try:
            while piece := os.read(ours, 1024):
                seen += piece
        except OSError:  # Linux's way to say that the other end is closed
            pass
        assert process.wait(timeout=60) == 0, seen.decode()
    os.close(ours)
    assert b"asked: you@gmail.com" in seen


def test_without_a_terminal_nobody_is_waited_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "the preset 'gmail' wants username='me@gmail.com'" in done.stderr
