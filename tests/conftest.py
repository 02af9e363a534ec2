"""Fixtures that several rooms' tests share: other projects' servers, certificates, and Jupyter in browsers.

The lab has a free loopback port and folders of its own; its browser can reach nothing else, and what it tries is
remembered.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from hypothesis import settings
from jupyter_client.connect import LocalPortCache
from peers import smtp_server, smtp_sink
from peers.process import free_port
from support.browsers import start_chromium, start_firefox
from support.jupyter_browser import Lab, Opened, start, visit, wait_until_up, write_notebook
from support.kernels import NEWEST, require_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from peers import Peer
    from playwright.sync_api import Browser, BrowserContext, Playwright


# Where bytecode is unwanted beside the sources, it is kept here: else each of hundreds of processes compiles anew.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent.parent / ".cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix

# A developer's run looks for new examples every time; CI says the same of the same code every time. A busy machine
# is no failure: no example has a time limit.
settings.register_profile("usual", deadline=None, derandomize=bool(os.environ.get("CI")), max_examples=50)
settings.register_profile("thorough", settings.get_profile("usual"), max_examples=250)
settings.load_profile("usual")

_numbers = count()


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files for TLS on loopback: a server's chain and key, and the authority that signed them."""

    chain: Path
    key: Path
    authority: Path


SERVERS = {"notebookmail.sandbox", "peers", "crashes", "support.kernels", "jupyter_client", "socket", "subprocess"}
"""Modules that listen or start a process: who imports one, or one of support that does, is marked `server`."""


@cache
def starts_something(name: str) -> bool:
    """Tell whether a module can start a server or a process: by what it imports, itself or through support."""
    sources = {
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
        for value in vars(sys.modules[name]).values()
    } - {name}
    return any(
        source in SERVERS
        or source.startswith(tuple(f"{server}." for server in SERVERS))
        or (source.startswith("support.") and starts_something(source))
        for source in sources
    )


def needs_server(item: pytest.Item) -> bool:
    """Tell whether a test can start a server or a process, itself or by a fixture of its room."""
    if not isinstance(item, pytest.Function):
        return True  # another tool's, such as a notebook
    fixtures = chain.from_iterable(item._fixtureinfo.name2fixturedefs.values())
    rooms = {each.func.__module__ for each in fixtures if each.baseid not in {"", "tests"}}
    return any(starts_something(name) for name in {item.function.__module__, *rooms} if name in sys.modules)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what can start a server; leave out what takes minutes or a browser, unless it is asked for."""
    for item in items:
        if needs_server(item):
            item.add_marker("server")
    if any("::" in argument for argument in config.args):
        return
    asked = config.getoption("markexpr")
    left_out = []
    for item in items:
        marks = [name for name in ("slow", "browser") if item.get_closest_marker(name)]
        if marks and not any(name in asked for name in marks):
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


@pytest.fixture(autouse=True)
def _own_journal(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep each test's journal from every other's, and from that of whoever runs the tests."""
    folder = tmp_path_factory.getbasetemp() / "state" / str(next(_numbers))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))  # made only when a journal is


@pytest.fixture(autouse=True)
def _own_asyncio_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give asyncio.run back after a call that nests: that of nest-asyncio2 leaves its loop open.

    The garbage collector would find the loop in some later test, and that one would be blamed.
    """
    monkeypatch.setattr(asyncio, "run", asyncio.run)


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the name mail.example.org, or localhost with a dot, have the addresses that a test gives it."""
    usual = socket.getaddrinfo

    def give(*hosts: str) -> None:
        def look_up(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            if host in {"mail.example.org", "localhost."}:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in hosts]
            return usual(host, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return give


@pytest.fixture(autouse=True)
def _journals_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the tests run, in a container or in memory: what runs say of it is a test's of its own."""
    monkeypatch.setattr("notebookmail.delivery.journal.lifetime.short_lived_place", lambda _: "")


@pytest.fixture(autouse=True)
def _kernels_on_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start kernels on ports that no server of another test gets between their choice and their use."""
    monkeypatch.setattr(LocalPortCache, "find_available_port", lambda *_: free_port())


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


def browser_scope(fixture_name: str, config: pytest.Config) -> str:
    """Keep one browser for a run that drives nothing else.

    Playwright's loop runs on the test's thread as long as its browser is open, and no asynchronous test can run
    beside it: where there are such tests, each module has a browser of its own.
    """
    return "session" if config.getoption("markexpr") == "browser" else "module"


@pytest.fixture(scope=browser_scope)
def driver() -> Iterator[Playwright]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope=browser_scope)
def chromium(driver: Playwright) -> Iterator[Browser]:
    browser = start_chromium(driver)
    yield browser
    browser.close()


@pytest.fixture(scope=browser_scope)
def firefox(driver: Playwright) -> Iterator[Browser]:
    browser = start_firefox(driver)
    yield browser
    browser.close()


def _window(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.set_default_timeout(90_000)  # ms; a machine may be busy
    return context


@pytest.fixture(scope=browser_scope)
def desk(chromium: Browser) -> Iterator[BrowserContext]:
    """The browser's window, which keeps what JupyterLab's pages are made of."""
    context = _window(chromium)
    yield context
    context.close()


@pytest.fixture(scope=browser_scope)
def firefox_desk(firefox: Browser) -> Iterator[BrowserContext]:
    context = _window(firefox)
    yield context
    context.close()


def _opener(lab: Lab, desk: BrowserContext, opened: list[Opened]) -> Callable[..., Opened]:
    def open_one(*cells: str, name: str = "x", face: str = "lab", kernel: str = NEWEST) -> Opened:
        require_kernel(kernel)
        path = lab.folder / f"{name}.ipynb"
        if cells:
            write_notebook(path, cells, kernel)
        one = Opened(desk.new_page(), path, lab)
        opened.append(one)
        visit(one, face)
        return one

    return open_one


@pytest.fixture(scope="module")
def open_notebook(lab: Lab, desk: BrowserContext) -> Iterator[Callable[..., Opened]]:
    """Open a notebook of code cells, or with none the one of that name which lies in the lab's folder.

    `face` is "lab" or "notebook", `kernel` one of `kernels.KERNELS`. It stays open until the module's last test.
    """
    opened: list[Opened] = []
    yield _opener(lab, desk, opened)
    for one in opened:
        one.close()


@pytest.fixture
def quiet_notebook(lab: Lab, desk: BrowserContext) -> Iterator[Callable[..., Opened]]:
    """As `open_notebook`, for one test, which fails if the browser complained or asked anybody outside."""
    yield from _quiet(lab, desk)


@pytest.fixture(scope="module")
def firefox_notebook(lab: Lab, firefox_desk: BrowserContext) -> Iterator[Callable[..., Opened]]:
    """As `quiet_notebook`, in Firefox, for all tests of a module."""
    yield from _quiet(lab, firefox_desk)


def _quiet(lab: Lab, desk: BrowserContext) -> Iterator[Callable[..., Opened]]:
    opened: list[Opened] = []
    number = next(_numbers)
    opener = _opener(lab, desk, opened)
    yield lambda *cells, **options: opener(*cells, **{"name": f"quiet-{number}", **options})
    for one in opened:
        one.close()
    assert [one.errors_of_ours for one in opened if one.errors_of_ours] == []
    assert [one.foreign_requests for one in opened if one.foreign_requests] == []
