"""Run cells in an IPython of one's own; print what each puts out, as JSON: `python ipython_cells.py < cells`."""

from __future__ import annotations

import contextlib
import io
import json
import sys

from IPython.core.interactiveshell import InteractiveShell


def put_out(cell: str) -> str:
    written = io.StringIO()
    with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
        shell.run_cell(cell, store_history=True)
    return written.getvalue()


shell = InteractiveShell.instance(colors="NoColor")
sys.stdout.write(json.dumps([put_out(cell) for cell in json.load(sys.stdin)]))
