"""From a row to a mail object: the message's skeleton built once, filled for every row.

A row only renders its parts, encodes them and joins them; what is the same for all rows was encoded when the
compiler was made. Nothing is random and no clock is read: Date, Message-ID and boundary of a row are the same on
every try, so that a receiver can tell a repetition. The envelope is made of addresses, never read from headers,
and Bcc is in the envelope only. A row that cannot become exactly the message asked for is refused.
"""

from __future__ import annotations

import hashlib
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from notebookmail.address import Mailbox, domain_of, parse_mailbox, to_ascii_domain
from notebookmail.errors import AddressError, FrameError, TemplateError
from notebookmail.mail import Envelope, Mail

from .blueprint import text_environment
from .content import BodyEncoder, alternative, surrogate_error
from .environment import environment, missing_value
from .frame import email_column
from .headers import mailbox_text, mailboxes, unstructured
from .mailboxes import MailboxTemplate
from .markup.plaintext import tidy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Hashable, Sequence

    from .frame import Row
    from .parts import Part
    from .template import Template

_DRAFT_DOMAIN = "draft.invalid"  # RFC 2606: nobody's


class Compiler:
    """Turns rows into mail objects.

    Args:
        template: The template.
        columns: The frame's columns.
        date: The Date of every message, with a time zone.
        sender: The From mailbox; comes before the template's.
        redirect_to: Rehearse: every message goes to this mailbox alone, and says whom it was for in X-Original-To.
        is_draft: For inspection only: a sender or recipient nobody named is left out instead of refused.

    Raises:
        FrameError: A column is missing, there is no sender, or nobody can tell which column holds the recipients.
        TemplateError: The sender is not one mailbox.
    """

    def __init__(
        self,
        template: Template,
        columns: Sequence[str],
        *,
        date: dt.datetime,
        sender: str | None = None,
        redirect_to: str | None = None,
        is_draft: bool = False,
    ) -> None:
        if date.tzinfo is None:
            raise FrameError("the date of the messages needs a time zone: datetime.now().astimezone()")
        definition = template.definition
        self._env = text_environment(definition)
        self._parts = template.blueprint
        template.check_columns(columns)
        self._sender = self._parts.sender if sender is None else MailboxTemplate(self._env, sender, "sender")
        if self._sender is None and not is_draft:
            raise FrameError("the messages have no sender: pass sender='Name <you@example.org>'")
        self._to = self._parts.to or self._default_to(columns, is_draft=is_draft)
        self._redirect = None if redirect_to is None else _redirection(redirect_to)
        self._date = b"Date: " + format_datetime(date).encode("ascii") + b"\r\n"
        names = frozenset[str]().union(
            *self._parts.names.values(), *(box.names for box in (*self._to, *filter(None, [self._sender])))
        )
        self._reads_row = "row" in names
        self._missing = {name: missing_value(name, definition.na) for name in (*columns, *names)}
        self._watched = tuple(names & set(columns))
        self._globals = environment(html=True, undefined=definition.undefined, na=definition.na).globals
        self._last_sender: tuple[Mailbox | None, bytes] = (None, b"")
        self._encode_html = None if self._parts.html is None else _body(self._parts.html, "html", None)
        self._encode_text = _body(self._parts.text, "plain", tidy if self._parts.is_text_derived else None)

    def compile(self, row: Row, *, seed: str) -> Mail:
        """Fill in a row.

        Args:
            row: The row.
            seed: What the Message-ID and the boundary are made of: the same seed gives the same bytes.

        Raises:
            TemplateError: The row cannot become exactly the message asked for; the message says why.
        """
        context, label = self._context(row), row.label
        token = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        sender = None if self._sender is None else self._sender.render(context, label)
        message_id = f"<{token}@{domain_of(sender.address) if sender else _DRAFT_DOMAIN}>"
        fields, reached = self._addresses(sender, context, label)
        fields += self._texts(context, label)
        fields.append(f"Message-ID: {message_id}\r\nMIME-Version: 1.0\r\n".encode("ascii"))
        head = b"".join(fields)
        envelope = Envelope(sender.address if sender else "", tuple(dict.fromkeys(box.address for box in reached)))
        return Mail(
            envelope,
            (head + self._content(context, label, token),),
            message_id=message_id,
            needs_smtputf8=not (head.isascii() and all(map(str.isascii, envelope.recipients))),
        )

    def recipient(self, row: Row) -> str:
        """Return whom a row's message is for, to be shown; "" if that cannot be told."""
        try:
            context = self._context(row)
            return ", ".join(box.render_address(context, row.label) for box in self._to)
        except TemplateError:
            return ""

    def _context(self, row: Row) -> dict[str, Any]:
        """Return the names a template sees: the columns, a missing value in place of None, and the whole row."""
        fields = row.fields
        context = {**self._globals, **fields}
        for name in self._watched:
            if fields.get(name) is None:
                context[name] = self._missing[name]
        if self._reads_row:
            context["row"] = {
                name: self._missing[name] if value is None and name in self._missing else value
                for name, value in fields.items()
            }
        return context

    def _addresses(
        self, sender: Mailbox | None, context: dict[str, Any], label: Hashable
    ) -> tuple[list[bytes], list[Mailbox]]:
        """Return the Date and address fields, and whom the message goes to."""
        to = [box.render(context, label) for box in self._to]
        cc = _present(self._parts.cc, context, label)
        bcc = _present(self._parts.bcc, context, label)
        fields = [self._date]
        if sender:
            fields.append(self._from(sender, label))
        reached = [*to, *cc, *bcc]
        if self._redirect:
            reached = [self._redirect]
            original = ", ".join(map(mailbox_text, to))
            fields += [mailboxes("To", reached), unstructured("X-Original-To", original, field="to", row=label)]
        else:
            fields += [mailboxes(name, boxes, row=label) for name, boxes in (("To", to), ("Cc", cc)) if boxes]
        if self._parts.reply_to:
            fields.append(mailboxes("Reply-To", [self._parts.reply_to.render(context, label)], row=label))
        return fields, reached

    def _from(self, sender: Mailbox, label: Hashable) -> bytes:
        if sender != self._last_sender[0]:  # the same for most templates, and for every row
            self._last_sender = (sender, mailboxes("From", [sender], row=label))
        return self._last_sender[1]

    def _texts(self, context: dict[str, Any], label: Hashable) -> list[bytes]:
        """Return the fields of free text."""
        subject = self._parts.subject.render(context, label)
        return [unstructured("Subject", subject, field="subject", row=label)] + [
            unstructured(name, part.render(context, label), row=label, keep_words=True)
            for name, part in self._parts.headers.items()
        ]

    def _content(self, context: dict[str, Any], label: Hashable, token: str) -> bytes:
        text = self._encode_text(context, label)
        if self._encode_html is None:
            return text
        return alternative(text, self._encode_html(context, label), token)

    def _default_to(self, columns: Sequence[str], *, is_draft: bool) -> tuple[MailboxTemplate, ...]:
        try:
            column = email_column(columns)
        except FrameError:
            if is_draft:
                return ()
            raise
        source = f"{{{{ {column} }}}}" if column.isidentifier() else f"{{{{ row[{column!r}] }}}}"
        return (MailboxTemplate(self._env, source, "to"),)


def _present(boxes: tuple[MailboxTemplate, ...], context: dict[str, Any], label: Hashable) -> list[Mailbox]:
    return [box for each in boxes if (box := each.render_optional(context, label)) is not None]


def _redirection(text: str) -> Mailbox:
    try:
        mailbox = parse_mailbox(text)
        return Mailbox(mailbox.name, to_ascii_domain(mailbox.address))
    except AddressError as problem:
        raise FrameError(f"redirect_to is not one mailbox: {problem.message}") from problem


def _body(
    part: Part, subtype: str, finish: Callable[[str], str] | None
) -> Callable[[dict[str, Any], Hashable], bytes]:
    """Return what renders and encodes a body; one that is the same for all rows is encoded now."""
    encoder = BodyEncoder(subtype)

    def encode(context: dict[str, Any], label: Hashable) -> bytes:
        text = part.render(context, label)
        try:
            return encoder.encode(finish(text) if finish else text)
        except UnicodeEncodeError as problem:
            raise surrogate_error(part.field, label) from problem

    if part.constant is None:
        return encode
    fixed = encode({}, None)
    return lambda _context, _label: fixed
