"""Letters as Chromium paints them, and what it computes for their elements: wide and narrow, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

LOOKS: Final = tuple((width, scheme) for width in (700, 375) for scheme in ("light", "dark"))
"""Widths in CSS pixels, with the colour scheme the reader prefers."""

TRIES: Final = 5
_COMPUTED: Final = """() => [...document.querySelectorAll('*')].map(element => {
  const style = getComputedStyle(element);
  return [element.tagName, ...[...style].map(name => name + ': ' + style.getPropertyValue(name))].join('; ');
})"""


class Camera:
    """Windows of every look, in which letters are shown one after the other; nothing is loaded in them.

    Args:
        browser: Chromium.
    """

    def __init__(self, browser: Browser) -> None:
        self._contexts: list[BrowserContext] = []
        self._pages: dict[tuple[int, str], Page] = {}
        for width, scheme in LOOKS:
            context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page = context.new_page()
            page.route("**/*", lambda route: route.abort())
            # A scroll bar fades out, and so differs from one picture of a letter to the next.
            context.new_cdp_session(page).send("Emulation.setScrollbarsHidden", {"hidden": True})
            self._contexts.append(context)
            self._pages[width, scheme] = page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def differences(self, one: str, other: str) -> list[tuple[int, str]]:
        """Return the looks in which two letters are not painted alike, pixel by pixel."""
        return [look for look, page in self._pages.items() if not self._are_alike(page, one, other)]

    def _are_alike(self, page: Page, one: str, other: str) -> bool:
        # Chromium paints one letter not always alike to the pixel while a scroll bar fades: a difference stays.
        pairs = ((self._picture(page, one), self._picture(page, other)) for _ in range(TRIES))
        return any(first == second for first, second in pairs)

    def _picture(self, page: Page, html: str) -> bytes:
        return self._show(page, html).screenshot(full_page=True, animations="disabled")

    def computed(self, html: str) -> list[list[str]]:
        """Return what is computed for every element, in every look."""
        return [self._show(page, html).evaluate(_COMPUTED) for page in self._pages.values()]

    def _show(self, page: Page, html: str) -> Page:
        page.set_content(html, wait_until="load")
        return page
