"""Campaigns as the journal's version 2 knew them: the letters and frames behind `journal_of_version_2.sql`.

The file was written by the last commit of that version: each campaign was claimed and all its rows noted as sent,
but the last of "stopped". Whatever is changed here makes another campaign.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from notebookmail import Template

FILE = Path(__file__).with_name("journal_of_version_2.sql")
SENDER = "Shop <shop@example.org>"
PEOPLE = pd.DataFrame({
    "email": ["Ann@example.org", "bo@example.org", "cy@example.org"],
    "name": ["Ann", "Bo", None],
    "amount": [1.0, 2.5, 3.0],
    "price": [Decimal("1.50"), Decimal(2), None],
    "day": pd.to_datetime(["2026-05-04", "2026-05-05", None]),
    "order": [7, 8, 9],
})  # fmt: skip
TWICE = pd.concat([PEOPLE, PEOPLE.assign(name=["Ann again", "Bo again", "Cy again"])], ignore_index=True)
TEXT = "{{ amount }} {{ price }} {{ day }}"


def attached(row: Any) -> bytes:
    """Make a file of one column."""
    return str(row.order).encode()


attached.__module__ = (
    "first_rules"  # a function is known by its place, and there it stood when these were recorded
)


class Campaign(NamedTuple):
    """One campaign."""

    template: Template
    frame: pd.DataFrame
    options: dict[str, Any] = {}  # noqa: RUF012 -- nobody writes to it


def letter(subject: str = "Hello {{ name }}", sender: str | None = SENDER, **further: Any) -> Template:
    """Make a template."""
    return Template(subject, text=TEXT, sender=sender, na="empty", **further)


CAMPAIGNS = {
    "unnamed": Campaign(letter(), PEOPLE),
    "sender": Campaign(letter("Given {{ name }}", None), PEOPLE, {"sender": SENDER}),
    "octets": Campaign(letter("File", attachments=[("a.bin", b"octets")]), PEOPLE),
    "function": Campaign(letter("Made", attachments=[("a.txt", attached)]), PEOPLE),
    "row": Campaign(letter("{{ row['name'] }}"), PEOPLE),
    "group": Campaign(Template("Group", text="{{ rows | table }}", sender=SENDER), TWICE, {"group_by": "email"}),
    "stopped": Campaign(letter("Stopped"), PEOPLE),
    "named": Campaign(letter(), PEOPLE, {"campaign": "May Letters"}),
    "keyed": Campaign(letter(), PEOPLE, {"campaign": "orders", "key": "order"}),
    "several": Campaign(letter(), TWICE, {"campaign": "several", "duplicates": "send"}),
    "twice": Campaign(letter(), PEOPLE, {"campaign": "Twice"}),
    "twice again": Campaign(letter(), PEOPLE, {"campaign": "twice"}),
    "both": Campaign(letter("Both"), PEOPLE),
    "both again": Campaign(letter("Both"), PEOPLE, {"sender": SENDER}),
}
