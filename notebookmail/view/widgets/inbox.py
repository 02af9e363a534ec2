"""What arrived, as a mail program shows it: a list to flip through, and the message that is open beside it.

Paging and searching happen in Python: the widgets hold one page of the list and the open message, so 10,000
messages open as fast as ten. While the server runs, a task looks for newcomers twice a second; it ends with the
server or the view. What is saved with a notebook names no one.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from notebookmail.privacy.masking import mask_address
from notebookmail.sync import running_loop
from notebookmail.view.frontend import is_attended, saves_widgets
from notebookmail.view.html.escaping import Html, element
from notebookmail.view.html.stand_in import MOST_LISTED, letters_listed, without_jupyter
from notebookmail.view.html.style import LIVE_STYLE, ROOT
from notebookmail.view.words.message import date, field
from notebookmail.view.words.quantities import size_in_words
from notebookmail.view.words.visible_text import clip, visible

from .live_output import LiveView, button, close_all, show_static, stand_in
from .mail_list import STYLE as LIST_STYLE
from .mail_list import MailList
from .message_reader import MessageReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.view.words.message import Arrived

PAGE: Final = 50
"""Messages on a page of the list."""

_LOOK_SECONDS: Final = 0.5
_TO, _SUBJECT = 60, 80  # characters shown
_RECIPIENTS: Final = 3  # of a message that are listed where it cannot be opened
_EMPTY: Final = "Nothing has arrived yet."
_IN = f".{ROOT}.nbm-inbox"
_RULES = f"""
{_IN}{{max-width:1180px}}
{_IN} .nbm-panes{{display:flex;flex-flow:row wrap;align-items:stretch;gap:12px 20px;margin-top:8px}}
{_IN} .nbm-mails{{flex:1 1 260px;min-width:0;gap:8px}}
{_IN} .nbm-open{{flex:3 1 420px;min-width:0}}
@media (max-width:800px){{{_IN} .nbm-mails,{_IN} .nbm-open{{flex-basis:100%}}}}
"""
_STYLE = Html(element("style", Html(_RULES.replace("\n", ""))))


class Inbox:
    """A list of messages with a search, and the open one beside it.

    Args:
        received: What arrived; it may grow.
        is_running: Whether the server still runs; while it does, the view follows.

    Attributes:
        widget: The ipywidget to display; None in a kernel that nobody watches.
    """

    def __init__(self, received: Sequence[Arrived], *, is_running: bool = False) -> None:
        self._received = received
        self._is_running = is_running
        self._watch: asyncio.Task[None] | None = None
        self._texts: list[str] = []  # what Find looks into, made when it first looks
        self._found: Sequence[int] = range(0)
        self._start = 0
        self._open: int | None = None
        self.widget: Any = None
        if not saves_widgets():
            self._make_controls()
            self._reader = MessageReader()
            self._assemble()
            self._look()

    def _make_controls(self) -> None:
        self._text = ipywidgets.Text(
            description="Find",
            placeholder="recipient or subject",
            tooltip="Show only messages that hold this text",
        ).add_class("nbm-find")
        self._list = MailList(lambda place: self._open_at(self._start + place))
        self._previous = button("Previous", "The message before")
        self._next = button("Next", "The message behind")
        self._newest = button("Newest", "The message that arrived last")
        self._where = ipywidgets.Label()
        self._earlier = button("Previous page", "The messages before these; the open one stays open")
        self._later = button("Next page", "The messages after these; the open one stays open")
        self._text.observe(lambda _: self._find(), "value")
        self._earlier.on_click(lambda _: self._turn(self._start - PAGE))
        self._later.on_click(lambda _: self._turn(self._start + PAGE))
        self._previous.on_click(lambda _: self._step(-1))
        self._next.on_click(lambda _: self._step(1))
        self._newest.on_click(lambda _: self._step(len(self._found)))

    def _assemble(self) -> None:
        tools = ipywidgets.HBox([self._previous, self._next, self._newest, self._text, self._where]).add_class(
            "nbm-tools"
        )
        self._pages = ipywidgets.HBox([self._earlier, self._later]).add_class("nbm-tools")
        mails = ipywidgets.VBox([self._list.widget, self._pages]).add_class("nbm-mails")
        opened = ipywidgets.VBox([self._reader.widget]).add_class("nbm-open")
        panes = ipywidgets.HBox([mails, opened]).add_class("nbm-panes")
        style = ipywidgets.HTML(Html(LIVE_STYLE + _STYLE + LIST_STYLE), layout={"display": "none"})
        self.widget = ipywidgets.VBox([style, tools, panes]).add_class(ROOT).add_class("nbm-inbox")

    # --- the list -------------------------------------------------------------------------------------------

    def _find(self) -> None:
        self._start = 0
        self._look()

    def _look(self) -> None:
        """Find again, and show the page where it stands; of what is found one message is open."""
        wanted = self._text.value.strip().casefold()
        count = len(self._received)
        if wanted:
            self._texts += [_searched(self._received[position]) for position in range(len(self._texts), count)]
            self._found = [position for position in range(count) if wanted in self._texts[position]]
        else:
            self._found = range(count)
        if self._open not in self._found:
            self._show(self._found[0] if self._found else None)
        self._turn(self._start)

    def _turn(self, start: int) -> None:
        """Show a page of the list; the open message stays open."""
        count = len(self._found)
        last = max(0, (count - 1) // PAGE * PAGE)
        self._start = min(max(0, start), last)
        shown = self._found[self._start : self._start + PAGE]
        self._where.value = f"{self._start + 1:,}\u2013{self._start + len(shown):,} of {count:,}" if count else ""
        self._pages.layout.display = None if count > PAGE else "none"
        self._earlier.disabled, self._later.disabled = self._start == 0, self._start == last
        place = shown.index(self._open) if self._open in shown else None
        self._list.show([_lines(self._received[position]) for position in shown], place)
        self._enable()

    def _step(self, step: int) -> None:
        """Open a neighbour of the open message, on its page of the list."""
        if self._open in self._found:
            self._open_at(min(max(0, self._found.index(self._open) + step), len(self._found) - 1))

    def _open_at(self, place: int) -> None:
        """Open a message by its place among what was found, and show its page of the list."""
        if place < len(self._found):
            self._show(self._found[place])
            self._turn(place // PAGE * PAGE)

    def _enable(self) -> None:
        """Let the buttons walk as far as there is something to open."""
        place = self._found.index(self._open) if self._open in self._found else 0
        self._previous.disabled = place == 0
        self._next.disabled = self._newest.disabled = place >= len(self._found) - 1

    def _show(self, position: int | None) -> None:
        """Open a message, in the tab that the one before was read in."""
        if position is not None and position == self._open:
            return
        self._open = position
        if position is None:
            words = "No message holds this text." if self._text.value.strip() else _EMPTY
            self._reader.show(None, words=words)
            return
        arrived = self._received[position]
        self._reader.show(arrived.message, arrived.content, envelope=arrived)

    # --- following ------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Show from now on what arrives, until the server ends or the view is closed."""
        loop = running_loop()
        if self._is_running and self._watch is None and loop is not None:
            self._watch = loop.create_task(self._follow())

    async def _follow(self) -> None:
        known = len(self._received)
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if len(self._received) != known:
                known = len(self._received)
                self._look()

    async def end(self) -> None:
        """Look a last time and follow no longer; the server calls it when it ends."""
        self._is_running = False
        watch, self._watch = self._watch, None
        if watch is None:
            return
        if watch.get_loop() is not asyncio.get_running_loop():  # a sandbox that runs in a thread
            watch.get_loop().call_soon_threadsafe(watch.cancel)
        else:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
        self._look()

    # --- display --------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Free the widgets, and follow no longer."""
        self._is_running = False
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.get_loop().call_soon_threadsafe(watch.cancel)  # a click may come on another thread
        if self.widget is not None:
            self._list.close()
            self._reader.close()
            close_all(self.widget)

    def _words(self) -> str:
        return f"{self._arrived()} Run the cell again to open, read and search them."

    def _arrived(self) -> str:
        count = len(self._received)
        return f"{count:,} message{'' if count == 1 else 's'} arrived."

    def _listed(self) -> Html | None:
        """List the first messages as they may be saved."""
        lines = [
            (f"{moment:%Y-%m-%d %H:%M}" if (moment := date(each.message)) is not None else "",
             ", ".join(mask_address(address) for address in each.rcpt_to[:_RECIPIENTS]),
             size_in_words(len(each.content)))
            for each in self._received[:MOST_LISTED]
        ]  # fmt: skip
        return letters_listed(("Written", "To", "Size"), lines, len(self._received))

    def _repr_html_(self) -> str:
        """How many there are, where no widget can be shown."""
        words = f"{self._arrived()} box.messages holds them; results.message(label) gives a row's."
        return without_jupyter(words, self._listed())

    def _ipython_display_(self) -> None:
        words = self._words()
        if self.widget is None or not is_attended():
            show_static(stand_in(words, self._listed()), words)
            return
        self.follow()
        LiveView(self.widget, stand_in(words, self._listed()), words)

    def __repr__(self) -> str:
        count = len(self._received)
        return f"<Inbox, {count:,} message{'' if count == 1 else 's'}>"


def _lines(arrived: Arrived) -> tuple[str, str]:
    """Return the two lines of a message in the list: to whom and when, and about what."""
    moment = date(arrived.message)
    subject = clip(field(arrived.message, "Subject") or "(no subject)", _SUBJECT)
    when = f" \u00b7 {moment:%H:%M}" if moment is not None else ""
    return f"{_recipients(arrived)}{when}", subject


def _recipients(arrived: Arrived) -> str:
    if not arrived.rcpt_to:
        return "(nobody)"
    others = len(arrived.rcpt_to) - 1
    return clip(arrived.rcpt_to[0], _TO) + (f" +{others}" if others else "")


def _searched(arrived: Arrived) -> str:
    return visible("\n".join((*arrived.rcpt_to, field(arrived.message, "Subject") or ""))).casefold()
