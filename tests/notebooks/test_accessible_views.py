"""Every view under axe-core, in both of JupyterLab's themes: nothing serious inside our outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.accessibility import axe_script, grave_violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.jupyter_browser import Opened

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
import pandas as pd
from notebookmail import *
df = pd.DataFrame({"name": ["Ann", "Bo", "Cy"], "email": ["ann@example.org", "bo@example.org", "nobody@example.org"]})
template = Template("Hello, {{ name }}", markdown="Dear {{ name }},\\n\\n**hello** from [us](https://example.org)",
                    sender="desk@example.org")
many = pd.DataFrame({"name": "Di", "email": [f"n{number}@example.org" for number in range(3000)]})
slow = await Sandbox(delay_seconds=0.05).__aenter__()
box = await Sandbox(faults={"nobody@example.org": "550 5.1.1 No such user"}).__aenter__()
"""  # noqa: E501 -- a cell's line
VIEWS = {
    "board": ("job = start_frame(many, template, slow.server, max_connections=2)", ".nbm-board"),
    "summary": ("results = await send_frame(df, template, box.server)", ".nbm-headline"),
    "table": ("results.table()", ".nbm-table .nbm-row"),
    "detail": ("results.table()", ".nbm-table .nbm-row"),
    "preview": ("preview_frame(df, template)", ".nbm-reader"),
    "inbox": ("box.inbox()", ".nbm-reader"),
    "report": ("check_frame(df, template)", ".nbmail"),
}


@pytest.fixture
def views(quiet_notebook: Callable[..., Opened]) -> Opened:
    axe_script()
    opened = quiet_notebook(PREPARE, *(cell for cell, _ in VIEWS.values()))
    opened.run_all()
    for number, (_, shown) in enumerate(VIEWS.values(), start=1):
        opened.output(number).locator(shown).first.wait_for(timeout=90_000)
    opened.wait_until_idle()
    detail = opened.output(1 + list(VIEWS).index("detail"))
    detail.locator(".nbm-row").last.click()
    detail.get_by_role("button", name="Show the message").click()
    detail.locator(".nbm-reader").wait_for(timeout=90_000)
    return opened


def test_no_view_has_a_grave_fault_in_light_or_dark(views: Opened) -> None:
    found = []
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        views.choose_theme(theme)
        for number, view in enumerate(VIEWS, start=1):
            views.cell(number).evaluate(
                "(cell, name) => cell.querySelectorAll('.jp-OutputArea-output').forEach("
                "each => { each.dataset.view = name })",
                view,
            )
            found += [f"{view}, {theme}: {each}" for each in grave_violations(views.page, f"[data-view={view}]")]
    assert found == []
