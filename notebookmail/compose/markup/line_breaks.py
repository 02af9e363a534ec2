"""The line breaks of a value: what is three lines in a cell is three lines in the letter.

HTML takes a line end for a blank, so a value among text gets `<br>` for each. Inside an attribute, a title or a
comment `<br>` would be letters: there a line end is written as a reference, or stays what it is.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape


def broken(text: str) -> Markup:
    """Return a text as HTML, with its line breaks."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Markup("<br>").join(lines)  # joining escapes the lines


def in_attribute(value: Any) -> Any:
    """Return a value as it may stand in an attribute: a text keeps its line ends, without elements for them."""
    if type(value) is str:
        return escape(value) if "\n" in value else value
    if isinstance(value, Markup) and "<br>" in value:  # a block of the template that was filled in among text
        return Markup(value.replace(Markup("<br>"), "\n"))  # noqa: S704 - escaped
    return value


def nl2br(value: Any) -> Any:
    """Return a text as HTML with its line breaks; other values as they are."""
    return broken(value) if type(value) is str else value
