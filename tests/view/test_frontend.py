"""Where the output goes, and whether somebody is there."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from notebookmail.view.frontend import hears_clicks, is_attended, is_notebook


def use_kernel(monkeypatch: pytest.MonkeyPatch, **settings: object) -> None:
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=SimpleNamespace(**settings)))


def test_a_script_is_no_notebook_and_nobody_watches_it() -> None:
    assert not is_notebook()
    assert not is_attended()
    assert not hears_clicks()


def test_a_shell_with_a_kernel_is_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    use_kernel(monkeypatch)

    assert is_notebook()
    assert is_attended()


@pytest.mark.parametrize("can_ask", [True, False])
def test_a_kernel_is_attended_when_somebody_can_be_asked(monkeypatch: pytest.MonkeyPatch, can_ask: bool) -> None:
    use_kernel(monkeypatch, _allow_stdin=can_ask)

    assert is_attended() is can_ask


@pytest.mark.parametrize("has_subshells", [True, False])
def test_a_kernel_with_subshells_hears_clicks(monkeypatch: pytest.MonkeyPatch, has_subshells: bool) -> None:
    use_kernel(monkeypatch, _supports_kernel_subshells=has_subshells)

    assert hears_clicks() is has_subshells


def test_static_pages_and_the_terminal_load_no_widgets() -> None:
    code = (
        "import sys, notebookmail, notebookmail.view.html.results, notebookmail.view.terminal.plain_text, "
        "notebookmail.view.terminal.results, notebookmail.view.frontend; "
        "sys.exit(bool({'IPython', 'ipywidgets'} & set(sys.modules)))"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
