"""A traceback for the cell it was raised in: the analyst's lines, the message, and how to see the whole.

IPython and Jupyter ask an exception that has `_render_traceback_` for the lines to show. They get what IPython
itself makes of a stand-in: an exception of the same name and words, with the analyst's frames alone. A cause
is shown where the analyst's code took part in it, such as a function of theirs; else the message says it.
`%tb Verbose` shows the whole afterwards, `%xmode Verbose` always. Colours, context and links are IPython's.
"""

from __future__ import annotations

import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .own_frames import without_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_Error = TypeVar("_Error", bound=BaseException)

THE_WHOLE: Final = "The whole traceback, with this library's frames: %tb Verbose"
_WHOLE_MODES: Final = ("Verbose", "Docs", "Doctest")
_MOST_CAUSES: Final = 5
_MOST_OF_A_GROUP: Final = 15


def render(error: BaseException) -> list[str]:
    """Return the lines that IPython shows of an error.

    Args:
        error: It was raised; it and its traceback are not changed.
    """
    printer = _printer()
    if printer is None:
        return _written(error)
    if printer.mode in _WHOLE_MODES:
        lines: list[str] = printer.structured_traceback(type(error), error, error.__traceback__)
        return lines
    shown = _stand_in(error, without_ours(error.__traceback__))
    _chain(error, shown)
    lines = list(printer.structured_traceback(type(shown), shown, shown.__traceback__, 0))
    return lines if printer.mode == "Minimal" else [*lines, "", THE_WHOLE]


def rendered(error: _Error) -> _Error:
    """Return an exception of another kind than ours, which IPython shall show as it shows ours.

    The newest IPython prints groups in Python's own way, whatever they ask for.
    """
    error._render_traceback_ = partial(render, error)  # type: ignore[attr-defined]
    return error


def _printer() -> Any:
    """Return IPython's printer of tracebacks, or None outside of IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "InteractiveTB", None)


def _written(error: BaseException) -> list[str]:
    """Write the analyst's frames and the message, where something other than IPython asks."""
    shown = _stand_in(error, without_ours(error.__traceback__))
    _chain(error, shown)
    return [line.rstrip("\n") for line in traceback.format_exception(shown)]


def _stand_in(error: BaseException, trace: TracebackType | None) -> Exception:
    """Make an exception that reads like another, with a traceback of its own and nothing behind it."""
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    likeness: Exception = kind("\n".join(filter(None, _said_by(error))))
    likeness.__suppress_context__ = True
    return likeness.with_traceback(trace)


def _said_by(error: BaseException) -> Iterator[str]:
    """Give what an exception says, its notes (older IPythons know of none), and what the exceptions in it say."""
    try:
        yield str(error)
    except Exception as second:  # noqa: BLE001 -- its class may be the analyst's
        yield f"(it cannot say why: {type(second).__name__})"
    yield from getattr(error, "__notes__", ())
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for each in inner[:_MOST_OF_A_GROUP]:
        first, *rest = _said_by(each)
        yield from (f"  {type(each).__name__}: {first}", *(f"    {line}" for line in rest))
    if len(inner) > _MOST_OF_A_GROUP:
        yield f"  and {len(inner) - _MOST_OF_A_GROUP:,} more"


def _chain(error: BaseException, shown: BaseException) -> None:
    """Put behind a stand-in those of its causes in which the analyst's code took part."""
    cause = _cause(error)
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        trace = without_ours(cause.__traceback__)
        if trace is not None:
            shown.__cause__ = behind = _stand_in(cause, trace)
            shown = behind
        cause = _cause(cause)


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__
