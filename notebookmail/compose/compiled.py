"""A definition turned into compiled parts: all the work that is the same for every row, done once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebookmail.errors import TemplateError

from .addresses.address_lists import AddressList
from .addresses.mailbox_template import MailboxTemplate
from .body_conversion import converted
from .definition import environment_of
from .invitation import Invitation
from .jinja.columns_read import FUNCTION, Reads, all_reads, reads_of
from .jinja.parts import TemplatePart, names_in
from .mime.headers import check_names
from .notebooks.run import NotebookRun
from .row_functions import as_path, is_callable, is_path
from .rows.column_names import printed_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Environment

    from .body_conversion import Body
    from .definition import Definition


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """The compiled parts of a template.

    Attributes:
        subject: The subject line.
        headers: Further header fields by name.
        sender: The From mailbox, if the template names one.
        to: The recipients; empty for the frame's e-mail column.
        cc: Those who get a copy.
        bcc: Those who get a copy unseen.
        reply_to: The mailbox answers go to, if there is one.
        html: The HTML document, if there is one.
        inline_row: Inlines the style sheets of a filled in document, where only a row decides what they match.
        text: The plain text, or the alternative to the HTML.
        is_text_derived: Whether the text was made from the HTML and wants tidying when it is filled in.
        list_unsubscribe: Where a reader can leave the list, if it is one.
        names: The names each field reads, "row" among them where the whole row is read.
        reads: What of a row all fields but the sender read.
    """

    subject: TemplatePart
    headers: Mapping[str, TemplatePart]
    sender: MailboxTemplate | None
    to: AddressList
    cc: AddressList
    bcc: AddressList
    reply_to: MailboxTemplate | None
    html: Body | None
    inline_row: Callable[[str], str] | None
    text: Body
    is_text_derived: bool
    list_unsubscribe: tuple[TemplatePart, ...]
    names: Mapping[str, frozenset[str]]
    reads: Reads


def build(definition: Definition) -> CompiledTemplate:
    """Compile every part of a template.

    Raises:
        TemplateError: One cannot be parsed, or a header may not be set; the message says which and where.
    """
    env = text_environment(definition)
    names = _names(definition, env)
    if definition.preheader and definition.markdown is None and definition.html is None:
        raise TemplateError("a preheader stands in the HTML: give markdown= or html=", "preheader")
    check_names(definition.headers, has_list_unsubscribe=bool(definition.list_unsubscribe))
    html, inline_row, derived = converted(definition)
    text = derived if definition.text is None else TemplatePart(env, definition.text, "text")
    assert text is not None  # noqa: S101 - the definition has a body
    return CompiledTemplate(
        subject=TemplatePart(env, definition.subject, "subject"),
        headers={name: TemplatePart(env, source, name) for name, source in definition.headers.items()},
        sender=None if definition.sender is None else MailboxTemplate(env, definition.sender, "sender"),
        to=AddressList(env, definition.to, "to", definition.split),
        cc=AddressList(env, definition.cc, "cc", definition.split),
        bcc=AddressList(env, definition.bcc, "bcc", definition.split),
        reply_to=None if definition.reply_to is None else MailboxTemplate(env, definition.reply_to, "reply_to"),
        html=html,
        inline_row=inline_row,
        text=text,
        is_text_derived=definition.text is None,
        list_unsubscribe=tuple(
            TemplatePart(env, source, "list_unsubscribe") for source in definition.list_unsubscribe
        ),
        names=names,
        reads=_reads(definition, env),
    )


def text_environment(definition: Definition) -> Environment:
    """Return the environment for everything that is not HTML."""
    return environment_of(definition, html=False)


def _names(definition: Definition, env: Environment) -> dict[str, frozenset[str]]:
    """Return the names each field reads; a source that cannot be parsed is found here, with its own lines."""
    names: dict[str, frozenset[str]] = {}
    for field, source in _sources(definition):
        # What a function of the row reads, nobody knows: it may be all of it.
        read = _names_read(env, source, field)
        if isinstance(source, str):
            read |= {name for name in definition.inline if f"cid:{name}".lower() in source.lower()}
        names[field] = names.get(field, frozenset()) | read
    if definition.calendar is not None:
        names["calendar"] = Invitation(env, definition.calendar).names
    return names


def _names_read(env: Environment, source: Any, field: str) -> frozenset[str]:
    if isinstance(source, NotebookRun):
        return source.columns
    return frozenset({"row"}) if is_callable(source) else names_in(env, source, field)


def _reads(definition: Definition, env: Environment) -> Reads:
    """Return what of a row all fields but the sender read."""
    found = all_reads(
        Reads(source.columns) if isinstance(source, NotebookRun) else reads_of(env, source, field)
        for field, source in _sources(definition)
        if field != "sender"
    )
    calendar = definition.calendar
    if is_callable(calendar):
        return found | FUNCTION
    values = calendar.values() if isinstance(calendar, Mapping) and not hasattr(calendar, "to_ical") else ()
    sources = [value for value in values if isinstance(value, str) or is_callable(value)]
    return found | all_reads(reads_of(env, source, "calendar") for source in sources)


def numbers_printed(definition: Definition) -> frozenset[str]:
    """Return the bare numbers the templates print, which a column may have for its name."""
    env = text_environment(definition)
    texts = (source for _, source in _sources(definition) if isinstance(source, str))
    return frozenset[str]().union(*(printed_numbers(env.parse(text)) for text in texts))


def _sources(definition: Definition) -> Iterator[tuple[str, Any]]:
    """Walk everything that depends on a row: templates, and functions of the row."""
    for field in ("subject", "markdown", "html", "text", "sender", "reply_to", "preheader"):
        if getattr(definition, field) is not None:
            yield field, getattr(definition, field)
    for field in ("to", "cc", "bcc", "list_unsubscribe"):
        yield from ((field, source) for source in getattr(definition, field))
    yield from definition.headers.items()
    for each in definition.attachments:
        if each.name is not None:
            yield "attachments", each.name
        if is_path(each.content) or is_callable(each.content):
            yield "attachments", as_path(each.content) if is_path(each.content) else each.content
    for value in definition.inline.values():
        if isinstance(value, str) or is_callable(value):
            yield "inline", value
