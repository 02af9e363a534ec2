"""A client's options as attributes: read, assigned, kept, and judged before anything is said."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
from support.local_server import CANARY
from support.scripted_server import SILENCE, answering

from notebookmail import SMTP, SMTPReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from conftest import Certificates
    from support.scripted_sessions import Scripted, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

DEFAULTS: dict[str, Any] = {
    "hostname": None, "port": None, "timeout": 60, "use_tls": False, "validate_certs": True, "client_cert": None,
    "client_key": None, "cert_bundle": None, "tls_context": None, "local_hostname": None, "source_address": None,
    "socket_path": None, "sock": None, "start_tls": None, "username": None, "allow_plaintext_auth": False,
}  # fmt: skip

OTHERS: dict[str, Any] = {
    "hostname": "smtp.example.org", "port": 2525, "timeout": 5, "use_tls": True, "validate_certs": False,
    "client_cert": "c.pem", "client_key": "k.pem", "cert_bundle": "b.pem", "tls_context": CONTEXT,
    "local_hostname": "laptop.example.org", "source_address": ("127.0.0.2", 0), "socket_path": "/s",
    "start_tls": True, "username": "me", "allow_plaintext_auth": True,
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_option_is_an_attribute_and_none_where_nothing_was_said(name: str) -> None:
    assert getattr(SMTP(), name) == DEFAULTS[name]


@pytest.mark.parametrize("name", OTHERS)
def test_an_option_is_read_as_it_was_given_or_assigned(name: str) -> None:
    assert getattr(SMTP(**{name: OTHERS[name]}), name) == OTHERS[name]
    smtp = SMTP()
    setattr(smtp, name, OTHERS[name])
    assert getattr(smtp, name) == OTHERS[name]
    assert getattr(SMTP(), name) == DEFAULTS[name]


def test_credentials_are_no_attributes() -> None:
    smtp = SMTP(username="me", password=CANARY)
    assert not hasattr(smtp, "password")
    assert CANARY not in repr(vars(smtp))


def test_a_clients_repr_tells_where_it_would_connect() -> None:
    smtp = SMTP()
    smtp.hostname = "smtp.example.org"
    assert repr(smtp) == "<SMTP smtp.example.org:25 not connected>"
    smtp.use_tls = smtp.start_tls = True
    assert "contradict" in repr(smtp)


async def test_what_is_assigned_is_where_it_connects_to(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP()
        smtp.hostname, smtp.port, smtp.local_hostname = "127.0.0.1", server.port, "laptop.example.org"
        await smtp.connect()
        await smtp.noop()
        await smtp.quit()
        assert b"EHLO laptop.example.org\r\n" in server.sessions[0].heard


async def test_options_of_connect_are_kept_but_its_timeout(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(timeout=7)
        await smtp.connect(hostname="127.0.0.1", port=server.port, timeout=3)
        assert (smtp.hostname, smtp.port, smtp.timeout) == ("127.0.0.1", server.port, 7)
        await smtp.quit()


async def test_a_timeout_of_connect_holds_for_that_connect(serve: Serve) -> None:
    async with serve(answering(ehlo=SILENCE)) as server:
        with pytest.raises(SMTPReadTimeoutError, match=r"0\.05"):
            await SMTP(hostname="127.0.0.1", port=server.port).connect(timeout=0.05)
    async with serve(answering(noop=SILENCE)) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, timeout=0.05)
        await smtp.connect(timeout=30)
        with pytest.raises(SMTPReadTimeoutError, match=r"0\.05"):
            await smtp.noop()


async def test_an_assigned_timeout_holds_at_once(serve: Serve) -> None:
    async with serve(answering(noop=SILENCE)) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        smtp.timeout = 0.05
        with pytest.raises(SMTPReadTimeoutError, match=r"0\.05"):
            await smtp.noop()


async def test_contradictions_are_found_when_connecting_and_nothing_is_kept_of_a_wrong_call(serve: Serve) -> None:
    async with serve(answering()) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        smtp.use_tls = smtp.start_tls = True  # on the way to somewhere
        with pytest.raises(ValueError, match="mutually exclusive"):
            await smtp.connect()
        smtp.use_tls, smtp.start_tls = False, None
        with pytest.raises(ValueError, match="timeout"):
            await smtp.connect(hostname="elsewhere.example.org", timeout=-1)
        assert smtp.hostname == "127.0.0.1"
        assert server.sessions == []
        await smtp.connect()
        await smtp.quit()


async def test_contradictions_of_starttls_are_found_before_ehlo(serve: Serve) -> None:
    async with serve(answering("STARTTLS")) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, start_tls=False, client_cert="c.pem")
        await smtp.connect()
        with pytest.raises(ValueError, match="mutually exclusive"):
            await smtp.starttls(tls_context=CONTEXT)
        assert server.sessions[0].heard == []
        smtp.close()


async def test_options_of_starttls_stay(serve: Serve, certificates: Certificates) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    async with serve(answering(tls=context)) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port, start_tls=False)
        await smtp.connect()
        await smtp.starttls(cert_bundle=certificates.authority, validate_certs=False)
        await smtp.quit()
        assert (smtp.cert_bundle, smtp.validate_certs) == (certificates.authority, False)
        await smtp.connect(start_tls=True)
        assert smtp.get_transport_info("sslcontext").verify_mode is ssl.CERT_NONE
        await smtp.quit()


@pytest.mark.parametrize("method", ["helo", "ehlo"])
async def test_blanks_around_a_helo_name_are_stripped_and_an_empty_one_is_refused(
    serve: Serve, method: str
) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await getattr(smtp, method)(hostname="  laptop.example.org ")
        assert server.sessions[0].heard[-1] == f"{method.upper()} laptop.example.org\r\n".encode()
        for wrong in ("", "  ", "laptop XCLIENT ADDR=1.2.3.4", "laptop\r\nQUIT"):
            with pytest.raises(ValueError, match=r"empty|blank"):
                await getattr(smtp, method)(hostname=wrong)
        with pytest.raises(UnicodeEncodeError):
            await getattr(smtp, method)(hostname="bücher.example")
        assert len(server.sessions[0].heard) == 2


async def test_a_socket_path_of_its_own_is_assigned_too(tmp_path: Path) -> None:
    smtp = SMTP()
    smtp.socket_path = tmp_path / "none"
    with pytest.raises(ConnectionError, match="none"):
        await smtp.connect()
