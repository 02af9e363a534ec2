"""What people write where a server's host stands: understood, or answered with the call that is right."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.traceback_variables import variables_shown

from notebookmail import FrameError, Mailbox, Server

CANARY = "s3cret-canary"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("smtp.example.org:2525", "smtp.example.org:2525"),
        (" smtp.example.org ", "smtp.example.org:587"),
        ("[::1]:2525", "::1:2525"),
        ("::1", "::1:25"),
        ("smtp://smtp.example.org", "smtp.example.org:587"),
        ("smtps://smtp.example.org", "smtp.example.org:465"),
        ("smtp+starttls://smtp.example.org:2587", "smtp.example.org:2587"),
    ],
)
def test_a_server_is_what_is_written_for_it(text: str, endpoint: str) -> None:
    assert Server(text).endpoint == endpoint


def test_a_url_in_the_place_of_the_host_is_read_with_its_login() -> None:
    server = Server(f"smtps://me%40x.org:{CANARY}@smtp.example.org", rate="30/min")
    assert server == Server(
        "smtp.example.org", security="tls", username="me@x.org", password=CANARY, rate="30/min"
    )


def test_a_url_that_says_nothing_of_security_leaves_it_to_the_argument() -> None:
    assert Server("smtp://me@smtp.example.org", security="tls", password="x").endpoint == "smtp.example.org:465"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda: Server("me@gmail.com"), r"Server\.for_address\('me@gmail\.com'\)"),
        (lambda: Server("gmail"), r"Server\.preset\('gmail'\)"),
        (lambda: Server("SES"), r"Server\.preset\('ses'\)"),
        (lambda: Server("smtp.example.org:587", 465), "given twice"),
        (lambda: Server("smtps://smtp.example.org:465", 587), "another port"),
        (lambda: Server("https://smtp.example.org"), "looks like smtps://"),
        (lambda: Server("smtps://"), "names no host"),
        (lambda: Server(None), "not a NoneType"),  # type: ignore[arg-type]
        (lambda: Server("smtp.example.org:99999"), "port is a number"),
    ],
)
def test_what_is_no_server_is_answered_with_what_to_write(call: object, answer: str) -> None:
    with pytest.raises(FrameError, match=answer):
        call()  # type: ignore[operator]


def test_a_host_with_the_name_of_a_provider_is_reached_by_its_port() -> None:
    assert Server("mailgun", 1025).endpoint == "mailgun:1025"


@pytest.mark.parametrize(
    "text",
    [
        f"me:{CANARY}@smtp.example.org",
        f"http://me:{CANARY}@x",
        f"smtps://me:{CANARY}@",
        f"smtps://me:{CANARY}@x:y",
    ],
)
def test_a_login_in_the_place_of_the_host_is_shown_by_no_error(text: str) -> None:
    with pytest.raises(FrameError) as caught:
        Server(text)
    assert CANARY not in variables_shown(caught.value)


def test_a_login_in_the_place_of_the_host_is_in_no_repr_or_pickle() -> None:
    server = Server(f"smtps://me:{CANARY}@smtp.example.org")
    assert CANARY not in repr(server)
    assert CANARY.encode() not in pickle.dumps(server)


@given(st.text(max_size=40), st.none() | st.integers(-1, 70_000))
def test_any_text_is_a_server_or_an_error_that_says_why(text: str, port: int | None) -> None:
    try:
        server = Server(text, port)
    except FrameError as problem:
        server, words = None, str(problem)
    else:
        words = server.endpoint
    assert words
    assert server is None or replace(server) == server


def test_a_server_shows_its_arguments_as_before() -> None:
    assert list(inspect.signature(Server).parameters)[:4] == ["hostname", "port", "username", "password"]


def test_each_kind_of_url_is_told_by_its_own_name() -> None:
    with pytest.raises(FrameError, match="a Mailbox URL looks like imaps://"):
        Mailbox("gopher://example.org")
    with pytest.raises(FrameError, match="a Server URL looks like smtps://"):
        Server("gopher://example.org")
