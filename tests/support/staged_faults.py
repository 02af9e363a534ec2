"""Faults that keep mail from going, each staged by a real server on loopback, with the words it must be told in.

A stage is a context that yields what `Server` is made with. What is staged is what people meet: wrong ports, TLS,
certificates, sign-ins, refusals, what stands in between.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import socket
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import trustme

from notebookmail.delivery import remedies, session_faults, sign_in_refusals

from .dead_addresses import ALIVE, DEAD, hole
from .scripted_server import answering
from .scripted_sessions import scripted

if TYPE_CHECKING:
    from notebookmail.delivery.explanation import Explanation

AUTHORITY = trustme.CA(organization_name="Test Authority")
PERSON = "ann@example.org"
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
YEARS_AHEAD = dt.datetime.now(dt.UTC) + dt.timedelta(days=400)
BRIEF_SECONDS = 1.0
"""For servers that say nothing; nothing that must happen is waited for this long."""

Stage = Callable[[], AbstractAsyncContextManager[dict[str, Any]]]
Run = Literal["raises", "rows", "sent"]


@dataclass(frozen=True, slots=True)
class StagedFault:
    """One fault.

    Attributes:
        stage: Makes it.
        step: At which step verify stops, or warns.
        words: What verify says there: the cause.
        remedy: A part of the remedy.
        run: What becomes of a run: it raises, its rows are not sent, or all are sent.
        run_words: What the run says, where it knows less or other than verify.
        settings: Of the Server, beside what the stage gives.
        also: What else the diagnosis says.
    """

    stage: Stage
    step: str
    words: str
    remedy: str
    run: Run = "raises"
    run_words: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    also: str = ""


def fault(stage: Stage, step: str, why: Explanation, remedy: str, run: Run = "raises", **rest: Any) -> StagedFault:
    return StagedFault(stage, step, why.cause, remedy, run, **rest)


# --- stages -------------------------------------------------------------------------------------------------


def says(*extensions: str, tls: ssl.SSLContext | None = None, **replies: Any) -> Stage:
    """A server that is right but for these replies."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[dict[str, Any]]:
        async with scripted(answering(*extensions, tls=tls, **replies)) as server:
            yield {"hostname": "localhost" if tls else "127.0.0.1", "port": server.port}

    return stage


def refuses_login(*replies: str, mechanism: str = "PLAIN") -> Stage:
    return says(f"AUTH {mechanism}", auth=replies if len(replies) > 1 else replies[0])


def server_context(*names: str, authority: trustme.CA = AUTHORITY, **validity: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **validity).configure_cert(context)
    return context


def under_tls(make: Callable[[], ssl.SSLContext], greeting: str = "220 test ready") -> Stage:
    """TLS from the first byte, with a certificate of the test's own authority."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[dict[str, Any]]:
        async with scripted(answering(greeting=greeting), tls=make()) as server:
            yield {"hostname": "localhost", "port": server.port, "security": "tls"}

    return stage


def refusing_tls(make: Callable[[], ssl.SSLContext]) -> Stage:
    """A server that refuses every handshake by an alert. asyncio's would close without one."""

    @asynccontextmanager
    async def stage() -> AsyncIterator[dict[str, Any]]:
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=_refuse_each, args=(listener, make()))
        thread.start()
        yield {"hostname": "localhost", "port": listener.getsockname()[1], "security": "tls"}
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()

    return stage


