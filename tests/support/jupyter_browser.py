"""A real Jupyter server to drive: JupyterLab and Notebook 7, an open notebook, what the browser complained about.

One server shows both faces, as it does wherever both packages are installed; they differ in the page's address.
A notebook names its kernel, so any ipykernel version runs under either face.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.kernels import NEWEST, new_notebook, write_kernelspecs

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]
TOKEN = "only-on-this-machine"
START_SECONDS = 180
FACES: Final = {"lab": "doc/tree", "notebook": "notebooks"}
"""JupyterLab and Notebook 7, and where each shows a notebook."""

# JupyterLab asks for things that are not there, such as a workspace nobody saved; Notebook 7.6 says the second
# line of every notebook it opens, an empty one too. The widget manager says the rest of a view that is taken away
# while a busy browser still builds it: a run of three rows is over before its board is there.
NOT_OURS = re.compile(
    r"Failed to load resource|favicon|api/(contents|workspaces|settings)"
    r"|Cannot read properties of undefined \(reading 'schema'\)|Command 'filebrowser:open-path' not registered"
    r"|widget model not found|Could not add child view to box"
    r"|Cannot read properties of null \(reading '(processLuminoMessage|widgets)'\)"
)
# WCAG 2.1, 1.4.3: the least contrast of any text that is seen, its colours laid over what is behind them.
LEAST_CONTRAST = """chosen => {
  const parse = text => { const scale = text.startsWith('color(srgb') ? 255 : 1;
    const n = text.match(/[\\d.]+/g).map((v, i) => Number(v) * (i < 3 ? scale : 1));
    return n.length < 4 ? [...n, 1] : n };
  const over = (top, ground) => [0, 1, 2].map(i => top[i] * top[3] + ground[i] * (1 - top[3])).concat(1);
  const ground = node => {
    const own = node ? parse(getComputedStyle(node).backgroundColor) : [255, 255, 255, 1];
    return own[3] === 1 ? own : over(own, ground(node.parentElement));
  };
  const light = color => { const [r, g, b] = color.map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const contrasts = [...document.querySelectorAll(chosen)]
    .filter(node => node.tagName !== 'STYLE' && node.getBoundingClientRect().width > 0)
    .filter(node => [...node.childNodes].some(each => each.nodeType === 3 && each.data.trim()))
    .map(node => { const back = ground(node); const text = over(parse(getComputedStyle(node).color), back);
      const [a, b] = [light(text), light(back)]; return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
  return Math.min(...contrasts);
}"""


@dataclass(frozen=True)
class Lab:
    """A running Jupyter server, with JupyterLab and Notebook 7."""

    port: int
    folder: Path
    settings: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask the server's own API; returns what its JSON holds, or None."""
        asked = urllib.request.Request(f"{self.url}/api/{path}?token={TOKEN}", method=method)
        with urllib.request.urlopen(asked, timeout=START_SECONDS) as reply:
            content = reply.read()
        return json.loads(content) if content else None

    def session(self, path: Path) -> dict[str, Any] | None:
        """The session of an open notebook: its kernel's id, state and connections."""
        sessions: list[dict[str, Any]] = self.ask("sessions")
        return next((each for each in sessions if each["path"].endswith(path.name)), None)

    def configure(self, extension: str, name: str, **settings: object) -> None:
        """Write a user setting; a page opened afterwards obeys it."""
        path = self.settings / "@jupyterlab" / extension / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))


@dataclass
class Opened:
    """A notebook open in the browser, and what the browser complained about."""

    page: Page
    path: Path
    lab: Lab
    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    @property
    def errors_of_ours(self) -> list[str]:
        """What the browser complained about, without JupyterLab's own."""
        return [text for text in self.console_errors if not NOT_OURS.search(text)]

    def cell(self, number: int) -> Locator:
        """The code cell of that number, from 0."""
        return self.page.locator(".jp-CodeCell").nth(number)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-Cell-outputWrapper")

    def choose(self, menu: str, entry: str) -> None:
        """Choose an entry of the menu bar, as a person does."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def run_all(self) -> None:
        self.choose("Run", "Run All Cells")

    def run(self, number: int) -> None:
        """Run one cell and leave it."""
        self.cell(number).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Shift+Enter")

    def wait_until_idle(self, seconds: float = 30) -> None:
        """Wait until no cell is running or waiting for its turn."""
        busy = "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(each => each.textContent === '[*]:')"
        self.page.wait_for_function(busy, timeout=seconds * 1000)

    def interrupt(self) -> None:
        self.choose("Kernel", "Interrupt Kernel")

    def restart(self) -> None:
        """Restart the kernel: what its outputs' widgets were connected to is gone."""
        before = self.lab.session(self.path)
        assert before is not None
        self.lab.ask(f"kernels/{before['kernel']['id']}/restart", "POST")
        wait_for_kernel(self, self.lab)

    def reload(self) -> None:
        """Load the page anew, as somebody who comes back tomorrow."""
        self.page.reload()
        wait_for_kernel(self, self.lab)

    def save(self) -> dict[str, Any]:
        """Save the notebook and return what is in the file then."""
        before = self.path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
            with contextlib.suppress(json.JSONDecodeError):  # it is being written
                if self.path.stat().st_mtime_ns != before:
                    return json.loads(self.path.read_text())
        pytest.fail("the notebook was not saved")

    def choose_theme(self, name: str) -> None:
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        self.page.get_by_text("Theme", exact=True).click()
        self.page.get_by_role("menuitemcheckbox", name=name, exact=True).or_(
            self.page.get_by_role("menuitem", name=name, exact=True)
        ).click()
        is_light = "false" if "Dark" in name else "true"
        self.page.locator(f"body[data-jp-theme-light={is_light}]").wait_for(state="attached")

    def close(self) -> None:
        """Close the page and end its kernel: twenty idle ones would slow down the tests that follow."""
        self.page.close()
        session = self.lab.session(self.path)
        if session is not None:
            self.lab.ask(f"sessions/{session['id']}", "DELETE")


def write_notebook(path: Path, cells: tuple[str, ...], kernel: str = NEWEST) -> None:
    """Write a notebook of code cells that names its kernel."""
    path.write_text(json.dumps(new_notebook(*cells, kernel=kernel)))


def visit(opened: Opened, face: str) -> None:
    """Go to the notebook's page, noting what the browser says and asks for on the way."""
    page, lab = opened.page, opened.lab
    page.on("console", lambda said: opened.console_errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: opened.console_errors.append(str(error)))
    page.on("request", lambda request: note_foreign(opened, lab, request.url))
    page.goto(f"{lab.url}/{FACES[face]}/{opened.path.name}?token={TOKEN}")
    wait_for_kernel(opened, lab)


def start(lab: Lab, base: Path) -> subprocess.Popen[bytes]:
    folders = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    own = {name: str(base / name.lower()) for name in folders}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(lab.settings), "JUPYTERLAB_WORKSPACES_DIR": str(base / "workspaces")}
    for folder in own.values():
        Path(folder).mkdir(exist_ok=True)
    write_kernelspecs(base / "jupyter_path")
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **own}
    environment["JUPYTER_PATH"] = str(base / "jupyter_path")
    command = [
        sys.executable, "-m", "notebook", "--no-browser", "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        f"--ServerApp.port={lab.port}", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={lab.folder}",
        "--ServerApp.allow_root=True", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    with (base / "log").open("wb") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def wait_until_up(lab: Lab, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{lab.url}/api?token={TOKEN}", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")


def wait_for_kernel(opened: Opened, lab: Lab) -> None:
    """Wait until the page is connected to an idle kernel: cells run earlier are silently dropped."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        session = lab.session(opened.path)
        if session and session["kernel"]["execution_state"] == "idle" and session["kernel"]["connections"]:
            opened.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(state="attached")
            opened.page.wait_for_timeout(300)
            return
        opened.page.wait_for_timeout(100)
    pytest.fail("the notebook's kernel did not start")


def note_foreign(opened: Opened, lab: Lab, url: str) -> None:
    if not url.startswith((lab.url, f"ws://127.0.0.1:{lab.port}", "data:", "blob:")):
        opened.foreign_requests.append(url)
