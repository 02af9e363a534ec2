"""What comes back to the sandbox's mailbox: the forms of servers and people, and what a sender asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.smtp_by_hand import calling

from notebookmail import FrameError, Sandbox
from notebookmail.feedback import read_notice
from notebookmail.mailbox.reading import Position
from notebookmail.sandbox.answers import TakenLetter, answer
from notebookmail.sandbox.delivery_requests import DeliveryRequests, xtext_decoded
from notebookmail.sandbox.mailbox import SandboxMailbox

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import EmailMessage, Message

LETTER = (
    b"From: Desk <desk@example.org>\r\nTo: ann@example.com\r\nSubject: Your points\r\n"
    b"Message-ID: <0123456789abcdef0123456789abcdef@example.org>\r\n"
    b"List-Unsubscribe: <https://example.org/leave>, <mailto:leave@example.org?subject=leave%20may>\r\n"
    b"\r\nDear Ann\r\n"
)
KINDS = ("bounce", "delay", "complaint", "unsubscribe", "away", "reply")


def taken(recipient: str = "ann@example.com", content: bytes = LETTER, **asked: Any) -> TakenLetter:
    message = message_from_bytes(content, policy=policy.default)
    requests = asked.pop("requests", DeliveryRequests())
    return TakenLetter("desk@example.org", recipient, message, content, requests, datetime.now(UTC))


def written(kind: str, letter: TakenLetter, reply: str = "550 5.1.1 No such user") -> EmailMessage:
    mail = answer(kind, letter, reply)
    assert mail is not None
    return message_from_bytes(mail.content, policy=policy.default)


def part(mail: Message, kind: str) -> Message:
    return next(each for each in mail.walk() if each.get_content_type() == kind)


async def read(mailbox: SandboxMailbox, positions: Any = None, since: Any = None) -> tuple[list[Any], Any]:
    messages, at = [], dict(positions or {})
    async for batch in mailbox.read(at.copy(), since):
        messages += batch.messages
        at.update(batch.positions)
        assert batch.done <= batch.total
    return messages, at


# --- forms --------------------------------------------------------------------------------------------------


def people() -> Iterable[str]:
    return (f"user{number}@example.com" for number in range(40))


def test_a_bounce_says_whom_it_is_about_and_returns_the_letter() -> None:
    mails = [written("bounce", taken(each)) for each in people()]
    reports = [each for each in mails if each.get_content_type() == "multipart/report"]
    assert 0 < len(reports) < len(mails), "some servers write as qmail does"
    for mail in reports:
        _, about = part(mail, "message/delivery-status").get_payload()
        assert (about["Action"], about["Status"]) == ("failed", "5.1.1")
        assert about["Diagnostic-Code"] == "smtp; 550 5.1.1 No such user"
    assert all(b"0123456789abcdef0123456789abcdef" in each.as_bytes() for each in mails)


def test_a_letter_meets_the_same_form_again() -> None:
    letter = taken("bo@example.com")
    assert answer("bounce", letter, "550 No") == answer("bounce", letter, "550 No")


def test_a_soft_bounce_has_the_code_of_its_reply() -> None:
    letter = next(each for each in map(taken, people()) if written("bounce", each).is_multipart())
    _, about = part(written("bounce", letter, "452 4.2.2 Full"), "message/delivery-status").get_payload()
    assert about["Status"] == "4.2.2"
    _, about = part(written("bounce", letter, "550 No"), "message/delivery-status").get_payload()
    assert about["Status"] == "5.0.0"


def test_a_reply_stands_in_the_letters_thread_and_quotes_it() -> None:
    mail = written("reply", taken())
    assert mail["In-Reply-To"] == mail["References"] == "<0123456789abcdef0123456789abcdef@example.org>"
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "ann@example.com", "desk@example.org", "Re: Your points",
    )  # fmt: skip
    assert "> Dear Ann" in mail.get_content()


def test_a_vacation_responder_says_that_it_is_no_person() -> None:
    mail = written("away", taken())
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<0123456789abcdef0123456789abcdef@example.org>"


def test_a_complaint_names_the_recipient_in_its_report() -> None:
    mail = written("complaint", taken())
    assert mail.get_param("report-type") == "feedback-report"
    assert "Original-Rcpt-To: <ann@example.com>" in str(part(mail, "message/feedback-report"))


def test_unsubscribing_goes_to_the_address_in_the_letter_else_to_its_sender() -> None:
    mail = written("unsubscribe", taken())
    assert (mail["To"], mail["Subject"], mail["In-Reply-To"]) == ("leave@example.org", "leave may", None)
    bare = written("unsubscribe", taken(content=LETTER.replace(b"List-Unsubscribe", b"X-Other")))
    assert (bare["To"], bare["Subject"]) == ("desk@example.org", "unsubscribe")
    assert bare["In-Reply-To"] == "<0123456789abcdef0123456789abcdef@example.org>"


@given(
    st.sampled_from([*KINDS, "delivered"]),
    st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~é漢", min_size=1, max_size=12) | st.just('"a b"'),
    st.binary(max_size=200),
    st.text(max_size=20),
)
def test_whatever_a_letter_holds_an_answer_can_be_written(
    kind: str, local: str, content: bytes, envelope_id: str
) -> None:
    recipient = f"{local}@example.com"
    requests = DeliveryRequests(envelope_id="".join(envelope_id.split()))
    requests.notify[recipient.lower()] = frozenset({"SUCCESS", "FAILURE", "DELAY"})
    mail = answer(kind, taken(recipient, content, requests=requests), "550 5.1.1 No")
    assert mail is not None
    assert mail.content.endswith(b"\n")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("bounce", "bounce"), ("delay", "delay"), ("reply", "reply"), ("away", "auto_reply"),
     ("complaint", "complaint"), ("unsubscribe", "unsubscribe"), ("delivered", "delivered")],
)  # fmt: skip
def test_what_is_written_here_is_read_as_what_it_is(fault: str, kind: str) -> None:
    requests = DeliveryRequests(notify={each: frozenset({"SUCCESS", "DELAY", "FAILURE"}) for each in people()})
    for each in people():
        mail = answer(
            fault, taken(each, requests=requests), "250 2.1.5 OK" if fault == "delivered" else "550 5.1.1 No"
        )
        assert mail is not None
        notice = read_notice(mail.content)
        assert (notice.kind, notice.recipients) == (kind, (each,))
        if fault != "unsubscribe":
            assert notice.refers_to[0] == "0123456789abcdef0123456789abcdef@example.org"
        if fault == "bounce":
            assert (notice.is_permanent, notice.code) == (True, "5.1.1")


# --- what a sender asked for --------------------------------------------------------------------------------


def test_what_a_sender_asks_for_is_read_and_taken_out_of_the_commands() -> None:
    requests = DeliveryRequests()
    assert requests.note_mail("FROM:<a@example.org> SIZE=7 RET=HDRS ENVID=Ab+2B1") == "FROM:<a@example.org> SIZE=7"
    assert requests.note_recipient("TO:<B@example.org> NOTIFY=DELAY,FAILURE ORCPT=rfc822;B@example.org") == (
        "TO:<B@example.org>"
    )
    assert (requests.envelope_id, requests.wants_headers_only) == ("Ab+1", True)
    assert requests.original == {"b@example.org": "rfc822;B@example.org"}
    assert requests.wants("FAILURE", "b@example.org")
    assert not requests.wants("SUCCESS", "b@example.org")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30))
def test_xtext_is_read_as_it_was_meant(text: str) -> None:
    encoded = "".join(f"+{ord(each):02X}" if each in "+=" else each for each in text)
    assert xtext_decoded(encoded) == text


async def mailed(*lines: str, faults: Any = None) -> Sandbox:
    async with Sandbox(faults) as box, calling(box.server.effective_port) as caller:
        for line in ("EHLO client.example", *lines, "DATA"):
            await caller.say(line)
        await caller.say(LETTER.decode().rstrip("\r\n") + "\r\n.")
    return box


async def test_never_is_kept_to() -> None:
    loud = await mailed("MAIL FROM:<desk@example.org>", "RCPT TO:<ann@example.com>", faults={"bounce": 1})
    still = await mailed(
        "MAIL FROM:<desk@example.org>", "RCPT TO:<ann@example.com> NOTIFY=NEVER", faults={"bounce": 1}
    )
    assert (len(loud.mailbox), len(still.mailbox)) == (1, 0)


async def test_a_letter_without_a_sender_gets_no_answer() -> None:
    box = await mailed("MAIL FROM:<>", "RCPT TO:<ann@example.com>", faults={"reply": 1})
    assert (len(box.received), len(box.mailbox)) == (1, 0)


async def test_a_report_goes_to_the_envelope_sender_with_its_envelope_id() -> None:
    box = await mailed(
        "MAIL FROM:<bounces+Tok3n@example.org> ENVID=Tok3n", "RCPT TO:<ann@example.com> NOTIFY=SUCCESS"
    )
    (mail,) = box.mailbox.messages
    assert (mail["To"], mail["Delivered-To"]) == ("bounces+Tok3n@example.org",) * 2
    whole, about = part(mail, "message/delivery-status").get_payload()
    assert (whole["Original-Envelope-Id"], about["Action"]) == ("Tok3n", "delivered")


# --- the mailbox --------------------------------------------------------------------------------------------


async def test_the_same_seed_brings_the_same_answers() -> None:
    faults = dict.fromkeys(KINDS, 0.3)
    found = []
    for _ in range(2):
        async with Sandbox(faults, seed=7) as box:
            for each in people():
                async with calling(box.server.effective_port) as caller:
                    await caller.post(each)
        found.append(([str(mail["Subject"]) for mail in box.mailbox.messages], box.counts))
    assert found[0] == found[1]
    assert len(found[0][1]) > 3


async def test_a_reading_goes_on_where_the_one_before_stopped() -> None:
    mailbox = SandboxMailbox()
    for number in range(250):
        mailbox.deliver(b"Subject: %d\r\n\r\n" % number, "me@example.org")
    first, positions = await read(mailbox)
    again, _ = await read(mailbox, positions)
    assert ([each.uid for each in first], again) == ([*range(1, 251)], [])
    mailbox.deliver(b"Subject: new\r\n\r\n")
    assert [each.content for each in (await read(mailbox, positions))[0]] == [b"Subject: new\r\n\r\n"]


async def test_the_position_in_another_sandbox_is_none_here() -> None:
    mailbox = SandboxMailbox()
    mailbox.deliver(b"Subject: x\r\n\r\n")
    assert len((await read(mailbox, {"INBOX": Position(0, 9)}))[0]) == 1


async def test_what_came_before_since_counts_as_read() -> None:
    mailbox = SandboxMailbox()
    mailbox.deliver(b"Subject: x\r\n\r\n")
    messages, positions = await read(mailbox, since=datetime.now(UTC) + timedelta(hours=1))
    assert messages == []
    assert positions["INBOX"].uid == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_amount_that_is_no_share_is_refused(kind: str) -> None:
    with pytest.raises(FrameError, match="a share from 0 to 1"):
        Sandbox({kind: 2})


def test_a_reply_beside_what_says_none_is_refused() -> None:
    with pytest.raises(FrameError, match="without a reply"):
        Sandbox({"away": (0.1, "550 5.1.1 No")})
