"""The peers themselves, driven by smtplib: what a test reads back from them is what was sent."""

from __future__ import annotations

import gc
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from peers import Arrival, Peer, PeerMissing, Setup, collector, smtp_server, smtp_sink
from peers.process import wait_until
from support.server_scenarios import CAST

if TYPE_CHECKING:
    from conftest import Certificates

pytestmark = pytest.mark.peer

SENDER = "analyst@example.com"
RECIPIENTS = ("ann@example.org", "bob@example.org")
CONTENT = (
    b"Subject: Figures\r\nX-Rcpt-Args: <forged@example.org>\r\nReceived: from nowhere\r\n\tby nobody\r\n\r\n"
    b".a line with a dot\r\n..\r\n\r\n8 bit: \xc3\xa9\xff\r\n\tthe end\r\n\r\n"
)
# Some 200 bytes in a line, many lines: more than any buffer on the way.
LARGE = b"Subject: Large\r\n\r\n" + (b"x" * 200 + b"\r\n") * 5000


@pytest.fixture(params=["postfix_sink", "node_server"])
def peer(request: pytest.FixtureRequest) -> Peer:
    """Each of the servers in turn."""
    found: Peer = request.getfixturevalue(request.param)
    return found


def deliver(peer: Peer, *contents: bytes, recipients: tuple[str, ...] = RECIPIENTS) -> None:
    with smtplib.SMTP(peer.host, peer.port, local_hostname="localhost", timeout=10) as client:
        for content in contents:
            client.sendmail(SENDER, recipients, content)


def grouped(peer: Peer, group: bytes, codes: list[str], *, client: socket.socket) -> None:
    """Send a group of commands in one piece and await one reply with each of the codes."""
    client.sendall(group)
    received = b""
    while received.count(b"\r\n") < len(codes):
        received += client.recv(4096)
    assert [line[:3].decode() for line in received.splitlines()] == codes


def test_a_message_is_read_back_as_it_was_sent(peer: Peer) -> None:
    deliver(peer, CONTENT)
    assert peer.arrivals() == [Arrival(SENDER, RECIPIENTS, CONTENT)]


def test_a_large_message_is_read_back_whole(peer: Peer) -> None:
    deliver(peer, LARGE)
    assert [arrival.content for arrival in peer.arrivals()] == [LARGE]


def test_nothing_is_read_back_before_anything_arrived(peer: Peer) -> None:
    assert peer.arrivals() == []


def test_every_message_is_read_back_once(peer: Peer) -> None:
    contents = [b"Subject: %d\r\n\r\nbody\r\n" % number for number in range(50)]
    deliver(peer, *contents)
    assert sorted(arrival.content for arrival in peer.arrivals()) == sorted(contents)


def test_content_and_the_next_envelope_may_come_in_one_group(peer: Peer) -> None:
    envelope = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{RECIPIENTS[0]}>\r\nDATA\r\n".encode()
    with socket.create_connection((peer.host, peer.port), timeout=10) as client:
        grouped(peer, b"", ["220"], client=client)
        grouped(peer, b"HELO localhost\r\n", ["250"], client=client)
        grouped(peer, envelope, ["250", "250", "354"], client=client)
        for _ in range(3):
            grouped(peer, b"A: b\r\n\r\nc\r\n.\r\n" + envelope, ["250", "250", "250", "354"], client=client)
        grouped(peer, b"A: b\r\n\r\nc\r\n.\r\nQUIT\r\n", ["250", "221"], client=client)
    assert [arrival.content for arrival in peer.arrivals()] == [b"A: b\r\n\r\nc\r\n"] * 4


def test_the_port_is_free_again_after_the_end(tmp_path: Path) -> None:
    for serve in (smtp_sink, smtp_server):
        with serve(tmp_path / serve.__name__) as peer:
            deliver(peer, CONTENT)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((peer.host, peer.port), timeout=10)


def test_the_sink_answers_as_its_options_say() -> None:
    with smtp_sink(options=("-r", "rcpt")) as peer, pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        deliver(peer, CONTENT)
    assert {code for code, _ in refusal.value.recipients.values()} == {450}


def test_a_server_without_a_folder_keeps_nothing_to_read_back() -> None:
    for serve in (smtp_sink, smtp_server):
        with serve() as peer:
            deliver(peer, CONTENT)
            with pytest.raises(ValueError, match="discards"):
                peer.arrivals()


