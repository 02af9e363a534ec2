"""Header fields as bytes: ASCII as it is, everything else as encoded-words (RFC 5322 2.2, RFC 2047).

The contract is what a parser reads back: exactly the text that was asked for. So a value that would be read as
something else (white space at an end or doubled, `=?`, a word too long for its line) is encoded, and a value that
could end a line (RFC 5322 allows no control characters here) is refused. Names of fields are checked when a
template is made; the fields the package writes itself cannot be set by hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebookmail.address import has_control
from notebookmail.errors import TemplateError
from notebookmail.mail.header_folding import LINE, WORD, encoded_words, fold, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebookmail.address import NamedAddress

_HARD_LINE = 990  # RFC 5322 allows 998; some room for a relay that prepends
_NAME_LENGTH = 50  # leaves room on the field's first line for a character of four octets
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_OWNED = {
    "from": "sender=",
    "sender": "sender=",
    "to": "to=",
    "cc": "cc=",
    "bcc": "bcc=",
    "reply-to": "reply_to=",
    "subject": "the subject",
    "return-path": "bounce_to= of send_frame",
} | dict.fromkeys(("date", "message-id", "mime-version", "received", "dkim-signature", "x-original-to"), "")


def check_name(name: str) -> None:
    """Check the name of a field the user wants to set.

    Raises:
        TemplateError: It is no field name (RFC 5322 3.6.8), or a field the package writes itself.
    """
    if not _FIELD_NAME.fullmatch(name) or len(name) > _NAME_LENGTH:
        raise TemplateError(
            f"{name!r} is not a header name: letters, digits and hyphens, as in X-Campaign", "headers"
        )
    owner = _OWNED.get(name.lower())
    if owner is None and not name.lower().startswith(("content-", "resent-")):
        return
    remedy = f"use {owner} instead" if owner else "it is written for you"
    raise TemplateError(f"the header {name} cannot be set: {remedy}", "headers")


def check_names(names: Iterable[str], *, has_list_unsubscribe: bool) -> None:
    """Check the names of all the fields the user wants to set.

    Args:
        names: The names, in the order they were given.
        has_list_unsubscribe: Whether the template has `list_unsubscribe=`, which writes fields of its own.

    Raises:
        TemplateError: One is no field name, is written by the package itself, or is set twice.
    """
    seen: set[str] = set()
    for name in names:
        check_name(name)
        if name.lower() in seen:
            raise TemplateError(f"the header {name} is set twice: names of headers ignore case", "headers")
        seen.add(name.lower())
        if has_list_unsubscribe and name.lower().startswith("list-unsubscribe"):
            raise TemplateError(
                f"the header {name} is written by list_unsubscribe=: give one of the two", "headers"
            )


def unstructured(
    name: str, value: str, *, field: str | None = None, row: object = None, keep_words: bool = False
) -> bytes:
    """Write a field of free text, such as Subject, with its final CRLF.

    Args:
        name: The field's name.
        value: Its text.
        field: The template field it comes from, for messages; by default the name.
        row: The row's label, for messages.
        keep_words: Leave ASCII words that are longer than a line as they are (a URL in List-Unsubscribe, say), up
            to the limit of 998 characters.

    Raises:
        TemplateError: The text holds line breaks, control characters or half a surrogate pair.
    """
    if "=?" not in value and _is_plain(value):
        line = f"{name}: {value}"
        if len(line) <= LINE:
            return line.encode("ascii") + b"\r\n"
        folded = _folded(f"{name}:", value.split(" "), _HARD_LINE if keep_words else LINE)
        if folded is not None:
            return folded
    if not value:
        return f"{name}:\r\n".encode("ascii")
    _refuse_control(value, field or name, row)
    return fold(f"{name}:", encoded_words(value, LINE - len(name) - 2))


def mailboxes(name: str, boxes: Sequence[NamedAddress], *, row: object = None) -> bytes:
    """Write an address field, such as To, with its final CRLF.

    An address whose local part is not ASCII stays raw UTF-8 (RFC 6532); everything else is ASCII.

    Raises:
        TemplateError: A name holds line breaks, control characters or half a surrogate pair.
    """
    if len(boxes) == 1:
        box = boxes[0]
        line = f"{name}: {box.name} <{box.address}>"
        if len(line) <= LINE and len(box.name) < WORD and _ATOMS.fullmatch(box.name) and "=?" not in box.name:
            return line.encode("utf-8") + b"\r\n"  # most are so, and there is one for every row
    words: list[str] = []
    for box in boxes:
        if words:
            words[-1] += ","
        words += [*_phrase(name, box.name, row), f"<{box.address}>"] if box.name else [box.address]
    return fold(f"{name}:", words)


def mailbox_text(box: NamedAddress) -> str:
    """Write a mailbox as a person reads it in a header: the name quoted where it must be."""
    if not box.name or _ATOMS.fullmatch(box.name):
        return str(box)
    return f"{quoted(box.name)} <{box.address}>"


def _phrase(field: str, name: str, row: object) -> list[str]:
    """Write a display name as atoms, a quoted string, or encoded-words (RFC 5322 3.2.5, RFC 2047 5 (3)).

    Two neighbouring encoded-words are read without the space between them, as RFC 2047 6.2 asks; the parser of
    Python before 3.13.2 keeps that space in phrases (its issue 128110). The mail is right, and is kept so. What a
    program of its own gives to the client is written by smtp/message/phrases, which spares that parser instead.
    """
    if "=?" not in name and _is_plain(name):
        if _ATOMS.fullmatch(name) and all(len(word) < WORD for word in name.split(" ")):
            return name.split(" ")
        whole = quoted(name)
        if len(whole) < WORD:
            return [whole]
    _refuse_control(name, field, row)
    return encoded_words(name, LINE - len(field) - 2)


def _is_plain(value: str) -> bool:
    """Tell whether a text is words of ASCII with one blank between them."""
    return (
        value.isascii() and value.isprintable() and "  " not in value and value == value.strip(" ") and value != ""
    )


def _refuse_control(value: str, field: str, row: object) -> None:
    if has_control(value):
        raise TemplateError(
            "the value holds a line break, a tab or another control character, which could add header lines: "
            r"clean the column, or write {{ ... | replace('\n', ' ') }}",
            field,
            row,
        )


def _folded(prefix: str, words: list[str], limit: int) -> bytes | None:
    """Fold at single spaces; None if a word is too long for any line."""
    if len(prefix) + 1 + len(words[0]) > limit or any(len(word) >= limit for word in words):
        return None
    return fold(prefix, words)
