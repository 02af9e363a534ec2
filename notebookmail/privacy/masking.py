"""Masked names: what a message or a saved output says of a person (`a...@example.org`).

Tracebacks and outputs are saved with a notebook, and travel with it. So errors about rows are made with masked
addresses and labels in the first place; what is exact stands in their attributes and in the frames of results.
Domains stay: they tell where the trouble is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_QUOTED_LOCAL: Final = re.compile(r'"[^"]*"(?=@|%40|=40)')
# Tokens, then a look into each: one pass, whatever a hostile server sends.
_TOKEN: Final = re.compile(r"[^\s<>()\[\]{},;:\"|]+")
# %40 is an @ in a link (SPF's replies), =40 in quoted-printable and in return paths (VERP).
_AT: Final = re.compile("[@\uff20]|%40|=40")
_WORD: Final = re.compile(r"\w+")
_SHORTEST_WORD: Final = 3
_LONGEST_WORD: Final = 320  # no address is longer; such a cell is replaced as a whole, which takes no search
_NOBODY: Final = frozenset({"user@example.org"})
"""What hints show: RFC 2606 keeps the domain for examples."""


def mask_address(to: str) -> str:
    """Mask a mailbox; a display name is left out, for it names the person too.

    Example:
        >>> mask_address("Ada Lovelace <ada@example.org>")
        'a...@example.org'
    """
    address = bare_address(to)
    local, at, domain = address.rpartition("@")
    return f"{_initial(local)}{at}{domain}" if at else _initial(address)


def bare_address(to: str) -> str:
    """Return a mailbox without its display name."""
    return to.rpartition("<")[2].rstrip("> ")


def mask_cell(text: str) -> str:
    """Mask a cell that should hold a mailbox and may hold anything: behind its last @ only a domain is shown."""
    local, at, domain = bare_address(text).rpartition("@")
    return f"{_initial(local)}{at}{''.join(domain.split()[:1])}" if at else _initial(domain)


def mask_label(label: object) -> str:
    """Mask a row's label, which may be a name: numbers, what else holds no letter, and single letters stay.

    Example:
        >>> mask_label(17), mask_label("Ada Lovelace"), mask_label(("2026-05", 3))
        ('17', 'A...', "('2026-05', 3)")
    """
    if isinstance(label, tuple):
        return f"({', '.join(repr(each) if _is_nobodys(each) else mask_label(each) for each in label)})"
    text = str(label)
    return text if _is_nobodys(label) else mask_address(text) if "@" in text else _initial(text)


def quoted_label(label: object, position: int | None = None) -> str:
    """Write a row's label for an error: as code has it where it names nobody, else masked, with its place."""
    if _is_nobodys(label):
        return repr(label)
    return mask_label(label) if position is None else f"{mask_label(label)} (number {position + 1})"


def mask_text(text: str, *private: str) -> str:
    """Mask every address in a text.

    Args:
        text: A server's reply, an error, a hint.
        private: Mailboxes, cells or labels the text may be about: also their bare local parts are masked.

    Example:
        >>> mask_text("<ada@example.org>: no user ada here", "ada@example.org")
        '<a...@example.org>: no user a... here'
    """
    for cell in private:
        if not _is_nobodys(cell):  # such a cell is in every word
            text = text.replace(cell, mask_address(cell))
    text = _QUOTED_LOCAL.sub(lambda match: _initial(match[0].strip('"')), text)
    text = _TOKEN.sub(lambda match: _mask_token(match[0]), text)
    for cell in private:
        bare = bare_address(cell)
        word = bare.rpartition("@")[0] or bare
        if _SHORTEST_WORD <= len(word) <= _LONGEST_WORD:
            masked = _initial(word).replace("\\", r"\\")
            text = re.sub(rf"(?<![\w.]){re.escape(word)}(?!\w)", masked, text, flags=re.IGNORECASE)
    return text


class KnownNames:
    """Labels and recipients of rows, to be found in what is said of other rows.

    Args:
        names: Labels as texts, and mailboxes; those without a letter name nobody.
    """

    def __init__(self, names: Iterable[object]) -> None:
        self._by_word: dict[str, list[str]] = {}
        for name in map(str, names):
            first = _WORD.search(name)
            if first is not None and len(name) >= _SHORTEST_WORD and not _is_nobodys(name):
                self._by_word.setdefault(first[0].casefold(), []).append(name)

    def found_in(self, text: str) -> Iterator[str]:
        """Walk the names that a text holds; the work grows with the text, not with the names."""
        lowered = text.casefold()
        for word in {match[0].casefold() for match in _WORD.finditer(text)}:
            for name in self._by_word.get(word, ()):
                bare = bare_address(name)
                if name.casefold() in lowered or (bare.rpartition("@")[0] or bare).casefold() in lowered:
                    yield name

    def mask(self, text: str, *private: str) -> str:
        """Mask a text as `mask_text` does, and every one of these names."""
        return mask_text(text, *private, *sorted(set(self.found_in(text)), key=len, reverse=True))


def _is_nobodys(label: object) -> bool:
    if isinstance(label, tuple):
        return all(map(_is_nobodys, label))
    text = str(label)
    if len(text) <= 1 and text.isascii():
        return True
    return label is None or isinstance(label, (int, float)) or not any(map(str.isalpha, text))


def _mask_token(token: str) -> str:
    found = list(_AT.finditer(token))
    if not found or token in _NOBODY:
        return token
    bare = token.lstrip("'")
    local = token[: found[-1].start()].lstrip("'")
    if not local:
        return token
    quotes = token[: len(token) - len(bare)]
    return f"{quotes}{_initial(local)}{token[found[-1].start() :]}"


def _initial(text: str) -> str:
    first = text.strip()[:1]
    return f"{first if first.isprintable() else ''}..." if first else ""
