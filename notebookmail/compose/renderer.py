"""From a row to a mail object: the message's skeleton built once, filled for every row.

A row only renders its parts, encodes them and joins them; what is the same for all rows was encoded when the
renderer was made. Nothing is random and no clock is read: Date, Message-ID and boundaries of a row are the same on
every try, so that a receiver can tell a repetition. The envelope is made of addresses, never read from headers,
and Bcc is in the envelope only. A row that cannot become exactly the message asked for is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from notebookmail.address import NamedAddress, domain_of, parse_mailbox, to_ascii_domain
from notebookmail.errors import AddressError, FrameError, TemplateError
from notebookmail.mail.message import Mail
from notebookmail.mail.return_path import ReturnPath

from .addresses.address_lists import AddressList
from .addresses.mailbox_template import MailboxTemplate
from .bodies import Bodies
from .compiled import build, text_environment
from .context import RowContexts
from .files import ReadFolder
from .invitation import Invitation
from .jinja.columns_read import Reads, reads_of
from .jinja.printing import INVITATION
from .mime.headers import mailbox_text, mailboxes, unstructured
from .mime.multipart import joined
from .mime.structured_headers import is_structured, structured, unsubscribe_fields, with_token
from .row_functions import FunctionRow, is_path
from .rows.column_names import printed
from .rows.frame import email_column
from .rows.missing import missing_value

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from notebookmail.mail.message import Envelope, RowContent

    from .attachments.attachments import FixedParts, SharedKey
    from .compiled import CompiledTemplate
    from .context import RowContext
    from .definition import Definition
    from .images.inline_images import Picture
    from .mime.dkim import DKIM
    from .rows.frame import Row
    from .rows.missing import MissingPolicy

_DRAFT_DOMAIN = "draft.invalid"  # RFC 2606: nobody's
_NOBODY = frozenset[str]()


class Renderer:
    """Turns rows into mail objects.

    Args:
        definition: What the author said.
        parts: The same, compiled.
        columns: The frame's columns; all that the parts need are among them (`Template.renderer` sees to it).
        date: The Date of every message, with a time zone.
        sender: The From mailbox; comes before the template's.
        redirect_to: Every message goes to this mailbox alone, and says whom it was for in X-Original-To.
        dkim: Signs every message.
        return_path: Where bounces go; None takes the sender.
        is_draft: For inspection only: a sender or recipient nobody named is left out instead of refused.
        shared: What letters share, where it was made before.

    Attributes:
        reads: The names its parts read, "row" among them where a row is read as a whole.
        row_reads: What of a row they read.

    Raises:
        FrameError: There is no sender, or nobody can tell which column holds the recipients.
        TemplateError: The sender is not one mailbox, or something that all rows get is not there.
    """

    def __init__(
        self,
        definition: Definition,
        parts: CompiledTemplate,
        columns: Sequence[str],
        *,
        date: dt.datetime,
        sender: str | None = None,
        redirect_to: str | None = None,
        dkim: DKIM | None = None,
        return_path: ReturnPath | None = None,
        is_draft: bool = False,
        shared: SharedParts | None = None,
    ) -> None:
        if date.tzinfo is None:
            raise FrameError("the date of the messages needs a time zone: datetime.now().astimezone()")
        self._definition, self._columns = definition, columns
        self._options = {"date": date, "sender": sender, "redirect_to": redirect_to, "is_draft": is_draft,
                         "return_path": return_path}  # fmt: skip
        self._return_path = return_path or ReturnPath()
        self._separators = definition.split
        self._env = text_environment(definition)
        self._parts = parts
        self._sender = self._parts.sender if sender is None else MailboxTemplate(self._env, sender, "sender")
        if self._sender is None and not is_draft:
            raise FrameError("the messages have no sender: pass sender='Name <you@example.org>'")
        self._to = self._parts.to or self._default_to(columns, is_draft=is_draft)
        self._redirect = None if redirect_to is None else _redirection(redirect_to)
        self._when = date
        self._date = b"Date: " + format_datetime(date).encode("ascii") + b"\r\n"
        self._dkim = dkim
        self.reads = names = frozenset[str]().union(
            *self._parts.names.values(), self._to.names, *(box.names for box in filter(None, [self._sender]))
        )
        named = definition.sender if sender is None else sender
        self.row_reads = self._parts.reads | (Reads() if named is None else reads_of(self._env, named, "sender"))
        folder = ReadFolder(definition.folder)
        self._contexts = RowContexts(definition, columns, names, folder, shared and shared.pictures)
        self._bodies = Bodies(self._env, definition, self._parts, folder, shared and shared.attached)
        self._invitation = None if definition.calendar is None else Invitation(self._env, definition.calendar)
        self._shows_invitation = self._invitation is not None and INVITATION in names
        if self._shows_invitation and INVITATION in columns:
            raise FrameError(f"a column is named {INVITATION!r}, which shows the calendar here: rename the column")
        self._na: MissingPolicy = definition.na
        self._is_auto_submitted = all(name.lower() != "auto-submitted" for name in definition.headers)
        self._last_sender: tuple[NamedAddress | None, bytes] = (None, b"")
        self._last_domain = ("", "")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of and what letters share, so that it makes the same octets; but no key.

        It signs nothing where it is unpickled: `signed` does that here.
        """
        attachments = self._bodies.attachments
        shared = SharedParts(attachments.fixed if attachments else (), dict(self._contexts.drawn))
        definition = without_contents(self._definition, shared)
        definition = replace(definition, inline={**definition.inline, **self._contexts.runs})
        return (_rebuilt, (definition, tuple(self._columns), self._options, shared))

    def shared(self) -> Iterator[tuple[SharedKey, bytes]]:
        """Walk the pieces that letters share, each with what `shared_piece` knows it by."""
        if self._bodies.attachments:
            yield from self._bodies.attachments.shared()
        yield from ((("picture", name, 0), each.part) for name, each in self._contexts.drawn.items())

    def shared_piece(self, key: SharedKey) -> bytes:
        """Return a piece that letters share: one object for all of them."""
        kind, name, _ = key
        if kind == "picture":
            return self._contexts.drawn[name].part
        assert self._bodies.attachments is not None  # noqa: S101 -- the key came from there
        return self._bodies.attachments.content(key)

    def render(
        self,
        row: Row,
        *,
        seed: str,
        to: str = "",
        answers: str = "",
        touched: set[str] | None = None,
        said: Callable[[], RowContent] | None = None,
    ) -> Mail:
        """Make the message of a row.

        Args:
            row: The row.
            seed: What the Message-ID and the boundaries are made of: the same seed gives the same bytes.
            to: What `recipient` says of the row, where it is known.
            answers: The Message-ID of the letter that this one follows, or "".
            touched: Takes in the names of the columns that functions of the row read.
            said: Tells what the row said, once all its functions were called; None tells nothing.

        Raises:
            TemplateError: The row cannot become exactly the message asked for; the message says why.
        """
        row_context = self._contexts.begin(row, touched, to)
        try:
            if self._invitation and self._shows_invitation:
                shown = self._invitation.event(row_context.values, row_context.row, row.label)
                row_context.values[INVITATION] = shown or missing_value(INVITATION, self._na)
            token = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            return self._mail(row_context, token, answers, said)
        finally:
            self._contexts.end(row_context)

    def _mail(
        self, row_context: RowContext, token: str, answers: str, said: Callable[[], RowContent] | None
    ) -> Mail:
        context, label = row_context.values, row_context.label
        sender = None if self._sender is None else self._sender.render(context, label)
        message_id = f"<{token}@{self._domain(sender)}>"
        fields, to, reached = self._addresses(sender, row_context)
        fields += self._texts(context, label, token)
        if answers:
            fields.append(f"In-Reply-To: {answers}\r\nReferences: {answers}\r\n".encode("ascii"))
        fields.append(f"Message-ID: {message_id}\r\nMIME-Version: 1.0\r\n".encode("ascii"))
        head = b"".join(fields)
        invitation = None
        if self._invitation:
            invitation = self._invitation.part(
                context, row_context.row, label, organizer=sender, attendees=to, token=token, date=self._when
            )
        segments = joined([head, *self._bodies.part(row_context, invitation=invitation, token=token)])
        if self._dkim:
            segments = self.signed(segments)
        envelope = self._envelope(sender, reached, token, label)
        copies = _NOBODY
        if len(reached) > len(to):
            copies = frozenset(envelope.recipients).difference(box.address for box in to)
        is_ascii = head.isascii() and "".join(envelope.recipients).isascii()
        return Mail(
            envelope,
            segments,
            message_id,
            needs_smtputf8=not is_ascii,
            copies=copies,
            said=None if said is None else said(),
        )

    def _envelope(
        self, sender: NamedAddress | None, reached: list[NamedAddress], token: str, label: Hashable
    ) -> Envelope:
        # One recipient, as most letters have, is alone already.
        one = (reached[0].address,) if len(reached) == 1 else ()
        recipients = one or tuple(dict.fromkeys(box.address for box in reached))
        try:
            return self._return_path.envelope(sender.address if sender else "", recipients, token)
        except AddressError as problem:
            raise TemplateError(problem.message, "sender", label) from problem

    def signed(self, segments: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return a message's content with its signature, if messages are signed."""
        if not self._dkim:
            return segments
        return (self._dkim.sign(b"".join(segments), self._when), *segments)

    def recipient(self, row: Row) -> str:
        """Return whom a row's message is for, to be shown; "" if that cannot be told."""
        try:
            context = self._contexts.values(row)
            return ", ".join(
                self._to.addresses(context, FunctionRow(row.fields, row.label, gap=row.gap), row.label)
            )
        except TemplateError:
            return ""

    def _addresses(
        self, sender: NamedAddress | None, row_context: RowContext
    ) -> tuple[list[bytes], list[NamedAddress], list[NamedAddress]]:
        """Return the Date and address fields, whom the message names as its recipients, and whom it goes to."""
        context, row, label = row_context.values, row_context.row, row_context.label
        to = self._to.render(context, row, label, row_context.to)
        cc = self._parts.cc.render(context, row, label) if self._parts.cc else []
        bcc = self._parts.bcc.render(context, row, label) if self._parts.bcc else []
        fields = [self._date]
        if sender:
            fields.append(self._from(sender, label))
        reached = [*to, *cc, *bcc]
        if self._redirect:
            original = ", ".join(map(mailbox_text, to))
            to = reached = [self._redirect]
            fields += [mailboxes("To", to), unstructured("X-Original-To", original, field="to", row=label)]
        else:
            if to:
                fields.append(mailboxes("To", to, row=label))
            if cc:
                fields.append(mailboxes("Cc", cc, row=label))
        if self._parts.reply_to:
            fields.append(mailboxes("Reply-To", [self._parts.reply_to.render(context, label)], row=label))
        return fields, to, reached

    def _from(self, sender: NamedAddress, label: Hashable) -> bytes:
        last, field = self._last_sender
        if sender is not last and sender != last:  # the same for most templates, and for every row
            field = mailboxes("From", [sender], row=label)
            self._last_sender = (sender, field)
        return field

    def _domain(self, sender: NamedAddress | None) -> str:
        if sender is None:
            return _DRAFT_DOMAIN
        address, domain = self._last_domain
        if sender.address != address:
            domain = domain_of(sender.address)
            self._last_domain = (sender.address, domain)
        return domain

    def _texts(self, context: dict[str, Any], label: Hashable, token: str) -> list[bytes]:
        """Return the fields of text."""
        subject = self._parts.subject.render(context, label)
        fields = [unstructured("Subject", subject, field="subject", row=label)]
        for name, part in self._parts.headers.items():
            text = part.render(context, label)
            if is_structured(name):
                fields.append(structured(name, text, row=label))
            else:
                fields.append(unstructured(name, text, row=label, keep_words=True))
        if self._parts.list_unsubscribe:
            uris = [part.render(context, label) for part in self._parts.list_unsubscribe]
            uris = [with_token(each, token) for each in uris]
            fields.append(unsubscribe_fields(uris, row=label, auto_submitted=self._is_auto_submitted))
        return fields

    def _default_to(self, columns: Sequence[str], *, is_draft: bool) -> AddressList:
        try:
            source = printed(email_column(columns))
        except FrameError:
            if is_draft:
                return self._parts.to
            raise
        return AddressList(self._env, [source], "to", self._separators)


class SharedParts(NamedTuple):
    """What letters share, made once.

    Attributes:
        attached: The attached parts that are the same for all rows.
        pictures: The pictures that are, by name.
    """

    attached: FixedParts
    pictures: Mapping[str, Picture]


def without_contents(definition: Definition, shared: SharedParts) -> Definition:
    """Return a definition without what is attached to all letters: it is among what they share."""
    if not any(shared.attached):
        return definition
    items = zip(definition.attachments, shared.attached, strict=True)
    attachments = (
        each if parts is None or is_path(each.content) else replace(each, content=b"") for each, parts in items
    )
    return replace(definition, attachments=tuple(attachments))


def _rebuilt(
    definition: Definition, columns: Sequence[str], options: Mapping[str, Any], shared: SharedParts
) -> Renderer:
    return Renderer(definition, build(definition), columns, **options, shared=shared)


def _redirection(text: str) -> NamedAddress:
    try:
        mailbox = parse_mailbox(text)
        return NamedAddress(mailbox.name, to_ascii_domain(mailbox.address))
    except AddressError as problem:
        raise FrameError(f"redirect_to is not one mailbox: {problem.message}") from problem
