"""The same scenes with this project's own client at every server of cast.py: what arrived is what was sent.

What arrived is read from the server's own store, not from its replies. Contents are compared octet by octet, after
the trace headers that a server writes before a message (RFC 5321 4.4). A refused message holds lines that read
like commands, and the number of messages at the server says that nobody read them so.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from peers import PASSWORD, USERNAME, Arrival, Peer, Setup, access_token
from support.server_scenarios import ABILITIES, ANNOUNCED, CAST, Role, who, who_lacks

from notebookmail import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    send,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from conftest import Certificates

pytestmark = pytest.mark.peer

SENDER, BANNED = "desk@example.com", "banned@example.com"
ANN, BO, NOBODY, NO_ONE = "ann@example.org", "bo@example.org", "nobody@example.org", "noone@example.org"
LARGEST = 6_000_000
LINE = b"x" * 900 + b"\r\n"

_numbers = count(1)
_TRACE = re.compile(rb"(?i)(?:(?:Received|Return-Path|Delivered-To):[^\r]*\r\n(?:[ \t][^\r]*\r\n)*)*")

# Read as commands, each of these would deliver to ANN; the longest is too long for one chunk, and goes by DATA.
SMUGGLED = (
    f"QUIT\nRSET\nEHLO x\nMAIL FROM:<{SENDER}>\nRCPT TO:<{ANN}>\nDATA\nSubject: smuggled\n\nx\n.\nQUIT\n".encode()
)
ATTACKS = (SMUGGLED, SMUGGLED * 400, SMUGGLED * 1_000)


@dataclass(frozen=True, slots=True)
class Stage:
    """A server in its role, and the authority that signed its certificate."""

    role: Role
    peer: Peer
    authority: str

    @asynccontextmanager
    async def client(self, *, port: int | None = None, **options: Any) -> AsyncIterator[SMTP]:
        """A client without TLS unless asked for; logged in where the server wants it."""
        options = {"start_tls": None if options.get("use_tls") else False, **options}
        if self.role.needs_login and "username" not in options:
            options |= {"username": USERNAME, "password": PASSWORD}
        port = port or self.peer.port
        async with SMTP(
            hostname="localhost", port=port, timeout=20, cert_bundle=self.authority, **options
        ) as client:
            yield client

    def arrival(self, letter: Letter) -> Arrival:
        """The one arrival of a letter, without trace headers, its recipients sorted."""
        (found,) = [each for each in self.peer.arrivals() if letter.id in each.content]
        content = found.content[_TRACE.match(found.content).end() :]  # type: ignore[union-attr] -- matches nothing too
        return Arrival(found.sender, tuple(sorted(found.recipients)), content)

    def number(self) -> int:
        return len(self.peer.arrivals())


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that can be told from all others."""

    body: bytes = b"Dear Ann,\r\n\r\nall is well.\r\n"
    id: bytes = field(default_factory=lambda: b"<letter.%d@example.com>" % next(_numbers))

    @property
    def content(self) -> bytes:
        head = "From: Desk <desk@example.com>\r\nTo: Ann <ann@example.org>\r\nSubject: Figures\r\n"
        date = "Date: Mon, 04 May 2026 14:02:00 +0000\r\n"
        return (head + date).encode() + b"Message-ID: " + self.id + b"\r\n\r\n" + self.body


@pytest.fixture(scope="module")
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Stage]:
    """The server that a test names; it runs until all the scenes it plays are over."""
    role = CAST[request.param]
    setup = Setup(
        certificate=(certificates.chain, certificates.key),
        refuse=(NOBODY, NO_ONE),
        refuse_senders=(BANNED,),
        size=LARGEST,
        hide=role.hidden,
    )
    with role.start(tmp_path_factory.mktemp(request.param), setup) as peer:
        yield Stage(role, peer, str(certificates.authority))


