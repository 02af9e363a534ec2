"""The way to a server: addresses that race, names, TLS alerts, and the first refusal, which is what counts."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.dead_addresses import ALIVE, DEAD, hole
from support.faulty_server import Offer, faulty, until
from support.scripted_server import answering

from notebookmail import SMTP, SMTPAuthenticationError, SMTPConnectError, SMTPHeloError
from notebookmail.sandbox.listener import stop_listening
from notebookmail.smtp import handshake, happy_eyeballs
from notebookmail.smtp.happy_eyeballs import interleaved, look_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from conftest import Certificates
    from support.scripted_sessions import Scripted, Session, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]


# --- several addresses ----------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(port: int, host: str = ALIVE) -> AsyncIterator[list[str]]:
    came: list[str] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("peername")[0])
        writer.close()

    server = await asyncio.start_server(take, host, port)
    try:
        yield came
    finally:
        await stop_listening(server)


async def test_a_silent_first_address_costs_less_than_the_timeout(
    addresses: Callable[..., None],
) -> None:
    addresses(DEAD, ALIVE)
    with hole() as port:
        async with listening(port), asyncio.timeout(30):
            made = (await look_up("mail.example.org", port, None))["sock"]
            assert made.getpeername()[0] == ALIVE
            made.close()


async def test_an_address_that_refuses_is_passed_over_at_once(
    addresses: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happy_eyeballs, "NEXT_ADDRESS_SECONDS", 3600.0)
    addresses(DEAD, ALIVE)
    with hole() as port:
        pass  # nobody listens there any more
    async with listening(port), asyncio.timeout(30):
        made = (await look_up("mail.example.org", port, ("127.0.0.3", 0)))["sock"]
        assert (made.getpeername()[0], made.getsockname()[0]) == (ALIVE, "127.0.0.3")
        made.close()


async def test_where_no_address_answers_each_is_named(addresses: Callable[..., None]) -> None:
    addresses(DEAD, "127.0.0.3")
    with socket.socket() as taken:
        taken.bind((ALIVE, 0))  # nobody listens at this port of the others
        port = taken.getsockname()[1]
        with pytest.raises(SMTPConnectError, match=r"127\.0\.0\.2.*127\.0\.0\.3"):
            await SMTP(hostname="mail.example.org", port=port, timeout=20).connect()


async def test_a_cancelled_race_leaves_no_socket_open(addresses: Callable[..., None]) -> None:
    addresses(DEAD, "127.0.0.4")
    with hole() as port, socket.socket() as other:
        other.bind(("127.0.0.4", port))
        racing_task = asyncio.create_task(look_up("mail.example.org", port, None))
        await asyncio.sleep(0.01)
        racing_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await racing_task  # a socket left open is a ResourceWarning, and that an error


def test_families_take_turns_beginning_with_the_first() -> None:
    six = [(socket.AF_INET6, (f"::{number}",)) for number in range(3)]
    four = [(socket.AF_INET, ("127.0.0.1",))]
    assert interleaved([*six, *four]) == [six[0], four[0], six[1], six[2]]
    assert interleaved([]) == []


# --- names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_tls", [False, True])
async def test_a_dot_at_the_end_of_the_name_is_for_the_resolver_only(
    certificates: Certificates, addresses: Callable[..., None], is_tls: bool
) -> None:
    addresses(ALIVE)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    async with (
        faulty(Offer(context=context, is_tls=is_tls)) as server,
        SMTP(
            hostname="localhost.", port=server.port, use_tls=is_tls, start_tls=None if is_tls else True,
            cert_bundle=certificates.authority, timeout=20,
        ) as smtp,
    ):  # fmt: skip
        await smtp.noop()
    assert names == ["localhost"]


FULL_NAMES = ("box.example.org", "a.b", "MacBook-Pro.fritz.box", "1.x", "x" * 63 + ".local")
NO_NAMES = (
    "box", "ann_laptop.local", "anns-macbook-.local", "-a.local", "box..example.org", ".local", "ann's.local", "",
    "192.168.1.5", "x" * 64 + ".local", "ann(2).local", "ann:1.local", "ännchen.local", "a b.local",
    "a." * 127 + "toolong",
)  # fmt: skip


@pytest.mark.parametrize("name", FULL_NAMES)
def test_a_machines_full_name_is_what_ehlo_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert handshake.local_name(Somewhere()) == name  # type: ignore[arg-type]
    monkeypatch.setattr(socket, "gethostname", lambda: f"{name}.")
    assert handshake.local_name(Somewhere()) == name  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_domain_becomes_an_address_literal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert handshake.local_name(Somewhere()) == "[192.0.2.7]"  # type: ignore[arg-type]


class Somewhere:
    def info(self, _: str) -> tuple[str, int]:
        return ("192.0.2.7", 4711)


# --- TLS ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_tls", [False, True])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_wants_our_certificate_is_told_as_tls_trouble(
    certificates: Certificates, version: ssl.TLSVersion, start_tls: bool
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates.authority))
    context.load_cert_chain(certificates.chain, certificates.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version

    with speaking_openssl(context, start_tls=start_tls) as port:
        smtp = SMTP(
            hostname="localhost", port=port, use_tls=not start_tls, start_tls=start_tls or None,
            cert_bundle=certificates.authority, timeout=20,
        )  # fmt: skip
        with pytest.raises(SMTPConnectError) as caught:
            await smtp.connect()
    assert caught.value.phase == "tls"
    words = "certificate required" if version is ssl.TLSVersion.TLSv1_3 else "handshake failure"
    assert words in str(caught.value)


@contextmanager
def holding_its_alert_back(context: ssl.SSLContext) -> Iterator[tuple[int, Callable[[], None]]]:
    """Serve one connection; give its port, and what makes the alert and a reset arrive before it returns."""
    is_due, is_gone = Event(), Event()

    def serve() -> None:
        plain, _ = listener.accept()
        with plain:
            for words in (b"220 t\r\n", b"250-t\r\n250 STARTTLS\r\n", b"220 go\r\n"):
                plain.sendall(words)
                if words != b"220 go\r\n":
                    plain.recv(1000)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            secure = context.wrap_bio(incoming, outgoing, server_side=True)
            with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
                shake_hands(plain, secure, incoming, outgoing)
            is_due.wait()
            plain.sendall(outgoing.read())
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        is_gone.set()

    def let_it_come() -> None:
        is_due.set()
        is_gone.wait()

    with socket.create_server((ALIVE, 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], let_it_come
        is_due.set()
        thread.join()


def shake_hands(
    plain: socket.socket, secure: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
) -> None:
    while True:
        with suppress(ssl.SSLWantReadError):
            return secure.do_handshake()
        plain.sendall(outgoing.read())
        incoming.write(plain.recv(10_000))


@pytest.fixture
async def smtp_under_tls(
    certificates: Certificates,
) -> AsyncIterator[tuple[SMTP, Callable[[], None]]]:
    """A client whose STARTTLS has succeeded, as far as it knows, and what lets the server's refusal arrive."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates.authority))
    context.load_cert_chain(certificates.chain, certificates.key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with holding_its_alert_back(context) as (port, let_it_come):
        smtp = SMTP(
            hostname="localhost", port=port, start_tls=False, cert_bundle=certificates.authority, timeout=20
        )
        await smtp.connect()
        await smtp.starttls()
        yield smtp, let_it_come
        smtp.close()


async def test_an_alert_that_comes_with_a_reset_before_the_first_words_is_told(
    smtp_under_tls: tuple[SMTP, Callable[[], None]],
) -> None:
    smtp, let_it_come = smtp_under_tls
    let_it_come()
    with pytest.raises(SMTPConnectError, match="certificate required") as caught:
        await smtp.ehlo()
    assert caught.value.phase == "tls"


async def test_an_alert_that_comes_while_nobody_waits_is_told_to_the_next_command(
    smtp_under_tls: tuple[SMTP, Callable[[], None]],
) -> None:
    smtp, let_it_come = smtp_under_tls
    let_it_come()
    await until(lambda: not smtp.is_connected)
    for _ in range(2):
        with pytest.raises(SMTPConnectError, match="certificate required") as caught:
            await smtp.noop()
        assert caught.value.phase == "tls"


async def test_a_reset_that_hides_the_alert_is_tls_trouble_all_the_same(
    smtp_under_tls: tuple[SMTP, Callable[[], None]],
) -> None:
    smtp, let_it_come = smtp_under_tls
    connection = smtp._connection
    assert connection is not None
    let_it_come()
    connection.stream.write(b"EHLO t\r\n")  # no turn of the event loop in between: the write meets the reset
    with pytest.raises(SMTPConnectError, match="it hung up") as caught:
        await smtp.noop()
    assert caught.value.phase == "tls"


async def test_connecting_ends_with_the_ehlo_under_tls_that_meets_a_late_alert(
    serve: Serve, certificates: Certificates
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.chain, certificates.key)
    async with serve(answering("SIZE", tls=context)) as server:
        smtp = SMTP(hostname="localhost", port=server.port, start_tls=True, cert_bundle=certificates.authority)
        await smtp.connect()
        assert smtp.supports_extension("SIZE")
        assert not smtp.supports_extension("STARTTLS")
        await smtp.quit()


@contextmanager
def speaking_openssl(context: ssl.SSLContext, *, start_tls: bool) -> Iterator[int]:
    """Serve one connection by OpenSSL's own sockets: asyncio's drop the alert."""

    def serve() -> None:
        plain, _ = listener.accept()
        plain.settimeout(20)
        with plain:
            if start_tls:
                for words in (b"220 t\r\n", b"250-t\r\n250 STARTTLS\r\n", b"220 go\r\n"):
                    plain.sendall(words)
                    if words != b"220 go\r\n":
                        plain.recv(1000)
            with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as secure:
                with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
                    secure.do_handshake()
                secure.shutdown(socket.SHUT_WR)
                while secure.recv(1000):  # closed with something unread, the alert would be lost to a reset
                    pass

    with socket.create_server((ALIVE, 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_locked_key_fails_at_once_and_names_the_option(certificates: Certificates, tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    encryption = serialization.BestAvailableEncryption(b"secret")
    key = ec.generate_private_key(ec.SECP256R1())
    locked.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    options = SMTP(use_tls=True, client_cert=certificates.chain, client_key=locked)._options
    with pytest.raises(SMTPConnectError, match=r"client_key cannot be used.*pass phrase") as caught:
        _ = options.ssl_context
    assert caught.value.phase == "tls"


# --- the first refusal counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [421, 450, 451, 454, 501, 503, 504, 550, 554, 571])
async def test_helo_is_not_tried_where_the_server_knows_ehlo(serve: Serve, code: int) -> None:
    async with serve(answering(ehlo=f"{code} no", helo="250 t")) as server:
        with pytest.raises(SMTPHeloError) as caught:
            await handshake.establish(server.options())
        assert caught.value.code == code
        assert not any(line.startswith(b"HELO") for line in server.sessions[0].heard)


@pytest.mark.parametrize("code", [500, 502])
async def test_helo_is_tried_where_ehlo_is_not_known_and_a_close_behind_that_refusal_is_the_refusal(
    serve: Serve, code: int
) -> None:
    async with serve(answering(ehlo=f"{code} what", helo="250 t")) as server:
        connection = await handshake.establish(server.options())
        assert connection.is_open
        connection.abort()

    async def refuse_and_close(visit: Session) -> None:
        await visit.say("220 t")
        await visit.hear()
        await visit.say(f"{code} what")
        await visit.hear()  # HELO, and no answer

    async with serve(refuse_and_close) as server:
        with pytest.raises(SMTPHeloError) as caught:
            await handshake.establish(server.options())
        assert caught.value.code == code


async def test_a_refused_login_is_told_though_the_server_closes_while_the_next_way_is_tried(serve: Serve) -> None:
    async def speak(visit: Session) -> None:
        await visit.greet("AUTH PLAIN LOGIN")
        await visit.hear()
        await visit.say("535 5.7.8 no")
        await visit.hear()

    async with serve(speak) as server:
        with pytest.raises(SMTPAuthenticationError) as caught:
            async with SMTP(hostname=ALIVE, port=server.port, username="u", password="p", timeout=20):
                pass
        assert caught.value.code == 535
        options = server.options().changed({"username": "u", "password": "p"})
        with pytest.raises(SMTPAuthenticationError):
            await handshake.establish(options)


@pytest.mark.parametrize(
    "prompts", [("VXNlcm5hbWU6", "UGFzc3dvcmQ6"), ("", ""), ("Username:", "Password:"), ("a b", "=")]
)
async def test_auth_login_answers_in_order_whatever_the_prompts_say(
    serve: Serve, prompts: tuple[str, str]
) -> None:
    async def speak(visit: Session) -> None:
        await visit.greet("AUTH LOGIN")
        await visit.hear()
        await visit.say(f"334 {prompts[0]}")
        name = await visit.hear()
        await visit.say(f"334 {prompts[1]}")
        await visit.say("235 in" if (name, await visit.hear()) == ("dQ==", "cA==") else "535 no")
        while await visit.hear():
            await visit.say("250 ok")

    async with serve(speak) as server:
        smtp = SMTP(hostname=ALIVE, port=server.port, username="u", password="p", timeout=20)
        await smtp.connect()
        assert smtp.is_connected
        smtp.close()
