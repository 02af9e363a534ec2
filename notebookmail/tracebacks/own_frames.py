"""Which frames of a traceback are the analyst's: their cells and files, and what these call in other libraries.

What this package does between the two, and the event loop, Jinja and IPython around it, is left out.
"""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE: Final = f"{Path(__file__).parents[1]}{os.sep}"
_INSTALLED: Final = ("site-packages", "dist-packages")
_COMPILED: Final = (".pyx", ".pxd")
"""Cython's, which name files that are not there."""
_GENERATED: Final = ("<frozen", "<template", "<unknown")
"""What names code begins with that is in no file, and that nobody wrote: the import system, a Jinja template."""


def without_ours(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback of the analyst's frames alone, and of the libraries' that these called.

    Args:
        trace: The traceback; it is not changed.
    """
    kept = None
    for each in reversed(list(_kept(trace))):
        kept = TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return kept


def _kept(trace: TracebackType | None) -> Iterator[TracebackType]:
    is_theirs = False
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if _is_ours(file):
            is_theirs = False
        elif not _is_library(file):
            is_theirs = True  # and so is what it calls
        if is_theirs:
            yield trace
        trace = trace.tb_next


def _is_ours(file: str) -> bool:
    return file.startswith((_PACKAGE, *_GENERATED))


@cache
def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({paths[each] for each in ("stdlib", "platstdlib", "purelib", "platlib")})


def _is_library(file: str) -> bool:
    return (
        file.startswith(_library_folders())
        or file.endswith(_COMPILED)
        or any(each in Path(file).parts for each in _INSTALLED)
    )


def own_place(trace: TracebackType | None) -> str:
    """Say at which line of the analyst's code an exception came about, or passed last; "" if at none.

    Args:
        trace: The exception's traceback.
    """
    last = None
    for each in _kept(trace):
        if not _is_library(each.tb_frame.f_code.co_filename):
            last = each
    if last is None:
        return ""
    code = last.tb_frame.f_code
    line = linecache.getline(code.co_filename, last.tb_lineno).strip()
    return f"{_file_in_words(code.co_filename)}, line {last.tb_lineno}, in {code.co_name}{line and f': {line}'}"


def _file_in_words(file: str) -> str:
    """Name a file as IPython does: a cell is "Cell In[3]"."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    name_of = getattr(getattr(shell, "compile", None), "format_code_name", None)  # since IPython 8.1
    named = name_of(file) if name_of is not None else None
    return " ".join(named) if named else file
