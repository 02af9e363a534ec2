"""TLS as the options ask for it, from the first byte and by STARTTLS, against aiosmtpd and a scripted server.

Certificates are made here, good ones and bad ones. Whatever is wrong with TLS is an SMTPConnectError with the
phase "tls", never an error of `ssl`; and once STARTTLS was asked for, nothing goes on in clear.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from support.local_server import real_server
from support.scripted_server import answering

from notebookmail import (
    SMTP,
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
)
from notebookmail.smtp.handshake import establish

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

WAYS: dict[str, dict[str, Any]] = {"tls": {"use_tls": True}, "starttls": {"start_tls": True}}
both_ways = pytest.mark.parametrize("way", WAYS)
PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Papers:
    """An authority, and files in the forms the options take."""

    authority: trustme.CA
    bundle: Path
    client_chain: Path
    client_key: Path

    def context(self, *names: str, **validity: Any) -> ssl.SSLContext:
        """A server's context with a certificate for these names."""
        return server_context(self.authority, *names, **validity)

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts the authority."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


def server_context(authority: trustme.CA, *names: str, **validity: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **validity).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder = tmp_path_factory.mktemp("papers")
    made = Papers(trustme.CA(), folder / "bundle.pem", folder / "client.pem", folder / "client-key.pem")
    made.authority.cert_pem.write_to_path(made.bundle)
    client = made.authority.issue_cert("client@example.org")
    client.private_key_pem.write_to_path(made.client_key)
    client.cert_chain_pems[0].write_to_path(made.client_chain)
    return made


def under(way: str, context: ssl.SSLContext, **settings: Any) -> Any:
    """aiosmtpd with TLS in this way."""
    return real_server(**{"ssl" if way == "tls" else "tls_context": context}, **settings)


async def deliver(port: int, way: str, **options: Any) -> SMTP:
    """Connect in this way, send a message, and return the client after its QUIT."""
    async with SMTP(hostname="localhost", port=port, **WAYS[way], **options) as smtp:
        assert smtp.get_transport_info("cipher") is not None
        await smtp.sendmail("a@example.org", ["b@example.org"], "Subject: x\n\nhello")
    return smtp


# --- certificates -------------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("form", [str, lambda path: path], ids=["text", "path"])
async def test_an_authority_of_ones_own_is_trusted(way: str, papers: Papers, form: Callable[[Path], Any]) -> None:
    async with under(way, papers.context("localhost")) as (port, taking):
        await deliver(port, way, cert_bundle=form(papers.bundle))
    assert len(taking.envelopes) == 1


@both_ways
async def test_a_server_that_wants_a_client_certificate_sees_it(way: str, papers: Papers) -> None:
    context = papers.context("localhost")
    papers.authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    async with under(way, context) as (port, taking):
        await deliver(
            port,
            way,
            cert_bundle=papers.bundle,
            client_cert=str(papers.client_chain),
            client_key=str(papers.client_key),
        )
    (seen,) = taking.certificates
    assert ("email", "client@example.org") in seen["subjectAltName"]


@both_ways
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_without_the_client_certificate_it_wants_a_server_takes_no_message(
    way: str, papers: Papers, version: ssl.TLSVersion
) -> None:
    context = papers.context("localhost")
    papers.authority.configure_trust(context)
    context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, version
    async with under(way, context) as (port, taking):
        with pytest.raises(SMTPException) as caught:
            await deliver(port, way, cert_bundle=papers.bundle)
        assert taking.envelopes == []
    assert isinstance(caught.value, ConnectionError)
    # Under TLS 1.3 the handshake is over for us before the server has looked: it then hangs up (RFC 8446 4.4.2.4).
    assert isinstance(caught.value, SMTPConnectError) or version is ssl.TLSVersion.TLSv1_3


@both_ways
async def test_without_validation_any_certificate_does(way: str, papers: Papers) -> None:
    async with under(way, papers.context("elsewhere.example.org", not_after=PAST)) as (port, taking):
        await deliver(port, way, validate_certs=False)
    assert len(taking.envelopes) == 1


@both_ways
async def test_a_context_of_ones_own_decides(way: str, papers: Papers) -> None:
    context = papers.trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with under(way, papers.context("localhost")) as (port, _):
        smtp = SMTP(hostname="localhost", port=port, tls_context=context, **WAYS[way])
        await smtp.connect()
        assert smtp.get_transport_info("ssl_object").version() == "TLSv1.2"
        assert smtp.get_transport_info("sslcontext") is context
        await smtp.quit()


