"""Values as visible text: nothing in them acts on a terminal, a browser or a JSON encoder."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # they shape Persian, Indic and emoji text; every other format character can deceive


def visible(value: object) -> str:
    r"""Return a value's text with nothing in it that acts instead of being read.

    Line breaks become spaces; control characters, bidi overrides (CVE-2021-42574), zero-width characters and lone
    surrogates are spelled out, so that no terminal, browser or JSON encoder obeys them or stumbles over them.

    Example:
        >>> visible("a\x1b[2Jb\r\nc")
        'a\\x1b[2Jb c'
    """
    text = str(value)
    if text.isprintable():
        return text
    return "".join(map(_spelled, " ".join(text.split())))


def _spelled(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def clip(value: object, limit: int) -> str:
    """Return a value's visible text, cut to at most `limit` characters with an ellipsis."""
    whole = str(value)
    text = visible(whole[: limit + 1])  # cut first: a value may be megabytes long
    return text if len(whole) <= limit and len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
