"""Live views in a cell's output, and what is left of them without their kernel.

A notebook that is saved while a widget is shown, and opened again without its kernel, shows "Error displaying
widget". So a live view is two outputs: a static page that can be saved and shared, and below it the widget. A few
rules of CSS hide the page while the widget is there, and the front end's words where it is not there yet or gone.
Front ends that do not know these rules show both, so the page must be true beside the widget, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display, update_display

from notebookmail.view.html.escaping import Html, element, join
from notebookmail.view.html.stand_in import plain
from notebookmail.view.html.style import ROOT, STYLE

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

_LIVE = ".jp-OutputArea-child>.jp-OutputArea-output>.jupyter-widgets"
# Holds words alone: that the widget is being loaded, for as long as no kernel answers, or that it is gone.
_NO_WIDGET = ".jp-OutputArea-child>.jp-OutputArea-output:not(:has(*))"
_RULES = f"""
.jp-OutputArea-child:has(.nbm-standin):has(+{_LIVE}){{display:none}}
.jp-OutputArea-child:has(.nbm-standin,.nbm-stays)+{_NO_WIDGET}{{display:none}}
"""
_STYLE = Html(element("style", Html(_RULES.replace("\n", ""))))
_NOTHING = {"text/html": "", "text/plain": ""}


class LiveView:
    """A widget in the running cell's output, with a static page for when it is gone.

    Args:
        widget: What is shown while the kernel lives.
        page: The static page, markup; `stand_in` makes one of a sentence.
        text: The same as plain text.
    """

    def __init__(self, widget: ipywidgets.Widget, page: str, text: str) -> None:
        self._widget = widget
        self._page = _display({"text/html": page, "text/plain": text})
        bundle = {**widget._repr_mimebundle_(), **_NOTHING}
        self._live = _display(bundle)

    def replace(self, page: str, text: str) -> None:
        """Put a static page in the place of both; the widget is the caller's to close."""
        _update(self._page, {"text/html": page, "text/plain": text})
        _update(self._live, _NOTHING)


class UpdatedPage:
    """A static page in the running cell's output, to be replaced as things go on."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def show(self, page: str, text: str) -> None:
        """Show a page, in the place of the one before."""
        bundle = {"text/html": page, "text/plain": text}
        if self._handle is None:
            self._handle = _display(bundle)
        else:
            _update(self._handle, bundle)


def show_page(widget: ipywidgets.Widget, page: str, text: str) -> None:
    """Show a static page that stays, and below it a widget."""
    LiveView(widget, join(_STYLE, element("div", Html(page), class_="nbm-stays")), text)


def show_static(page: str, text: str) -> None:
    """Show a static page, or with "" only its text."""
    bundle = {"text/html": page, "text/plain": text} if page else {"text/plain": text}
    display(plain(bundle), raw=True)  # type: ignore[no-untyped-call]


def stand_in(words: str, listed: Html | None = None) -> Html:
    """Return a page of a sentence, and perhaps a list, hidden while the live view below it is shown."""
    said = element("p", words, class_="nbm-quiet")
    return join(STYLE, _STYLE, element("div", said, listed, class_=f"{ROOT} nbm-standin"))


def button(words: str, tooltip: str) -> ipywidgets.Button:
    """Return a button in the house's look; the tooltip says what it does."""
    return ipywidgets.Button(description=words, tooltip=tooltip, layout={"width": "auto"}).add_class("nbm-button")


def close_all(*widgets: ipywidgets.Widget) -> None:
    """Close widgets, what is in them, and the layout and style models they made for themselves."""
    for widget in widgets:
        close_all(*getattr(widget, "children", ()))
        for name in ("layout", "style"):
            model = getattr(widget, name, None)
            if model is not None:
                model.close()
        widget.close()


def _display(bundle: dict[str, Any]) -> DisplayHandle:
    return display(plain(bundle), raw=True, display_id=True)  # type: ignore[no-untyped-call,no-any-return]


def _update(handle: DisplayHandle, bundle: dict[str, Any]) -> None:
    update_display(plain(bundle), raw=True, display_id=handle.display_id)  # type: ignore[no-untyped-call]