@both_ways
async def test_none_given_to_connect_weakens_nothing(way: str, papers: Papers) -> None:
    async with under(way, papers.context("localhost")) as (port, _):
        smtp = SMTP(hostname="localhost", port=port, **WAYS[way])
        with pytest.raises(SMTPConnectError, match="certificate"):
            await smtp.connect(use_tls=None, validate_certs=None)


BAD: dict[str, Callable[[Papers], ssl.SSLContext]] = {
    "expired": lambda papers: papers.context("localhost", not_after=PAST),
    "of another host": lambda papers: papers.context("elsewhere.example.org", "127.0.0.2"),
    "of an unknown authority": lambda _: server_context(trustme.CA(), "localhost"),
    "self-signed": lambda _: self_signed(trustme.CA()),
}


def self_signed(alone: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with alone.cert_pem.tempfile() as certificate, alone.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


@both_ways
@pytest.mark.parametrize("fault", BAD)
async def test_a_bad_certificate_ends_the_session_before_a_word_is_said(
    way: str, papers: Papers, fault: str
) -> None:
    async with under(way, BAD[fault](papers)) as (port, taking):
        smtp = SMTP(hostname="localhost", port=port, cert_bundle=papers.bundle, **WAYS[way])
        with pytest.raises(SMTPConnectError, match="certificate") as caught:
            await smtp.connect()
        assert not smtp.is_connected
        assert taking.envelopes == []
    assert caught.value.phase == "tls"
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@both_ways
@pytest.mark.parametrize("state", ["missing", "garbage"])
@pytest.mark.parametrize("option", ["cert_bundle", "client_cert", "client_key"])
async def test_a_file_that_cannot_be_used_is_named_with_its_option(
    *, way: str, state: str, option: str, papers: Papers, tmp_path: Path
) -> None:
    file = tmp_path / "unusable.pem"
    if state == "garbage":
        file.write_text("-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n")
    options: dict[str, Any] = {"cert_bundle": papers.bundle}
    if option != "cert_bundle":
        options |= {"client_cert": papers.client_chain, "client_key": papers.client_key}
    async with under(way, papers.context("localhost")) as (port, _):
        smtp = SMTP(hostname="localhost", port=port, **WAYS[way], **options | {option: file})
        with pytest.raises(SMTPConnectError, match=rf"\b{option}\b") as caught:
            await smtp.connect()
        assert not smtp.is_connected
    assert caught.value.phase == "tls"


# --- when TLS is started ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "is_offered", "is_encrypted"),
    [(None, True, True), (None, False, False), (True, True, True), (False, True, False), (False, False, False)],
)
async def test_starttls_is_taken_where_asked_for_or_offered(
    asked: bool | None, is_offered: bool, is_encrypted: bool, papers: Papers
) -> None:
    settings = {"tls_context": papers.context("localhost")} if is_offered else {}
    async with real_server(**settings) as (port, taking):
        smtp = SMTP(hostname="localhost", port=port, start_tls=asked, cert_bundle=papers.bundle)
        await smtp.connect()
        assert (smtp.get_transport_info("sslcontext") is not None) is is_encrypted
        await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        await smtp.quit()
    assert len(taking.envelopes) == 1


@pytest.mark.parametrize("asked", [None, True])
async def test_after_a_refused_starttls_nothing_more_is_said(
    serve: Serve, papers: Papers, asked: bool | None
) -> None:
    context = papers.context("localhost")
    async with serve(answering("AUTH PLAIN", tls=context, starttls="454 4.7.0 later")) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=asked, username="me", password="x")
        with pytest.raises(SMTPResponseException) as caught:
            await smtp.connect()
        assert not smtp.is_connected
        (session,) = server.sessions
    assert (caught.value.code, caught.value.enhanced_code, caught.value.phase) == (454, "4.7.0", "tls")
    assert [line.split()[0] for line in session.heard if line] == [b"EHLO", b"STARTTLS"]


async def test_after_a_starttls_by_hand_that_is_refused_nothing_more_is_said(serve: Serve, papers: Papers) -> None:
    async with serve(answering(tls=papers.context("localhost"), starttls="454 4.7.0 later")) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=False)
        await smtp.connect()
        with pytest.raises(SMTPResponseException, match="later"):
            await smtp.starttls()
        assert not smtp.is_connected


async def test_a_pooled_connection_stays_in_clear_where_told_so(serve: Serve, papers: Papers) -> None:
    async with serve(answering(tls=papers.context("localhost"))) as server:
        connection = await establish(server.options(start_tls=False))
        assert not connection.is_tls
        connection.abort()


