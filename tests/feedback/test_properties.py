"""Whatever arrives, reading it ends, raises nothing, and takes no bounce for an answer nor the other way round."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.notices import COMPLAINTS, MACHINES, PEOPLE, PLAIN_REPORTS, SAMPLES, STANDARD_REPORTS, Sample

from notebookmail.feedback import Notice, read_notice
from notebookmail.feedback.body_text import LONGEST_LINE
from notebookmail.feedback.fields import MOST_ADDRESSES, MOST_IDS

OF_SYSTEMS = (*STANDARD_REPORTS, *PLAIN_REPORTS)
BOUNCES = [each for each in OF_SYSTEMS if each.kind == "bounce"]
LATE = [each for each in OF_SYSTEMS if each.kind == "delay"]
FOR_SYSTEMS = {"bounce", "delay", "delivered", "other"}
FOR_PEOPLE = {"reply", "other", "auto_reply", "unsubscribe"}
"""A sentence of a person that is cut off may say less: "please unsubscribe"."""

samples = st.sampled_from(SAMPLES)
CODINGS = ("base64", "quoted-printable", "x-uuencode", "8bit", "binary", "no such")
CHARSETS = (
    "utf-8",
    "iso-2022-jp",
    "utf-16",
    "koi8-r",
    "utf-7",
    "idna",
    "punycode",
    "zlib",
    "hex",
    "no such",
    "\x00",
    "",
)


def is_bounded(notice: Notice) -> bool:
    texts = [notice.reason, notice.subject, notice.sender, notice.envelope_id, notice.message_id, notice.code]
    return (
        all(len(text) <= 2 * LONGEST_LINE and text.isprintable() for text in texts[:2])
        and all(len(text) <= 600 for text in texts)
        and len(notice.refers_to) <= 3 * MOST_IDS
        and len(notice.recipients) <= 200
        and len(notice.came_to) <= MOST_ADDRESSES
        and len(notice.digest) == 16
    )


@given(st.binary(max_size=4_000))
def test_any_octets_are_read(content: bytes) -> None:
    notice = read_notice(content)
    assert is_bounded(notice)
    assert notice == read_notice(content)


@given(st.lists(st.sampled_from([
    b"From: ", b"Subject: ", b"MAILER-DAEMON", b"\r\n", b"\n\n", b" ", b"<a@b.example>", b"Content-Type: ",
    b"text/html", b"multipart/report; boundary=", b"x", b"--x", b"--", b"message/delivery-status", b"rfc822;",
    b"Final-Recipient: ", b"Action: failed", b"Status: 5.1.1", b"550 ", b"=?utf-8?b?", b"?=", b"\xff", b"(", b'"',
    b"Message-ID: ", b"In-Reply-To: ", b"message/feedback-report", b"Feedback-Type: abuse", b"unsubscribe",
    b"base64", b"Content-Transfer-Encoding: ", b"\\",
]), max_size=60))  # fmt: skip
def test_any_order_of_what_reports_hold_is_read(pieces: list[bytes]) -> None:
    assert is_bounded(read_notice(b"".join(pieces)))


@given(st.sampled_from(OF_SYSTEMS), st.floats(0, 1))
def test_a_report_that_is_cut_off_is_no_answer(sample: Sample, share: float) -> None:
    notice = read_notice(sample.content[: int(len(sample.content) * share)])
    assert notice.kind in FOR_SYSTEMS
    assert is_bounded(notice)


@given(st.sampled_from(LATE), st.floats(0, 1))
def test_a_delay_that_is_cut_off_never_says_that_an_address_is_dead(sample: Sample, share: float) -> None:
    assert not read_notice(sample.content[: int(len(sample.content) * share)]).is_permanent


@given(st.sampled_from((*PEOPLE, *MACHINES)), st.floats(0, 1))
def test_an_answer_that_is_cut_off_is_no_bounce(sample: Sample, share: float) -> None:
    assert read_notice(sample.content[: int(len(sample.content) * share)]).kind in FOR_PEOPLE


@given(st.sampled_from(COMPLAINTS), st.floats(0, 1))
def test_a_complaint_that_is_cut_off_is_neither_answer_nor_bounce(sample: Sample, share: float) -> None:
    kind = read_notice(sample.content[: int(len(sample.content) * share)]).kind
    assert kind in {"complaint", "unsubscribe", "other"}


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.kind}: {sample.name}")
def test_every_beginning_of_every_form_is_sane(sample: Sample) -> None:
    allowed = FOR_SYSTEMS if sample in OF_SYSTEMS else FOR_PEOPLE | {"complaint"}
    kinds = {read_notice(sample.content[:length]).kind for length in range(len(sample.content))}
    assert kinds <= allowed


@given(samples, st.sampled_from(CHARSETS), st.sampled_from(CODINGS))
def test_what_is_declared_wrongly_is_still_no_other_kind(sample: Sample, charset: str, coding: str) -> None:
    declared = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {coding}".encode()
    content = re.sub(rb"Content-Type: text/plain[^\r]*", lambda _: declared, sample.content)
    notice = read_notice(content)
    assert is_bounded(notice)
    assert notice.kind in (FOR_SYSTEMS if sample in OF_SYSTEMS else FOR_PEOPLE | {"complaint"})


@given(samples, st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_turned_octets_are_read(sample: Sample, place: int, octets: bytes) -> None:
    place %= len(sample.content)
    assert is_bounded(read_notice(sample.content[:place] + octets + sample.content[place + len(octets) :]))


@pytest.mark.parametrize("sample", BOUNCES, ids=lambda sample: sample.name)
def test_a_bounce_that_a_person_forwards_is_none(sample: Sample) -> None:
    head = (
        b"From: Ann <ann@receiver.example>\r\nTo: desk@letters.example\r\nSubject: Fwd: this came\r\n"
        b"Message-ID: <f1@receiver.example>\r\nIn-Reply-To: <q5Tz81@letters.example>\r\n"
    )
    body = sample.content.replace(b"\r", b"\n")
    beside = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="f"\r\n\r\n--f\r\n\r\nlook\r\n--f\r\n'
    below = read_notice(head + b"\r\n" + body)
    attached = read_notice(
        head + beside + b"Content-Type: message/rfc822\r\n\r\n" + sample.content + b"\r\n--f--\r\n"
    )
    assert (below.kind, attached.kind) == ("reply", "reply")
    assert below.refers_to[0] == attached.refers_to[0] == "q5Tz81@letters.example"


@given(samples)
def test_a_message_is_the_same_in_another_folder(sample: Sample) -> None:
    digest = read_notice(sample.content).digest
    end = b"\r\n" if b"\n" in sample.content else b"\r"
    moved = b"Received: from a by b; 1 Jun 2026 09:00:09 +0000" + end + b"X-Spam-Score: 1" + end + sample.content
    assert read_notice(moved).digest == digest
    ended_by_lf = sample.content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert read_notice(ended_by_lf).digest == digest


def test_messages_of_one_sender_and_second_are_two_without_a_message_id() -> None:
    head = b"From: a@b.example\r\nDate: Mon, 1 Jun 2026 09:00:09 +0000\r\n\r\n"
    assert read_notice(head + b"one").digest != read_notice(head + b"two").digest
