"""What tools that show the variables of a traceback's frames would show and save: for searching it for secrets.

The frames of the test itself, which made the call and knows the secret, are left out: shown is every frame from
the first one of the package on.
"""

from __future__ import annotations

import gc
import io
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.ultratb import VerboseTB
from rich.console import Console
from rich.traceback import Traceback

import notebookmail

if TYPE_CHECKING:
    from types import TracebackType

_PACKAGE = str(Path(notebookmail.__file__).parent)


def variables_shown(error: BaseException, *, by_all: bool = True) -> str:
    """Everything that capture_locals says of an exception; with `by_all` also %xmode Verbose and rich.

    Those are slow, and show more: expressions, and what is in objects.
    """
    _leave_out_the_caller(error, set())
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    if not by_all:
        return shown
    console = Console(file=io.StringIO(), width=400)
    trace = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=None
    )
    console.print(trace)
    shown += console.file.getvalue()
    # Python 3.11 counts amiss how deep it parses where the collector comes in between and parses, too (gh-106905).
    gc.disable()
    try:
        return shown + VerboseTB(theme_name="nocolor").text(type(error), error, error.__traceback__)
    finally:
        gc.enable()


def _leave_out_the_caller(error: BaseException | None, seen: set[int]) -> None:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    error.__traceback__ = _from_the_package_on(error.__traceback__)
    _leave_out_the_caller(error.__cause__, seen)
    _leave_out_the_caller(error.__context__, seen)
    for each in getattr(error, "exceptions", ()):
        _leave_out_the_caller(each, seen)


def _from_the_package_on(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        trace = trace.tb_next
    return trace
