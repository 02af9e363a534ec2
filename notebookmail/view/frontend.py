"""Where the output goes: a notebook's front end, or not. Asks without importing IPython."""

from __future__ import annotations

import sys


def is_notebook() -> bool:
    """Tell whether this is a kernel with a front end (Jupyter, VS Code, Colab), not a script or a terminal.

    The kernels' shells (ZMQInteractiveShell, Colab's, xeus-python's) carry the kernel they belong to; the
    terminal's has none.
    """
    ipython = sys.modules.get("IPython")
    if ipython is None:  # nobody imported it, so no kernel is running this code
        return False
    return getattr(ipython.get_ipython(), "kernel", None) is not None


def current_cell() -> int | None:
    """Tell which cell of the notebook is running, by its execution count; None outside of a kernel."""
    if not is_notebook():
        return None
    count: int = sys.modules["IPython"].get_ipython().execution_count
    return count
