"""The live board under JupyterLab and Notebook 7, on old and new kernels: it moves, and its buttons are heard.

A server in the same kernel takes its time over each message, so a run lasts as long as a test needs it to.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.jupyter_browser import FACES
from support.kernels import FURTHER, KERNELS, NEWEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter_browser import Opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROWS = 3000
PREPARE = f"""
import pandas as pd
from notebookmail import *
df = pd.DataFrame({{"email": [f"n{{number}}@example.org" for number in range({ROWS})]}})
template = Template("Hello", text="hello", sender="desk@example.org")
box = await Sandbox(delay_seconds=0.05).__aenter__()
options = dict(max_connections=2)
"""
CALLS = {
    "await": "results = await send_frame(df, template, box.server, **options)",
    "job": "job = start_frame(df, template, box.server, **options)",
}
# What the server has is what the results say was sent, whoever clicked when.
EXACT = """
if "job" in globals():
    await job
counts = last_results().counts
print("exactly", counts["sent"] == len(box.received), "others", sum(counts.values()) - counts["sent"] - counts["pending"])
await box.__aexit__(None, None, None)
"""  # noqa: E501 -- one line of a cell
# Every change of what is shown of a board, as the moments of the frames that it fell into.
WATCH = """() => {
  window.changes = [];
  const note = () => { const now = performance.now();
    if (!changes.length || now - changes.at(-1) > 15) changes.push(now) };
  new MutationObserver(note).observe(document.querySelector('.nbm-board'),
    {subtree: true, childList: true, characterData: true, attributes: true});
}"""
MOST_IN_A_SECOND = "() => Math.max(...changes.map(a => changes.filter(b => a <= b && b < a + 1000).length))"


def done(opened: Opened) -> int:
    """How many rows the board says are done."""
    words = opened.page.locator(".nbm-board .nbm-headline").inner_text(timeout=90_000)
    return int(re.sub(r" of .*|,", "", words))


def wait_until_past(opened: Opened, count: int) -> int:
    deadline = time.monotonic() + 30
    while (now := done(opened)) <= count:
        assert time.monotonic() < deadline, f"the board stands at {now} of {ROWS}"
        opened.page.wait_for_timeout(50)
    return now


def wait_until_still(opened: Opened) -> int:
    """Wait for the messages on their way; a board that never comes to rest fails."""
    deadline = time.monotonic() + 10
    before = done(opened)
    while True:
        opened.page.wait_for_timeout(400)
        if (now := done(opened)) == before:
            return now
        assert time.monotonic() < deadline, "the count goes on although it says that it is paused"
        before = now


def press(opened: Opened, name: str) -> None:
    opened.page.locator(".nbm-board").get_by_role("button", name=name, exact=True).click()


def begin(opened: Opened) -> None:
    opened.run(0)
    opened.run(1)
    opened.page.locator(".nbm-board").wait_for(timeout=90_000)


def assert_exact(opened: Opened) -> None:
    opened.run(2)
    opened.page.get_by_text("exactly True others 0").wait_for(timeout=90_000)


HEARD = [("await", NEWEST), ("await", "ipykernel-7.3"), *(("job", kernel) for kernel in KERNELS)]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("call", "kernel"), HEARD)
def test_counts_move_and_hold_while_paused_and_stop_stops(
    quiet_notebook: Callable[..., Opened], face: str, call: str, kernel: str
) -> None:
    opened = quiet_notebook(PREPARE, CALLS[call], EXACT, face=face, kernel=kernel)
    begin(opened)
    wait_until_past(opened, wait_until_past(opened, 0))

    press(opened, "Pause")
    opened.page.locator(".nbm-board").get_by_role("button", name="Resume", exact=True).wait_for(timeout=90_000)
    held = wait_until_still(opened)
    opened.page.wait_for_timeout(1_000)
    assert done(opened) == held

    press(opened, "Resume")
    wait_until_past(opened, held)

    press(opened, "Stop")
    opened.output(1).get_by_text(f"of {ROWS:,} rehearsed").first.wait_for(timeout=90_000)
    expect(opened.page.locator(".nbm-board")).to_have_count(0, timeout=90_000)  # it makes way for the result
    assert_exact(opened)


@pytest.mark.parametrize("kernel", [NEWEST, "ipykernel-6.31"])
def test_the_board_is_painted_at_most_ten_times_a_second(
    quiet_notebook: Callable[..., Opened], kernel: str
) -> None:
    cell = CALLS["job"].replace("**options", "max_connections=8")
    opened = quiet_notebook(PREPARE.replace("0.05", "0.01"), cell, EXACT, kernel=kernel)
    begin(opened)
    wait_until_past(opened, 0)
    opened.page.evaluate(WATCH)
    opened.page.wait_for_timeout(2_500)
    assert 3 <= opened.page.evaluate(MOST_IN_A_SECOND) <= 11
    press(opened, "Stop")
    assert_exact(opened)


@pytest.mark.parametrize("face", FACES)
def test_where_no_click_is_heard_there_is_no_button_and_an_interrupt_ends_the_run(
    quiet_notebook: Callable[..., Opened], face: str
) -> None:
    opened = quiet_notebook(PREPARE, CALLS["await"], EXACT, face=face, kernel="ipykernel-6.31")
    begin(opened)
    wait_until_past(opened, wait_until_past(opened, 0))
    board = opened.page.locator(".nbm-board")
    assert board.get_by_role("button").count() == 0
    board.get_by_text("interrupt the kernel").wait_for()

    opened.interrupt()
    opened.output(1).get_by_text("pending: interrupted").wait_for(timeout=90_000)
    opened.wait_until_idle()
    expect(board).to_have_count(0, timeout=90_000)
    assert_exact(opened)


def test_the_kernels_are_those_that_they_are_called(quiet_notebook: Callable[..., Opened]) -> None:
    cell = "import ipykernel\nprint('it is', ipykernel.__version__)"
    for kernel, version in FURTHER.items():
        opened = quiet_notebook(cell, name=kernel, kernel=kernel)
        opened.run_all()
        said = opened.page.get_by_text(f"it is {version}")
        said.wait_for(timeout=90_000)
        assert said.is_visible()
