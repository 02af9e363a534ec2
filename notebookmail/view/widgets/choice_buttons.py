"""A choice of a few words side by side.

Buttons, because each of them is reached by Tab and works by Enter: JupyterLab keeps the arrow keys, which radio
buttons want, for itself. The one that is chosen says so in its tooltip, which screen readers read out: ipywidgets
cannot set aria-pressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ipywidgets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CHOSEN: Final = "nbm-chosen"


class ChoiceButtons:
    """Buttons of which one is chosen.

    Args:
        options: The words; the first is chosen.
        changed: Called when another one is.

    Attributes:
        widget: The ipywidget to display.
    """

    def __init__(self, options: Sequence[str], changed: Callable[[], None]) -> None:
        self._changed = changed
        self._value = options[0]
        self._buttons = {each: self._button(each) for each in options}
        self.widget = ipywidgets.HBox(list(self._buttons.values())).add_class("nbm-segments")
        self._mark()

    def _button(self, words: str) -> ipywidgets.Button:
        button = ipywidgets.Button(description=words, layout={"width": "auto"})
        button.on_click(lambda _: self._choose(words))
        return button

    @property
    def value(self) -> str:
        """The chosen word; setting another one counts as a change."""
        return self._value

    @value.setter
    def value(self, words: str) -> None:
        self._choose(words)

    @property
    def options(self) -> tuple[str, ...]:
        """The words on offer."""
        return tuple(button.description for button in self.widget.children)

    def offer(self, options: Sequence[str]) -> None:
        """Offer only some of the words; where the chosen one is not among them the first is, without a call."""
        offered = [self._buttons[each] for each in options]
        if tuple(offered) != self.widget.children:
            self.widget.children = offered
        if self._value not in options:
            self._value = options[0]
        self._mark()

    def _choose(self, words: str) -> None:
        if words != self._value:
            self._value = words
            self._mark()
            self._changed()

    def _mark(self) -> None:
        for words, button in self._buttons.items():
            is_chosen = words == self._value
            button.tooltip = "Chosen" if is_chosen else ""
            (button.add_class if is_chosen else button.remove_class)(_CHOSEN)

    def close(self) -> None:
        """Free the buttons that are not on offer just now; the others go with the widget."""
        for button in self._buttons.values():
            button.layout.close()
            button.style.close()
            button.close()
