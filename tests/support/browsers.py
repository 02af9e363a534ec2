"""The browsers that tests drive, by Playwright: Chromium, and Debian's Firefox by WebDriver BiDi.

Playwright's own Firefox is a download; Debian's speaks the standard protocol itself. Neither asks anybody outside
for anything: names are not resolved, what would go out goes to a port where nobody listens.
"""

from __future__ import annotations

import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

# Chromium asks Google for updates, translations and captive portals by itself; a test browser asks nobody.
QUIET_FLAGS: Final = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-sync", "--disable-domain-reliability", "--no-first-run", "--no-pings", "--disable-gpu",
    "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
_QUIET_PREFERENCES: Final[dict[str, str | float | bool]] = {
    "network.proxy.type": 1,  # loopback is asked directly all the same
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "browser.safebrowsing.update.enabled": False,
}
_SCHEMES: Final = {"dark": 0, "light": 1}
_SPEAKS_TO_FIREFOX: Final = ((1, 58), (1, 65))
"""From which version of Playwright, and before which: 1.65 sends a command that Firefox 153 does not know."""


def start_chromium(driver: Playwright) -> Browser:
    """Start Chromium; skips the test, with the reason, where it is missing."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("Chromium is not installed")
    return driver.chromium.launch(executable_path=executable, args=list(QUIET_FLAGS))


def start_firefox(driver: Playwright, scheme: str = "light") -> Browser:
    """Start Firefox; skips the test, with the reason, where it is missing or cannot be driven.

    Args:
        driver: Playwright.
        scheme: Whether its user prefers "light" or "dark" pages: there, that is no choice of a page.
    """
    executable = shutil.which("firefox-esr") or shutil.which("firefox")
    if executable is None:
        pytest.skip("Firefox is not installed")
    first, end = _SPEAKS_TO_FIREFOX
    if not first <= tuple(map(int, version("playwright").split(".")[:2])) < end:
        pytest.skip(f"Playwright {version('playwright')} cannot drive Debian's Firefox; 1.58 to 1.64 can")
    preferences = _QUIET_PREFERENCES | {"layout.css.prefers-color-scheme.content-override": _SCHEMES[scheme]}
    return driver.firefox.launch(channel="moz-firefox", executable_path=executable, firefox_user_prefs=preferences)
