"""Every step of a session against every kind of answer: which exception, what it says, is the client still there.

One table of steps, one of answers; each pair is a session of its own over a real socket. A refusal belongs to its
step and leaves the session as good as before (but for the greeting, STARTTLS and QUIT); what is no reply, and 421,
end it. Refuses to look at how replies are parsed: that is wire/test_replies.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from support.faulty_server import Fault, FaultyServer, Offer, faulty

from notebookmail import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from notebookmail.response import SMTPResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.faulty_server import Way

    from notebookmail.errors import Phase

    Act = Callable[[SMTP], Awaitable[Any]]

SENDER, BO, CY = "a@example.org", "b@example.org", "c@example.org"
TRUSTING_NOBODY = ssl.SSLContext(
    ssl.PROTOCOL_TLS_CLIENT
)  # no handshake comes about here, and the usual one is dear
CODES = (450, 451, 452, 454, 500, 502, 503, 530, 535, 550, 552, 553, 554)


def client(server: FaultyServer) -> SMTP:
    return SMTP(hostname="127.0.0.1", port=server.port, timeout=5, start_tls=False, tls_context=TRUSTING_NOBODY)


async def send(smtp: SMTP, *recipients: str) -> Any:
    return await smtp.sendmail(SENDER, recipients or [BO, CY], b"Subject: x\r\n\r\nhello\r\n")


async def rcpt(smtp: SMTP) -> None:
    await smtp.mail(SENDER)
    await smtp.rcpt(BO)


async def data(smtp: SMTP) -> None:
    await rcpt(smtp)
    await smtp.data(b"Subject: x\r\n\r\nhello\r\n")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the session, and what a refusal of it is to its caller.

    Attributes:
        answered: The server's steps that get the answer (see Offer.answers).
        act: Takes the session from the greeting through this step.
        stays_open: A refusal leaves the connection open.
    """

    answered: tuple[str, ...]
    act: Act
    error: type[SMTPException]
    phase: Phase | None
    stays_open: bool = True
    extensions: tuple[str, ...] = ("AUTH LOGIN", "STARTTLS")
    pipelining: bool = False

    def offer(self, answer: bytes) -> Offer:
        extensions = (*self.extensions, "PIPELINING") if self.pipelining else self.extensions
        return Offer(extensions=extensions, answers=dict.fromkeys(self.answered, answer))


