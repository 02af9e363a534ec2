"""Addresses on their way out: judged before anything is sent, written as given, named in the caller's words."""

from __future__ import annotations

import email
import email.policy
from email.headerregistry import Address
from email.message import EmailMessage, Message
from typing import TYPE_CHECKING, Any

import pytest
from support.faulty_server import Offer, faulty
from support.local_server import real_server
from support.scripted_server import answering

from notebookmail import (
    SMTP,
    Sandbox,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    send,
)
from notebookmail.smtp.message.envelope import read_address

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from support.scripted_sessions import Scripted, Speaker

    Serve = Callable[[Speaker], AbstractAsyncContextManager[Scripted]]

UNSAFE = [
    "b@example.org> AUTH=<x@example.org", "b@example.org NOTIFY=NEVER", "b@example.org\r\nDATA", "b@x.org,c@y.org",
    "b@x.org, Bob <c@y.org>", "Bob <b@x.org>, c@y.org", "Bob, Ann <b@x.org>", "Bob <b@x.org> c", "<<b@x.org>>",
    'Bob "x <b@x.org>', "Bob <b@x.org", "b @x.org", "Bob <b@x.org> <c@y.org>",
]  # fmt: skip


def letter(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"From": "a@example.org", "To": "b@example.org", "Subject": "x"} | headers).items():
        message[name.replace("_", "-")] = value
    message.set_content("hello\n")
    return message


def said(server: Scripted, verb: str) -> list[str]:
    return [
        line.decode().strip() for each in server.sessions for line in each.heard if line.startswith(verb.encode())
    ]


@pytest.mark.parametrize("unsafe", [*UNSAFE, ""])
async def test_one_unsafe_recipient_and_nobody_gets_mail(serve: Serve, unsafe: str) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(ValueError, match=r"address|mailbox|quoted"):
            await smtp.sendmail("a@example.org", ["b@example.org", unsafe], "x")
        with pytest.raises(ValueError, match=r"address|mailbox|quoted"):
            await smtp.send_message(letter(), recipients=["b@example.org", unsafe])
        assert said(server, "MAIL") == said(server, "RCPT") == []
        assert (await smtp.noop()).code == 250


@pytest.mark.parametrize("unsafe", UNSAFE)
async def test_an_unsafe_sender_and_nobody_gets_mail(serve: Serve, unsafe: str) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(ValueError, match=r"address|mailbox|quoted"):
            await smtp.sendmail(unsafe, ["b@example.org"], "x")
        assert said(server, "MAIL") == []


async def test_send_does_not_even_connect_for_an_unsafe_address(serve: Serve) -> None:
    async with serve(answering()) as server:
        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": server.port}
        with pytest.raises(ValueError, match="b@x b"):
            await send("x", sender="a@example.org", recipients=["c@example.org", "b@x b"], **options)
        with pytest.raises(ValueError, match="b@x b"):
            await send(letter(), recipients=["b@x b"], **options)
        assert server.sessions == []


@pytest.mark.parametrize("method", ["mail", "rcpt", "vrfy", "expn"])
@pytest.mark.parametrize("unsafe", UNSAFE)
async def test_no_command_by_hand_takes_unsafe_text(serve: Serve, method: str, unsafe: str) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(ValueError, match=r"address|mailbox|quoted"):
            await getattr(smtp, method)(unsafe)
        assert said(server, method.upper()) == []


@pytest.mark.parametrize("address", ["user@mailhost", "root", f"{'x' * 65}@example.org", "a,b@example.org"])
async def test_what_is_safe_is_written_as_it_is(serve: Serve, address: str) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await smtp.sendmail(address, [address], "x")
        await smtp.vrfy(address)
    assert said(server, "MAIL") == [f"MAIL FROM:<{address}>"]
    assert said(server, "RCPT") == [f"RCPT TO:<{address}>"]
    assert said(server, "VRFY") == [f"VRFY {address}"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ann <a@example.org>", "a@example.org"),
        ('"Lee, Ann" <a@example.org>', "a@example.org"),
        ('"Ann \\" <x@y.z>" <a@example.org>', "a@example.org"),
        ("Jörg <a@exämple.org>", "a@xn--exmple-cua.org"),
        ("<root>", "root"),
        ("", ""),
        (" a@Example.ORG ", "a@Example.ORG"),
        ('"a> b"@example.org', '"a> b"@example.org'),
        ("jörg@exämple.org", "jörg@exämple.org"),
    ],
)
def test_the_address_is_read_out_of_a_mailbox(text: str, address: str) -> None:
    assert read_address(text) == address