async def test_words_in_clear_instead_of_a_handshake_close_the_connection(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.greet("STARTTLS")
        await session.hear()
        await session.say("220 go ahead")
        await session.reader.read(1)
        await session.say("250 still in clear")
        await session.reader.read()

    async with serve(speak) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=True)
        with pytest.raises(SMTPConnectError) as caught:
            await smtp.connect()
        assert not smtp.is_connected
    assert caught.value.phase == "tls"


async def test_a_server_without_tls_behind_its_port_is_a_connect_error(serve: Serve) -> None:
    async def speak(session: Session) -> None:
        await session.say("220 test ready")
        await session.reader.read()

    async with serve(speak) as server:
        with pytest.raises(SMTPConnectError) as caught:
            await SMTP(hostname="localhost", port=server.port, use_tls=True).connect()
    assert caught.value.phase == "tls"


@both_ways
async def test_silence_instead_of_a_handshake_is_a_connect_timeout(serve: Serve, way: str) -> None:
    async def speak(session: Session) -> None:
        if way == "starttls":
            await session.greet("STARTTLS")
            await session.hear()
            await session.say("220 go ahead")
        await session.reader.read()

    async with serve(speak) as server, asyncio.timeout(5):
        with pytest.raises(SMTPConnectTimeoutError):
            await SMTP(hostname="localhost", port=server.port, timeout=0.2, **WAYS[way]).connect()


@both_ways
async def test_a_drop_in_the_handshake_is_a_connect_error_that_says_so(serve: Serve, way: str) -> None:
    async def speak(session: Session) -> None:
        if way == "starttls":
            await session.greet("STARTTLS")
            await session.hear()
            await session.say("220 go ahead")
        await session.reader.read(1)
        session.writer.transport.abort()

    async with serve(speak) as server:
        with pytest.raises(SMTPConnectError, match=r"failed: [^ ]"):
            await SMTP(hostname="localhost", port=server.port, **WAYS[way]).connect()


# --- STARTTLS by hand ---------------------------------------------------------------------------------------


async def test_after_starttls_what_was_said_in_clear_is_forgotten(serve: Serve, papers: Papers) -> None:
    async with serve(answering("AUTH PLAIN", tls=papers.context("localhost"))) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=False, cert_bundle=papers.bundle)
        await smtp.connect()
        await smtp.ehlo()
        assert smtp.supports_extension("STARTTLS")
        assert (await smtp.starttls()).code == 220
        assert smtp.is_ehlo_or_helo_needed
        assert (smtp.esmtp_extensions, smtp.server_auth_methods, smtp.supports_esmtp) == ({}, [], False)
        await smtp.ehlo()
        assert not smtp.supports_extension("STARTTLS")
        await smtp.quit()


async def test_starttls_twice_is_refused_here(serve: Serve, papers: Papers) -> None:
    async with serve(answering(tls=papers.context("localhost"))) as server:
        smtp = SMTP(hostname="localhost", port=server.port, cert_bundle=papers.bundle)
        await smtp.connect()
        with pytest.raises(SMTPException, match="already using TLS"):
            await smtp.starttls()
        assert (await smtp.quit()).code == 221


async def test_starttls_that_is_not_offered_leaves_the_connection_as_it_was(serve: Serve) -> None:
    async with serve(answering()) as server, SMTP(hostname="localhost", port=server.port) as smtp:
        with pytest.raises(SMTPNotSupported, match="STARTTLS"):
            await smtp.starttls()
        assert (await smtp.noop()).code == 250


@pytest.mark.parametrize(
    "changes",
    [
        lambda papers: {"server_hostname": "smtp.example.org", "cert_bundle": str(papers.bundle)},
        lambda _: {"validate_certs": False},
        lambda papers: {
            "validate_certs": None,
            "tls_context": papers.trusting(),
            "server_hostname": "smtp.example.org",
        },
        lambda papers: {"tls_context": papers.trusting(), "server_hostname": "smtp.example.org"},
    ],
    ids=["name and authority", "no validation", "none", "context"],
)
async def test_starttls_takes_settings_of_its_own(
    serve: Serve, papers: Papers, changes: Callable[[Papers], dict[str, Any]]
) -> None:
    async with serve(answering(tls=papers.context("smtp.example.org"))) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=False)
        await smtp.connect()
        await smtp.starttls(**changes(papers))
        assert smtp.get_transport_info("cipher") is not None
        await smtp.quit()


async def test_starttls_judges_the_certificate_by_the_name_it_is_given(serve: Serve, papers: Papers) -> None:
    async with serve(answering(tls=papers.context("localhost"))) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=False, cert_bundle=papers.bundle)
        await smtp.connect()
        with pytest.raises(SMTPConnectError, match=re.escape("smtp.example.org")):
            await smtp.starttls(server_hostname="smtp.example.org")
        assert not smtp.is_connected
