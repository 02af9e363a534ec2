"""What a reading hands over."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

from notebookmail.mailbox.reading import IncomingMessage, Position, ReadBatch


def test_what_was_read_travels_between_processes() -> None:
    message = IncomingMessage("INBOX", 7, b"Subject: hello\r\n\r\n", datetime(2026, 5, 1, tzinfo=UTC))
    batch = ReadBatch((message,), {"INBOX": Position(1, 7)}, done=1, total=2)
    assert pickle.loads(pickle.dumps(batch)) == batch
    assert not batch.messages[0].is_cut