async def test_mail_and_rcpt_take_a_mailbox_with_a_name(serve: Serve) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await smtp.mail("Ann <a@example.org>")
        await smtp.rcpt('"Bo, B." <b@example.org>')
    assert said(server, "MAIL") == ["MAIL FROM:<a@example.org>"]
    assert said(server, "RCPT") == ["RCPT TO:<b@example.org>"]


async def test_an_error_by_hand_names_what_the_caller_wrote(serve: Serve) -> None:
    async with (
        serve(answering(mail="550 no", rcpt="550 no")) as server,
        SMTP(hostname="127.0.0.1", port=server.port) as smtp,
    ):
        with pytest.raises(SMTPSenderRefused) as sender:
            await smtp.mail("Ann <a@example.org>")
        with pytest.raises(SMTPRecipientRefused) as recipient:
            await smtp.rcpt("Bo <b@example.org>")
    assert sender.value.sender == "Ann <a@example.org>"
    assert recipient.value.recipient == "Bo <b@example.org>"


async def test_refused_recipients_are_keyed_by_the_text_the_caller_gave() -> None:
    given = ["No <no@example.org>", "no@example.org", "b@example.org", "Bücher <no@bücher.example>"]
    faults = {"no@example.org": "550 5.1.1 no", "no@xn--bcher-kva.example": "550 5.1.1 no"}
    async with Sandbox(faults=faults) as box, SMTP(hostname="127.0.0.1", port=box.server.port) as smtp:
        refused, _ = await smtp.sendmail("a@example.org", given, "x")
        assert list(refused) == ["No <no@example.org>", "no@example.org", "Bücher <no@bücher.example>"]
        assert box.received[0].rcpt_to == ("b@example.org",)  # who is named twice is asked for once
        with pytest.raises(SMTPRecipientsRefused) as caught:
            await smtp.sendmail("a@example.org", given[:2], "x")
    assert [each.recipient for each in caught.value.recipients] == given[:2]
    assert {each.phase for each in caught.value.recipients} == {"rcpt"}
    assert given[0] in str(caught.value)


async def test_a_refused_sender_is_named_as_the_caller_wrote_it(serve: Serve) -> None:
    async with serve(answering(mail="550 5.7.1 no")) as server:
        with pytest.raises(SMTPSenderRefused) as caught:
            await send(
                "x",
                sender="Ann <a@example.org>",
                recipients="b@example.org",
                hostname="127.0.0.1",
                port=server.port,
            )
    assert caught.value.args == (550, "5.7.1 no", "Ann <a@example.org>")
    assert caught.value.phase == "mail"


@pytest.mark.parametrize("extensions", [(), ("8BITMIME",), ("8BITMIME", "CHUNKING", "PIPELINING", "SMTPUTF8")])
async def test_what_arrives_is_what_was_given(extensions: tuple[str, ...]) -> None:
    message_id = f"<{'A0' * 45}@{'host.' * 8}example.org>"
    names = ["Müller, Jörg (Einkauf)", "日本語" * 20, "x" * 90 + ", y", "Ann"]
    boxes = [Address(name, f"u{place}", "example.org") for place, name in enumerate(names)]
    message = letter(References=f"{message_id} {message_id}", In_Reply_To=message_id)
    message.replace_header("To", boxes)
    offer = Offer(extensions=extensions)
    async with faulty(offer) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await smtp.send_message(message)
        (delivery,) = server.sessions[0].deliveries
    arrived = email.message_from_bytes(delivery.content, policy=email.policy.default)
    assert arrived["References"].split() == [message_id, message_id]
    assert arrived["In-Reply-To"].strip() == message_id
    assert [(each.display_name, each.addr_spec) for each in arrived["To"].addresses] == [
        (each.display_name, each.addr_spec) for each in boxes
    ]
    assert delivery.recipients == tuple(each.addr_spec for each in boxes)
    assert max(map(len, delivery.content.split(b"\r\n"))) <= 998


