"""The batches on their way: whenever one comes back, it is taken in."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from notebookmail.campaign.workers.batch import Answer, FailedMessage, RowRequest
from notebookmail.campaign.workers.packing import Parcel
from notebookmail.campaign.workers.window import RowBatch, Window
from notebookmail.delivery.backlog import Task

if TYPE_CHECKING:
    from notebookmail.mail.message import Mail

ANSWER = pickle.dumps(Answer((FailedMessage(b"no name"),)))


class OneWorker:
    """Works when it is told to."""

    size = 1
    is_own = False

    def __init__(self) -> None:
        self.future: Future[bytes] = Future()

    def submit(self, *_: Any) -> Future[bytes]:
        return self.future


def unmade() -> Mail:
    pytest.fail("it is made by a worker")


def test_a_batch_that_comes_back_while_one_looks_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = OneWorker()
    window = Window(crew, Parcel("renderer", b""), lambda: None, pytest.fail)  # type: ignore[arg-type]

    class ComesBackBehindTheLook(threading.Event):
        def is_set(self) -> bool:
            was_set = super().is_set()
            if not crew.future.done():
                crew.future.set_result(ANSWER)
            return was_set

    monkeypatch.setattr(window, "_has_news", ComesBackBehindTheLook())
    task = Task(0, "ann@example.org", b"key", unmade)
    window.add(RowBatch([task], [RowRequest(0, "a", {}, {}, "seed", "")]))
    assert window.take() is None
    assert window.take() == (task, FailedMessage(b"no name"))
