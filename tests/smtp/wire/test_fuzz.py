"""A bounded number of the fuzzer's sessions, the same in every run; fuzz.py as a script holds any number.

They find what examples did not think of. What an answer means is not asked here.
"""

from __future__ import annotations

import time
from collections import deque
from random import Random

import pytest
from smtp.wire import fuzz
from smtp.wire.fuzz import Broken, cut_by, judge, run, whole

from notebookmail.response import SMTPResponse
from notebookmail.smtp.wire.protocol import Protocol
from notebookmail.smtp.wire.replies import MAX_REPLY_OCTETS, ReplyReader

SESSIONS = 6_000
LOTS = 4


@pytest.mark.parametrize("lot", range(LOTS))
def test_hostile_sessions_end_in_replies_or_our_errors_at_every_split(lot: int) -> None:
    ends = {judge(seed).end[0] for seed in range(lot, SESSIONS, LOTS)}
    # A fuzzer that only ever finished, or never did, would prove nothing.
    assert {"finished", "silence", "SMTPResponseException", "SMTPServerDisconnected"} <= ends


def test_the_same_seed_gives_the_same_session() -> None:
    assert run(7, whole) == run(7, whole)
    assert len({run(seed, whole).written for seed in range(50)}) > 25


def test_a_wire_that_hands_out_a_reply_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = Protocol.receive
    monkeypatch.setattr(Protocol, "receive", lambda self, data: [*receive(self, data), SMTPResponse(250, "more")])
    with pytest.raises(Broken, match="replies were awaited"):
        judge(1)


def test_a_reader_that_knows_no_bound_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplyReader, "_bound", lambda *_: None)
    with pytest.raises(Broken, match="more than its bound"):
        deque(map(judge, range(SESSIONS)), maxlen=0)


def test_a_trickling_server_does_not_keep_the_processor_busy() -> None:
    protocol = Protocol()
    started = time.process_time()
    for octet in b"250 " + b"x" * (MAX_REPLY_OCTETS - 6):
        assert protocol.receive(bytes((octet,))) == []
    assert time.process_time() - started < 3.0  # it is 0.3; matching a pattern anew at every octet takes 13


def test_pieces_are_the_turn_cut_up() -> None:
    turn = bytes(range(256))
    for cut in (whole, fuzz.bytewise, cut_by(Random(1))):
        pieces = list(cut(turn))
        assert b"".join(pieces) == turn
        assert all(pieces)
