"""Templates of mailboxes: one string is one mailbox, whatever the row holds.

A template of the form `X <Y>` is cut in two before any value is known: what X renders to is only ever a display
name, so that `Smith, Bob` or `evil@example.com, Bob` in a name column cannot become a second recipient, and what Y
renders to must be exactly one address. A template without angle brackets must render to exactly one mailbox.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from notebookmail.address import (
    NamedAddress,
    cut_name_addr,
    has_control,
    parse_address,
    parse_mailbox,
    to_ascii_domain,
)
from notebookmail.compose.jinja.parts import TemplatePart, names_in
from notebookmail.compose.markup.jinja_tags import Masks, split_tags
from notebookmail.compose.rows.column_names import printed
from notebookmail.compose.rows.missing import MissingValueError
from notebookmail.errors import AddressError, TemplateError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from jinja2 import Environment

_SPLIT_FIELDS = frozenset({"to", "cc", "bcc"})
_BLANKS = re.compile(r"\s{2,}")
_AUTHOR_QUOTES = re.compile(r'\s*"([^"]*)"\s*')


class MailboxTemplate:
    """A template that renders to one mailbox.

    Args:
        env: A text environment.
        source: Jinja source, `address` or `name <address>`.
        field: The template field it belongs to, for messages.

    Raises:
        TemplateError: The source cannot be parsed, or is not a mailbox whatever the row.
    """

    def __init__(self, env: Environment, source: str, field: str) -> None:
        self.names = names_in(env, source, field)
        self._field = field
        name, address = _cut(env, source)
        self._name = None if name is None else TemplatePart(env, name, field)
        self._address = TemplatePart(env, address, field)
        self._constant: NamedAddress | None = None
        if self._address.constant is not None and (self._name is None or self._name.constant is not None):
            self._constant = self._fixed(source)

    def _fixed(self, source: str) -> NamedAddress:
        try:
            return self.render({})
        except TemplateError as problem:
            if self._name is not None or "@" in source or not source.strip():
                raise
            hint = f"{problem.message}; for the column of that name write {printed(source.strip())}"
            raise TemplateError(hint, self._field) from problem

    @property
    def is_bare(self) -> bool:
        """Whether the whole mailbox comes from the row: nothing is constant, and no brackets are written."""
        return self._name is None and self._constant is None

    def text(self, context: dict[str, Any], row: Hashable = None) -> str:
        """Fill in a row's values, and leave what a bare one holds to be read by the caller.

        Raises:
            TemplateError: A value is missing.
        """
        return self._address.render(context, row).strip(" ")

    def text_optional(self, context: dict[str, Any], row: Hashable = None) -> str:
        """Fill in a row's values as `text` does; "" if one is missing."""
        try:
            return self.text(context, row)
        except TemplateError as problem:
            if isinstance(problem.__cause__, MissingValueError):
                return ""
            raise

    def render(self, context: dict[str, Any], row: Hashable = None, known: str = "") -> NamedAddress:
        """Fill in a row's values; the domain of the address is in its ASCII form.

        Args:
            context: The values by name.
            row: The row's label, for messages.
            known: An address that needs no other look, as the row's was read before; or "".

        Raises:
            TemplateError: It is not exactly one valid mailbox, or a value is missing.
        """
        if self._constant is not None:
            return self._constant
        return self._mailbox(self.text(context, row), context, row, known)

    def render_address(self, context: dict[str, Any], row: Hashable = None) -> str:
        """Fill in only the address, for a row whose name may be missing.

        Raises:
            TemplateError: It is not exactly one valid address, or a value is missing.
        """
        if self._name is None or self._constant is not None:
            return self.render(context, row).address
        text = self.text(context, row)
        try:
            return to_ascii_domain(parse_address(text))
        except AddressError as problem:
            raise TemplateError(problem.message, self._field, row) from problem

    def render_optional(self, context: dict[str, Any], row: Hashable = None) -> NamedAddress | None:
        """Fill in a row's values; None if the address is missing or empty.

        Raises:
            TemplateError: There is something, and it is not exactly one valid mailbox.
        """
        if self._constant is not None:
            return self._constant
        text = self.text_optional(context, row)
        return self._mailbox(text, context, row) if text else None

    def _mailbox(self, text: str, context: dict[str, Any], row: Hashable, known: str = "") -> NamedAddress:
        try:
            if text == known and text:
                name, address = "" if self._name is None else self._name.render(context, row), text
            elif self._name is None:
                mailbox = parse_mailbox(text)
                name, address = mailbox.name, mailbox.address
            else:
                name, address = self._name.render(context, row), parse_address(text)
            if not address.isascii():
                address = to_ascii_domain(address)
        except AddressError as problem:
            raise TemplateError(problem.message + self._split_hint(text), self._field, row) from problem
        if name.isascii() and name.isprintable():
            name = name.strip(" ")  # as most are: neither controls nor blanks but this one
            return NamedAddress(_BLANKS.sub(" ", name) if "  " in name else name, address)
        if has_control(name):
            raise TemplateError(
                "the name holds a line break or another control character: clean the column", self._field, row
            )
        # A phrase is words (RFC 5322 3.2.5): readers do not agree on how many blanks stand between them, and some
        # take a no-break or wide space for one.
        return NamedAddress(_BLANKS.sub(" ", name.strip()), address)

    def _split_hint(self, text: str) -> str:
        """Say what to write where a cell of recipients holds several addresses."""
        if self._field not in _SPLIT_FIELDS or not self.is_bare or self._address.constant:
            return ""
        if text[:2] in {"['", "('", '["', '("'}:  # Python's own writing of a list: splitting it would not help
            return f"; a cell that holds a list is given by a function: {self._field}=lambda row: row[column]"
        separator = next((char for char in ";," if char in text), "")
        if text.count("@") == 1 or not separator:
            return ""
        return f"; if the cell is a list, say Template(..., split={separator!r})"


def _cut(env: Environment, source: str) -> tuple[str | None, str]:
    """Cut `X <Y>` at the brackets the author wrote, never at those inside a tag."""
    masks = Masks(source)
    parts = cut_name_addr(masks.mask(split_tags(env, source)).rstrip())
    if parts is None or not _is_whole(masks, parts[0]):
        return None, source
    name, address = parts
    quoted = _AUTHOR_QUOTES.fullmatch(name)
    return masks.unmask(quoted[1] if quoted else name), masks.unmask(address)


def _is_whole(masks: Masks, text: str) -> bool:
    """Tell whether every block that begins in the text ends in it."""
    numbers = masks.numbers(text)
    depth = sum(masks.tags[number].opens - masks.tags[number].closes for number in numbers)
    return depth == 0
