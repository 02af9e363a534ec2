"""Mail to the address of List-Unsubscribe, and answers that say nothing but "unsubscribe" (RFC 2369 3.2).

Mail programs send it when a reader presses their button, most often with the subject that the link names. A
sentence that speaks of unsubscribing among others is an answer, for a person to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import phrases
from .fields import addresses_in

if TYPE_CHECKING:
    from .fields import Fields

_FIRST_WORDS: Final = ("unsubscribe", "abmelden", "list-unsubscribe")
_LOCAL_MARKS: Final = ("unsubscribe", "unsub")
_LONGEST_KEY: Final = 400
_WORD_AND_KEY: Final = 2


def is_unsubscribing(fields: Fields, new: str) -> bool:
    """Tell whether a message asks for no more letters, and nothing else.

    Args:
        fields: The header.
        new: What is new in its text, in one line.
    """
    subject = _plain(fields.words("subject"))
    if subject in phrases.UNSUBSCRIBE_WORDS or (subject.startswith(_FIRST_WORDS) and _is_key(subject)):
        return True
    if any(_is_unsubscribe_address(each) for each in addresses_in(fields.texts("to", "delivered-to"))):
        return True
    return _plain(new) in phrases.UNSUBSCRIBE_WORDS


def ids_in_subject(subject: str) -> list[str]:
    """Return the key behind "unsubscribe" in a subject, as a link of List-Unsubscribe may name it."""
    words = subject.split()
    if len(words) == _WORD_AND_KEY and _plain(words[0]) in _FIRST_WORDS:
        key = words[1].strip("<>[]()")
        return [key] if 0 < len(key) <= _LONGEST_KEY else []
    return []


def _is_key(subject: str) -> bool:
    """Tell whether one word with a digit follows: "unsubscribe 4f2a" has a key, "unsubscribe button" none."""
    words = subject.split()
    return len(words) == _WORD_AND_KEY and any(char.isdigit() or char == "@" for char in words[1])


def _is_unsubscribe_address(address: str) -> bool:
    local = address.lower().rpartition("@")[0]
    pieces = local.replace("+", "-").replace("=", "-").replace(".", "-").replace("_", "-").split("-")
    return any(mark in pieces for mark in _LOCAL_MARKS)


def _plain(text: str) -> str:
    return " ".join(text.lower().strip(" \t.!\"'<>[]()*_").split())[:_LONGEST_KEY]
