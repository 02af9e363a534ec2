"""Server.verify against servers that are right, wrong, silent or absent: which step fails, and what it says."""

from __future__ import annotations

import datetime as dt
import pickle
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from peers import PASSWORD, USERNAME, Setup, exim, postfix, smtp_server
from support.local_server import CANARY, Taking, authenticator, real_server

from notebookmail import Sandbox, Server
from notebookmail.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Certificates

    from notebookmail.server.diagnosis import Diagnosis

AUTHORITY = trustme.CA(organization_name="Test Authority")
PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def _trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


trusting = pytest.mark.usefixtures("_trusted")
both_ways = pytest.mark.parametrize("way", ["tls", "starttls"])


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def under(way: str, *names: str, authority: trustme.CA = AUTHORITY, **validity: Any) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **validity).configure_cert(context)
    return real_server(
        **{"ssl" if way == "tls" else "tls_context": context},
        authenticator=authenticator,
        auth_require_tls=False,
    )


def statuses(diagnosis: Diagnosis) -> dict[str, str]:
    return {each.name: each.status for each in diagnosis.steps}


def failure(diagnosis: Diagnosis) -> tuple[str, str, str]:
    """Return the failed step's name, words and remedy; all after it were not reached."""
    failed = diagnosis.failed
    assert failed is not None
    after = diagnosis.steps[diagnosis.steps.index(failed) + 1 :]
    assert {each.status for each in after} <= {"not reached"}
    assert not diagnosis.ok
    return failed.name, failed.words, failed.remedy


@trusting
@both_ways
async def test_a_good_server_is_good_at_every_step(way: Any) -> None:
    async with under(way, "localhost") as (port, taking):
        diagnosis = await Server("localhost", port, username="me", password=CANARY, security=way).verify()
    assert diagnosis.ok
    assert list(statuses(diagnosis)) == ["DNS", "connect", "TLS", "certificate", "EHLO", "AUTH", "limits"]
    assert set(statuses(diagnosis).values()) == {"ok"}
    assert "logged in as m..." in str(diagnosis)
    assert taking.envelopes == []
    shown = str(diagnosis) + diagnosis._repr_html_() + repr(diagnosis.steps)
    assert CANARY not in shown
    assert CANARY.encode() not in pickle.dumps(diagnosis)


@trusting
@both_ways
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"names": ["localhost"], "not_before": dt.datetime(2019, 1, 1, tzinfo=dt.UTC), "not_after": PAST},
         "expired on 2020-01-01"),
        ({"names": ["mail.example.org"]}, "it is not for 'localhost'"),
        ({"names": ["localhost"], "authority": trustme.CA(organization_name="Strangers")}, "Strangers"),
        ({"names": ["localhost"], "not_before": dt.datetime(2100, 1, 1, tzinfo=dt.UTC),
          "not_after": dt.datetime(2101, 1, 1, tzinfo=dt.UTC)}, "valid from 2100-01-01"),
    ],
    ids=["expired", "wrong name", "unknown authority", "not yet"],
)  # fmt: skip
async def test_a_bad_certificate_is_told_by_what_is_bad(way: Any, certificate: dict[str, Any], words: str) -> None:
    names = certificate["names"]
    rest = {name: value for name, value in certificate.items() if name != "names"}
    async with under(way, *names, **rest) as (port, taking):
        server = Server("localhost", port, username="me", password=CANARY, security=way)
        diagnosis = await server.verify()
    name, _, remedy = failure(diagnosis)
    assert (name, words in " ".join(str(diagnosis).split()), bool(remedy)) == ("certificate", True, True)
    assert statuses(diagnosis)["TLS"] == "ok"
    assert taking.hosts == []


@trusting
async def test_a_certificate_that_soon_ends_is_a_warning() -> None:
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=10, hours=1)
    async with under("tls", "localhost", not_after=end) as (port, _):
        diagnosis = await Server("localhost", port, security="tls").verify()
    assert (diagnosis.ok, statuses(diagnosis)["certificate"]) == (True, "warning")
    assert "10 days left" in str(diagnosis)
    assert "can be used, with" in str(diagnosis)


async def test_a_name_that_does_not_resolve_ends_it() -> None:
    diagnosis = await Server("nothing.invalid").verify()
    name, words, _ = failure(diagnosis)
    assert (name, words, "nothing.invalid" in str(diagnosis)) == ("DNS", "there is no host of this name", True)


async def test_a_port_where_nobody_listens_is_said_to_be_one(unused_tcp_port: int) -> None:
    name, words, remedy = failure(await Server("127.0.0.1", unused_tcp_port).verify())
    assert (name, "nobody listens" in words, "port" in remedy) == ("connect", True, True)


async def test_a_port_that_says_nothing_may_want_tls(silent_port: int) -> None:
    name, words, remedy = failure(await Server("127.0.0.1", silent_port, timeout=0.3).verify())
    assert (name, "no greeting comes" in words, 'security="tls"' in remedy) == ("connect", True, True)
    name, words, remedy = failure(await Server("127.0.0.1", silent_port, timeout=0.3, security="tls").verify())
    assert (name, "no answer" in words, 'security="starttls"' in remedy) == ("TLS", True, True)


