"""Fixtures that several rooms' tests share: other projects' servers, certificates, and JupyterLab in Chromium.

The lab has a free loopback port and folders of its own; its browser can reach nothing else, and what it tries is
remembered.
"""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

import nbformat
import pytest
import trustme
from browser import QUIET_FLAGS, TOKEN, Lab, Opened, note_foreign, start, wait_for_kernel, wait_until_up
from hypothesis import settings
from peers import smtp_server, smtp_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from peers import Peer
    from playwright.sync_api import Browser


# A developer's run looks for new examples every time; CI says the same of the same code every time. A busy machine
# is no failure: no example has a time limit.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")

_numbers = count()


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files for TLS on loopback: a server's chain and key, and the authority that signed them."""

    chain: Path
    key: Path
    authority: Path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless it is asked for."""
    if "slow" in config.getoption("markexpr") or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("slow")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(autouse=True)
def _own_journal(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep each test's journal from every other's, and from that of whoever runs the tests."""
    folder = tmp_path_factory.getbasetemp() / "state" / str(next(_numbers))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))  # made only when a journal is


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    files = Certificates(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(files.authority)
    server.private_key_pem.write_to_path(files.key)
    for certificate in server.cert_chain_pems:
        certificate.write_to_path(files.chain, append=True)
    return files


@pytest.fixture
def postfix_sink(tmp_path: Path) -> Iterator[Peer]:
    """Postfix's smtp-sink; use `peers.smtp_sink` itself for its options."""
    with smtp_sink(tmp_path / "smtp-sink") as peer:
        yield peer


@pytest.fixture
def node_server(tmp_path: Path) -> Iterator[Peer]:
    """npm's smtp-server without AUTH and TLS; use `peers.smtp_server` itself for those and for refusals."""
    with smtp_server(tmp_path / "smtp-server") as peer:
        yield peer


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed")
    base = tmp_path_factory.mktemp("lab")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lab = Lab(port, base / "notebooks", base / "settings")
    lab.folder.mkdir()
    lab.configure("apputils-extension", "notification", checkForUpdates=False, fetchNews="false")
    process = start(lab, base)
    try:
        wait_until_up(lab, process, base / "log")
        yield lab
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(QUIET_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_notebook(lab: Lab, chromium: Browser) -> Iterator[Callable[..., Opened]]:
    """Open a notebook of code cells, or with none the one of that name which lies in the lab's folder."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900})

    def open_one(*cells: str, name: str = "x") -> Opened:
        path = lab.folder / f"{name}.ipynb"
        if cells:
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
            notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(notebook, path)
        page = context.new_page()
        opened = Opened(page, path)
        page.on("console", lambda said: opened.console_errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: opened.console_errors.append(str(error)))
        page.on("request", lambda request: note_foreign(opened, lab, request.url))
        page.goto(f"{lab.url}/doc/tree/{path.name}?token={TOKEN}")
        wait_for_kernel(opened, lab)
        return opened

    yield open_one
    context.close()