def played_by(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stage", names, indirect=True, scope="module")


def test_whoever_does_not_play_a_scene_has_a_reason() -> None:
    for name, role in CAST.items():
        assert set(role.cannot) <= set(ABILITIES), name
        assert all(role.cannot.values()), name
        assert bool(role.mechanisms) == ("auth" not in role.cannot), name


@played_by(who())
async def test_a_server_announces_what_the_table_says(stage: Stage) -> None:
    async with stage.client(username=None) as client:  # some announce less to who has logged in
        await client.ehlo()
        announced = {name for name in ANNOUNCED if client.supports_extension(name)}
    assert announced == set(ANNOUNCED) - set(stage.role.cannot)


@played_by(who())
async def test_a_message_arrives_as_it_was_sent(stage: Stage) -> None:
    letter = Letter()
    async with stage.client() as client:
        refused, _ = await client.sendmail(SENDER, [ANN, BO], letter.content)
    assert refused == {}
    assert stage.arrival(letter) == Arrival(SENDER, (ANN, BO), letter.content)


@played_by([name for name in who() if not CAST[name].needs_login])
async def test_one_call_connects_sends_and_quits(stage: Stage) -> None:
    letter = Letter()
    await send(
        letter.content,
        sender=SENDER,
        recipients=[ANN],
        hostname="127.0.0.1",
        port=stage.peer.port,
        start_tls=False,
    )
    assert stage.arrival(letter) == Arrival(SENDER, (ANN,), letter.content)


@played_by(["postfix", "exim", "opensmtpd"])  # the others announce no DSN
async def test_wishes_for_delivery_reports_are_taken(stage: Stage) -> None:
    letter = Letter()
    async with stage.client() as client:
        await client.ehlo()
        assert client.supports_extension("dsn")
        await client.sendmail(
            SENDER,
            [ANN],
            letter.content,
            mail_options=["RET=HDRS", "ENVID=letter+2B1"],
            rcpt_options=["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{ANN}"],
        )
    assert stage.arrival(letter) == Arrival(SENDER, (ANN,), letter.content)


@played_by(who())
async def test_the_empty_sender_goes_out(stage: Stage) -> None:
    letter = Letter()
    async with stage.client() as client:
        await client.sendmail("", [ANN], letter.content)
    assert stage.arrival(letter) == Arrival("", (ANN,), letter.content)


@played_by(who("starttls"))
async def test_a_message_goes_under_starttls(stage: Stage) -> None:
    letter = Letter()
    async with stage.client(start_tls=True) as client:
        assert client.get_transport_info("ssl_object") is not None
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content


@played_by(who("implicit tls"))
async def test_a_message_goes_under_tls_from_the_first_byte(stage: Stage) -> None:
    letter = Letter()
    async with stage.client(use_tls=True, port=stage.peer.tls_port) as client:
        assert client.get_transport_info("ssl_object") is not None
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content


AS_METHODS = {
    "PLAIN": SMTP.auth_plain,
    "LOGIN": SMTP.auth_login,
    "CRAM-MD5": SMTP.auth_crammd5,
    "SCRAM-SHA-256": SMTP.auth_scram_sha_256,
    "XOAUTH2": SMTP.auth_xoauth2,
    "OAUTHBEARER": SMTP.auth_oauthbearer,
}
BY_TOKEN = {"XOAUTH2", "OAUTHBEARER"}


def secret_for(stage: Stage, mechanism: str) -> str:
    is_signed = mechanism in BY_TOKEN and stage.role is CAST["dovecot"]
    return access_token() if is_signed else PASSWORD


@pytest.mark.parametrize(
    ("stage", "mechanism"),
    [(name, mechanism) for name in who("auth") for mechanism in CAST[name].mechanisms],
    indirect=["stage"],
    scope="module",
)
async def test_who_shows_the_right_secret_is_let_in_and_no_one_else(stage: Stage, mechanism: str) -> None:
    letter = Letter()
    log_in = AS_METHODS[mechanism]
    async with stage.client(username=None, start_tls="starttls" not in stage.role.cannot) as client:
        with pytest.raises(SMTPAuthenticationError) as refusal:
            await log_in(client, USERNAME, "guess")
        assert 500 <= refusal.value.code < 600
        assert (await log_in(client, USERNAME, secret_for(stage, mechanism))).code == 235
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content


@played_by(who("auth"))
async def test_user_and_password_are_enough_to_log_in(stage: Stage) -> None:
    letter = Letter()
    start_tls = "starttls" not in stage.role.cannot
    async with stage.client(username=USERNAME, password=PASSWORD, start_tls=start_tls) as client:
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content


@played_by([name for name in who("auth") if BY_TOKEN & set(CAST[name].mechanisms)])
async def test_user_and_access_token_are_enough_to_log_in(stage: Stage) -> None:
    letter = Letter()

    async def make_token() -> str:
        return secret_for(stage, "XOAUTH2")

    async with stage.client(username=USERNAME, oauth_token_generator=make_token, start_tls=True) as client:
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content


@played_by(who("8bitmime"))
async def test_eight_bit_text_arrives_in_eight_bits(stage: Stage) -> None:
    letter = Letter()
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, ANN, "Grüße"
    message["Date"], message["Message-ID"] = "Mon, 04 May 2026 14:02:00 +0000", letter.id.decode()
    message.set_content("Schöne Grüße, 東京\n", cte="8bit")
    async with stage.client() as client:
        await client.send_message(message)
    content = stage.arrival(letter).content
    assert "Schöne Grüße, 東京\r\n".encode() in content
    assert email.message_from_bytes(content, policy=email.policy.default)["Subject"] == "Grüße"


@played_by(who("smtputf8"))
async def test_an_address_in_another_script_arrives_where_it_may(stage: Stage) -> None:
    letter = Letter()
    async with stage.client() as client:
        await client.sendmail("größe@example.com", ["дима@example.org"], letter.content)
    assert stage.arrival(letter) == Arrival("größe@example.com", ("дима@example.org",), letter.content)


@played_by(who_lacks("smtputf8"))
async def test_an_address_in_another_script_is_not_tried_where_it_may_not(stage: Stage) -> None:
    before = stage.number()
    async with stage.client() as client:
        with pytest.raises(SMTPNotSupported):
            await client.sendmail(SENDER, ["дима@example.org"], Letter().content)
        assert client.is_connected
    assert stage.number() == before


@played_by(who())
async def test_a_domain_in_another_script_arrives_in_its_ascii_form(stage: Stage) -> None:
    letter = Letter()
    async with stage.client() as client:
        await client.sendmail(SENDER, ["ann@bücher.example"], letter.content)
    assert stage.arrival(letter).recipients == ("ann@xn--bcher-kva.example",)


@played_by(who())
async def test_dots_and_bare_line_ends_arrive_as_one_message(stage: Stage) -> None:
    traps = b".\n..\n.hidden\n\n.\nafter LF\n\r.\r after CR\r\n\n.\r\nafter LF CRLF\r\r\n.\n\r\n" + SMUGGLED
    letter = Letter(body=traps + b"...\n")
    before = stage.number()
    async with stage.client() as client:
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == re.sub(rb"\r\n|\r|\n", b"\r\n", letter.content)
    assert stage.number() == before + 1


@played_by(who("refusing a recipient"))
async def test_a_refused_recipient_does_not_hold_up_the_others(stage: Stage) -> None:
    letter = Letter()
    async with stage.client() as client:
        refused, _ = await client.sendmail(SENDER, [ANN, NOBODY, BO], letter.content)
    assert {recipient: reply.code for recipient, reply in refused.items()} == {NOBODY: 550}
    assert stage.arrival(letter) == Arrival(SENDER, (ANN, BO), letter.content)


@played_by(who("refusing a recipient"))
async def test_all_recipients_refused_is_the_end_of_that_message_alone(stage: Stage) -> None:
    letter = Letter()
    before = stage.number()
    async with stage.client() as client:
        for body in ATTACKS:
            with pytest.raises(SMTPRecipientsRefused) as refusal:
                await client.sendmail(SENDER, [NOBODY, NO_ONE], Letter(body=body).content)
            assert {each.recipient: each.code for each in refusal.value.recipients} == {NOBODY: 550, NO_ONE: 550}
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter) == Arrival(SENDER, (ANN,), letter.content)
    assert stage.number() == before + 1


