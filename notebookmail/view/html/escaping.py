"""The one guard of everything shown: values become visible text, text becomes escaped markup.

Rows, replies and error texts come from strangers, and ipywidgets.HTML, Styler and rich interpret what they are
given. So markup is built by `element` alone, and whatever is not `Html` already is escaped on its way in:
forgetting to escape is not possible, escaping twice is merely ugly. No other module writes an angle bracket, but
for `frames`, where strangers' whole letters go.
"""

from __future__ import annotations

import html

from notebookmail.view.words.visible_text import visible


class Html(str):
    """A text that is markup already; only `escape`, `element` and this package's own constants make one."""

    __slots__ = ()


_VOID = ("input",)  # elements that hold nothing have no end tag

BREAK = Html("<br>")
"""A line break, which has no end tag."""


def escape(value: object) -> Html:
    """Return a value as markup: itself if it is `Html`, else its visible text, safe anywhere but in a tag."""
    return value if isinstance(value, Html) else Html(html.escape(visible(value), quote=True))


def join(*children: object) -> Html:
    """Return the children, escaped, one after the other; None is left out."""
    return Html("".join(escape(child) for child in children if child is not None))


def element(name: str, *children: object, **attributes: object) -> Html:
    """Return one element with its children escaped.

    Args:
        name: The tag, a constant.
        children: Values; None is left out.
        attributes: Values by name: `class_` is class, `aria_label` is aria-label. None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>" if name in _VOID else f"<{name}{written}>{join(*children)}</{name}>")


def join_lines(text: str) -> Html:
    """Return a text as markup for a place that keeps white space (a pre): its lines stay lines."""
    return Html("\n".join(escape(line.expandtabs(8)) for line in text.splitlines()))


def join_cells(text: str) -> Html:
    """Return lines of cells with tabs between as markup for a place that keeps white space (a textarea)."""
    return Html("\n".join("\t".join(map(escape, line.split("\t"))) for line in text.splitlines()))
