"""A page of messages to choose from: two lines each, and a click anywhere on them opens one.

Buttons, because a list box shows one line an entry, and JupyterLab keeps the arrow keys from it. One of them is
reached by Tab, as one entry of a list box is: the one that is open; Previous and Next beside the list walk on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from notebookmail.view.html.escaping import Html, element
from notebookmail.view.html.style import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_OPEN = "nbm-chosen"
_IN = f".{ROOT} .widget-box.nbm-list"  # firmer than what is said of all boxes, whichever sheet comes last
_RULES = f"""
{_IN}{{height:560px;overflow:auto;gap:0;border:1px solid var(--nbm-line);border-radius:6px}}
{_IN} .jupyter-button.nbm-mail{{display:block;flex:none;width:100%;height:auto;margin:0;padding:7px 12px;
border:0;border-bottom:1px solid var(--nbm-line);border-radius:0;background:none;color:inherit;text-align:left;
font-size:12px;line-height:1.5;white-space:pre;overflow:hidden;text-overflow:ellipsis;cursor:pointer}}
{_IN} .jupyter-button.nbm-mail::first-line{{font-weight:600}}
{_IN} .jupyter-button.nbm-mail:hover{{background:var(--nbm-soft);box-shadow:none}}
{_IN} .jupyter-button.nbm-mail.{_OPEN}{{background:var(--nbm-track);box-shadow:inset 3px 0 var(--nbm-focus)}}
{_IN} .jupyter-button.nbm-mail:focus-visible{{outline-offset:-2px}}
@media (max-width:800px){{{_IN}{{height:190px}}}}
"""
STYLE = Html(element("style", Html(_RULES.replace("\n", ""))))


class MailList:
    """Messages of which one is open.

    Args:
        chosen: Called with the place of the one that is clicked.

    Attributes:
        widget: The ipywidget to display.
    """

    def __init__(self, chosen: Callable[[int], None]) -> None:
        self._chosen = chosen
        self._buttons: list[ipywidgets.Button] = []
        self.widget = ipywidgets.VBox().add_class("nbm-list")

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """What stands in the list: two lines each."""
        pairs = (button.description.partition("\n") for button in self.widget.children)
        return tuple((first, second) for first, _, second in pairs)

    @property
    def place(self) -> int | None:
        """Which of them is marked as open, from 0."""
        return next((place for place, each in enumerate(self.widget.children) if each.tabbable), None)

    def show(self, lines: Sequence[tuple[str, str]], place: int | None) -> None:
        """Show messages, and mark one.

        Args:
            lines: Two lines for each.
            place: Which is open, from 0; None where it is not among them.
        """
        while len(self._buttons) < len(lines):
            self._buttons.append(self._button(len(self._buttons)))
        for button, (first, second) in zip(self._buttons, lines, strict=False):
            button.description = f"{first}\n{second}"
        shown = tuple(self._buttons[: len(lines)])
        if shown != self.widget.children:
            self.widget.children = shown
        self.mark(place)

    def mark(self, place: int | None) -> None:
        """Mark the message that is open."""
        for number, button in enumerate(self.widget.children):
            is_open = number == place
            button.tabbable = is_open or (place is None and number == 0)
            button.tooltip = "Open" if is_open else ""
            (button.add_class if is_open else button.remove_class)(_OPEN)

    def _button(self, place: int) -> ipywidgets.Button:
        button = ipywidgets.Button(layout={"width": "100%"}).add_class("nbm-mail")
        button.on_click(lambda _: self._chosen(place))
        return button

    def close(self) -> None:
        """Free the buttons that are not in the list just now; the others go with the widget."""
        for button in self._buttons[len(self.widget.children) :]:
            button.layout.close()
            button.style.close()
            button.close()
