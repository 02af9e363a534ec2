"""axe-core over our outputs: what a person with a screen reader, a keyboard or weak eyes would trip on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

VARIABLE: Final = "NOTEBOOKMAIL_NODE_MODULES"
GRAVE: Final = frozenset({"serious", "critical"})
# JupyterLab's page around an output is not ours to judge; what belongs to whole pages is not asked of a part.
RUN_AXE: Final = """([context]) => axe.run(context, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'], iframes: false,
})"""


def axe_script() -> Path:
    """Find axe-core; skips the test where it is missing."""
    script = Path(os.environ.get(VARIABLE, "")) / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip(f"npm's axe-core is not in the folder that {VARIABLE} names; .ci/run fetches it")
    return script


def grave_violations(page: Page, context: str) -> list[str]:
    """Name each serious or critical violation inside the context, with the element that has it.

    Args:
        page: The open page.
        context: A CSS selector of what is ours on it.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe_script().read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(RUN_AXE, [context])
    return [
        f"{violation['impact']}: {violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
