"""A previewed message for a terminal: its fields, its text, and what was found in it.

Plain text of visible characters: nothing in a letter moves the cursor or changes a colour.
"""

from __future__ import annotations

import textwrap
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final

from notebookmail.view.words.message import field, read_letter
from notebookmail.view.words.preview import findings, nothing_to_show, title, verdict
from notebookmail.view.words.quantities import size_in_words
from notebookmail.view.words.report import SIGNS
from notebookmail.view.words.visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.checks.previewed_row import PreviewedRow

_FIELDS: Final = ("From", "To", "Cc", "Reply-To", "X-Original-To", "Subject")
_LINES: Final = 200
_WIDTH: Final = 100


def previewed_row_text(row: PreviewedRow, reason: str = "") -> str:
    """Write one row's message as text, with why it was picked and what was found.

    Args:
        row: The row.
        reason: Why it was picked, or "".
    """
    heading = title(row)
    said = [heading[:1].upper() + heading[1:] + (f": {visible(reason)}" if reason else ""), ""]
    said += _letter(row) if row.mail is not None else [nothing_to_show(row)]
    return "\n".join([*said, "", *_found(row)])


def _letter(row: PreviewedRow) -> Iterator[str]:
    if row.mail is None:
        return
    message = message_from_bytes(row.mail.content, policy=policy.default)
    for name in _FIELDS:
        value = field(message, name)
        if value is not None:
            yield f"{name}: {visible(value)}"
    letter = read_letter(message)
    if letter.attachments:
        files = (f"{visible(each.name)} ({size_in_words(len(each.content))})" for each in letter.attachments)
        yield f"Attached: {', '.join(files)}"
    yield ""
    lines = (letter.text or "(no text)").rstrip().splitlines()
    yield from (visible(line) for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"... and {len(lines) - _LINES:,} more lines"


def _found(row: PreviewedRow) -> Iterator[str]:
    state, words = verdict(row)
    yield f"{SIGNS[state]} {words}"
    for each in findings(row):
        yield from _wrapped(f"{SIGNS[each.state]} {each.heading}: {each.message}", "  ")
        yield from _wrapped(each.remedy, "    ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")
