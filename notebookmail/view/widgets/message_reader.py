"""One message as a mail program would show it: letter, text, headers and source, on a desk and on a phone.

The widget's state holds what is visible and nothing else: the tab that is open, the attachments' links. The
letter stands in a frame that can do nothing (letter_frame.framed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from notebookmail.view.html.escaping import Html, element
from notebookmail.view.html.message import (
    DESK,
    PHONE,
    attachments_html,
    headers_html,
    heading_html,
    message_html,
    page_html,
    source_html,
    text_html,
)
from notebookmail.view.html.reader_style import READER_STYLE
from notebookmail.view.html.style import LIVE_STYLE, ROOT
from notebookmail.view.words.message import masked_words, message_text, read_letter

from .choice_buttons import ChoiceButtons
from .live_output import LiveView, close_all, show_static, stand_in

if TYPE_CHECKING:
    from email.message import EmailMessage

    from notebookmail.view.words.message import Arrived, Letter

LETTER, TEXT, HEADERS, SOURCE = _TABS = ("Letter", "Text", "Headers", "Source")
_NO_MARGIN = {"width": "auto", "margin": "0"}


class MessageReader:
    """One message as a mail program would show it.

    Attributes:
        widget: The ipywidget to display, inside of a view with the house's style sheet.
    """

    def __init__(self) -> None:
        self._message: EmailMessage | None = None
        self._content = b""
        self._letter: Letter | None = None
        self._wanted = LETTER  # the tab that was chosen, also while a message has none such
        self._tabs = ChoiceButtons(_TABS, self._choose_tab)
        self._width = ChoiceButtons(("Desktop", "Phone"), self._show_page)
        self._look = ChoiceButtons(("Light", "Dark"), self._show_page)
        self._head, self._page, self._files = (ipywidgets.HTML(layout=dict(_NO_MARGIN)) for _ in range(3))
        self._tools = ipywidgets.HBox([self._tabs.widget, self._width.widget, self._look.widget]).add_class(
            "nbm-tools"
        )
        style = ipywidgets.HTML(READER_STYLE, layout={"display": "none"})
        self.widget = ipywidgets.VBox([style, self._head, self._tools, self._page, self._files])
        self.widget.add_class("nbm-reader")
        self.show(None)

    def show(
        self,
        message: EmailMessage | None,
        content: bytes = b"",
        *,
        words: str = "",
        envelope: Arrived | None = None,
    ) -> None:
        """Show a message in place of the one before; the tab stays the same where there is one.

        Args:
            message: Parsed with policy.default; None shows the words.
            content: The raw bytes, for the source; without them the message is written again.
            words: Why there is nothing to show.
            envelope: Its envelope, shown where it differs from the fields.
        """
        self._message, self._content = message, content
        self._tools.layout.display = None if message is not None else "none"
        if message is None:
            self._letter = None
            self._head.value = element("p", words, class_="nbm-quiet") if words else ""
            self._page.value = self._files.value = ""
            return
        self._letter = read_letter(message)
        self._head.value = heading_html(message, envelope)
        files = attachments_html(self._letter)
        self._files.value = element("div", files, class_="nbm-files") if files is not None else ""
        self._offer_tabs(self._letter)

    def close(self) -> None:
        """Free the widgets."""
        self._tabs.close()  # one of them may not be on offer
        close_all(self.widget)

    def _offer_tabs(self, letter: Letter) -> None:
        has = {LETTER: letter.page is not None, TEXT: letter.text is not None or letter.page is None}
        self._tabs.offer([tab for tab in _TABS if has.get(tab, True)])
        wanted = self._wanted
        if wanted in self._tabs.options and wanted != self._tabs.value:
            self._tabs.value = wanted  # shows it, too
        else:
            self._show_page()

    def _choose_tab(self) -> None:
        self._wanted = self._tabs.value
        self._show_page()

    def _show_page(self) -> None:
        if self._message is None or self._letter is None:
            return
        is_letter = self._tabs.value == LETTER
        self._width.widget.layout.display = self._look.widget.layout.display = None if is_letter else "none"
        self._page.value = self._letter_html(self._letter) if is_letter else self._plain_html(self._letter)

    def _letter_html(self, letter: Letter) -> Html:
        is_phone, is_dark = self._width.value == "Phone", self._look.value == "Dark"
        title = f"The letter, {'phone' if is_phone else 'desktop'} width, {'dark' if is_dark else 'light'}"
        page = page_html(letter, title, is_dark=is_dark, width=PHONE if is_phone else DESK)
        return element("div", page, class_=f"nbm-letterbox{' nbm-phone' if is_phone else ''}")

    def _plain_html(self, letter: Letter) -> Html:
        message = self._message
        if message is None:
            return Html()
        match self._tabs.value:
            case "Text":
                shown = text_html(letter.text if letter.text is not None else "(no text)")
            case "Headers":
                shown = headers_html(message)
            case _:
                shown = source_html(message, self._content)
        return element("div", shown, class_="nbm-screen nbm-scroller")


def show_message(arrived: Arrived) -> None:
    """Display a message in the running cell's output; what is saved in its place holds no letter."""
    from notebookmail.view.frontend import is_attended

    said = f"{masked_words(arrived)}; run the cell again to read it."
    if not is_attended():
        show_static(stand_in(said), said)
        return
    reader = MessageReader()
    reader.show(arrived.message, arrived.content, envelope=arrived)
    style = ipywidgets.HTML(LIVE_STYLE, layout={"display": "none"})
    LiveView(ipywidgets.VBox([style, reader.widget]).add_class(ROOT), stand_in(said), said)


def save_message(arrived: Arrived) -> None:
    """Display a message as a static page that holds all of it, to be saved with the notebook."""
    show_static(message_html(arrived.message, arrived), message_text(arrived.message))
