"""Whether making messages is the limit, and what workers would bring: said only where it was measured.

With workers as many messages are made at once as there are processors for; each also has to be sent, by this
process, which shares them. So of `n` workers the pace is at most `n` over the time a message takes to make, the
processors over what a message takes in all, and what sending alone allows. A twentieth is taken off for the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notebookmail.delivery.making import MakingTimes

_LEAST_MESSAGES: Final = 5
_LEAST_SHARE: Final = 0.6
_LEAST_SECONDS: Final = 0.002
"""Of a message: what costs less is not what anybody waits for."""

_WORTH_SECONDS: Final = 10.0
"""Of all messages: processes take a few seconds to begin."""

_WORTH_TIMES: Final = 1.3
_ON_THE_WAY: Final = 0.95
_BRISK: Final = 0.01  # seconds of a message below which they are written with a decimal
_MANY: Final = 10  # messages a second from which decimals are noise


def making_limit(times: MakingTimes, left: int, workers: int | None, cores: int) -> str:
    """Say that making messages is the limit of a run, and what more workers would bring; "" where it is not.

    Args:
        times: What was measured.
        left: How many messages are still to be made.
        workers: How many make them; None makes them in this process.
        cores: How many processors there are for it.
    """
    if times.messages < _LEAST_MESSAGES or times.each < _LEAST_SECONDS or times.share < _LEAST_SHARE:
        return ""
    messages = times.messages + left
    if workers is None:
        sending = max(times.elapsed - times.limited, 0.0) / times.messages
        now = times.messages / times.elapsed
        return making_in_words(times.each, messages, cores, gain(times.each, sending, cores) / now)
    if workers < cores:
        return making_in_words(times.each, messages, cores, _ON_THE_WAY * cores / workers, workers)
    return making_in_words(times.each, messages, cores, 1.0, min(workers, cores))


def gain(making: float, sending: float, cores: int) -> float:
    """Tell how many messages a second as many workers as processors would bring, at most.

    Args:
        making: Seconds that making a message takes.
        sending: Seconds that a message takes beside that.
        cores: How many processors there are.
    """
    paces = [cores / making, cores / (making + sending)]
    return _ON_THE_WAY * min([*paces, 1 / sending] if sending else paces)


def making_in_words(each: float, messages: int, cores: int, times_as_many: float, workers: int = 1) -> str:
    """Say how long a message takes to make, and what as many workers as processors would bring.

    Args:
        each: Seconds a message takes.
        messages: How many there are; "" where all of them take but a moment.
        cores: How many processors there are.
        times_as_many: What as many workers would bring.
        workers: How many make them now.
    """
    if each * messages < _WORTH_SECONDS:
        return ""
    rate = workers / each
    said = (
        f"making a message takes {each * 1_000:,.{0 if each >= _BRISK else 1}f} ms: "
        f"{rate:,.{0 if rate >= _MANY else 1}f} a second at most"
    )
    if times_as_many < _WORTH_TIMES:
        return said
    return f"{said}; workers={cores} would bring about {times_as_many:.1f} times as many"
