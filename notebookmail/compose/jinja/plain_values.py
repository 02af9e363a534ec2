"""The values of a row that print as they are, in every form its bodies have them in: read once for all of them.

What most cells hold, a text of one line or a number, prints as itself, in HTML with its special characters
escaped. Where another value is among them, a row takes Jinja.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from markupsafe import escape

from notebookmail.compose.markup.link_schemes import is_link
from notebookmail.compose.mime.plain_body import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notebookmail.compose.mime.plain_body import PlainValue, Stretch

NUMBERS: Final = frozenset({int, float, bool})
"""The types besides texts whose values print as `str` writes them, if they are not NaN."""

_SIMPLE: Final = re.compile(r"[A-Za-z0-9 .,:;/@_+-]++(?<! )(?<!\A\.)")
"""What needs no code and no escaping wherever it stands."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MOST_KEPT: Final = 1_024
_LONGEST_KEPT: Final = 256


class PlainValues:
    """Reads the values of each row.

    Args:
        stretches: What the bodies are made of that print them.
    """

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        named = [each for each in stretches if each.name]
        self._names = tuple(dict.fromkeys(each.name for each in named))
        self._links = tuple(dict.fromkeys(each.name for each in named if each.is_link))
        self._kept = _Kept()

    def read(self, context: Mapping[str, Any]) -> tuple[dict[str, PlainValue], bool] | None:
        """Return a row's values by name, and whether they are all ASCII; None if one does not print as it is.

        Args:
            context: The values a template sees, by name.
        """
        values: dict[str, PlainValue] = {}
        is_ascii = True
        kept = self._kept
        for name in self._names:
            value = context.get(name)
            if type(value) is not str:
                if type(value) not in NUMBERS or value != value:  # noqa: PLR0124 -- NaN differs from itself
                    return None
                value = str(value)
            elif not value.isascii():
                is_ascii = False
            found = kept.get(value) or kept[value]  # get is the faster, where there is one
            if found is None:
                return None
            values[name] = found
        for name in self._links:
            if not is_link(context[name]):
                return None  # Jinja says what is wrong
        return values, is_ascii


class _Kept(dict[str, "PlainValue | None"]):
    """Texts in the forms that bodies have them in, made when first asked for; None where they are not plain."""

    def __missing__(self, text: str) -> PlainValue | None:
        value: PlainValue | None
        if _SIMPLE.fullmatch(text):
            octets = text.encode("ascii")
            value = octets, octets, octets, octets
        elif text in {"", "."} or text[-1] == " " or (not text.isprintable() and _CONTROL.search(text)):
            value = None  # what stands around it decides how it is written: see `plain_value`
        else:
            value = plain_value(text, str.__str__(escape(text)))
        if len(self) < _MOST_KEPT and len(text) <= _LONGEST_KEPT:
            self[text] = value
        return value
