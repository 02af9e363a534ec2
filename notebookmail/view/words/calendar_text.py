"""What an event is called, read from its iCalendar text (RFC 5545) without the library that writes it."""

from __future__ import annotations

from typing import Final

_ESCAPED: Final = {"n": " ", "N": " "}


def summary_of(calendar: str) -> str:
    """Return the first SUMMARY of a calendar's text; "" where there is none.

    Lines are unfolded (3.1), a value begins at the first colon that stands in no quotes, and its text is unescaped
    (3.3.11).
    """
    unfolded = calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    for line in unfolded.split("\n"):
        if line[:7].upper() == "SUMMARY" and line[7:8] in {":", ";"}:
            return _unescaped(_value(line)).strip()
    return ""


def _value(line: str) -> str:
    is_quoted = False
    for place, char in enumerate(line):
        if char == '"':
            is_quoted = not is_quoted
        elif char == ":" and not is_quoted:
            return line[place + 1 :]
    return ""


def _unescaped(text: str) -> str:
    pieces = iter(text)
    return "".join(_ESCAPED.get(after := next(pieces, ""), after) if char == "\\" else char for char in pieces)