def test_a_refused_recipient_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with (
        smtp_server(tmp_path, refuse=[RECIPIENTS[0]]) as peer,
        smtplib.SMTP(peer.host, peer.port, local_hostname="localhost", timeout=10) as client,
    ):
        refused = client.sendmail(SENDER, RECIPIENTS, CONTENT)
        assert refused == {RECIPIENTS[0]: (550, b"5.1.1 No such user here")}
        assert peer.arrivals() == [Arrival(SENDER, RECIPIENTS[1:], CONTENT)]


def test_starttls_and_auth_are_offered_when_asked_for(tmp_path: Path, certificates: Certificates) -> None:
    with (
        smtp_server(
            tmp_path, credentials=("ann", "secret"), certificate=(certificates.chain, certificates.key)
        ) as peer,
        smtplib.SMTP("localhost", peer.port, local_hostname="localhost", timeout=10) as client,
    ):
        client.starttls(context=ssl.create_default_context(cafile=str(certificates.authority)))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("ann", "guess")
        client.login("ann", "secret")
        client.sendmail(SENDER, RECIPIENTS, CONTENT)
        assert peer.arrivals() == [Arrival(SENDER, RECIPIENTS, CONTENT)]


def test_options_of_smtp_server_reach_it() -> None:
    with (
        smtp_server(hidePIPELINING=True, size=1000) as peer,
        smtplib.SMTP(peer.host, peer.port, local_hostname="localhost", timeout=10) as client,
    ):
        client.ehlo()
        assert not client.has_extn("pipelining")
        assert client.esmtp_features["size"] == "1000"


EVERY_KIND = ("aiosmtpd", "dovecot", "exim", "maildev", "opensmtpd", "postfix", "smtp-server")

# What a test run that is killed leaves to do.
RUN_UNTIL_KILLED = """
import sys
from pathlib import Path
from support.server_scenarios import CAST
from peers import PeerMissing, Setup
name, folder, *certificate = sys.argv[1:]
try:
    with CAST[name].start(Path(folder), Setup(certificate=tuple(map(Path, certificate)))) as peer:
        print(peer.port, flush=True)
        sys.stdin.read()
except PeerMissing as reason:
    print(reason)
"""


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionError:  # refused, or taken by one that is just going
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_KIND)
def test_no_port_and_no_process_is_left_after_the_end(
    name: str, tmp_path: Path, certificates: Certificates
) -> None:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = children.read_text()
    with CAST[name].start(tmp_path, Setup(certificate=(certificates.chain, certificates.key))) as peer:
        ports = [port for port in (peer.port, peer.tls_port) if port]
        wait_until(lambda: all(map(is_listening, ports)), lambda: f"not listening: {ports}")
    assert [port for port in ports if is_listening(port)] == []
    assert children.read_text() == before


def test_aiosmtpd_leaves_no_connection_open_that_it_accepted_at_the_last_moment() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(20):
            with collector(Setup()) as peer:
                socket.create_connection((peer.host, peer.port)).close()
        gc.collect()
    assert [str(each.message) for each in told] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exim", "maildev", "smtp-server"])
def test_a_killed_test_run_leaves_no_server_behind(name: str, tmp_path: Path, certificates: Certificates) -> None:
    files = [str(file) for file in (certificates.chain, certificates.key)]
    with subprocess.Popen(
        [sys.executable, "-c", RUN_UNTIL_KILLED, name, str(tmp_path), *files],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        said = run.stdout.readline().strip()
        if not said.isdecimal():
            pytest.skip(said)
        assert is_listening(int(said))
        run.kill()
    wait_until(lambda: not is_listening(int(said)), lambda: f"{name} still listens")


def test_a_missing_server_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificates: Certificates
) -> None:
    for name in ("NOTEBOOKMAIL_PEERS", "NOTEBOOKMAIL_NODE_MODULES", "NODE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr("pathlib.Path.is_file", lambda _: False)
    for serve, name in ((smtp_sink, "smtp-sink"), (smtp_server, "smtp-server")):
        with pytest.raises(PeerMissing, match=f"{name} is missing"), serve():
            pass
    setup = Setup(certificate=(certificates.chain, certificates.key))
    for name in ("dovecot", "exim", "maildev", "opensmtpd", "postfix"):
        with pytest.raises(PeerMissing, match=f"{name}.* is missing"), CAST[name].start(tmp_path, setup):
            pass
