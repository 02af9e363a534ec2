"""What is wrong with a finished message: everything a careful person would see before pressing "send".

Looks at the message that would go out, with the template beside it: what the author wrote is meant, what only the
values brought in may be a slip. Nothing is looked up and nothing fetched. Says each thing once of a message.
"""

from __future__ import annotations

from email.utils import getaddresses
from typing import TYPE_CHECKING, Final

from notebookmail.compose.notebooks.letter import largest_of, left_out_of

from .findings import error, warning
from .link_values import LinkValues
from .links import html_remarks, text_remarks
from .subject_and_text import Wording, attachment_word, plain, subject_remarks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notebookmail.compose.definition import Definition
    from notebookmail.mail.message import Mail

    from .findings import Remark
    from .parsed_message import ParsedMessage

GMAIL_HTML_OCTETS: Final = 102 * 1024
"""Gmail shows so much of an HTML body, then "[Message clipped]"."""

GMAIL_OCTETS: Final = 25 * 1024 * 1024
"""Gmail takes messages up to this size, and few servers take more."""

_NEARLY: Final = 0.9
_MB: Final = 1_000_000


class MessageChecks:
    """The rules for the messages of one template.

    Args:
        definition: What the author wrote.
        columns: The frame's columns.
    """

    def __init__(self, definition: Definition, columns: Iterable[str]) -> None:
        names = tuple(columns)
        self._page = "html" if definition.markdown is None else "markdown"
        page = definition.html if definition.markdown is None else definition.markdown
        self._link_values = LinkValues(definition)
        self._subject = Wording("subject", definition.subject, names)
        self._page_wording = None if page is None else Wording(self._page, page, names)
        self._text_wording = None if definition.text is None else Wording("text", definition.text, names)

    def remarks(self, parsed: ParsedMessage) -> list[Remark]:
        """Look through a message that was read back."""
        found = [
            *subject_remarks(parsed.subject),
            *self._subject.remarks(parsed.subject, is_line=True),
            *self._bodies(parsed),
            *_names(parsed),
        ]
        return list(dict.fromkeys(found))

    def _bodies(self, parsed: ParsedMessage) -> Iterator[Remark]:
        field = "text" if self._page_wording is None else self._page
        if self._text_wording is not None:
            yield from self._text_wording.remarks(parsed.text)
        if self._page_wording is not None:
            # A text alternative that was derived says what the HTML says.
            is_derived = self._text_wording is None
            yield from self._page_wording.remarks(parsed.text if is_derived else plain(parsed.html))
        if parsed.html:
            yield from html_remarks(parsed.html, field)
            yield from (warning("left-out", field, each) for each in left_out_of(parsed.html))
            yield from _clipped(parsed.html_octets, field, largest_of(parsed.html))
        else:
            yield from text_remarks(parsed.text, field)
        yield from self._link_values.remarks(parsed.html, parsed.text)
        if not parsed.text.strip() and "<img" not in parsed.html:
            yield warning("empty-body", field, "the body is empty")
        word = None if parsed.has_attachment else attachment_word(parsed.text)
        if word is not None:
            yield warning("attachment", field, f"{word!r} is in the text, and nothing is attached")


def _clipped(octets: int, field: str, largest: str) -> Iterator[Remark]:
    if octets > _NEARLY * GMAIL_HTML_OCTETS:
        what = f"; largest in it: {largest}" if largest else ""
        yield warning(
            "clipped", field, f"the HTML has {octets // 1000} kB; Gmail shows {GMAIL_HTML_OCTETS // 1000} kB{what}"
        )


def _names(parsed: ParsedMessage) -> Iterator[Remark]:
    """Look at the fields a reader sees: a name that is another address, a copy to the recipient himself."""
    if not parsed.cc and parsed.to.count("@") == 1:
        return
    to = getaddresses([parsed.to])
    for name, address in to:
        if "@" in name and name.strip().casefold() != address.casefold():
            yield warning("name", "to", f"{name.strip()!r} is shown as the name of {address}")
    copied = {address.casefold() for _, address in getaddresses([parsed.cc])}
    for _, address in to:
        if address.casefold() in copied:
            yield warning("twice", "cc", f"{address} is in To and in Cc")


def transport_remarks(mail: Mail, *, server: str, size: int | None, has_smtputf8: bool) -> Iterator[Remark]:
    """Say why a server would not take a message.

    Args:
        mail: The message.
        server: The server's name, for messages; "" where none was asked.
        size: The most octets it takes, or None where it does not say.
        has_smtputf8: Whether it takes international addresses (RFC 6531); True where none was asked.
    """
    if size is not None and mail.size > size:
        yield error(
            "too-large", None, f"{mail.size / _MB:.1f} MB; {server} takes messages up to {size / _MB:.1f} MB"
        )
    elif mail.size > GMAIL_OCTETS:
        yield warning("too-large", None, f"{mail.size / _MB:.1f} MB; Gmail takes messages up to 25 MB")
    if mail.needs_smtputf8 and not has_smtputf8:
        yield error("not-supported", "to", f"an address needs SMTPUTF8, which {server} does not offer")