# --- after a refusal --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extensions", [(), ("PIPELINING",)])
@pytest.mark.parametrize(
    ("verb", "kind"), [("mail", SMTPSenderRefused), ("rcpt", SMTPRecipientsRefused), ("data", SMTPDataError)]
)
async def test_after_a_refused_sendmail_the_session_is_reset_at_once(
    *, serve: Serve, verb: str, kind: type[SMTPException], extensions: tuple[str, ...]
) -> None:
    async with serve(answering(*extensions, **({"data": "503 5.5.1 no"} | {verb: "550 5.7.1 no"}))) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        with pytest.raises(kind):
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        assert server.sessions[0].heard[-1] == b"RSET\r\n"
        assert smtp.is_connected
        await smtp.quit()
    assert said(server, "RSET") == ["RSET"]


async def test_commands_by_hand_work_after_a_refused_message() -> None:
    async with (
        Sandbox(faults={"no@example.org": "550 5.1.1 no"}) as box,
        SMTP(hostname="127.0.0.1", port=box.server.port) as smtp,
    ):
        with pytest.raises(SMTPRecipientsRefused):
            await smtp.sendmail("a@example.org", ["no@example.org"], "x")
        await smtp.mail("a@example.org")  # "503 nested MAIL" in a transaction left open
        await smtp.rcpt("b@example.org")
        assert (await smtp.data("Subject: x\n\nhello")).code == 250


async def test_a_reset_that_fails_does_not_hide_the_refusal(serve: Serve) -> None:
    async with serve(answering(rcpt="550 5.1.1 no", rset="421 4.3.2 bye")) as server:
        smtp = SMTP(hostname="127.0.0.1", port=server.port)
        await smtp.connect()
        with pytest.raises(SMTPRecipientsRefused):
            await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        assert not smtp.is_connected


async def test_an_accepted_message_is_followed_by_no_reset(serve: Serve) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await smtp.sendmail("a@example.org", ["b@example.org"], "x")
        await smtp.noop()
    assert said(server, "RSET") == []


# --- VRFY and EXPN ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["vrfy", "expn"])
@pytest.mark.parametrize("nothing", ["", "<>"])
async def test_vrfy_and_expn_want_something_to_ask_about(serve: Serve, method: str, nothing: str) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(ValueError, match="no address"):
            await getattr(smtp, method)(nothing)
        assert said(server, method.upper()) == []


@pytest.mark.parametrize("method", ["vrfy", "expn"])
@pytest.mark.parametrize("options", [None, ["SMTPUTF8"], ["smtputf8"]])
async def test_vrfy_and_expn_ask_for_smtputf8_where_it_is_needed(
    serve: Serve, method: str, options: list[str] | None
) -> None:
    async with serve(answering("SMTPUTF8")) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await getattr(smtp, method)("jörg@example.org", options=options)
        await getattr(smtp, method)("staff")
    word = options[0] if options else "SMTPUTF8"
    assert said(server, method.upper()) == [
        f"{method.upper()} jörg@example.org {word}",
        f"{method.upper()} staff",
    ]


@pytest.mark.parametrize("method", ["vrfy", "expn"])
@pytest.mark.parametrize("address", ["jörg@example.org", "a@example.org"])
async def test_vrfy_and_expn_without_smtputf8_say_so(serve: Serve, method: str, address: str) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(SMTPNotSupported, match="SMTPUTF8 is not supported"):
            await getattr(smtp, method)(address, options=["SMTPUTF8"])
        assert said(server, method.upper()) == []


# --- international addresses ------------------------------------------------------------------------------------


def in_header(kind: type, name: str, value: str) -> Any:
    message = kind()
    for each, text in ({"From": "a@example.org", "To": "b@example.org", "Subject": "x"} | {name: value}).items():
        message[each] = text
    message.set_payload("hello\n")
    return message


HEADERS = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"]


