"""Display names as phrases: atoms, quoted strings and encoded-words (RFC 5322 3.2.5, RFC 2047 5 (3)).

Two neighbouring encoded-words are read without the space between them (RFC 2047 6.2), except by Python before
3.13.2, whose parser keeps it (its issue 128110): half the programs that read mail would see another name. So
encoded-words do not stand side by side here. A name is one of them where it fits, else its ASCII words stand
between; a run of other letters that is too long for one of 75 characters is one longer word. RFC 2047 2 asks for
75, and the limit of a line is 998; readers go by the line.
"""

from __future__ import annotations

import re

from notebookmail.mail.header_folding import WORD, encoded_words, quoted

_LONG_WORD = 900
"""Characters of an encoded-word at most, some room on its line left."""

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


def phrase(name: str) -> list[str]:
    """Write a name as the words of a phrase; blanks that meet are one, as every reader takes them.

    Args:
        name: As a person reads it.
    """
    words = name.split()
    if not words:
        return []
    if all(map(_is_atom, words)):
        return words
    text = " ".join(words)
    if "=?" not in text and len(text) <= _LONG_WORD // 2 and _PRINTABLE.fullmatch(text):
        return [quoted(text)]
    whole = _encoded(text)
    return whole if len(whole[0]) <= WORD else _mixed(words)


def _is_atom(word: str) -> bool:
    return _ATOM.fullmatch(word) is not None and "=?" not in word


def _encoded(text: str) -> list[str]:
    return encoded_words(text, _LONG_WORD, _LONG_WORD)


def _mixed(words: list[str]) -> list[str]:
    """Encode the words that need it, neighbours together, and let the others stand between."""
    mixed: list[str] = []
    run: list[str] = []
    for word in words:
        if "=?" not in word and _PRINTABLE.fullmatch(word):
            mixed += [*_run(run), word if _is_atom(word) else quoted(word)]
            run = []
        else:
            run.append(word)
    return [*mixed, *_run(run)]


def _run(words: list[str]) -> list[str]:
    return _encoded(" ".join(words)) if words else []