def _refuse_each(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            made, _ = listener.accept()
        except OSError:  # shut down: the test is over
            return
        with made.dup() as raw, contextlib.suppress(OSError):  # TLS closes `made` itself
            with contextlib.suppress(ssl.SSLError):
                context.wrap_socket(made, server_side=True).close()
            while raw.recv(4096):  # until the client has gone: a reset would hide the alert
                pass


def self_signed() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own = trustme.CA(organization_name="Nobody")
    with own.cert_pem.tempfile() as chain, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(chain, key)
    return context


def old_tls() -> ssl.SSLContext:
    context = server_context("localhost")
    with warnings.catch_warnings():  # Python warns of what is old
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def wants_certificate() -> ssl.SSLContext:
    context = server_context("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(context)
    return context


@asynccontextmanager
async def nobody() -> AsyncIterator[dict[str, Any]]:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    yield {"hostname": "127.0.0.1", "port": port}


@asynccontextmanager
async def no_name() -> AsyncIterator[dict[str, Any]]:
    yield {"hostname": "no-such-host..example", "port": 587}


@asynccontextmanager
async def dead_first_address() -> AsyncIterator[dict[str, Any]]:
    async with scripted(answering()) as server:
        with hole(server.port):
            yield {"hostname": "mail.example.org", "port": server.port, "security": "none"}


@asynccontextmanager
async def firewall() -> AsyncIterator[dict[str, Any]]:
    with hole() as port:
        yield {"hostname": DEAD, "port": port, "timeout": BRIEF_SECONDS}


@asynccontextmanager
async def captive_portal() -> AsyncIterator[dict[str, Any]]:
    """A web server that waits for a request, as on a network to sign in to."""

    async def speak(session: Any) -> None:
        while await session.hear():
            pass
        await session.say("HTTP/1.0 302 Found", "Location: http://portal.example.net/", "Content-Length: 0", "")

    async with scripted(speak) as server:
        yield {"hostname": "127.0.0.1", "port": server.port, "timeout": BRIEF_SECONDS}


@asynccontextmanager
async def full_server() -> AsyncIterator[dict[str, Any]]:
    """A server for one connection at once, which somebody else holds."""
    held: list[Any] = []
    is_held = asyncio.Event()
    usual = answering()

    async def speak(session: Any) -> None:
        held.append(session)
        is_held.set()
        if len(held) > 1:
            await session.say("421 4.7.0 Too many concurrent SMTP connections from 127.0.0.1")
        else:
            await usual(session)

    async with scripted(speak) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await is_held.wait()
        yield {"hostname": "127.0.0.1", "port": server.port}
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def hangs_up_on_groups() -> AsyncIterator[dict[str, Any]]:
    """A server that offers PIPELINING and hangs up on commands that come in one piece, as OpenSMTPD does."""

    class OneAtATime:
        def __init__(self, session: Any) -> None:
            self._session = session
            self.writer, self.say = session.writer, session.say
            self.content = session.content

        async def hear(self) -> str:
            line = await self._session.hear()
            if self._session.reader._buffer and line[:4] in {"MAIL", "RCPT", "RSET"}:
                self.writer.transport.abort()
                return ""
            return line

    usual = answering("PIPELINING")
    async with scripted(lambda session: usual(OneAtATime(session))) as server:
        yield {"hostname": "127.0.0.1", "port": server.port}


SIGNS_IN = {"username": PERSON, "password": "secret"}


async def a_token() -> str:
    return "a-token"


TOKEN = {"username": PERSON, "oauth_token_generator": a_token}


def challenge(text: str) -> str:
    """The answer to XOAUTH2 that says why: JSON in base64, behind a 334."""
    return f"334 {base64.b64encode(text.encode()).decode()}"


# --- the table ----------------------------------------------------------------------------------------------

FAULTS: dict[str, StagedFault] = {
    "wrong port": fault(nobody, "connect", session_faults.NOBODY_LISTENS, "587 or 465"),
    "TLS on the plain port": fault(
        says(), "TLS", session_faults.PLAIN_PORT, 'security="starttls"', settings={"security": "tls"}
    ),
    "no TLS on the port for it": fault(
        under_tls(lambda: server_context("localhost")), "connect", session_faults.SILENT, 'security="tls"',
        settings={"security": "none", "timeout": BRIEF_SECONDS}, also="spoken to in TLS, it answers: test ready",
    ),
    "expired certificate": fault(
        under_tls(lambda: server_context("localhost", not_before=LONG_AGO - dt.timedelta(90), not_after=LONG_AGO)),
        "certificate", session_faults.EXPIRED, "renew", also="expired on 2020-01-01",
    ),
    "self-signed certificate": fault(
        under_tls(self_signed), "certificate", session_faults.SELF_SIGNED, "cert_bundle="
    ),
    "unknown authority": fault(
        under_tls(lambda: server_context("localhost", authority=trustme.CA(organization_name="Strangers"))),
        "certificate", session_faults.UNKNOWN_AUTHORITY, "cert_bundle=", also="Strangers",
    ),
    "certificate of another host": fault(
        under_tls(lambda: server_context("mail.example.org")), "certificate", session_faults.WRONG_HOST,
        "a name that the certificate has", also="for mail.example.org",
    ),
    "clock wrong": fault(
        under_tls(
            lambda: server_context(
                "localhost", not_before=YEARS_AHEAD - dt.timedelta(9), not_after=YEARS_AHEAD + dt.timedelta(90)
            ),
            greeting=f"220 test ESMTP Exim 4.96 {YEARS_AHEAD:%a, %d %b %Y %H:%M:%S} +0000",
        ),
        "certificate", session_faults.NOT_YET, "clock", also="400 days behind the server's",
    ),
    "STARTTLS missing": fault(
        says(), "TLS", session_faults.NO_STARTTLS, "465 or 587", settings={"security": "starttls"}
    ),
    "proxy in between": fault(
        says("XXXXXXXA", greeting="220 ****************************"), "TLS", session_faults.MASKED, "inspection",
        settings={"security": "starttls"},
    ),
    "old TLS": fault(refusing_tls(old_tls), "TLS", session_faults.OLD_TLS, "TLS 1.2"),
    "client certificate wanted": fault(
        refusing_tls(wants_certificate), "TLS", session_faults.CLIENT_CERTIFICATE, "client_cert="
    ),
    "wrong password": fault(
        refuses_login("535 5.7.8 Error: authentication failed"), "AUTH", remedies.AUTH, "password",
        settings=SIGNS_IN, also="535 5.7.8",
    ),
    "password sign-in switched off": fault(
        refuses_login("535 5.7.139 Authentication unsuccessful, basic authentication is disabled."), "AUTH",
        remedies.AUTH_BASIC, "oauth=OAuth.microsoft", settings=SIGNS_IN,
    ),
    "app password needed": fault(
        refuses_login("534 5.7.9 Application-specific password required."), "AUTH", remedies.AUTH_APP,
        "app password", settings=SIGNS_IN,
    ),
    "scope missing": fault(
        refuses_login(
            challenge('{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}'),
            "535 5.7.8 Username and Password not accepted.", mechanism="XOAUTH2",
        ),
        "AUTH", sign_in_refusals.TOKEN_SCOPE, "https://mail.google.com/", settings=TOKEN,
    ),
    "token refused": fault(
        refuses_login(
            challenge('{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}'),
            "535 5.7.8 Username and Password not accepted.", mechanism="XOAUTH2",
        ),
        "AUTH", sign_in_refusals.TOKEN, "server.sign_in()", settings=TOKEN,
    ),
    "relay denied": fault(
        says(rcpt=f"554 5.7.1 <{PERSON}>: Relay access denied"), "sender", remedies.RELAY, "log in", "rows"
    ),
    "sender not allowed": fault(
        says(mail=f"553 5.7.1 <{PERSON}>: Sender address rejected: not owned by user ann"), "sender",
        remedies.SENDER, "belongs to the account", "rows",
    ),
    "greylisting": fault(
        says(rcpt=f"450 4.2.0 <{PERSON}>: Recipient address rejected: Greylisted"), "sender",
        remedies.GREYLISTED, "retry=60", "rows",
    ),
    "quota reached": fault(
        says(mail="550 5.4.5 Daily user sending limit exceeded."), "sender", remedies.QUOTA, "24 hours", "rows"
    ),
    "DNS failure": fault(no_name, "DNS", session_faults.NO_HOST, "spelling"),
    "dead first address": StagedFault(
        dead_first_address, "connect", f"{ALIVE} port", "does not answer", "sent",
        also=f"{DEAD}: no answer by then",
    ),
    "firewall": fault(firewall, "connect", session_faults.NO_ANSWER, "another network"),
    "busy": fault(
        says(greeting="421 4.3.2 Service not available, closing channel"), "connect", remedies.SERVER_BUSY,
        "in a few minutes",
    ),
    "connection limit": fault(full_server, "connect", remedies.CONNECTIONS, "max_connections="),
    "captive portal": fault(
        captive_portal, "connect", session_faults.WEB_SERVER, "web browser", also="302 Found",
        run_words=session_faults.SILENT.cause,
    ),
    "IMAP server": fault(
        says(greeting="* OK [CAPABILITY IMAP4rev1] ready"), "connect", session_faults.IMAP_SERVER, "SMTP server"
    ),
    "EHLO name refused": fault(
        says(ehlo="504 5.5.2 <laptop>: Helo command rejected: need fully-qualified hostname"), "EHLO",
        session_faults.NAME_REFUSED, "local_hostname=",
    ),
    "BDAT broken": StagedFault(
        says("CHUNKING", bdat="500 5.5.1 command not recognized"), "sender",
        "the server offers CHUNKING, but does not know BDAT", "chunking=True", "sent", settings={"chunking": True},
    ),
    "PIPELINING broken": StagedFault(
        hangs_up_on_groups, "limits", "the server offers PIPELINING, but does not answer commands in groups",
        "pipelining=False", "sent",
    ),
    "SIZE too small": StagedFault(
        says("SIZE 200"), "limits", "the server takes small messages only: messages up to 0.2 kB",
        remedies.SIZE.remedy, "rows", run_words=remedies.SIZE.cause,
    ),
}  # fmt: skip