@played_by(who("refusing a sender"))
async def test_a_refused_sender_is_the_end_of_that_message_alone(stage: Stage) -> None:
    letter = Letter()
    before = stage.number()
    expected = SMTPSenderRefused if stage.role.sender_refused_at == "mail" else SMTPRecipientsRefused
    async with stage.client() as client:
        for body in ATTACKS:
            with pytest.raises(expected) as refusal:
                await client.sendmail(BANNED, [ANN], Letter(body=body).content)
            assert getattr(refusal.value, "code", 550) == 550
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter) == Arrival(SENDER, (ANN,), letter.content)
    assert stage.number() == before + 1


@played_by(who("size"))
async def test_a_message_too_large_is_refused_before_it_is_sent(stage: Stage) -> None:
    before = stage.number()
    letter = Letter()
    async with stage.client() as client:
        with pytest.raises(SMTPDataError) as refusal:
            await client.sendmail(SENDER, [ANN], Letter(body=LINE * (LARGEST // len(LINE) + 1)).content)
        assert (refusal.value.code, refusal.value.unconfirmed) == (552, False)
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content
    assert stage.number() == before + 1


@played_by(who("refusing a size"))
async def test_a_size_that_the_server_refuses_is_a_refusal_of_the_sender(stage: Stage) -> None:
    letter = Letter()
    before = stage.number()
    async with stage.client() as client:
        with pytest.raises(SMTPSenderRefused) as refusal:
            await client.sendmail(SENDER, [ANN], Letter().content, mail_options=[f"SIZE={LARGEST * 2}"])
        assert refusal.value.code == 552
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content
    assert stage.number() == before + 1


@played_by(who())
async def test_a_hundred_messages_go_over_one_connection(stage: Stage) -> None:
    letters = [Letter(body=b"number %d\r\n" % number) for number in range(100)]
    async with stage.client() as client:
        for letter in letters:
            await client.sendmail(SENDER, [ANN], letter.content)
    assert arrived(stage, letters) == sent(letters)


@played_by(who())
async def test_tasks_that_share_a_client_never_mix_their_messages(stage: Stage) -> None:
    letters = [Letter(body=b"%d\r\n" % number * 1_000) for number in range(20)]
    async with stage.client() as client:
        await asyncio.gather(*(client.sendmail(SENDER, [ANN], letter.content) for letter in letters))
    assert arrived(stage, letters) == sent(letters)


def arrived(stage: Stage, letters: list[Letter]) -> Counter[bytes]:
    """How often each of these letters is at the server."""
    wanted = {letter.id for letter in letters}
    contents = [each.content[_TRACE.match(each.content).end() :] for each in stage.peer.arrivals()]
    return Counter(
        content for content in contents if re.search(rb"<letter\.\d+@example.com>", content)[0] in wanted
    )


def sent(letters: list[Letter]) -> Counter[bytes]:
    return Counter(letter.content for letter in letters)


@played_by(who())
async def test_a_message_of_five_megabytes_arrives_whole(stage: Stage) -> None:
    lines = (b"%07d" % number + LINE for number in range(5_000_000 // len(LINE)))
    letter = Letter(body=b"".join(lines))
    async with stage.client() as client:
        await client.sendmail(SENDER, [ANN], letter.content)
    assert stage.arrival(letter).content == letter.content
