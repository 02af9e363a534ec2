"""Whom a message is for and who gets a copy: templates and functions of the row, each giving mailboxes.

A template gives one mailbox. A cell that is an address list (RFC 5322 3.4) gives several only where its field may:
`cc` and `bcc` read commas as their header fields do, `to` only what `split=` asks for, because who else gets a
person's letter is never guessed. Every piece must be exactly one mailbox, else the row is refused: nothing is
left out, and nothing repaired. What stands in quotes or angle brackets separates nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from notebookmail.address import NamedAddress, parse_mailbox, to_ascii_domain
from notebookmail.compose.row_functions import called
from notebookmail.compose.rows.missing import is_missing
from notebookmail.errors import AddressError, TemplateError

from .mailbox_template import MailboxTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from jinja2 import Environment

    from notebookmail.compose.row_functions import FunctionRow

    RecipientSource = str | Callable[[Any], Any]
    """A template of one mailbox, or a function of the row that returns one or several."""

_OF_HEADERS: Final = (",",)


class AddressList:
    """The mailboxes one field gives for a row.

    Args:
        env: A text environment.
        sources: Templates and functions of the row.
        field: "to", "cc" or "bcc".
        separators: What stands between the addresses of one cell, as `split=` says.

    Attributes:
        names: The names the sources read; "row" where a function reads nobody knows what.

    Raises:
        TemplateError: A template cannot be parsed, or is not a mailbox whatever the row.
    """

    def __init__(
        self, env: Environment, sources: Sequence[RecipientSource], field: str, separators: tuple[str, ...] = ()
    ) -> None:
        self._field = field
        self._is_optional = field != "to"
        self._separators = separators or (_OF_HEADERS if self._is_optional else ())
        self._givers: tuple[MailboxTemplate | Callable[[Any], Any], ...] = tuple(
            MailboxTemplate(env, source, field) if isinstance(source, str) else source
            for source in self._cut(sources)
        )
        self._only = self._only_template()
        self.names = frozenset[str]().union(
            *(giver.names if isinstance(giver, MailboxTemplate) else {"row"} for giver in self._givers)
        )

    def _cut(self, sources: Sequence[RecipientSource]) -> Iterator[RecipientSource]:
        """Cut a constant list, which no row decides, into its mailboxes."""
        for source in sources:
            if not self._separators or not isinstance(source, str) or "{{" in source or "{%" in source:
                yield source
            else:
                yield from pieces_of(source, self._separators) or [source]

    def _only_template(self) -> MailboxTemplate | None:
        """Return what gives the one mailbox, as in most letters; None where there may be another number."""
        giver = self._givers[0] if len(self._givers) == 1 and not self._is_optional else None
        if not isinstance(giver, MailboxTemplate) or (giver.is_bare and self._separators):
            return None
        return giver

    def __len__(self) -> int:
        return len(self._givers)

    def render(
        self, context: dict[str, Any], row: FunctionRow, label: Hashable, known: str = ""
    ) -> list[NamedAddress]:
        """Return a row's mailboxes, their domains in ASCII.

        Args:
            context: The values by name.
            row: The row, as a function sees it.
            label: The row's label, for messages.
            known: The row's one address where it was read before, or "".

        Raises:
            TemplateError: One is not a valid mailbox, a function failed, or `to` names nobody.
        """
        if self._only is not None:
            return [self._only.render(context, label, known)]
        found: list[NamedAddress] = []
        for giver in self._givers:
            if not isinstance(giver, MailboxTemplate):
                found += self._called(giver, row, label)
            elif giver.is_bare and self._separators:
                found += self._split(giver, context, label)
            elif not self._is_optional:
                found.append(giver.render(context, label))
            elif (mailbox := giver.render_optional(context, label)) is not None:
                found.append(mailbox)
        return found

    def addresses(self, context: dict[str, Any], row: FunctionRow, label: Hashable) -> list[str]:
        """Return a row's addresses alone, of a row whose names may be missing.

        Raises:
            TemplateError: As for render.
        """
        found: list[str] = []
        for giver in self._givers:
            if not isinstance(giver, MailboxTemplate):
                found += [box.address for box in self._called(giver, row, label)]
            elif giver.is_bare and self._separators:
                found += [box.address for box in self._split(giver, context, label)]
            else:
                found.append(giver.render_address(context, label))
        return found

    def _split(self, giver: MailboxTemplate, context: dict[str, Any], label: Hashable) -> list[NamedAddress]:
        text = giver.text_optional(context, label) if self._is_optional else giver.text(context, label)
        pieces = pieces_of(text, self._separators)
        if not pieces and not self._is_optional:
            raise TemplateError("the address is empty", self._field, label)
        return [self._mailbox(piece, label) for piece in pieces]

    def _called(self, function: Callable[[Any], Any], row: FunctionRow, label: Hashable) -> list[NamedAddress]:
        given = called(function, row, self._field, label)
        texts = [given] if isinstance(given, (str, NamedAddress)) or is_missing(given) else given
        if not isinstance(texts, Iterable) or isinstance(texts, (bytes, Mapping)):
            raise TemplateError(
                f"a function of the row gives an address or a list of them, not a {type(given).__name__}",
                self._field,
                label,
            )
        boxes: list[NamedAddress] = []
        for text in texts:
            if isinstance(text, str):
                boxes += [self._mailbox(piece, label) for piece in pieces_of(text, self._separators)]
            elif not is_missing(text):
                boxes.append(self._mailbox(str(text), label))
        if not boxes and not self._is_optional:
            raise TemplateError("the function gave no address: who is this row for?", self._field, label)
        return boxes

    def _mailbox(self, text: str, label: Hashable) -> NamedAddress:
        try:
            mailbox = parse_mailbox(text)
            return NamedAddress(mailbox.name, to_ascii_domain(mailbox.address))
        except AddressError as problem:
            raise TemplateError(problem.message, self._field, label) from problem


def pieces_of(text: str, separators: Sequence[str]) -> list[str]:
    """Cut a text at its separators, but not inside quotes and angle brackets; empty pieces are left out.

    Example:
        >>> pieces_of('"Smith, Bob" <bob@example.org>, ann@example.org', [","])
        ['"Smith, Bob" <bob@example.org>', 'ann@example.org']
    """
    pieces, start, place = [], 0, 0
    is_quoted = is_bracketed = False
    while place < len(text):
        char = text[place]
        separator = next((each for each in separators if text.startswith(each, place)), "")
        if is_quoted and char == "\\":
            place += 1
        elif char == '"':
            is_quoted = not is_quoted
        elif char in "<>" and not is_quoted:
            is_bracketed = char == "<"
        elif separator and not (is_quoted or is_bracketed):
            pieces.append(text[start:place])
            place = start = place + len(separator)
            continue
        place += 1
    pieces.append(text[start:])
    return [piece for each in pieces if (piece := each.strip(" "))]
