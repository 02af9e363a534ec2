"""The public face against aiosmtplib's: a program written for that one runs here by changing its import.

aiosmtplib is installed for this file alone, and only inspected: every name, method and parameter it accepts must
be accepted here in the same way, and this package's own defaults stand in the signatures by name. What cannot be
read off a signature (None where "none" is meant, bytes for text) is called. Nothing here compares what the two do
on the wire.
"""

from __future__ import annotations

import asyncio
import copy
import enum
import inspect
import pickle
from email.message import EmailMessage
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosmtplib
import pytest
from support.local_server import CANARY
from support.scripted_server import answering

import notebookmail
from notebookmail import SMTP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from types import ModuleType

    from support.scripted_sessions import Scripted, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

KINDS = inspect.Parameter
POSITIONAL = (KINDS.POSITIONAL_ONLY, KINDS.POSITIONAL_OR_KEYWORD, KINDS.VAR_POSITIONAL)
BY_NAME = (KINDS.KEYWORD_ONLY, KINDS.POSITIONAL_OR_KEYWORD)

DEFAULTS: dict[str, object] = {
    "hostname": None,
    "port": None,
    "username": None,
    "password": None,
    "oauth_token_generator": None,
    "local_hostname": None,
    "source_address": None,
    "timeout": 60,
    "use_tls": False,
    "start_tls": None,
    "validate_certs": True,
    "client_cert": None,
    "client_key": None,
    "tls_context": None,
    "cert_bundle": None,
    "socket_path": None,
    "sock": None,
}
"""The connection options and what they are where nothing is said."""

EXCEPTIONS = [name for name in aiosmtplib.__all__ if name.endswith(("Exception", "Error", "Refused"))]
EXCEPTIONS += ["SMTPServerDisconnected", "SMTPNotSupported"]
METHODS = [name for name, _ in inspect.getmembers(aiosmtplib.SMTP, callable) if not name.startswith("_")]
FACTS = [name for name, value in inspect.getmembers(aiosmtplib.SMTP) if isinstance(value, property)]
CALLS_OF_THE_MODULE = ["SMTP", "send"]
WITH_OPTIONS = [*CALLS_OF_THE_MODULE, "connect"]


SAMPLES: dict[str, object] = {
    "code": 550,
    "message": "5.1.1 no",
    "sender": "a@example.org",
    "recipient": "b@example.org",
    "recipients": [notebookmail.SMTPRecipientRefused(550, "5.1.1 no", "b@example.org")],
}


def through_pickle(error: Exception) -> Any:
    return pickle.loads(pickle.dumps(error))


def parameters(module: ModuleType, call: str) -> list[inspect.Parameter]:
    found = getattr(module, call) if call in CALLS_OF_THE_MODULE else getattr(module.SMTP, call)
    return [each for each in inspect.signature(found).parameters.values() if each.name != "self"]


def meaning(parameter: inspect.Parameter) -> object:
    """A default as a caller feels it: "unset" for the tokens that mean so, None for an empty collection."""
    if isinstance(parameter.default, enum.Enum):
        return "unset"
    return None if parameter.default == () else parameter.default


def means_the_same(call: str, ours: inspect.Parameter, theirs: inspect.Parameter) -> bool:
    pair = {meaning(ours), meaning(theirs)}
    if call == "connect":
        return True  # its signature tells what the client starts out with: test_connecting.py has what is kept
    if (call, theirs.name) == ("starttls", "validate_certs"):
        return pair <= {None, "unset"}  # neither is a value of the option itself
    if (call, theirs.name) == ("send", "hostname"):
        return pair <= {None, "localhost"}  # the host of a client that names none
    return len(pair) == 1