async def test_a_port_in_plain_text_is_told_from_one_with_tls() -> None:
    async with real_server() as (port, _):
        name, _, remedy = failure(await Server("127.0.0.1", port, security="tls").verify())
        assert (name, 'security="starttls"' in remedy) == ("TLS", True)
        name, words, _ = failure(await Server("127.0.0.1", port, security="starttls").verify())
        assert (name, "does not offer STARTTLS" in words) == ("TLS", True)


async def test_a_refused_login_says_what_the_server_said() -> None:
    async with Sandbox({"refuse_login": "535 5.7.9 Application-specific password required"}) as box:
        name, words, remedy = failure(await box.server.verify())
        assert (name, "a password made for this program" in words) == ("AUTH", True)
        assert "app password" in remedy
        assert box.received == []


class Farewell(Taking):
    """Notes what a session says beside its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    async def handle_RSET(self, *_: object) -> str:
        self.heard.append("RSET")
        return "250 OK"

    async def handle_QUIT(self, *_: object) -> str:
        self.heard.append("QUIT")
        return "221 bye"


async def test_a_session_ends_with_quit_as_every_session_does() -> None:
    handler = Farewell()
    async with real_server(handler=handler) as (port, _):
        assert (await Server("127.0.0.1", port, security="none").verify()).ok
    assert handler.heard == ["QUIT"]


async def test_the_servers_to_fall_back_on_are_looked_at_too(unused_tcp_port: int) -> None:
    async with Sandbox() as box:
        server = Server(
            "127.0.0.1", box.server.port, security="none",
            failover=[Server("127.0.0.1", unused_tcp_port, security="none")],
        )  # fmt: skip
        diagnosis = await server.verify()
    assert (diagnosis.failed, diagnosis.ok) == (None, False)
    assert "but not what it falls back on" in str(diagnosis)
    assert "nobody listens" in diagnosis._repr_html_()


async def test_a_token_generator_that_raises_is_named_and_its_words_are_not() -> None:
    async def tokens() -> str:
        raise LookupError(CANARY)

    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, _):
        diagnosis = await Server("127.0.0.1", port, username="me", oauth_token_generator=tokens).verify()
    assert diagnosis.failed is not None
    assert diagnosis.failed.name == "AUTH"
    assert CANARY not in str(diagnosis)


async def test_what_a_server_says_is_text_wherever_it_is_shown() -> None:
    async with Sandbox({"refuse_login": "535 <script>alert(1)</script> for ann@example.org"}) as box:
        shown = (await box.server.verify())._repr_html_()
    assert "<script>" not in shown
    assert "ann@example.org" not in shown


# --- other projects' servers ----------------------------------------------------------------------------------


@pytest.mark.peer
@both_ways
async def test_npms_smtp_server_is_looked_at_under_tls(
    way: Any, tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    pair = (certificates.chain, certificates.key)
    with smtp_server(tmp_path / "s", credentials=(USERNAME, PASSWORD), certificate=pair, size=1_000_000) as peer:
        port = peer.tls_port if way == "tls" else peer.port
        diagnosis = await Server("localhost", port, username=USERNAME, password=PASSWORD, security=way).verify()
        assert diagnosis.ok, str(diagnosis)
        assert "messages up to 1.0 MB" in str(diagnosis)
        refused = await Server("localhost", port, username=USERNAME, password="wrong", security=way).verify()
        assert failure(refused)[0] == "AUTH"
        assert peer.arrivals() == []


@pytest.mark.peer
async def test_exim_is_looked_at_under_tls(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with exim(tmp_path, Setup(certificate=(certificates.chain, certificates.key))) as peer:
        server = Server("localhost", peer.port, username=USERNAME, password=PASSWORD, security="starttls")
        diagnosis = await server.verify()
    assert diagnosis.ok, str(diagnosis)
    assert "CHUNKING" in str(diagnosis)


@pytest.mark.peer
@pytest.mark.parametrize("start", [exim, postfix])
async def test_whom_other_projects_servers_refuse_shows_without_a_message(start: Any, tmp_path: Path) -> None:
    setup = Setup(refuse=("no@example.com",), refuse_senders=("bad@example.org",))
    with start(tmp_path, setup) as peer:
        server = Server("127.0.0.1", peer.port, chunking=True)
        taken = await server.verify(sender="Ann <ann@example.org>", to="bo@example.com")
        assert statuses(taken)["sender"] == "ok", str(taken)  # an empty chunk by BDAT is answered, too
        assert failure(await server.verify(sender="bad@example.org", to="bo@example.com"))[0] == "sender"
        assert failure(await server.verify(sender="ann@example.org", to="no@example.com"))[0] == "sender"
        assert peer.arrivals() == []


# --- the command line -----------------------------------------------------------------------------------------


def test_the_command_tells_by_its_exit_code(
    unused_tcp_port: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)
    with smtp_server() as peer:
        assert main(["verify", "--server", f"smtp://127.0.0.1:{peer.port}"]) == 0
        assert "is ready for mail" in capsys.readouterr().out
    assert main(["verify", "--server", f"smtp://127.0.0.1:{unused_tcp_port}"]) == 1
    assert "nobody listens" in capsys.readouterr().out
    assert main(["verify", "--preset", "gmial"]) == 2
    assert main(["verify"]) == 2
    assert "NOTEBOOKMAIL_URL" in capsys.readouterr().err
