"""Messages made to hurt: what is read of them and kept is bounded, and they are no bounce of anybody.

Bounds are shown by the octets that are held at most while a message is read, and by the calls that reading it
takes: neither knows how fast the machine is.
"""

from __future__ import annotations

import base64
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from notebookmail.feedback import Notice, read_notice
from notebookmail.feedback.fields import MOST_IDS
from notebookmail.feedback.parts import MOST_OCTETS, MOST_PARTS, cut

if TYPE_CHECKING:
    from types import FrameType

MIB = 1 << 20
MOST_HELD = 12 * MIB
MOST_CALLS = 100_000
HEAD = b"From: Ann <ann@receiver.example>\r\nTo: desk@letters.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
DAEMON = b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\nMIME-Version: 1.0\r\n"


def nested(levels: int) -> bytes:
    parts = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(levels)
    ]
    return HEAD + b"".join(parts) + b"\r\ninnermost\r\n"


def beside(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


def report(fields: bytes) -> bytes:
    kind = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    return DAEMON + kind + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + fields + b"\r\n--b--\r\n"


ONE = b"\r\nFinal-Recipient: rfc822; a%d@receiver.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"

HOSTILE = {
    "1,000 nested parts": lambda: nested(1_000),
    "100,000 nested parts": lambda: nested(100_000),
    "1,000,000 parts": lambda: beside(1_000_000),
    "50 MB of text": lambda: DAEMON + b"\r\n" + b"550 5.1.1 user unknown\r\n" * (50 * MIB // 24),
    "50 MB in one line": lambda: DAEMON + b"\r\n" + b"x" * (50 * MIB),
    "1,000,000 fields": lambda: b"X-A: b\r\n" * 1_000_000 + HEAD + b"\r\nhello\r\n",
    "a field of 50 MB": lambda: b"Subject: " + b"a" * (50 * MIB) + b"\r\n" + HEAD + b"\r\nhello\r\n",
    "1,000,000 lines of one field": lambda: b"Subject:\r\n" + b" a\r\n" * 1_000_000 + HEAD + b"\r\nhello\r\n",
    "1,000,000 references": lambda: b"References:" + b" <a@b>" * 1_000_000 + b"\r\n" + HEAD + b"\r\nhello\r\n",
    "base64 of 50 MB": lambda: (
        DAEMON + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"\0" * (37 * MIB))
    ),
    "html of open tags": lambda: DAEMON + b"Content-Type: text/html\r\n\r\n" + b"<div><!--" * 1_000_000,
    "html of scripts": lambda: DAEMON + b"Content-Type: text/html\r\n\r\n" + b"<script>" * 1_000_000,
    "comments in comments": lambda: b"From: " + b"(" * 100_000 + b"\r\nTo: " + b'"\\' * 50_000 + b"\r\n\r\nx\r\n",
    "encoded words": lambda: HEAD.replace(b"Subject: x", b"Subject: " + b"=?utf-8?q?a" * 50_000) + b"\r\nx\r\n",
    "100,000 recipients": lambda: report(b"Reporting-MTA: dns; x\r\n" + b"".join(ONE % n for n in range(100_000))),
    "recipients with no line between": lambda: report((ONE % 1).lstrip() * 20_000),
    "1,000,000 empty blocks": lambda: report(b"\r\n" * 1_000_000),
    "JSON in JSON": lambda: b"From: no-reply@sns.amazonaws.com\r\n\r\n" + b'{"a":' * 300_000,
    "boundaries in every line": lambda: (
        HEAD + b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n' + b"---\r\n" * 300_000
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=HOSTILE, ids=lambda name: name)
def hostile(request: pytest.FixtureRequest) -> bytes:
    return HOSTILE[request.param]()


def calls_of(content: bytes) -> int:
    """Count the calls that reading takes, those of the interpreter's own functions too."""
    count = 0

    def seen(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        read_notice(content)
    finally:
        sys.setprofile(before)
    return count


def test_what_is_held_while_it_is_read_is_bounded(hostile: bytes) -> None:
    tracemalloc.start()
    notice = read_notice(hostile)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(notice, Notice)
    assert most < MOST_HELD


def test_what_is_done_to_read_it_is_bounded(hostile: bytes) -> None:
    assert calls_of(hostile) < MOST_CALLS


def test_nothing_behind_the_first_mebibyte_is_looked_at(hostile: bytes) -> None:
    assert read_notice(hostile) == read_notice(hostile[:MOST_OCTETS])


def test_parts_are_counted_and_levels_are() -> None:
    assert len(cut(beside(1_000)).parts) == MOST_PARTS
    assert len(cut(nested(1_000)).parts) == 1
    assert read_notice(nested(1_000)).kind == "other"


def test_forged_identifiers_are_bounded_and_in_order() -> None:
    ids = b" ".join(b"<%d@letters.example>" % number for number in range(300))
    notice = read_notice(HEAD + b"References: " + ids + b"\r\n\r\nhello\r\n")
    assert notice.kind == "reply"
    assert notice.refers_to[:2] == ("299@letters.example", "298@letters.example")
    assert len(notice.refers_to) == MOST_IDS


def test_an_identifier_of_a_value_that_is_cut_is_never_made_of_two() -> None:
    notice = read_notice(HEAD + b"In-Reply-To: <" + b"a" * 100_000 + b"@letters.example>\r\n\r\nhello\r\n")
    assert notice.refers_to == ()


def test_a_report_before_a_returned_letter_of_50_megabytes_is_read() -> None:
    letter = b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <q5@letters.example>\r\n\r\n" + b"x" * (
        50 * MIB
    )
    notice = read_notice(report(b"Reporting-MTA: dns; x\r\n" + ONE % 1).replace(b"\r\n--b--\r\n", letter))
    assert (notice.kind, notice.code, notice.refers_to) == ("bounce", "5.1.1", ("q5@letters.example",))