def differences(call: str) -> Iterator[str]:
    """What a caller of aiosmtplib's cannot write here, or what would mean something else."""
    ours = parameters(notebookmail, call)
    named = {each.name: each for each in ours if each.kind in BY_NAME}
    placed = [each for each in ours if each.kind in POSITIONAL]
    for place, theirs in enumerate(parameters(aiosmtplib, call)):
        if theirs.kind is KINDS.VAR_KEYWORD:
            continue  # the _sync twins: they are called below
        in_place = placed[place] if place < len(placed) else None
        mine = named.get(theirs.name) if theirs.kind in BY_NAME else in_place
        if mine is None:
            yield f"{theirs.name} is not taken"
        elif theirs.kind in POSITIONAL and in_place is not mine:
            yield f"{theirs.name} is not taken in its place"
        elif not means_the_same(call, mine, theirs):
            yield f"{theirs.name} left out means {meaning(mine)!r}, not {meaning(theirs)!r}"


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", aiosmtplib.__all__)
def test_every_public_name_is_here(name: str) -> None:
    assert name in notebookmail.__all__
    assert hasattr(notebookmail, name)


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_caught_wherever_its_namesake_is(name: str) -> None:
    ours, theirs = getattr(notebookmail, name), getattr(aiosmtplib, name)
    assert {base.__name__ for base in theirs.__mro__} <= {base.__name__ for base in ours.__mro__}


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_made_of_the_same_arguments(name: str) -> None:
    ours, theirs = (
        [(each.name, each.kind) for each in inspect.signature(getattr(module, name).__init__).parameters.values()]
        for module in (notebookmail, aiosmtplib)
    )
    assert ours == theirs


@pytest.mark.parametrize("name", EXCEPTIONS)
@pytest.mark.parametrize("again", [lambda error: error, copy.copy, copy.deepcopy, through_pickle])
def test_an_exception_keeps_its_arguments_as_attributes_and_in_args(
    name: str, again: Callable[[Any], Any]
) -> None:
    kind = getattr(notebookmail, name)
    names = [each.name for each in inspect.signature(kind.__init__).parameters.values()][1:]
    values = [SAMPLES[each] for each in names]
    twin = again(kind(*values))
    assert repr([getattr(twin, each) for each in names]) == repr(values)
    assert repr(twin.args) == repr(tuple(values))


def test_reply_codes_have_the_same_names() -> None:
    theirs = {status.name: status.value for status in aiosmtplib.SMTPStatus}
    assert theirs.items() <= {status.name: status.value for status in notebookmail.SMTPStatus}.items()


def test_a_response_is_the_same_tuple() -> None:
    ours, theirs = notebookmail.SMTPResponse(250, "OK"), aiosmtplib.SMTPResponse(250, "OK")
    assert (ours, ours._fields, str(ours)) == (theirs, theirs._fields, str(theirs))


def test_a_token_generator_is_the_same_type() -> None:
    assert notebookmail.SMTPTokenGenerator == aiosmtplib.SMTPTokenGenerator


# --- methods, properties and parameters ---------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_here_and_awaited_alike(name: str) -> None:
    ours, theirs = getattr(SMTP, name), getattr(aiosmtplib.SMTP, name)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)


@pytest.mark.parametrize("name", [*FACTS, "last_helo_response", "esmtp_extensions", "server_auth_methods"])
def test_what_is_known_of_the_server_starts_out_the_same(name: str) -> None:
    assert getattr(SMTP(), name) == getattr(aiosmtplib.SMTP(), name)


@pytest.mark.parametrize("call", [*CALLS_OF_THE_MODULE, *METHODS])
def test_every_parameter_is_taken_alike_and_means_the_same_left_out(call: str) -> None:
    assert list(differences(call)) == []


@pytest.mark.parametrize("call", WITH_OPTIONS)
def test_the_options_stand_in_the_signature_with_their_defaults(call: str) -> None:
    listed = {each.name: each.default for each in parameters(notebookmail, call) if each.kind is each.KEYWORD_ONLY}
    assert {name: listed.get(name, "missing") for name in DEFAULTS} == DEFAULTS


# --- what a signature does not tell -------------------------------------------------------------------------


