"""A caller's header fields as lines, so that a parser reads back what was given (RFC 5322, RFC 2047, RFC 6532).

The standard library folds by its own reading of a value: it encodes what is longer than a line, message ids among
them, loses the quotes of names it encodes, and puts encoded-words into addresses. Here

- what came out of a parser and can stand as it is stays as it is, folds included;
- words stay whole: a line may have 998 octets, and none has more;
- addresses are never encoded: an international one is UTF-8 under SMTPUTF8, or the message does not go;
- the parameters of MIME fields are left to the standard library, which knows RFC 2231.

What could begin another field is refused. Display names are in phrases.py.
"""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import ContentTransferEncodingHeader, ParameterizedMIMEHeader
from email.policy import EmailPolicy
from typing import TYPE_CHECKING, Any

from notebookmail.errors import SMTPNotSupported, at
from notebookmail.mail.header_folding import LINE, WORD, encoded_words, fold, unfold

from .address_fields import decoded, read_field
from .envelope import to_ascii_form
from .phrases import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.headerregistry import Address, Group
    from email.message import EmailMessage, Message

    from .address_fields import AddressField

MAX_LINE = 998
"""Octets of a line without its CRLF (RFC 5322 2.1.1)."""

_ADDRESS_FIELDS = frozenset(
    f"{prefix}{name}" for prefix in ("", "resent-") for name in ("from", "sender", "reply-to", "to", "cc", "bcc")
)
_REPLY_FIELDS = frozenset({"reply-to", "resent-reply-to"})
_ID_FIELDS = frozenset({"message-id", "in-reply-to", "references", "resent-message-id", "content-id"})
_MIME_FIELDS = frozenset({"content-type", "content-disposition", "content-transfer-encoding"})
_NAME = re.compile(r"[!-9;-~]{1,900}")  # RFC 5322 3.6.8; shorter than a line, for something beside it
_UNPRINTABLE = re.compile(r"[^\t\x20-\x7e]")
_LEAST_ROOM = 30  # behind a long field's name: an encoded-word that holds something

NOT_SUPPORTED = "an address is international, and SMTPUTF8 is not supported by the server"


