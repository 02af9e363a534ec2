"""Connection options by themselves: what they stand for when left out, and which contradict each other.

Nothing is connected here; that the options do what they say is judged in test_connecting.py and test_tls.py.
"""

from __future__ import annotations

import math
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY

from notebookmail import SMTP, send
from notebookmail.smtp.options import ConnectionOptions

if TYPE_CHECKING:
    from collections.abc import Iterator


async def token() -> str:
    return CANARY


@pytest.fixture
def idle_socket() -> Iterator[socket.socket]:
    with socket.socket() as idle:
        yield idle


@pytest.mark.parametrize(
    ("options", "host", "port"),
    [
        ({}, "localhost", 25),
        ({"start_tls": False}, "localhost", 25),
        ({"start_tls": True}, "localhost", 587),
        ({"use_tls": True}, "localhost", 465),
        ({"use_tls": True, "start_tls": False}, "localhost", 465),
        ({"hostname": "smtp.example.org", "port": 2525, "use_tls": True}, "smtp.example.org", 2525),
    ],
)
def test_host_and_port_follow_from_what_is_given(options: dict[str, Any], host: str, port: int) -> None:
    settled = ConnectionOptions(**options)
    assert (settled.host, settled.effective_port) == (host, port)
    assert f"{host}:{port}" in repr(SMTP(**options))


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SOCKET = object()
"""Stands for a socket that a fixture opens."""

CONTRADICTIONS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"use_tls": True, "start_tls": True}, ("use_tls", "start_tls")),
    ({"tls_context": CONTEXT, "client_cert": "c.pem"}, ("tls_context", "client_cert")),
    ({"sock": SOCKET, "socket_path": "/s"}, ("sock", "socket_path")),
    ({"sock": SOCKET, "port": 25}, ("sock", "port")),
    ({"sock": SOCKET, "use_tls": True}, ("sock", "use_tls", "hostname")),
    ({"socket_path": b"/s", "port": 25}, ("socket_path", "port")),
    ({"socket_path": "/s", "use_tls": True}, ("socket_path", "use_tls", "hostname")),
    (
        {"username": "me", "password": CANARY, "oauth_token_generator": token},
        ("password", "oauth_token_generator"),
    ),
    ({"password": CANARY}, ("password", "username")),
    ({"oauth_token_generator": token}, ("oauth_token_generator", "username")),
    ({"timeout": 0}, ("timeout",)),
    ({"timeout": -1.5}, ("timeout",)),
    ({"timeout": math.nan}, ("timeout",)),
    ({"timeout": math.inf}, ("timeout", "None")),
    ({"port": 0}, ("port",)),
    ({"port": 65_536}, ("port",)),
    ({"port": "smtp"}, ("port",)),
    ({"port": "-25"}, ("port",)),
    ({"local_hostname": " "}, ("local_hostname",)),
    ({"hostname": "smtp.example.org\r\nRSET"}, ("hostname",)),
    ({"hostname": "smtp example org"}, ("hostname",)),
    ({"local_hostname": "me\r\nRSET"}, ("local_hostname",)),
    ({"local_hostname": "<me>"}, ("local_hostname",)),
]


@pytest.mark.parametrize(("options", "names"), CONTRADICTIONS, ids=["-".join(each[1]) for each in CONTRADICTIONS])
def test_a_contradiction_is_refused_and_names_its_options(
    options: dict[str, Any], names: tuple[str, ...], idle_socket: socket.socket
) -> None:
    given = {name: idle_socket if value is SOCKET else value for name, value in options.items()}
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the loop below is the match
        SMTP(**given)
    for name in names:
        assert re.search(rf"\b{name}\b", str(caught.value))
    assert CANARY not in str(caught.value)


TAKEN: list[dict[str, Any]] = [
    {"tls_context": CONTEXT, "cert_bundle": "b.pem"},
    {"tls_context": CONTEXT, "validate_certs": False},
    {"tls_context": CONTEXT, "client_key": "k.pem"},
    {"client_key": "k.pem"},
    {"sock": SOCKET, "source_address": ("127.0.0.2", 0)},
    {"socket_path": "/s", "source_address": ("127.0.0.2", 0)},
    {"username": "me"},
    {"username": "me", "password": ""},
    {"password": ""},
    {"port": "2525"},
    {"hostname": ""},
]
"""What has no effect, or an obvious one: programs pass all their settings on, set or not."""


@pytest.mark.parametrize("options", TAKEN, ids=["-".join(each) for each in TAKEN])
def test_options_without_effect_beside_others_are_taken(
    options: dict[str, Any], idle_socket: socket.socket
) -> None:
    given = {name: idle_socket if value is SOCKET else value for name, value in options.items()}
    assert not SMTP(**given).is_connected


def test_a_context_of_the_callers_decides_in_place_of_the_other_options() -> None:
    options = ConnectionOptions(tls_context=CONTEXT, validate_certs=False, cert_bundle="there/is/none.pem")
    assert options.ssl_context is CONTEXT
    assert CONTEXT.check_hostname


def test_a_port_may_be_given_as_text() -> None:
    assert ConnectionOptions(port="2525").effective_port == 2525


def test_blanks_around_our_own_name_are_no_part_of_it() -> None:
    assert ConnectionOptions(local_hostname=" laptop.example.org\t").local_hostname == "laptop.example.org"


@pytest.mark.parametrize("given", [{"use_tls": True, "start_tls": True}, {"sock": SOCKET, "socket_path": "/s"}])
def test_what_excludes_each_other_is_called_mutually_exclusive(
    given: dict[str, Any], idle_socket: socket.socket
) -> None:
    options = {name: idle_socket if value is SOCKET else value for name, value in given.items()}
    with pytest.raises(ValueError, match="mutually exclusive"):
        SMTP(**options)


async def test_a_contradiction_is_refused_by_send_too() -> None:
    with pytest.raises(ValueError, match="start_tls"):
        await send("x", sender="a@example.org", recipients="b@example.org", use_tls=True, start_tls=True)


async def test_connect_refuses_what_contradicts_the_options_of_the_client() -> None:
    smtp = SMTP(use_tls=True)
    with pytest.raises(ValueError, match="start_tls"):
        await smtp.connect(start_tls=True)
    assert not smtp.is_connected


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "smtp-1.example.org", "::1", "fe80::1%eth0", "exämple.org"]
)
def test_a_host_is_given_by_name_or_address(name: str) -> None:
    assert ConnectionOptions(hostname=name).host == name


@pytest.mark.parametrize("name", ["laptop", "laptop.example.org", "[127.0.0.1]", "[IPv6:::1]"])
def test_our_own_name_is_a_name_or_an_address_literal(name: str) -> None:
    assert ConnectionOptions(local_hostname=name).local_hostname == name


def test_the_repr_of_options_shows_no_secret() -> None:
    shown = repr(ConnectionOptions(username="me", password=CANARY))
    assert CANARY not in shown
    assert "username='me'" in shown
