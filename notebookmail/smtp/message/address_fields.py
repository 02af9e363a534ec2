"""Address fields as mailboxes and groups (RFC 5322 3.4), from whatever a message holds.

The standard library's parser reads each mailbox; a long field is cut between its mailboxes before, because that
parser's time grows with the square of what it is given. What it made do with is refused, not taken: it leaves out
what it does not understand, and quotes what is no address into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.errors import InvalidHeaderDefect
from email.headerregistry import AddressHeader, HeaderRegistry
from email.policy import EmailPolicy
from typing import TYPE_CHECKING, Any

from notebookmail.address import has_control, shown
from notebookmail.mail.header_folding import unfold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.headerregistry import Address, Group
    from email.message import EmailMessage, Message

_AT_ONCE = 500
"""Characters that are read in one piece: some ten mailboxes."""

_MOST_CHARACTERS = 4_000
"""Of one mailbox or group: reading more takes seconds, and a line has 998."""

_registry = HeaderRegistry()
_UNLIMITED = EmailPolicy(max_line_length=0)


@dataclass(frozen=True, slots=True)
class AddressField:
    """A field's mailboxes.

    Attributes:
        groups: Mailboxes and groups, in order; a mailbox by itself is in a group without a name.
        faults: How many things are neither a mailbox nor a group.
        text: What it was set with; None where that is not known, or not the same as what is read.
    """

    groups: tuple[Group, ...]
    faults: int
    text: str | None

    @property
    def addresses(self) -> list[Address]:
        """All mailboxes, also those in groups."""
        return [address for group in self.groups for address in group.addresses]

    def refuse_misread(self, name: str) -> None:
        """Refuse a field that is no list of mailboxes; that an address has no domain (`root`) is no fault.

        Raises:
            ValueError: It holds what is neither a mailbox nor a group.
        """
        if self.faults > sum(not address.domain for address in self.addresses):
            given = ", ".join(map(str, self.groups)) if self.text is None else self.text
            raise ValueError(
                f"the header {name} is no list of mailboxes, such as Name <user@example.org>: {shown(given)}"
            )


def fields_in(message: EmailMessage | Message, name: str) -> list[AddressField]:
    """Read all occurrences of a field.

    Raises:
        ValueError: One cannot be read at all.
    """
    return [read_field(name, value) for each, value in message.raw_items() if each.lower() == name.lower()]


def read_field(name: str, value: Any) -> AddressField:
    """Read a field's value: text as it was parsed or set, or a header object.

    Raises:
        ValueError: It cannot be read at all.
    """
    if isinstance(value, AddressHeader):
        if any(isinstance(each, str) for group in value.groups for each in group.addresses):
            return _field_of_texts(name, value)
        return AddressField(tuple(value.groups), _faults(value), _text_set(value))
    text = unfold(decoded(value) if type(value) is str else str(value))
    if has_control(text.replace("\t", " ")):
        raise ValueError(f"the header {name} holds a line break or another control character")
    groups: list[Group] = []
    faults = 0
    for piece in _pieces(text):
        if len(piece) > _MOST_CHARACTERS:
            raise ValueError(
                f"the header {name} holds a mailbox of {len(piece)} characters: {shown(piece.strip())}"
            )
        header = _parsed(name, piece)
        groups += header.groups
        faults += _faults(header)
    return AddressField(tuple(groups), faults, text)


def _field_of_texts(name: str, header: AddressHeader) -> AddressField:
    """Read a header that was set with a list of texts, which the library keeps as if each were an address.

    Raises:
        ValueError: One is not one mailbox.
    """
    fields = [read_field(name, str(group)) for group in header.groups]
    for each in fields:
        if len(each.addresses) != 1:
            raise ValueError(f"the header {name} holds a text that is not one mailbox: {shown(each.text or '')}")
    groups = tuple(group for each in fields for group in each.groups)
    return AddressField(groups, sum(each.faults for each in fields), str(header))


def decoded(text: str) -> str:
    """Read raw octets, which a parser leaves as halves of surrogate pairs, as the UTF-8 they mostly are."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _parsed(name: str, text: str) -> AddressHeader:
    try:
        return _registry("To", text)  # type: ignore[return-value] # what a registry has for To, a list of any length
    except Exception as problem:  # the standard library's parser raises what it happens to meet
        reason = str(problem) or type(problem).__name__
        raise ValueError(f"the header {name} cannot be read as addresses: {reason}") from problem


def _faults(header: AddressHeader) -> int:
    """Count what the parser made do with.

    An encoded-word in the wrong place, such as in quotes, is none: many mail programs write names so. The parser
    has no other name for that than its words.
    """
    defects: tuple[object, ...] = header.defects  # type: ignore[attr-defined] # every header object has them
    return sum(isinstance(each, InvalidHeaderDefect) and "encoded" not in str(each) for each in defects)


def _text_set(header: AddressHeader) -> str | None:
    """Return what a header object was set with, comments included, if that is plain and means the same."""
    folded: str = header.fold(policy=_UNLIMITED)  # type: ignore[attr-defined] # every header object has it
    text = folded.partition(":")[2].strip()
    if not text.isascii() or "=?" in text or has_control(text):
        return None
    if text == str(header):  # made of its mailboxes by the library, which does not quote all that it should
        return None
    return text if str(_parsed("To", text)) == str(header) else None


def _pieces(text: str) -> Iterator[str]:
    """Cut a long list of mailboxes after some of its commas, never within a group."""
    if len(text) <= _AT_ONCE:
        yield text
        return
    start = 0
    for comma in _commas(text):
        if comma - start >= _AT_ONCE:
            yield text[start:comma]
            start = comma + 1
    yield text[start:]


def _commas(text: str) -> Iterator[int]:
    """Find the commas between mailboxes: outside of quotes, comments, brackets and groups."""
    closing = {'"': '"', "(": ")", "<": ">", "[": "]", ":": ";"}
    inside: list[str] = []  # what would close each of the places we are in
    is_escaped = False
    for place, char in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif char == "\\":
            is_escaped = True
        elif inside and char == inside[-1]:
            inside.pop()
        elif inside and inside[-1] == '"':
            continue
        elif char in closing and (char == "(" or not inside or inside[-1] == ";"):
            inside.append(closing[char])
        elif char == "," and not inside:
            yield place