TRANSACTION = {
    "MAIL": Step(("MAIL 1",), send, SMTPSenderRefused, "mail"),
    "every RCPT": Step(("RCPT 1", "RCPT 2"), send, SMTPRecipientsRefused, "rcpt"),
    "DATA": Step(("DATA 1",), send, SMTPDataError, "data"),
    "end of data": Step((". 1",), send, SMTPDataError, "end_of_data"),
    "last chunk": Step((". 1", "BDAT 1"), send, SMTPDataError, "end_of_data", extensions=("CHUNKING",)),
    "MAIL by hand": Step(("MAIL 1",), lambda smtp: smtp.mail(SENDER), SMTPSenderRefused, "mail"),
    "RCPT by hand": Step(("RCPT 1",), rcpt, SMTPRecipientRefused, "rcpt"),
    "DATA by hand": Step(("DATA 1",), data, SMTPDataError, "data"),
    "end of data by hand": Step((". 1",), data, SMTPDataError, "end_of_data"),
}
STEPS = {
    "greeting": Step(("",), lambda _: asyncio.sleep(0), SMTPConnectResponseError, "connect", stays_open=False),
    "EHLO": Step(("EHLO 1",), lambda smtp: smtp.ehlo(), SMTPHeloError, "connect"),
    "HELO": Step(("HELO 1",), lambda smtp: smtp.helo(), SMTPHeloError, "connect"),
    "HELO after EHLO": Step(("EHLO 1", "HELO 1"), lambda smtp: smtp.noop(), SMTPHeloError, "connect"),
    "STARTTLS": Step(("STARTTLS",), lambda smtp: smtp.starttls(), SMTPResponseException, "tls", stays_open=False),
    "AUTH": Step(("AUTH 1",), lambda smtp: smtp.login("me", "pw"), SMTPAuthenticationError, "auth"),
    "AUTH's user name": Step(("AUTH 2",), lambda smtp: smtp.login("me", "pw"), SMTPAuthenticationError, "auth"),
    "AUTH's password": Step(("AUTH 3",), lambda smtp: smtp.login("me", "pw"), SMTPAuthenticationError, "auth"),
    "RSET": Step(("RSET 1",), lambda smtp: smtp.rset(), SMTPResponseException, None),
    "NOOP": Step(("NOOP 1",), lambda smtp: smtp.noop(), SMTPResponseException, None),
    "VRFY": Step(("VRFY 1",), lambda smtp: smtp.vrfy(BO), SMTPResponseException, None),
    "EXPN": Step(("EXPN 1",), lambda smtp: smtp.expn("staff"), SMTPResponseException, None),
    "HELP": Step(("HELP 1",), lambda smtp: smtp.help(), SMTPResponseException, None),
    "QUIT": Step(("QUIT",), lambda smtp: smtp.quit(), SMTPResponseException, "quit", stays_open=False),
    **TRANSACTION,
    **{f"{name}, pipelined": replace(step, pipelining=True) for name, step in TRANSACTION.items()},
}
NO_REPLIES = {
    "no blank": b"250OK\r\n",
    "four digits": b"2500 ok\r\n",
    "a sign": b"+25 x\r\n",
    "999": b"999 x\r\n",
    "1yz": b"150 x\r\n",
    "mixed codes": b"250-a\r\n550 b\r\n",
    "bare LF": b"250 ok\n",
    "bare CR": b"250 o\rk\r\n",
    "no digits": b"hello\r\n",
    "nothing": b"\r\n",
    "NUL": b"25\x000 ok\r\n",
    "not text": b"\xff\xfe\r\n",
    "endless line": b"250 " + b"x" * 70_000 + b"\r\n",
    "endless lines": b"250-x\r\n" * 12_000,
}


def refusal(code: int) -> bytes:
    return f"{code}-{code // 100}.7.1 no\r\n{code} {code // 100}.7.1 because\r\n".encode()


@dataclass(slots=True)
class Seen:
    """One session's end."""

    error: BaseException | None
    is_connected: bool
    goes_on: bool


async def hold(step: Step, answer: bytes, *, go_on: bool = False) -> Seen:
    """Hold a session through the step; then, if the client is still connected, send a message on it."""
    async with faulty(step.offer(answer)) as server:
        smtp = client(server)
        error: BaseException | None = None
        try:
            await smtp.connect()
            await step.act(smtp)
        except Exception as problem:  # noqa: BLE001 -- judged by the tests
            error = problem
        is_connected = smtp.is_connected
        goes_on = is_connected and go_on and await sends_on(smtp, server)
        smtp.close()
        return Seen(error, is_connected, goes_on)


async def sends_on(smtp: SMTP, server: FaultyServer) -> bool:
    before = len(server.sessions[0].deliveries)
    refused, _ = await send(smtp)
    return not refused and len(server.sessions[0].deliveries) == before + 1


def facts(error: BaseException | None) -> tuple[object, ...]:
    """Everything an exception says."""
    if not isinstance(error, SMTPException):
        return (error,)
    each = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
    assert isinstance(each, SMTPResponseException), error
    return type(error), each.code, each.message, each.enhanced_code, error.phase, error.unconfirmed


async def differences(
    step: Step, answers: dict[object, bytes], expected: Callable[[object, Seen], bool], *, go_on: bool = False
) -> list[str]:
    seen = await asyncio.gather(*(hold(step, answer, go_on=go_on) for answer in answers.values()))
    return [
        f"{name}: {each.error!r} in {getattr(each.error, 'phase', '')}, {each}"
        for name, each in zip(answers, seen, strict=True)
        if not expected(name, each)
    ]


