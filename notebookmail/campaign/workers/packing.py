"""What travels to workers: the renderer as one parcel, rows as far as the letter reads them.

Pickled by cloudpickle, so that functions written in the notebook travel with what they use. What cannot travel is
named, before anything is sent.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from notebookmail.errors import FrameError

from .batch import RowRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notebookmail.campaign.message_maker import LetterOrder
    from notebookmail.compose.definition import Definition
    from notebookmail.compose.renderer import Renderer


class Parcel(NamedTuple):
    """A renderer as it travels.

    Attributes:
        digest: What it is known by.
        octets: It, pickled.
    """

    digest: str
    octets: bytes


def parcel_of(renderer: Renderer, definition: Definition) -> Parcel:
    """Pickle what makes the messages.

    Raises:
        FrameError: Something in it cannot travel; the message names it, and what to do.
    """
    dumps = pickler()
    try:
        octets = dumps(renderer)
    except Exception as problem:
        raise _cannot_travel(definition, problem) from problem
    return Parcel(hashlib.blake2b(octets, digest_size=16).hexdigest(), octets)


def pickler() -> Callable[[Any], bytes]:
    """Return what pickles also the notebook's own functions and classes.

    Raises:
        FrameError: It is not installed.
    """
    try:
        import cloudpickle
    except ImportError as problem:
        raise FrameError('workers= needs cloudpickle: pip install "notebookmail[workers]"') from problem
    dumps: Callable[[Any], bytes] = cloudpickle.dumps
    return dumps


def _cannot_travel(definition: Definition, problem: Exception) -> FrameError:
    for name, value in _named(definition):
        try:
            pickler()(value)
        except Exception as own:  # noqa: BLE001 -- whatever pickling it raises
            return FrameError(
                f"{name} cannot be sent to workers ({type(own).__name__}: {own}): let a function of the row make "
                "or open inside itself what it needs, or leave out workers=; nothing was sent"
            )
    return FrameError(
        f"the template cannot be sent to workers ({type(problem).__name__}: {problem}): leave out workers=; "
        "nothing was sent"
    )


def _named(definition: Definition) -> Iterator[tuple[str, Any]]:
    yield from ((f"attachments[{place}]", each.content) for place, each in enumerate(definition.attachments))
    yield from ((f"inline[{name!r}]", value) for name, value in definition.inline.items())
    yield from ((f"filters[{name!r}]", function) for name, function in definition.filters.items())
    for field in ("to", "cc", "bcc"):
        yield from ((f"{field}[{place}]", each) for place, each in enumerate(getattr(definition, field)))
    yield "calendar", definition.calendar


def request_of(order: LetterOrder, renderer: Renderer) -> RowRequest:
    """Return a row as it travels: what the letter reads of it, and no frame."""
    row = order.row
    reads = renderer.reads
    if "row" in reads:  # functions may read any column
        fields = dict(row.fields)
        gaps = {name: row.gap(name) for name, value in fields.items() if value is None}
    else:
        fields = {name: value for name, value in row.fields.items() if name in reads}
        gaps = {}
    seed = order.maker.seed(order.key, row, order.to)
    return RowRequest(row.position, row.label, fields, gaps, seed, order.maker.answers(row.position))


def packed(requests: Sequence[RowRequest | None]) -> bytes | None:
    """Pickle rows; None where one of them, or a value of theirs, cannot travel."""
    if None in requests:
        return None
    try:
        return pickler()(list(requests))
    except FrameError:
        raise
    except Exception:  # noqa: BLE001 -- a value's class is the analyst's: such a row is made here
        return None
