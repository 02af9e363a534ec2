"""What a worker does: makes the messages of a batch of rows, and answers with octets alone.

It runs in other processes, perhaps on other machines, so it begins with nothing. The renderer comes as one parcel,
known by its digest, and is kept: a worker that has not met it says so and gets it with the next try. Of pieces
that letters share only their names go back. A row that fails is its own; its error travels with its causes.
"""

from __future__ import annotations

import pickle
import signal
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notebookmail.campaign.message_maker import unmakeable
from notebookmail.compose.rows.frame import Row
from notebookmail.errors import INTERRUPTS, NotebookmailError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from notebookmail.compose.renderer import Renderer
    from notebookmail.mail.message import Mail

_KEPT: Final = 2  # renderers a worker holds: a worker of a cluster lives for long
_LEAST_SHARED: Final = 1024  # octets of a piece worth looking up


class RowRequest(NamedTuple):
    """A row whose message is wanted.

    Attributes:
        position: Its place in the frame.
        label: Its label.
        fields: Its values, as far as the letter reads them.
        gaps: What the frame has in place of those that are missing.
        seed: What the Message-ID and the boundaries are made of.
        answers: The Message-ID of the letter that this one follows, or "".
    """

    position: int
    label: Hashable
    fields: Mapping[str, Any]
    gaps: Mapping[str, Any]
    seed: str
    answers: str = ""


class MadeMessage(NamedTuple):
    """A message as it travels.

    Attributes:
        mail: The message, with no content.
        pieces: Its content: octets, or what a shared piece is known by.
        touched: The columns that functions of the row read.
    """

    mail: Mail
    pieces: tuple[Any, ...]
    touched: set[str]


class FailedMessage(NamedTuple):
    """What a row came to that has no message.

    Attributes:
        errors: The error and its causes, each pickled.
    """

    errors: tuple[bytes, ...]


class Answer(NamedTuple):
    """What comes back for a batch.

    Attributes:
        made: Its messages and failures, in the order of its rows; None where the renderer is not known.
        seconds: How long making them took.
        trouble: Why this worker can make none at all, or "".
        is_unreadable: Whether the rows could not be read here.
    """

    made: tuple[MadeMessage | FailedMessage, ...] | None
    seconds: float = 0.0
    trouble: str = ""
    is_unreadable: bool = False


class _Gaps:
    """Tells what stands in the gaps of one row."""

    def __init__(self, gaps: Mapping[str, Any]) -> None:
        self._gaps = gaps

    def gap(self, position: int, name: str) -> Any:  # noqa: ARG002 -- it is the only one
        return self._gaps.get(name)


class _Known(threading.local):
    """The renderers this thread has met: they keep what they made last, and are not shared between threads."""

    def __init__(self) -> None:
        self.renderers: OrderedDict[str, Renderer] = OrderedDict()


_known: Final = _Known()


def begin_worker() -> None:
    """Leave Ctrl-C to the process that sends: it ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def make_batch(number: int, digest: str, parcel: bytes | None, requests: bytes) -> bytes:  # noqa: ARG001
    """Make a batch of messages.

    Args:
        number: Makes every call another one, for executors that remember what they were asked.
        digest: What the renderer is known by.
        parcel: The renderer, pickled; None where it should be known.
        requests: The rows, pickled.

    Returns:
        An Answer, pickled.
    """
    return pickle.dumps(_answer(digest, parcel, requests), protocol=5)


def _answer(digest: str, parcel: bytes | None, requests: bytes) -> Answer:
    renderer = _known.renderers.get(digest)
    if renderer is None:
        if parcel is None:
            return Answer(None)
        try:
            renderer = _known.renderers[digest] = pickle.loads(parcel)  # noqa: S301 -- our own process sent it
        except Exception as problem:  # noqa: BLE001 -- of whatever the parcel's objects need
            return Answer((), trouble=f"{type(problem).__name__}: {problem}")
        while len(_known.renderers) > _KEPT:
            _known.renderers.popitem(last=False)
    try:
        rows: list[RowRequest] = pickle.loads(requests)  # noqa: S301 -- as above
    except Exception:  # noqa: BLE001 -- a class of a value that is not to be had here
        return Answer((), is_unreadable=True)
    began = time.perf_counter()
    made = tuple(_made(renderer, request) for request in rows)
    return Answer(made, time.perf_counter() - began)


def _made(renderer: Renderer, request: RowRequest) -> MadeMessage | FailedMessage:
    row = Row(request.position, request.label, request.fields, _Gaps(request.gaps))
    touched: set[str] = set()
    try:
        mail = renderer.render(row, seed=request.seed, answers=request.answers, touched=touched)
    except (NotebookmailError, *INTERRUPTS) as problem:
        return FailedMessage(packed_error(problem))
    except BaseException as problem:  # noqa: BLE001 -- as in MessageMaker.build
        error = unmakeable(problem, row.label)
        error.__cause__ = problem
        return FailedMessage(packed_error(error))
    pieces = tuple(_piece(renderer, piece) for piece in mail.segments)
    return MadeMessage(mail._replace(segments=()), pieces, touched)


def _piece(renderer: Renderer, piece: bytes) -> Any:
    if len(piece) >= _LEAST_SHARED:
        for key, shared in renderer.shared():
            if shared is piece:
                return key
    return piece


def packed_error(error: BaseException) -> tuple[bytes, ...]:
    """Pickle an error and its causes; one that cannot be pickled is replaced by what it says."""
    chain: list[bytes] = []
    each: BaseException | None = error
    while each is not None and len(chain) < 20:  # noqa: PLR2004 -- a cause may be its own
        chain.append(_packed_one(each))
        each = each.__cause__
    return tuple(chain)


def _packed_one(error: BaseException) -> bytes:
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(error)
        pickle.loads(packed)  # noqa: S301 -- many classes pickle, and do not come back
    except Exception:  # noqa: BLE001 -- its class is the analyst's
        packed = pickle.dumps(RuntimeError(f"{type(error).__name__}: {_words(error)}"))
    return packed


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 -- as above
        return "(it cannot say why)"


def unpacked_error(errors: tuple[bytes, ...]) -> BaseException:
    """Return an error with its causes."""
    found: BaseException | None = None
    for packed in reversed(errors):
        try:
            error: BaseException = pickle.loads(packed)  # noqa: S301 -- our own worker sent it
        except Exception as problem:  # noqa: BLE001 -- a class that is known to the worker alone
            error = RuntimeError(f"an error that cannot be read here ({type(problem).__name__})")
        error.__cause__ = found
        found = error
    assert found is not None  # noqa: S101 -- there is one at least
    return found
