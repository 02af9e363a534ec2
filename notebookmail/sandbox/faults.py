"""What can go wrong in the sandbox, and how an analyst writes it in one line.

The vocabulary is the table `KINDS`, and two settings of the whole server; addresses and reply codes are read
beside it. A word that is not there is refused with the list of those that are, and an amount that makes no sense
with an example of one that does: a run whose fault was misspelt would try nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, TypeVar

from notebookmail.errors import FrameError

from .fault_conditions import Chance, Condition, Greylist, TooFast, TooManyMessages, TooManySessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Amount = float | str
FaultValue = Amount | tuple[Amount, Amount]
Phase = Literal["connect", "login", "sender", "recipient", "message", "answer"]
Ending = Literal["reply", "drop", "stall", "mail"]

_T = TypeVar("_T")

DAY_SECONDS = 86_400.0
_UNIT_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": DAY_SECONDS}
_REPLY = re.compile(r"[45][0-9]{2}( [^\x00-\x1f\x7f]*)?")
_RATE = re.compile(r"([1-9][0-9]*) ?/ ?(s|min|h|day)")

_REPLIES = {
    "421": "421 4.3.2 The sandbox closes the session, as asked",
    "432": "432 4.3.2 The sandbox's concurrent connections limit is exceeded, as asked",
    "450": "450 4.2.0 The sandbox greylists, as asked: try again later",
    "451": "451 4.3.0 The sandbox has a passing trouble, as asked",
    "452": "452 4.3.1 The sandbox has no room, as asked",
    "550": "550 5.1.1 The sandbox knows no such mailbox, as asked",
    "552": "552 5.2.2 The sandbox's mailbox is full, as asked",
    "554": "554 5.7.1 The sandbox refuses by policy, as asked",
}
"""What is said to a recipient that meets a bare code."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        key: What the caller called it.
        condition: When it strikes.
        reply: What is then said, if anything is: a connection is dropped and a message stalled without a word.
        ending: How it ends.
        keeps: Whether the message is kept all the same.
    """

    key: str
    condition: Condition
    reply: str = ""
    ending: Ending = "reply"
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that shall go wrong.

    Attributes:
        at: The faults of each phase, in the order they are asked.
        addresses: Faults of single recipients, by address in lower case; asked before all others.
        latency_seconds: How long each reply takes.
        outage: From when to when no connection is taken, in seconds after the start.
    """

    at: Mapping[Phase, tuple[Fault, ...]]
    addresses: Mapping[str, Fault]
    latency_seconds: float = 0.0
    outage: tuple[float, float] | None = None

    def candidates(self, phase: Phase, subject: str) -> tuple[Fault, ...]:
        """Return the faults that may strike a subject there."""
        faults = self.at.get(phase, ())
        own = self.addresses.get(subject) if phase == "recipient" else None
        return faults if own is None else (own, *faults)


# --- amounts: ValueError says what is wanted -----------------------------------------------------------------


def _number(amount: object, wanted: str, least: float, most: float = math.inf) -> float:
    if not isinstance(amount, int | float) or not least <= amount <= most or not math.isfinite(amount):
        raise ValueError(wanted)
    return float(amount)


def _chance(amount: object) -> Chance:
    return Chance(_number(amount, "a share from 0 to 1", 0, 1))


def _count(amount: object) -> int:
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise ValueError("a whole number of at least 1")
    return amount


def _seconds(amount: object) -> float:
    if isinstance(amount, bool):
        raise ValueError("a number of seconds")  # noqa: TRY004 -- as for every other amount that makes no sense
    return _number(amount, "a number of seconds", 0)


def _too_fast(amount: object) -> TooFast:
    match = _RATE.fullmatch(amount) if isinstance(amount, str) else None
    if match is None:
        raise ValueError("so many a second (s), minute (min), hour (h) or day")
    return TooFast(int(match[1]), _UNIT_SECONDS[match[2]])


