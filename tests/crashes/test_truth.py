"""The server that is believed: what it says it accepted, it accepted, whatever its clients were told."""

from __future__ import annotations

import json
import smtplib
import socket

import pytest

from crashes.truth import HOST, Temper, Truth, truth

DOMAIN = "c1.example.org"
RECIPIENT = f"ann@{DOMAIN}"
CONTENT = "Message-ID: <1@example.com>\r\n\r\nFigures.\r\n"
GROUP = f"MAIL FROM:<a@example.com>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n"


def send(port: int, recipient: str = RECIPIENT) -> None:
    with smtplib.SMTP(HOST, port, local_hostname="localhost", timeout=10) as client:
        client.sendmail("a@example.com", [recipient], CONTENT)


def send_and_vanish(server: Truth, content: str) -> None:
    with socket.create_connection((HOST, server.port), timeout=10) as client, client.makefile("rb") as replies:
        client.sendall(GROUP.encode())
        assert [replies.readline()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"354"]
        client.sendall(content.encode())


def test_what_is_accepted_is_remembered_by_domain_with_its_message_id() -> None:
    with truth(Temper(), 1) as server:
        for port in (server.port, server.plain_port):
            send(port)
        send(server.port, "bob@elsewhere.example.org")
        account = server.account(DOMAIN)
    assert account.accepted == [RECIPIENT, RECIPIENT]
    assert account.message_ids == {RECIPIENT: ["<1@example.com>"] * 2}
    assert account.broken == 0


@pytest.mark.parametrize(
    ("temper", "accepted"), [(Temper(silent=1.0), 1), (Temper(drops=1.0), 0), (Temper(hangs_up=1.0), 0)]
)
def test_a_client_without_an_answer_cannot_tell_what_the_account_can(temper: Temper, accepted: int) -> None:
    with truth(temper, 1) as server:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(server.port)
        account = server.account(DOMAIN)
        assert (len(account.accepted), account.broken) == (accepted, 1)
        assert server.account(DOMAIN).broken == 0  # it counts from account to account


def test_what_is_put_off_is_not_accepted() -> None:
    with truth(Temper(puts_off=1.0), 1) as server:
        with pytest.raises(smtplib.SMTPDataError, match="later"):
            send(server.port)
        assert server.account(DOMAIN).accepted == []


@pytest.mark.parametrize(("ending", "accepted"), [(".\r\n", 1), (".\r", 0), ("", 0)])
def test_what_a_dead_client_left_in_its_socket_is_read_before_the_account_is_given(
    ending: str, accepted: int
) -> None:
    with truth(Temper(slow_seconds=0.01), 1) as server:
        for _ in range(20):
            send_and_vanish(server, CONTENT + ending)
        account = server.account(DOMAIN)
    assert len(account.accepted) == 20 * accepted
    assert account.broken == 20


def test_the_account_waits_for_who_is_still_connected() -> None:
    with (
        truth(Temper(), 1) as server,
        socket.create_connection((HOST, server.port), timeout=10) as asking,
        socket.create_connection((HOST, server.port), timeout=10) as client,
        asking.makefile("rb") as answers,
        client.makefile("rb") as replies,
    ):
        asking.sendall(f"XACCOUNT {DOMAIN}\r\n".encode())
        client.sendall(GROUP.encode())
        assert [replies.readline()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"354"]
        client.sendall(f"{CONTENT}.\r\nQUIT\r\n".encode())
        answers.readline()
        assert json.loads(answers.readline())["accepted"] == [RECIPIENT]


def test_only_the_port_that_announces_pipelining_announces_it() -> None:
    with truth(Temper(), 1) as server:
        announced = []
        for port in (server.port, server.plain_port):
            with smtplib.SMTP(HOST, port, local_hostname="localhost", timeout=10) as client:
                client.ehlo()
                announced.append(client.has_extn("pipelining"))
    assert announced == [True, False]