class WirePolicy(EmailPolicy):
    """How the header fields of a message are written, whatever policy it has of its own."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write a field with its CRLF.

        Args:
            name: The field's name.
            value: What the message holds: text as it was parsed or set, or a header object.

        Raises:
            ValueError: It would be read as another field, or as none; or a word is longer than a line may be.
            SMTPNotSupported: It holds an address that needs SMTPUTF8.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name: letters, digits and hyphens, as in X-Campaign")
        written = (_as_it_stands(name, value) if type(value) is str else None) or self._anew(name, value)
        if len(written) > MAX_LINE and any(len(line) > MAX_LINE for line in written.split(b"\r\n")):
            raise ValueError(f"the header {name} holds a word of more than {MAX_LINE} octets, a line's length")
        return written

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """Read a value while the message is written, also one that only the older API can hold."""
        return super().header_fetch_parse(name, value if isinstance(value, str) else str(value))

    def _anew(self, name: str, value: Any) -> bytes:
        key = name.lower()
        if key in _ADDRESS_FIELDS:
            return _addresses(name, read_field(name, value), utf8=self.utf8, is_optional=key in _REPLY_FIELDS)
        if isinstance(value, Header):
            return _legacy(name, value)
        if key in _MIME_FIELDS or isinstance(value, ParameterizedMIMEHeader | ContentTransferEncodingHeader):
            return self._mime(name, value)
        return _text(name, _text_of(name, value), is_id=key in _ID_FIELDS)

    def _mime(self, name: str, value: Any) -> bytes:
        header = (
            value if hasattr(value, "fold") else self.header_factory(name, _unfolded(name, decoded(str(value))))
        )
        folded: str = header.fold(policy=self)
        if self.utf8 or folded.isascii():
            return folded.encode("utf-8")
        return _text(name, _unfolded(name, decoded(str(value))), is_id=False)  # no parameters that could be read


def needs_smtputf8(message: EmailMessage | Message, *, to_be_sent: bool = True) -> bool:
    """Tell whether an address in the headers cannot be written in ASCII (RFC 6531).

    Args:
        message: The message.
        to_be_sent: False leaves Reply-To out: a message may go without it.

    Raises:
        ValueError: A header cannot be read.
    """
    for name, value in message.raw_items():
        key = name.lower()
        if key not in _ADDRESS_FIELDS or (key in _REPLY_FIELDS and not to_be_sent):
            continue
        if str(value).isascii() and not isinstance(value, Header):
            continue
        found = read_field(name, value).addresses
        if not all(to_ascii_form(address.addr_spec).isascii() for address in found):
            return True
    return False


# --- as it was parsed or set ------------------------------------------------------------------------------------


def _as_it_stands(name: str, value: str) -> bytes | None:
    """Write text that is a field's value already; None where it has to be folded, encoded or read.

    Raises:
        ValueError: It holds a line break that is no fold.
    """
    if not value.isascii():
        return None
    first, *rest = value.replace("\r\n", "\n").split("\n")
    if any(line[:1] not in {" ", "\t"} for line in rest):
        raise _line_break(name)
    lines = [f"{name}: {first}" if first else f"{name}:", *rest]
    if any(_UNPRINTABLE.search(line) or not line.strip() for line in lines):
        return None
    if len(rest) == 0 and len(lines[0]) > LINE:
        return _at_blanks(name, first)
    return "\r\n".join([*lines, ""]).encode("ascii") if max(map(len, lines)) <= MAX_LINE else None


def _at_blanks(name: str, text: str) -> bytes | None:
    """Fold printable text between its words, if none is too long."""
    words = _tokens(text)
    if text != text.strip() or max(map(len, words)) > MAX_LINE - len(name) - 2:
        return None
    return fold(f"{name}:", words)


def _legacy(name: str, value: Header) -> bytes:
    """Write a value of the older API in the charsets its maker chose."""
    try:
        encoded = value.encode(linesep="\r\n", maxlinelen=WORD)
    except HeaderParseError as problem:
        raise _line_break(name) from problem
    return _as_it_stands(name, encoded) or _text(name, _unfolded(name, str(value)), is_id=False)


def _line_break(name: str) -> ValueError:
    return ValueError(f"the header {name} holds a line break, which could begin another header")


def _unfolded(name: str, value: str) -> str:
    text = unfold(value)
    if "\n" in text or "\r" in text:
        raise _line_break(name)
    return text


# --- text -------------------------------------------------------------------------------------------------------


def _text_of(name: str, value: Any) -> str:
    """Return a value as a person reads it."""
    if type(value) is not str:
        return str(value)
    text = _unfolded(name, decoded(value))
    if "=?" in text and (text.isascii() or text != value):  # parsed, not set: its encoded-words are meant as such
        return str(EmailPolicy.header_factory("Subject", text))
    return text


def _text(name: str, text: str, *, is_id: bool) -> bytes:
    """Write free text: words of printable ASCII as they are, everything else as encoded-words."""
    text = text.strip() if is_id else text
    if not text:
        return f"{name}:\r\n".encode("ascii")
    words: list[str] = []
    for run, is_plain in _runs(text, MAX_LINE - len(name) - 2, is_id=is_id):
        room = WORD if words else max(LINE - len(name) - 2, _LEAST_ROOM)
        words += run if is_plain else encoded_words(" ".join(run), room)
    return fold(f"{name}:", words)


def _runs(text: str, longest: int, *, is_id: bool) -> Iterator[tuple[list[str], bool]]:
    """Group the words of a text by whether they can stand as they are."""
    run: list[str] = []
    was_plain = True
    for token in _tokens(text):
        is_plain = _is_plain(token, longest, is_id=is_id)
        if run and is_plain is not was_plain:
            yield run, was_plain
            run = []
        run.append(token)
        was_plain = is_plain
    yield run, was_plain


def _is_plain(token: str, longest: int, *, is_id: bool) -> bool:
    if not token or _UNPRINTABLE.search(token) or token != token.strip():
        return False
    return is_id or ("=?" not in token and len(token) <= longest)


def _tokens(text: str) -> list[str]:
    """Cut a text at its single blanks; where several meet, a fold could lose some, and it is not cut."""
    tokens: list[str] = []
    is_glued = True
    for piece in text.split(" "):
        if tokens and (is_glued or not piece):
            tokens[-1] += f" {piece}"
        else:
            tokens.append(piece)
        is_glued = not piece
    return tokens


# --- addresses --------------------------------------------------------------------------------------------------


def _addresses(name: str, field: AddressField, *, utf8: bool, is_optional: bool) -> bytes:
    """Write an address field: in the words it was set with where they mean the same, else made of its mailboxes.

    Raises:
        ValueError: Neither can be done: it is no list of mailboxes, and not ASCII.
        SMTPNotSupported: It holds an address that needs SMTPUTF8.
    """
    words: list[str] = []
    for group in field.groups:
        if words:
            words[-1] += ","
        words += _group(group, utf8=utf8, is_optional=is_optional)
    text = (field.text or "").strip()
    if text.isascii() and "=?" not in text and not _UNPRINTABLE.search(text):
        as_set = _at_blanks(name, text) if text else None
        if as_set is not None:
            return as_set
    field.refuse_misread(name)
    return fold(f"{name}:", words) if words else f"{name}:\r\n".encode("ascii")


def _group(group: Group, *, utf8: bool, is_optional: bool) -> list[str]:
    if group.display_name is None:
        return _mailbox(group.addresses[0], utf8=utf8, is_optional=is_optional)
    words = phrase(group.display_name) or ['""']
    words[-1] += ":"
    for place, address in enumerate(group.addresses):
        if place:
            words[-1] += ","
        words += _mailbox(address, utf8=utf8, is_optional=False)
    words[-1] += ";"
    return words


def _mailbox(address: Address, *, utf8: bool, is_optional: bool) -> list[str]:
    spec = to_ascii_form(address.addr_spec)
    if not utf8 and not spec.isascii():
        if not is_optional:
            raise at("mail", SMTPNotSupported(NOT_SUPPORTED))
        # RFC 6857 3.1.8: what cannot be written is shown, and is no address any more.
        return ["Internationalized", "Address", *phrase(spec), "Removed:;"]
    name = phrase(address.display_name) if address.display_name else []
    return [*name, f"<{spec}>"] if name else [spec]
