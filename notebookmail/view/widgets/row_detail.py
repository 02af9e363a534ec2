"""One row in full: how it stands and why, what to do, and the message as it was sent.

The message is made again from the frame when somebody asks for it, with the same date and Message-ID: none is
kept.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final

import ipywidgets

from notebookmail.delivery.explain import explain
from notebookmail.errors import INTERRUPTS, NotebookmailError
from notebookmail.view.html.escaping import element
from notebookmail.view.words.headlines import SYMBOLS
from notebookmail.view.words.quantities import duration, moment
from notebookmail.view.words.results import interrupted, line
from notebookmail.view.words.visible_text import clip

from .live_output import button

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookmail.delivery.results_frame import Outcome
    from notebookmail.view.html.escaping import Html

    from .message_reader import MessageReader

_LONG: Final = 2_000  # characters shown of what strangers wrote


class RowDetail:
    """A row's page, with buttons to its neighbours and back.

    Args:
        turn: Called with -1 or 1: show the row before or behind.
        leave: Called to go back to all rows.
        letter: Makes the message of the row at a position; None where it cannot be had.
    """

    def __init__(
        self, turn: Callable[[int], None], leave: Callable[[], None], letter: Callable[[int], bytes] | None
    ) -> None:
        self._letter = letter
        self._position = 0
        self._back = button("Back", "Back to all rows")
        self._previous = button("Previous", "The row before")
        self._next = button("Next", "The row behind")
        self._where = ipywidgets.Label()
        self._page = ipywidgets.HTML(layout={"width": "auto", "margin": "0"})
        self._ask = button("Show the message", "The message as it was sent, made again from the row")
        self._place = ipywidgets.VBox().add_class("nbm-its-letter")
        self._reader: MessageReader | None = None
        self._back.on_click(lambda _: leave())
        self._previous.on_click(lambda _: turn(-1))
        self._next.on_click(lambda _: turn(1))
        self._ask.on_click(lambda _: self._show_letter())
        controls = ipywidgets.HBox([self._back, self._previous, self._next, self._where]).add_class("nbm-tools")
        self._ask.layout.display = None if letter is not None else "none"
        self.widgets = [controls, self._page, self._ask, self._place]

    def show(self, row: Outcome, position: int, place: int, count: int) -> None:
        """Show a row.

        Args:
            row: Everything known about it.
            position: Its place in the frame, from 0.
            place: Its place among the rows found, from 0.
            count: How many were found.
        """
        self._position = position
        self._previous.disabled, self._next.disabled = place == 0, place == count - 1
        self._where.value = f"{place + 1:,} of {count:,}"
        self._page.value = row_html(row)
        if self._reader is not None:  # who reads letters goes on reading, in the tab that was chosen
            self._show_letter()

    def close_letter(self) -> None:
        """Take the letter away, and free its widgets."""
        reader, self._reader = self._reader, None
        self._place.children = ()
        self._ask.disabled = False
        if reader is not None:
            reader.close()

    def focus(self) -> None:
        """Put the keyboard on the way back."""
        self._back.focus()

    def _show_letter(self) -> None:
        from .message_reader import MessageReader

        if self._letter is None:
            return
        reader = self._reader = self._reader or MessageReader()
        try:
            content = self._letter(self._position)
        except NotebookmailError as problem:
            reader.show(None, words=f"There is no message: {problem}")
        except INTERRUPTS as interrupt:  # of a function of the row: a click has nobody to raise it to
            reader.show(None, words=f"There is no message. {interrupted(interrupt)}")
        else:
            reader.show(message_from_bytes(content, policy=policy.default), content)
        self._ask.disabled = True
        self._place.children = (reader.widget,)


def row_html(row: Outcome) -> Html:
    """Show everything known about a row, with its full address: for the live view only."""
    said = line(row)
    facts = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in _facts(row)]
    sign = element("span", SYMBOLS[row.status], class_="nbm-sign", aria_hidden="true")
    return element(
        "div",
        element("p", sign, " ", element("strong", f"Row {clip(said.label, 60)}: {row.status}"), role="heading",
                aria_level=3, class_=f"nbm-headline nbm-{row.status}"),
        element("table", element("tbody", *facts), class_="nbm-fields"),
        class_="nbm-one",
    )  # fmt: skip


def _facts(row: Outcome) -> Iterator[tuple[str, object]]:
    yield "To", clip(row.to or "(no recipient could be made out)", _LONG)
    if row.code or row.reply:
        code = " ".join(str(part) for part in (row.code, row.enhanced_code) if part)
        text = row.reply.removeprefix(row.enhanced_code or "").lstrip()
        yield "Reply", element("code", clip(f"{code} {text}".strip(), _LONG))
    if row.error is not None:
        why = explain(row.error)
        if why.cause:
            yield "Cause", clip(why.cause[:1].upper() + why.cause[1:], _LONG)
        if why.remedy:
            yield "Remedy", clip(why.remedy[:1].upper() + why.remedy[1:], _LONG)
        yield "Exception", element("code", clip(f"{type(row.error).__name__}: {row.error}", _LONG))
    if row.hint and row.error is None:
        yield "Reason", clip(row.hint, _LONG)
    if row.attempts:
        times = "once" if row.attempts == 1 else f"{row.attempts:,} times"
        yield "Tried", f"{times}, {_span(row.seconds)} in all"
    if row.sent_at is not None:
        yield "Sent at", moment(row.sent_at)
    if row.message_id:
        yield "Message-ID", element("code", clip(row.message_id, _LONG))


def _span(seconds: float) -> str:
    return duration(seconds) if seconds >= 1 else f"{seconds:.2f} s"