def _outage(value: object) -> tuple[float, float]:
    start, end = value if isinstance(value, tuple) and len(value) == 2 else (0, value)  # noqa: PLR2004 -- from, to
    stretch = (_seconds(start), _seconds(end))
    if stretch[0] >= stretch[1]:
        raise ValueError("a number of seconds, or (from, to)")
    return stretch


# --- the table -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault's entry in the vocabulary.

    Attributes:
        phase: Where it strikes.
        reads: Makes the condition of the amount; raises ValueError with what is wanted.
        example: An amount that makes sense.
        reply: What is said unless the caller says otherwise. Names the enhanced code that real servers give.
        ending: How it ends.
        keeps: Whether the message is kept all the same.
    """

    phase: Phase
    reads: Callable[[object], Condition]
    example: FaultValue
    reply: str = ""
    ending: Ending = "reply"
    keeps: bool = False


KINDS: Mapping[str, FaultKind] = {
    # Asked in this order where they meet: limits, which no luck avoids, before chances.
    "connections": FaultKind(
        "connect",
        lambda n: TooManySessions(_count(n)),
        3,
        "421 4.7.0 Too many connections, as the sandbox was asked",
    ),
    "refuse_connect": FaultKind("connect", _chance, 0.1, "554 5.3.2 The sandbox takes no mail, as asked"),
    "drop_connect": FaultKind("connect", _chance, 0.1, ending="drop"),
    "refuse_login": FaultKind(
        "login", _chance, "535 5.7.8 Wrong password", "535 5.7.8 The sandbox refuses the login, as asked"
    ),
    "rate": FaultKind("sender", _too_fast, "30/min", "451 4.7.28 The sandbox's rate limit is exceeded, as asked"),
    "messages_per_connection": FaultKind(  # OpenSMTPD says this at the MAIL after the last one
        "sender",
        lambda n: TooManyMessages(_count(n)),
        100,
        "452 4.5.3 Too many messages sent, as the sandbox was asked",
    ),
    "refuse_sender": FaultKind(
        "sender", _chance, "550 5.7.60 Not your address", "550 5.1.8 The sandbox refuses this sender, as asked"
    ),
    "greylist": FaultKind(
        "recipient", lambda n: Greylist(_seconds(n)), 300, "451 4.7.1 Greylisted, as asked: try again later"
    ),
    "drop_rcpt": FaultKind("recipient", _chance, 0.01, ending="drop"),
    "quota": FaultKind(
        "message",
        lambda n: TooFast(_count(n), DAY_SECONDS),
        500,
        "550 5.4.5 Daily user sending limit exceeded, as the sandbox was asked",
    ),
    "refuse_message": FaultKind("message", _chance, 0.01, "554 5.7.1 The sandbox refuses this message, as asked"),
    "drop": FaultKind("message", _chance, 0.01, ending="drop"),
    "stall": FaultKind("message", _chance, 0.01, ending="stall"),
    "drop_after": FaultKind("message", _chance, 0.01, ending="drop", keeps=True),
    "stall_after": FaultKind("message", _chance, 0.01, ending="stall", keeps=True),
    # What comes to the sender's mailbox after a letter was taken; the first that strikes is the only one.
    "bounce": FaultKind(
        "answer", _chance, 0.05, "550 5.1.1 The sandbox knows no such mailbox, as asked", ending="mail"
    ),
    "delay": FaultKind("answer", _chance, 0.01, "451 4.4.1 The sandbox cannot deliver it yet", ending="mail"),
    "complaint": FaultKind("answer", _chance, 0.01, ending="mail"),
    "unsubscribe": FaultKind("answer", _chance, 0.01, ending="mail"),
    "away": FaultKind("answer", _chance, 0.03, ending="mail"),
    "reply": FaultKind("answer", _chance, 0.1, ending="mail"),
}
_SETTINGS: Mapping[str, FaultValue] = {"latency": 0.05, "down": (10, 60)}
_FREE_FORMS: Mapping[str, FaultValue] = {
    "nobody@example.org": "550 5.1.1 No such user",
    "*@example.net": (0.1, "550 5.1.1 No such user"),
    "451": 0.1,
    "450 4.2.1 Too fast": 0.1,
}


# --- what the caller wrote -------------------------------------------------------------------------------------


def read_faults(faults: Mapping[str, FaultValue]) -> Faults:
    """Read what the caller wrote.

    Raises:
        FrameError: A fault that is not in the vocabulary, or an amount that makes no sense; names those that do.
    """
    at: dict[Phase, list[Fault]] = {}
    # The order of asking: patterns of addresses, then the table's, then codes; each as the caller wrote them.
    for key in sorted(faults, key=_rank):
        if key in _SETTINGS or _is_address(key):
            continue
        phase: Phase = KINDS[key].phase if key in KINDS else "recipient"
        at.setdefault(phase, []).append(_read_fault(key, faults[key]))
    return Faults(
        {phase: tuple(found) for phase, found in at.items()},
        {key.lower(): _read_fault(key, value) for key, value in faults.items() if _is_address(key)},
        _understood("latency", faults["latency"], _seconds) if "latency" in faults else 0.0,
        _understood("down", faults["down"], _outage) if "down" in faults else None,
    )


def _rank(key: str) -> int:
    if "@" in key:
        return -1
    return list(KINDS).index(key) if key in KINDS else len(KINDS)


def _is_address(key: str) -> bool:
    return "@" in key and "*" not in key


def _read_fault(key: str, value: FaultValue) -> Fault:
    if key in KINDS:
        kind = KINDS[key]
        condition, reply = _understood(key, value, lambda written: _read_kind(kind, written))
        return Fault(key, condition, reply, kind.ending, kind.keeps)
    if "@" in key:
        return Fault(key, *_understood(key, value, lambda written: _read_address(key, written)))
    if _REPLY.fullmatch(key):
        return Fault(
            key, _understood(key, value, _chance), _REPLIES.get(key, key if " " in key else f"{key} as asked")
        )
    raise _unknown(key)


def _read_kind(kind: FaultKind, value: object) -> tuple[Condition, str]:
    amount, reply = _parted(value)
    if reply and not kind.reply:
        raise ValueError("a share from 0 to 1, without a reply")
    return kind.reads(amount), reply or kind.reply


def _read_address(key: str, value: object) -> tuple[Condition, str]:
    amount, reply = _parted(value)
    if not reply:
        raise ValueError("a reply, or (a share, a reply)")
    share = _chance(amount).share
    pattern = re.escape(key.lower()).replace(r"\*", ".*") if "*" in key else None
    return Chance(share, None if pattern is None else re.compile(pattern, re.DOTALL)), reply


def _parted(value: object) -> tuple[object, str]:
    """Part an amount and a reply, either of which may be missing: a reply alone is always given."""
    if isinstance(value, str) and _REPLY.fullmatch(value):
        return True, value
    if isinstance(value, tuple):
        if len(value) == 2 and isinstance(value[1], str) and _REPLY.fullmatch(value[1]):  # noqa: PLR2004 -- a pair
            return value[0], value[1]
        raise ValueError('(how much, the reply), and a reply is such as "451 4.7.1 Later"')
    return value, ""


# --- saying what is wrong ------------------------------------------------------------------------------------


def _understood(key: str, value: object, read: Callable[[object], _T]) -> _T:
    try:
        return read(value)
    except ValueError as problem:
        example = _examples().get(key) or ("550 5.1.1 No such user" if "@" in key else 0.1)
        raise FrameError(
            f"the fault {key!r} is not understood with {value!r}: write {problem}, such as {key!r}: {example!r}"
        ) from None


def _unknown(key: str) -> FrameError:
    close = get_close_matches(key, _examples(), 1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    known = ", ".join(f"{name!r}: {example!r}" for name, example in _examples().items())
    return FrameError(f"the fault {key!r} is not known{hint} There are, for example: {{{known}}}")


def _examples() -> dict[str, FaultValue]:
    return {**_FREE_FORMS, **{name: kind.example for name, kind in KINDS.items()}, **_SETTINGS}
