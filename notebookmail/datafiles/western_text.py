"""Whether a text reads like words of Western Europe: what tells cp1252 from the code pages it is mistaken for.

Statistics over whole texts tell scripts apart (Cyrillic, Greek, Japanese), but names among e-mail addresses are
too few letters for telling Polish from Spanish: measured, the detectors take "José García" for cp1250. So a word
is asked whether one language could have written it: "Jiøí" mixes letters of Danish and Spanish, in "£ukasz" a
pound sign is a letter, and a Czech č read as è stands before a vowel, where no French è stands.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALPHABETS: Final = tuple(
    frozenset(letters)
    for letters in (
        "äöüßéàè",  # German, with names of neighbours
        "àâæçéèêëîïôœùûüÿ",  # French
        "áéíñóúüçàèòïªº",  # Spanish, Catalan
        "àèéìíîòóùú",  # Italian
        "ãáàâçéêíóôõúüªº",  # Portuguese
        "áéíóúàèëïöüä",  # Dutch
        "æøåéèóòôüäö",  # Danish, Norwegian
        "åäöéàüæø",  # Swedish, Finnish
        # Icelandic is left out: its letters are those of Turkish in cp1254, where many more people live.
        "šž",  # alone: the same bytes in cp1250, they prove nothing
    )
)
_BESIDE_WORDS: Final = frozenset("\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014\u2026\u20ac«»°®™©¡¿\u00a0")
_UNIT_LETTERS: Final = 3
_VOWELS: Final = frozenset("aeiouy")
_SIGNS: Final = frozenset("²³½¼¾§£µ")  # units and numbers: m³, §5, £20


def reads_western(text: str) -> bool:
    """Tell whether every word with letters beyond ASCII could be one of Western Europe's languages."""
    return all(_is_plausible(word) for word in set(_words(text)) if not word.isascii())


def mixes_scripts(text: str) -> bool:
    """Tell whether a word is written in Latin letters and in others at once, as no name is."""
    return any(len({_is_latin(letter) for letter in word if letter.isalpha()}) > 1 for word in set(_words(text)))


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "FEMININE", "MASCULINE"))


def _words(text: str) -> Iterator[str]:
    word: list[str] = []
    for character in text:
        if character.isalpha() or (not character.isascii() and character not in _BESIDE_WORDS):
            word.append(character)
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def _is_plausible(word: str) -> bool:
    if not word.isalpha():
        return len(word) <= _UNIT_LETTERS and all(sign.isalpha() or sign in _SIGNS for sign in word)
    if any(before.islower() and after.isupper() and not after.isascii() for before, after in pairwise(word)):
        return False  # MŸller: a letter of another code page
    small = word.lower()
    beyond = {letter for letter in small if not letter.isascii()}
    if not any(beyond <= alphabet for alphabet in _ALPHABETS):
        return False
    return not (small.endswith("iæ") or _has_foreign_pair(small))


def _has_foreign_pair(small: str) -> bool:
    """Tell whether è stands before a vowel (a Czech č) or õ before anything but e (a Hungarian ő)."""
    return any((a == "è" and b in _VOWELS) or (a == "õ" and b != "e") for a, b in pairwise(small))
