"""The server for practice, in a process of its own, until it is interrupted; and a send that is."""

from __future__ import annotations

import signal
import socket
import subprocess
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.command_line import COMMAND, run

from notebookmail.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "people.csv").write_text("name,email\n" + "".join(f"N,n{n}@example.org\n" for n in range(200)))
    (tmp_path / "letter.md").write_text(
        "---\nsubject: Hello {{ name }}\nsender: desk@example.org\n---\nDear {{ name }}"
    )
    return str(tmp_path / "people.csv"), str(tmp_path / "letter.md")


@contextmanager
def serving(*words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*COMMAND, "serve", *words], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_serve_shows_what_arrives_until_it_is_interrupted(files: tuple[str, str]) -> None:
    with serving() as server:
        endpoint = line(server).split()[2].rstrip(";")
        url = line(server).split()[-1]
        assert (
            run("send", *files, "--limit", "1", "--server", f"smtp://{endpoint}").returncode == 1
        )  # the others wait
        assert line(server) == "desk@example.org -> n0@example.org: 'Hello N'\n"
        with urllib.request.urlopen(url, timeout=60) as page:
            assert "n0@example.org" in page.read().decode()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0


def test_an_interrupted_send_says_how_to_go_on(files: tuple[str, str]) -> None:
    with serving("--no-inbox", "--fault", "latency=0.05") as server:
        endpoint = line(server).split()[2].rstrip(";")
        command = [*COMMAND, "send", *files, "--server", f"smtp://{endpoint}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sending:
            assert " -> " in line(server)
            sending.send_signal(signal.SIGINT)
            said, complaint = sending.communicate(timeout=60)
        assert sending.returncode == 1
        assert "The same command goes on where it stopped" in complaint
        assert "Traceback" not in complaint
        assert "pending" in said


def test_a_port_that_is_taken_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port]) == 2
        assert "give --port another number" in capsys.readouterr().err
        assert main(["serve", "--inbox-port", port]) == 2
        assert "give --inbox-port another number" in capsys.readouterr().err
    assert main(["serve", "--port", "99999"]) == 2
