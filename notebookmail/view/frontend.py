"""Where the output goes: a notebook's front end, or not. Asks without importing IPython."""

from __future__ import annotations

import sys
from typing import Any


def is_notebook() -> bool:
    """Tell whether this is a kernel with a front end (Jupyter, VS Code, Colab), not a script or a terminal.

    The kernels' shells (ZMQInteractiveShell, Colab's, xeus-python's) carry the kernel they belong to; the
    terminal's has none.
    """
    return _kernel() is not None


def is_attended() -> bool:
    """Tell whether somebody is there to look at live views and click on them.

    nbclient, and with it nbconvert, papermill and nbmake, say with every cell that nobody can be asked for input.
    They save the state of every widget in the notebook, where it would stay; so for them there are static pages.
    """
    kernel = _kernel()
    return kernel is not None and bool(getattr(kernel, "_allow_stdin", True))


def saves_widgets() -> bool:
    """Tell whether a widget that is made now will be saved with the notebook, whatever is done to it later."""
    return is_notebook() and not is_attended()


def hears_clicks() -> bool:
    """Tell whether a click reaches Python while a cell is running; background tasks hear them in every kernel.

    ipykernel 7 handles a widget's messages beside the running cell, version 6 only after it.
    """
    return bool(getattr(_kernel(), "_supports_kernel_subshells", False))


def current_cell() -> int | None:
    """Tell which cell of the notebook is running, by its execution count; None outside of a kernel."""
    if not is_notebook():
        return None
    count: int = sys.modules["IPython"].get_ipython().execution_count
    return count


def complete_by_dir(kind: type) -> None:
    """Have IPython complete what `dir()` lists of objects of a class; by itself it adds what their class has."""
    if "IPython" not in sys.modules:
        return
    from IPython.utils.generics import complete_object

    complete_object.register(kind)(lambda shown, _: dir(shown))


def _kernel() -> Any:
    ipython = sys.modules.get("IPython")
    if ipython is None:  # nobody imported it, so no kernel is running this code
        return None
    return getattr(ipython.get_ipython(), "kernel", None)
