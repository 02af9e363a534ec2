"""How many messages went out on an account, minute by minute: what the quota of a day counts.

A message is counted in the transaction that lets its end of data go out, and taken off again where the server did
not accept it. So one whose run died in between is counted, as one that may have been delivered. Runs that share a
journal cannot together use more than the quota: who would, is refused within that transaction.

The count belongs to the account, not to a campaign: it stays when a campaign is forgotten or begun anew.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

DAY_MINUTES: Final = 24 * 60

_USED: Final = "SELECT coalesce(sum(messages), 0) FROM usage WHERE account = ? AND minute >= ?"
_ADD: Final = """INSERT INTO usage (account, minute, messages) VALUES (?1, ?2, max(?3, 0))
    ON CONFLICT (account, minute) DO UPDATE SET messages = max(messages + ?3, 0)"""
_TIDY: Final = "DELETE FROM usage WHERE minute < ?"


class Charge(NamedTuple):
    """What a row's entry does to the count of the account that it goes by.

    Attributes:
        account: Whose count it is.
        minute: In which it counts (of unix time).
        messages: 1 for one that is about to go out, -1 for one that was not accepted after all.
        most: How many this journal may count within 24 hours, itself included; None for no limit.
    """

    account: str
    minute: int
    messages: int
    most: int | None = None


def minute_of(seconds: float) -> int:
    """Tell the minute of a time (unix time, seconds)."""
    return int(seconds // 60)


def used(connection: sqlite3.Connection, account: str, minute: int) -> int:
    """Count the messages of the 24 hours that end with a minute, and of what a clock that was wrong counted later.

    The first of those minutes counts whole, so that nothing is sent too early.
    """
    return int(connection.execute(_USED, (account, minute - DAY_MINUTES)).fetchone()[0])


class Ruling(NamedTuple):
    """What became of charges.

    Attributes:
        refused: The places of those that would have gone beyond a quota; they are not counted.
        used: How many messages each account that has a quota has used now.
    """

    refused: frozenset[int]
    used: dict[str, int]


def charge(connection: sqlite3.Connection, charges: Sequence[tuple[int, bytes, Charge]]) -> Ruling:
    """Count charges, each with its place and its row's key, within the transaction that is open.

    What is given back comes first. A row that is charged and gives back at once does neither.
    """
    changes: Counter[tuple[str, int]] = Counter()
    totals: dict[str, int] = {}
    refused: set[int] = set()
    for place, _, (account, minute, messages, most) in _in_order(charges):
        if most is not None and account not in totals:
            given_back = sum(count for (name, _), count in changes.items() if name == account)
            totals[account] = used(connection, account, minute) + given_back
        if messages > 0 and most is not None and totals[account] + messages > most:
            refused.add(place)
            continue
        if account in totals:
            totals[account] += messages
        changes[account, minute] += messages
    connection.executemany(_ADD, [(*of, messages) for of, messages in changes.items() if messages])
    return Ruling(frozenset(refused), totals)


def _in_order(charges: Sequence[tuple[int, bytes, Charge]]) -> Sequence[tuple[int, bytes, Charge]]:
    """Put first what is given back; most writes have nothing of it, and stay as they are."""
    if all(of.messages > 0 for _, _, of in charges):
        return charges
    return sorted(_open(charges), key=lambda each: each[2].messages)


def _open(charges: Sequence[tuple[int, bytes, Charge]]) -> list[tuple[int, bytes, Charge]]:
    """Leave out what comes to nothing: a charge and, after it, its giving back."""
    found: dict[int, tuple[int, bytes, Charge]] = {}
    charged: dict[bytes, int] = {}
    for each in charges:
        place, key, of = each
        if of.messages < 0 and key in charged:
            del found[charged.pop(key)]
            continue
        found[place] = each
        if of.messages > 0:
            charged[key] = place
    return list(found.values())


def tidy(connection: sqlite3.Connection, minute: int) -> None:
    """Delete what no quota counts any more; two days are kept, for clocks that go back."""
    connection.execute(_TIDY, (minute - 2 * DAY_MINUTES,))