CALLS: dict[str, Callable[[SMTP], Any]] = {
    "mail options": lambda smtp: smtp.mail("a@example.org", options=None),
    "mail encoding": lambda smtp: smtp.mail("a@example.org", encoding="utf-8"),
    "vrfy options": lambda smtp: smtp.vrfy("a@example.org", options=None),
    "expn options": lambda smtp: smtp.expn("staff", options=None),
    "rcpt options": lambda smtp: smtp.rcpt("b@example.org", options=None),
    "rcpt encoding": lambda smtp: smtp.rcpt("b@example.org", encoding="ascii"),
    "sendmail": lambda smtp: smtp.sendmail(
        "a@example.org", ["b@example.org"], "x", mail_options=None, rcpt_options=None
    ),
    "sendmail with lists": lambda smtp: smtp.sendmail(
        "a@example.org", ("b@example.org",), b"x", mail_options=["BODY=8BITMIME"], rcpt_options=[]
    ),
    "login within": lambda smtp: smtp.login("me", CANARY, 5),
    "login without end": lambda smtp: smtp.login("me", CANARY, timeout=None),
    "noop without end": lambda smtp: smtp.noop(timeout=None),
}


@pytest.mark.parametrize("what", CALLS)
async def test_a_call_as_written_for_aiosmtplib_succeeds(serve: Serve, what: str) -> None:
    async with serve(answering("AUTH PLAIN", "8BITMIME")) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        answer = await CALLS[what](smtp)
        await smtp.quit()
    assert answer[0] in ({}, 250, 235)  # nobody refused, or done


@pytest.mark.parametrize("method", ["sendmail_sync", "send_message_sync"])
async def test_a_call_without_await_takes_the_arguments_of_its_twin(serve: Serve, method: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.org", "b@example.org"
    arguments = ("a@example.org", ["b@example.org"], "x") if method == "sendmail_sync" else (message,)
    async with serve(answering()) as server:
        call = partial(getattr(SMTP(hostname="127.0.0.1", port=server.port), method), *arguments)
        assert await asyncio.to_thread(call, mail_options=None, rcpt_options=None, timeout=5) == (
            {},
            "2.0.0 queued",
        )


async def test_none_for_use_tls_and_validate_certs_leaves_them_as_they_were(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="127.0.0.1")
        reply = await smtp.connect(port=server.port, use_tls=None, validate_certs=None)
        assert reply == (220, "test ready")
        assert smtp.get_transport_info("sslcontext") is None
        await smtp.quit()


async def test_send_takes_none_for_the_options_of_the_transaction(serve: Serve) -> None:
    async with serve(answering()) as server:
        refused, reply = await notebookmail.send(
            "Subject: x\n\nhello",
            sender="a@example.org",
            recipients="b@example.org",
            mail_options=None,
            rcpt_options=None,
            hostname="127.0.0.1",
            port=server.port,
        )
    assert (refused, reply) == ({}, "2.0.0 queued")


CHALLENGES: dict[str, tuple[str, ...]] = {
    "auth_plain": ("235 ok",),
    "auth_login": ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"),
    "auth_crammd5": ("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+", "235 ok"),
    "auth_xoauth2": ("235 ok",),
    "login": ("235 ok",),
}


@pytest.mark.parametrize("method", CHALLENGES)
async def test_credentials_as_bytes_go_out_like_text(serve: Serve, method: str) -> None:
    speak = answering("AUTH PLAIN LOGIN XOAUTH2", auth=CHALLENGES[method])
    async with serve(speak) as server:
        for credentials in (("jürgen", CANARY), ("jürgen".encode(), CANARY.encode())):
            async with SMTP(hostname="127.0.0.1", port=server.port) as smtp:
                assert (await getattr(smtp, method)(*credentials)).code == 235
        as_text, as_bytes = ([line for line in session.heard if line] for session in server.sessions)
    assert as_text == as_bytes
    assert any(line.startswith(b"AUTH") for line in as_text)


async def test_credentials_of_connect_may_be_bytes(serve: Serve) -> None:
    async with serve(answering("AUTH PLAIN")) as server:
        for username, password in (("me", CANARY), (b"me", CANARY.encode())):
            smtp = SMTP(hostname="127.0.0.1", port=server.port, username=username, password=password)
            await smtp.connect()
            await smtp.quit()
        as_text, as_bytes = ([line for line in session.heard if line] for session in server.sessions)
    assert as_text == as_bytes
    assert any(line.startswith(b"AUTH PLAIN ") for line in as_text)
