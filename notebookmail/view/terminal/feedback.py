"""What came back as plain text, and one line of progress while the mailbox is read on a terminal."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from notebookmail.view.words.feedback import (
    feedback_causes,
    feedback_headline,
    feedback_notes,
    reading_found,
    reading_headline,
    tallies,
    title,
)
from notebookmail.view.words.visible_text import clip, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.view.words.feedback import FeedbackSource, ReadingState
    from notebookmail.view.words.results import CauseWords

_WIDTH = 100


def feedback_text(source: FeedbackSource) -> str:
    """Say what came back in at most 100 columns, without colours, no one named."""
    lines = [visible(title(source)), visible(feedback_headline(source.counts))]
    lines += [f"  {each.sign} {each.count:>7,}  {each.words}" for each in tallies(source.counts)]
    for cause in feedback_causes(source):
        lines += ["", *_cause(cause)]
    for note in feedback_notes(source):
        lines += ["", *textwrap.wrap(note, _WIDTH)]
    return "\n".join(lines).strip("\n")


def reading_text(state: ReadingState) -> str:
    """Say how far a mailbox is read, in one line."""
    return visible(f"{reading_headline(state)}; {reading_found(state)}")


class TerminalReading:
    """Shows on a terminal how far a mailbox is read: one line, written over; nothing where the output is none."""

    def show(self, state: ReadingState) -> None:
        """Show how far it is."""
        if sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K{clip(reading_text(state), _WIDTH)}")
            sys.stdout.flush()

    def close(self) -> None:
        """Leave nothing of it."""
        if sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()


def _cause(cause: CauseWords) -> Iterator[str]:
    yield from textwrap.wrap(visible(cause.headline), _WIDTH, initial_indent="  ", subsequent_indent="  ")
    for words in (cause.remedy, cause.example):
        yield from textwrap.wrap(visible(words), _WIDTH, initial_indent="    ", subsequent_indent="    ")
