"""What IPython shows of this package's errors, and what scripts do."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.kernels import execute, new_notebook

from notebookmail import FrameError
from notebookmail.tracebacks.interrupts import explained
from notebookmail.tracebacks.rendering import THE_WHOLE, render

PREPARE = """
import pandas as pd
from notebookmail import *
df = pd.DataFrame({"email": ["ann@example.org"], "points": [0]})
letter = dict(subject="hi", sender="desk@example.org", text="x")
"""
WRONG_CALL = "x = 1\nawait send_frame(df, Template('hi', sender='desk@example.org', text='{{ point }}'))"
FAILING_FUNCTION = """
def share(row):
    return 1 // row.points
results = await send_frame(df, Template(**letter, attachments=[share]), progress=False)
"""
OWN_CAUSE = """
def mine():
    raise KeyError("mine")
try:
    mine()
except KeyError as problem:
    raise FrameError("theirs") from problem
"""
CELLS = [
    PREPARE,
    WRONG_CALL,
    "send_frame_sync(df, Template(**letter), Server('127.0.0.1', 1, security='none'), journal=False)",
    FAILING_FUNCTION,
    "results.raise_for_failures()",
    "raise results.exceptions[0]",
    "%tb Verbose",
    "%xmode Minimal",
    "Server.preset('gmial')",
    "%xmode Verbose",
    "Server.preset('gmial')",
    OWN_CAUSE,
]


@pytest.fixture(scope="module")
def shown() -> list[str]:
    """What an IPython puts out for each of the cells."""
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("ipython_cells.py")],
        input=json.dumps(CELLS), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    outputs: list[str] = json.loads(ran.stdout)
    return outputs


def test_a_wrong_call_shows_the_cells_line_the_message_and_how_to_see_more(shown: list[str]) -> None:
    lines = shown[1].strip().splitlines()
    assert any(line.startswith("----> 2 await send_frame(df, ") for line in lines)
    assert "FrameError: there is no column 'point'" in shown[1]
    assert lines[-1] == THE_WHOLE
    assert len(lines) <= 10
    assert "notebookmail/" not in shown[1]


def test_a_server_that_cannot_be_used_shows_no_frames_of_the_network(shown: list[str]) -> None:
    assert "SMTPConnectError: " in shown[2]
    assert "ConnectionRefusedError  " not in shown[2]
    assert "asyncio" not in shown[2]
    assert len(shown[2].strip().splitlines()) <= 12


def test_failures_as_a_group_say_row_cause_and_line_of_the_function(shown: list[str]) -> None:
    assert "1 of 1 rows were not sent (1 sub-exception)" in shown[4]
    assert "your function `share` failed: ZeroDivisionError" in shown[4]
    assert "line 2, in share: return 1 // row.points" in shown[4]
    assert "row 0, failed" in shown[4]
    assert "direct cause" not in shown[4]
    assert "In[4], line 2, in share: return 1 // row.points" in shown[5]


def test_the_whole_is_shown_afterwards_and_for_good(shown: list[str]) -> None:
    assert THE_WHOLE not in shown[6]
    assert "ZeroDivisionError" in shown[6]
    assert "provider_named" in shown[10]
    assert THE_WHOLE not in shown[10]


def test_the_shortest_mode_stays_the_shortest(shown: list[str]) -> None:
    assert shown[8].strip().splitlines()[-1].startswith("FrameError: ")
    assert "---->" not in shown[8]
    assert THE_WHOLE not in shown[8]


def test_a_cause_in_the_analysts_code_is_shown(shown: list[str]) -> None:
    assert 'raise KeyError("mine")' in shown[11]
    assert "direct cause" in shown[11]


def test_a_kernel_sends_the_same() -> None:
    import nbclient

    with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
        execute(new_notebook(*CELLS[:2]))
    assert "there is no column 'point'" in caught.value.traceback
    assert "%tb Verbose" in caught.value.traceback
    assert "make_plan" not in caught.value.traceback


def test_outside_of_ipython_the_usual_traceback_is_printed() -> None:
    script = "from notebookmail import *\nServer.preset('gmial')"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert "provider_named" in ran.stderr
    assert "%tb" not in ran.stderr


def test_what_else_asks_for_a_rendering_gets_frames_and_message() -> None:
    with pytest.raises(FrameError) as caught:
        raise FrameError("no column 'x'")
    lines = render(caught.value)
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "notebookmail.errors.FrameError: no column 'x'"
    assert "test_what_else_asks" in lines[1]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interrupt_is_explained_once_and_stays_what_it_is(kind: type[BaseException]) -> None:
    with pytest.raises(kind) as caught, explained(lambda: "outer"), explained(lambda: "inner"):
        raise kind
    assert type(caught.value) is kind
    assert caught.value.__notes__ == ["inner"]


def test_other_exceptions_are_not_explained() -> None:
    with pytest.raises(ValueError, match="x") as caught, explained(lambda: "never"):
        raise ValueError("x")
    assert not hasattr(caught.value, "__notes__")
