"""Keys and digests by the first rules, under which journals were written until version 3 of their schema.

Kept as they were, never to be changed: what such a journal knows as sent is not sent again. A row was known by
all it said, types and order of columns included; a function of the row counted as reading every column; a letter
was known by the octets of all it attached; rows that were the same, by their number in the frame's order.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.identity.old_value_texts import identity
from notebookmail.compose.rows.frame import PLAIN_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.compose.definition import Definition
    from notebookmail.compose.rows.frame import Row
    from notebookmail.compose.template import Template

_KEY_OCTETS: Final = 16
_DIGEST_FORM: Final = 2


class OldJournalKeys:
    """Makes the keys of rows by the first rules.

    Args:
        template: What each row gets.
        columns: All columns there are, in their order.
        named: The columns that tell rows apart; empty if the user named none.
        is_by_recipient: Without such columns: True knows rows by their recipients, False by all they say.
    """

    def __init__(
        self, template: Template, columns: Sequence[str], named: Sequence[str], *, is_by_recipient: bool
    ) -> None:
        self._named = tuple(named)
        self._is_by_recipient = is_by_recipient
        used = frozenset[str]().union(*template.compiled.names.values())
        self._columns = tuple(columns) if "row" in used else tuple(each for each in columns if each in used)

    def __call__(self, row: Row, to: str, number: int = 1) -> bytes:
        """Return a row's key.

        Args:
            row: The row.
            to: The row's recipient.
            number: 1 for the first row that is known by this, 2 for the second, ...
        """
        if self._named:
            known = f"columns {_key_text([row.fields[name] for name in self._named])}"
        elif self._is_by_recipient:
            return self.by_recipient(to, number)
        else:
            known = f"fields {to!r} {_fields_text([row.fields.get(name) for name in self._columns])}"
        return _key(known, number)

    @staticmethod
    def by_recipient(to: str, number: int = 1) -> bytes:
        """Return the key of a row that is known by its recipient."""
        return _key(f"recipient {to.casefold()!r}", number)


def _key(known: str, number: int) -> bytes:
    return blake2b(f"{known} {number}".encode("utf-8", "surrogatepass"), digest_size=_KEY_OCTETS).digest()


def first_template_digest(definition: Definition) -> str:
    """Return the digest of a template by the first rules."""
    known = {name: value for name, value in definition.values().items() if name != "folder" and _is_used(value)}
    if definition.attachments:
        known["attachments"] = [(each.name, each.content) for each in definition.attachments]
    return _digest(f"{_DIGEST_FORM} {identity(known)}")


def first_campaign_digest(known: Sequence[Any]) -> str:
    """Return the digest of a campaign by the first rules.

    Args:
        known: "name", world, name and redirection; or "letter", world, template's digest, sender and redirection.
    """
    return _digest(identity(list(known)))


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_used(value: Any) -> bool:
    return not (value is None or (isinstance(value, (str, tuple, dict)) and not value))


def _key_text(values: Sequence[Any]) -> str:
    return identity([str(_whole(value)) if type(value) in {int, float} else value for value in values])


def _fields_text(values: list[Any]) -> str:
    kinds = set(map(type, values))
    if float in kinds:
        values = [_whole(value) for value in values]
    return repr(values) if kinds <= PLAIN_TYPES else identity(values)


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value