@pytest.mark.parametrize("name", STEPS)
async def test_a_refusal_is_its_steps_exception_and_the_session_goes_on(name: str) -> None:
    step = STEPS[name]
    answers: dict[object, bytes] = {
        code: b"%d-%d.7.1 no\r\n%d %d.7.1 because\r\n" % (code, code // 100, code, code // 100) for code in CODES
    }

    def is_told(code: Any, seen: Seen) -> bool:
        enhanced = f"{code // 100}.7.1"
        told = (step.error, code, f"{enhanced} no\n{enhanced} because", enhanced, step.phase, False)
        return facts(seen.error) == told and seen.is_connected == seen.goes_on == step.stays_open

    assert await differences(step, answers, is_told, go_on=True) == []


@pytest.mark.parametrize("way", ["fin", "rst", "goodbye"])
@pytest.mark.parametrize("name", STEPS)
async def test_a_refusal_and_a_close_behind_it_is_that_refusal(name: str, way: Way) -> None:
    step, code = STEPS[name], 502 if name == "HELO after EHLO" else 571
    async with faulty(step.offer(refusal(code))) as server:
        smtp = client(server)
        with contextlib.suppress(SMTPException):
            await smtp.connect()
            await step.act(smtp)
        smtp.close()
        await server.all_gone()
        said = server.sessions[0].said
    async with faulty(step.offer(refusal(code)), Fault(way=way, after_said=said)) as server:
        smtp = client(server)
        with pytest.raises(step.error) as caught:
            await step.act(await connected(smtp))
        smtp.close()
    enhanced = f"{code // 100}.7.1"
    told = (step.error, code, f"{enhanced} no\n{enhanced} because", enhanced, step.phase, False)
    assert facts(caught.value) == told


async def connected(smtp: SMTP) -> SMTP:
    await smtp.connect()
    return smtp


@pytest.mark.parametrize("pipelining", [False, True])
async def test_a_refusal_of_one_recipient_is_in_the_result_with_the_servers_words(pipelining: bool) -> None:
    for code in CODES:
        step = Step(("RCPT 1",), send, SMTPRecipientsRefused, "rcpt", pipelining=pipelining)
        async with faulty(step.offer(refusal(code))) as server, client(server) as smtp:
            refused, text = await send(smtp)
            enhanced = f"{code // 100}.7.1"
            assert refused == {BO: SMTPResponse(code, f"{enhanced} no\n{enhanced} because")}
            assert text == "2.0.0 queued"
            assert server.sessions[0].deliveries[0].recipients == (CY,)


@pytest.mark.parametrize("name", [name for name in STEPS if name != "every RCPT"])
async def test_421_is_its_steps_exception_and_the_connection_is_closed(name: str) -> None:
    step = STEPS[name]
    seen = await hold(step, b"421 4.3.2 going down\r\n")
    assert facts(seen.error) == (step.error, 421, "4.3.2 going down", "4.3.2", step.phase, False)
    assert not seen.is_connected


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("answered", ["RCPT 1", "RCPT 2"])
async def test_421_to_one_of_several_recipients_keeps_the_servers_words(answered: str, pipelining: bool) -> None:
    step = Step((answered,), send, SMTPException, "rcpt", pipelining=pipelining)
    seen = await hold(step, b"421 4.3.2 going down\r\n")
    assert isinstance(seen.error, SMTPException)
    assert "421 4.3.2 going down" in str(seen.error)
    assert (seen.error.phase in {"rcpt", "data"}, seen.error.unconfirmed) == (True, False)
    assert not seen.is_connected


@pytest.mark.parametrize("name", STEPS)
async def test_what_is_no_reply_is_an_invalid_response_and_the_connection_is_closed(name: str) -> None:
    step = STEPS[name]
    error = SMTPConnectResponseError if step.phase == "connect" and name == "greeting" else SMTPResponseException

    def is_told(_: object, seen: Seen) -> bool:
        is_unconfirmed = step.phase == "end_of_data"  # it may have been taken: no complete reply came
        kind, code, _message, enhanced, phase, unconfirmed = facts(seen.error)
        told = (kind, code, enhanced, phase, unconfirmed) == (error, -1, None, step.phase, is_unconfirmed)
        return told and not seen.is_connected

    assert await differences(step, dict(NO_REPLIES), is_told) == []


@pytest.mark.parametrize("name", STEPS)
async def test_an_intermediate_reply_where_none_belongs_is_an_invalid_response(name: str) -> None:
    step = STEPS[name]
    misplaced = {334, 354} - ({354} if "DATA" in name else {334} if name.startswith("AUTH") else set())
    answers: dict[object, bytes] = {code: b"%d go on\r\n" % code for code in misplaced}

    def is_told(_: object, seen: Seen) -> bool:
        return isinstance(seen.error, SMTPResponseException) and seen.error.code == -1 and not seen.is_connected

    assert await differences(step, answers, is_told) == []


@pytest.mark.parametrize(
    ("answered", "options", "error"),
    [
        (("EHLO", "HELO"), {"start_tls": None}, SMTPHeloError),
        (("AUTH",), {"username": "me", "password": "pw"}, SMTPAuthenticationError),
        (("STARTTLS",), {"start_tls": True}, SMTPResponseException),
        ((), {"username": "me", "oauth_token_generator": lambda: asyncio.sleep(0, "t")}, SMTPNotSupported),
    ],
)
async def test_a_connect_that_is_refused_on_its_way_leaves_no_connection_behind(
    answered: tuple[str, ...], options: dict[str, Any], error: type[SMTPException]
) -> None:
    offer = Offer(extensions=("AUTH LOGIN", "STARTTLS"), answers=dict.fromkeys(answered, refusal(554)))
    async with faulty(offer) as server:
        smtp = client(server)
        with pytest.raises(error):
            await smtp.connect(**options)
        assert not smtp.is_connected
        await server.all_gone()


EXTRAS = (b"250 2.0.0 extra\r\n", b"550 5.7.1 extra\r\n", b"354 extra\r\n", b"25")


def with_extra(answered: str, extra: bytes) -> bytes:
    usual = {"": b"220 hi", "AUTH": b"235 in", "DATA": b"354 go", "QUIT": b"221 bye", "STARTTLS": b"220 go"}
    return usual.get(answered.partition(" ")[0], b"250 ok") + b"\r\n" + extra


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("name", STEPS)
async def test_an_extra_reply_in_the_same_segment_ends_the_session_before_the_next_reply(
    name: str, extra: bytes
) -> None:
    step = STEPS[name]
    async with faulty(step.offer(with_extra(step.answered[-1], extra))) as server:
        smtp = client(server)
        await smtp.connect()
        with contextlib.suppress(SMTPException):
            await step.act(smtp)
        with pytest.raises(SMTPException):
            await smtp.noop()
        assert not smtp.is_connected


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("answered", ["MAIL 1", "RCPT 1", "DATA 1", ". 1"])
async def test_an_extra_reply_never_makes_a_refused_recipient_an_accepted_one(
    answered: str, extra: bytes, pipelining: bool
) -> None:
    step = Step((answered,), send, SMTPException, None, pipelining=pipelining)
    async with faulty(step.offer(with_extra(answered, extra))) as server:
        smtp = client(server)
        await smtp.connect()
        refused = ["no@example.org"]
        with contextlib.suppress(SMTPException):  # told as an error is as good
            refused = list((await send(smtp, BO, "no@example.org"))[0])
        assert refused == ["no@example.org"]
        smtp.close()
