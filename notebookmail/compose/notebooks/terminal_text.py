"""What a cell has printed, as a terminal would show it: colours, and lines that were written over."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markupsafe import escape

if TYPE_CHECKING:
    from rich.style import Style


def terminal_html(text: str) -> str:
    """Write printed text as HTML.

    Args:
        text: The text, perhaps with the escape sequences of a terminal (ECMA-48 8.3.117).
    """
    lines = "\n".join(map(_overwritten, text.rstrip().split("\n")))
    inner = _coloured(lines) if "\x1b" in lines else str(escape(lines))
    return f"<pre>{inner}</pre>" if inner.strip() else ""


def _overwritten(line: str) -> str:
    """Return what stands in a line at last: each carriage return begins to write over it."""
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown


def _coloured(text: str) -> str:
    from rich.text import Text

    read = Text.from_ansi(text)
    places = sorted({0, len(read.plain), *(each.start for each in read.spans), *(each.end for each in read.spans)})
    written = []
    for start, end in pairwise(places):
        css = ";".join(
            dict.fromkeys(css for each in read.spans if each.start <= start < each.end for css in _css(each.style))
        )
        part = escape(read.plain[start:end])
        written.append(f'<span style="{css}">{part}</span>' if css else str(part))
    return "".join(written)


def _css(style: Style | str) -> list[str]:
    if isinstance(style, str):
        return []
    css = []
    colour, ground = (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
    if colour is not None and not colour.is_default:
        css.append(f"color:{_hex(colour)}")
    if ground is not None and not ground.is_default:
        css.append(f"background-color:{_hex(ground)}")
    if style.bold:
        css.append("font-weight:bold")
    if style.italic:
        css.append("font-style:italic")
    if style.underline:
        css.append("text-decoration:underline")
    return css


def _hex(colour: Any) -> str:
    return str(colour.get_truecolor().hex)
