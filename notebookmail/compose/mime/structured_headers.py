"""Header fields with a syntax of their own: message identifiers, and how to unsubscribe.

In-Reply-To and References hold identifiers (RFC 5322 3.6.4), List-Unsubscribe holds URIs (RFC 2369, RFC 8058).
They are folded between these, never encoded: a program reads them. What is not exactly one of them is refused,
never repaired: a thread put together wrongly, or a link that unsubscribes nobody, is noticed by no one here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from notebookmail.errors import TemplateError
from notebookmail.mail.header_folding import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME: Final = "List-Unsubscribe"
_POST: Final = "List-Unsubscribe-Post"
_ONE_CLICK: Final = "List-Unsubscribe=One-Click"
_FIELD: Final = "list_unsubscribe"
_IDENTIFIERS: Final = frozenset({"in-reply-to", "references"})
_STRUCTURED: Final = _IDENTIFIERS | {_NAME.lower(), _POST.lower()}
_MOST_OCTETS: Final = 900  # a line has 998, and nothing in it can be folded (RFC 5322 2.1.1)
# Wider than RFC 5322: an answer must name the identifier that is there, and many programs write loose ones.
_IDENTIFIER: Final = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
# What RFC 3986 lets stand in a URI; that leaves out <> and blanks, which end it here, and control characters.
_URI: Final = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_BRACKETED: Final = re.compile(r"<([^<>]*)>")
_BRACKETED_LIST: Final = re.compile(r" *<[^<>]*>(?: *, *<[^<>]*>)* *")


def is_structured(name: str) -> bool:
    """Tell whether a field is written by `structured`."""
    return name.lower() in _STRUCTURED


def structured(name: str, value: str, *, row: object = None) -> bytes:
    """Write a field that has a syntax, with its final CRLF.

    Args:
        name: In-Reply-To, References, List-Unsubscribe or List-Unsubscribe-Post.
        value: Its text, as it is to stand there.
        row: The row's label, for messages.

    Returns:
        The field; nothing for In-Reply-To and References without an identifier, which answer no message.

    Raises:
        TemplateError: The value does not follow the field's syntax.
    """
    kind = name.lower()
    if kind in _IDENTIFIERS:
        return _identifiers(name, value, row)
    if kind == _POST.lower():
        if value != _ONE_CLICK:
            raise TemplateError(f"the only value there is is {_ONE_CLICK!r} (RFC 8058 3.1)", name, row)
        return fold(f"{name}:", [value])
    if not _BRACKETED_LIST.fullmatch(value):
        raise TemplateError(
            f"{value!r:.80} is not a list of links in angle brackets: write <https://...>, <mailto:...>, or use "
            f"{_FIELD}=, which writes the brackets",
            name,
            row,
        )
    return _unsubscribe(name, _BRACKETED.findall(value), name, row)


def unsubscribe_fields(uris: Sequence[str], *, row: object = None, auto_submitted: bool = True) -> bytes:
    """Write the fields that say how to unsubscribe, as bulk mail needs them.

    An https link makes it one click: the reader's mail program posts to it without asking further (RFC 8058).

    Args:
        uris: mailto: and https: links without brackets, at least one, of https at most one.
        row: The row's label, for messages.
        auto_submitted: Also say that no person wrote this, so that no absence note answers (RFC 3834 5); False
            where the template sets Auto-Submitted itself.

    Raises:
        TemplateError: A link is none, or cannot be used to unsubscribe.
    """
    fields = [_unsubscribe(_NAME, uris, _FIELD, row)]
    if any(map(_is_https, uris)):
        fields.append(fold(f"{_POST}:", [_ONE_CLICK]))
    if auto_submitted:
        fields.append(b"Auto-Submitted: auto-generated\r\n")
    return b"".join(fields)


def with_token(uri: str, token: str) -> str:
    """Return a mailto: link whose mail names the letter in its subject (RFC 6068); others as they are.

    Anybody can write a mail in somebody's name; only who has the letter knows its token.

    Args:
        uri: A link of List-Unsubscribe; one with a subject of its own keeps that.
        token: The local part of the letter's Message-ID.
    """
    address, _, query = uri.partition("?")
    fields = [each for each in query.split("&") if each]
    if not address.lower().startswith("mailto:") or any(each.lower().startswith("subject=") for each in fields):
        return uri
    return f"{address}?{'&'.join([*fields, f'subject=unsubscribe%20{token}'])}"


def check_uri(uri: str) -> None:
    """Check that a text is a URI as it may stand in a field.

    Raises:
        TemplateError: It is empty or too long, or holds what a URI cannot hold (RFC 3986 2).
    """
    if not uri:
        raise TemplateError("the link is empty: every row needs one")
    if not _URI.fullmatch(uri):
        raise TemplateError(
            f"{uri!r:.80} is not a link: spaces, line breaks, angle brackets, quotes and letters beyond ASCII are "
            "percent-encoded, as in https://example.org/{{ name | urlencode }}"
        )
    if len(uri) > _MOST_OCTETS:
        raise TemplateError(f"{uri[:40]!r}... is longer than {_MOST_OCTETS} octets: shorten the link")


def _identifiers(name: str, value: str, row: object) -> bytes:
    words = [word for word in value.split(" ") if word]
    for word in words:
        if not _IDENTIFIER.fullmatch(word):
            raise TemplateError(
                f"{word!r:.80} is not a message identifier: write <id@host> with its angle brackets, several with "
                "spaces between them",
                name,
                row,
            )
        if len(word) > _MOST_OCTETS:
            raise TemplateError(f"an identifier is longer than {_MOST_OCTETS} octets", name, row)
    return fold(f"{name}:", words) if words else b""


def _unsubscribe(name: str, uris: Sequence[str], field: str, row: object) -> bytes:
    try:
        for uri in uris:
            _check_unsubscribe_uri(uri)
    except TemplateError as problem:
        raise TemplateError(problem.message, field, row) from problem
    if not uris:
        raise TemplateError("there is no link: give a mailto: or https: link", field, row)
    if sum(map(_is_https, uris)) > 1:
        raise TemplateError("there are several https: links: mail programs post to one (RFC 8058 3.1)", field, row)
    *others, last = (f"<{uri}>" for uri in uris)
    return fold(f"{name}:", [*(f"{word}," for word in others), last])


def _check_unsubscribe_uri(uri: str) -> None:
    check_uri(uri)
    scheme, _, rest = uri.partition(":")
    match scheme.lower():
        case "https" if re.match(r"//[^/?#]", rest):
            return
        case "mailto" if re.match(r"[^?@]+@[^?@]+(?:\?|$)", rest):
            return
        case "http":
            problem = "one click unsubscribes through https: only (RFC 8058 3.1)"
        case _:
            problem = "a link to unsubscribe is https://host/... or mailto:user@host"
    raise TemplateError(f"{uri!r:.80} is not usable: {problem}")


def _is_https(uri: str) -> bool:
    return uri.lower().startswith("https:")