@pytest.mark.parametrize("kind", [EmailMessage, Message])
@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", ["jörg@exämple.org", "Jörg Müller <jörg@exämple.org>, c@example.org"])
async def test_an_international_address_goes_by_smtputf8(kind: type, name: str, value: str) -> None:
    async with real_server(enable_SMTPUTF8=True) as (port, taking):
        await send(in_header(kind, name, value), hostname="127.0.0.1", port=port)
    (envelope,) = taking.envelopes
    assert "SMTPUTF8" in envelope.mail_options
    assert ("jörg@exämple.org" in envelope.rcpt_tos) is (name in {"To", "Cc", "Bcc"})
    arrived = email.message_from_string(envelope.content.decode(), policy=email.policy.default)
    if name != "Bcc":
        assert arrived[name].addresses[0].addr_spec == "jörg@exämple.org"
        assert arrived[name].addresses[0].display_name == ("Jörg Müller" if "<" in value else "")


@pytest.mark.parametrize("kind", [EmailMessage, Message])
@pytest.mark.parametrize("name", [each for each in HEADERS if each != "Reply-To"])
async def test_without_smtputf8_an_international_address_stops_the_message(kind: type, name: str) -> None:
    async with real_server(enable_SMTPUTF8=False) as (port, taking):
        with pytest.raises(SMTPNotSupported, match="SMTPUTF8 is not supported") as caught:
            await send(in_header(kind, name, "jörg@exämple.org"), hostname="127.0.0.1", port=port)
    assert caught.value.phase == "mail"
    assert taking.envelopes == []


@pytest.mark.parametrize("kind", [EmailMessage, Message])
async def test_an_international_reply_to_alone_does_not_stop_a_message(kind: type) -> None:
    message = in_header(kind, "Reply-To", "c@example.org, Jörg <jörg@exämple.org>")
    async with real_server(enable_SMTPUTF8=False) as (port, taking):
        await send(message, hostname="127.0.0.1", port=port)
    (envelope,) = taking.envelopes
    assert envelope.content.isascii()
    arrived = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert [each.addr_spec for each in arrived["Reply-To"].addresses] == ["c@example.org"]
    assert "jörg@exämple.org" in arrived["Reply-To"]  # shown, but no address that an answer could go astray to
    assert arrived["To"] == "b@example.org"


@pytest.mark.parametrize("given", ["b@x.org> AUTH=<c@y.org", "Bob b@x.org", "b@x.org c@y.org", "Bob <b@x.org"])
@pytest.mark.parametrize("kind", [EmailMessage, Message])
async def test_a_header_that_is_no_list_of_mailboxes_is_refused_not_repaired(
    serve: Serve, kind: type, given: str
) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        with pytest.raises(ValueError, match="the header To"):
            await smtp.send_message(in_header(kind, "To", given))
        assert said(server, "MAIL") == []


async def test_a_local_user_in_a_header_is_the_servers_to_judge(serve: Serve) -> None:
    async with serve(answering()) as server, SMTP(hostname="127.0.0.1", port=server.port) as smtp:
        await smtp.send_message(letter(To="root, Ann <ann>", From="cron"))
    assert said(server, "MAIL") == ["MAIL FROM:<cron>"]
    assert said(server, "RCPT") == ["RCPT TO:<root>", "RCPT TO:<ann>"]


# --- a header that was set with a list ------------------------------------------------------------------------


async def test_a_list_of_texts_is_a_list_of_mailboxes() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = ["Ann <a@example.org>"], "x"
    message["To"] = ["Bob <b@example.org>", "root", "J\u00f6rg <j@example.org>"]
    message["Cc"] = ['"Doe, Jane" <d@example.org>']
    async with Sandbox() as box:
        await send(message, hostname="127.0.0.1", port=box.server.port)
    (received,) = box.received
    assert (received.mail_from, received.rcpt_to) == (
        "a@example.org",
        ("b@example.org", "root", "j@example.org", "d@example.org"),
    )
    read = email.message_from_bytes(received.content, policy=email.policy.default)
    assert [each.display_name for each in read["To"].addresses] == ["Bob", "", "J\u00f6rg"]
    assert [each.display_name for each in read["Cc"].addresses] == ["Doe, Jane"]


@pytest.mark.parametrize("text", ["Doe, Jane <d@example.org>", "b@x.org, c@x.org", "", "a: b@x.org, c@x.org;"])
async def test_a_text_of_a_list_is_one_mailbox(text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.org", ["b@example.org", text]
    with pytest.raises(ValueError, match="To"):
        await send(message, hostname="127.0.0.1", port=1)
