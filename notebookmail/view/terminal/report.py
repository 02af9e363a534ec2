"""A check's report for a terminal, through rich, and as plain text for everything else.

Every value is handed over as Text of visible characters, as in results.py, and masked: what a check prints is as
often kept in a log as read.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notebookmail.view.words.report import (
    SIGNS,
    TALLY_WORDS,
    headline,
    html_words,
    left_out_words,
    row_tally,
    sections,
    size_words,
)
from notebookmail.view.words.visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.checks.summary import CheckSummary
    from notebookmail.view.words.report import Section

_STYLES: Final[Mapping[str, str]] = {
    "error": "red", "warning": "yellow", "fine": "green", "left out": "bright_black",
}  # fmt: skip
_WIDTH = 100
_SECTIONS = 12
_DOMAINS = 6
_QUIET = "bright_black"


def report_text(report: CheckSummary) -> str:
    """Say what a check found in at most 100 columns, without colours."""
    written = io.StringIO()
    print_report(report, console=Console(file=written, width=_WIDTH, color_system=None, force_jupyter=False))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def print_report(report: CheckSummary, *, console: Console | None = None) -> None:
    """Print what a check found: the counts, the findings by kind with their remedies, sizes and domains.

    Args:
        report: What was found.
        console: Where to write; standard output by default.
    """
    console = console or Console(force_jupyter=False)
    words = headline(report)
    console.print(Text(words[:1].upper() + words[1:], style="bold"))
    if any(row_tally(report).values()):
        console.print(_tally(report))
    found = sections(report)
    for section in found[:_SECTIONS]:
        console.print()
        console.print(_grid(section))
    if len(found) > _SECTIONS:
        console.print(Text(f"and {len(found) - _SECTIONS} rarer kinds", style=_QUIET))
    if report.messages or report.left_out:
        console.print()
        console.print(_facts(report))


def _tally(report: CheckSummary) -> Text:
    counted = row_tally(report).items()
    return Text("   ").join(
        Text.assemble((SIGNS[state], _STYLES[state]), f" {count:,} {TALLY_WORDS[state]}")
        for state, count in counted
        if count
    )


def _grid(section: Section) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")  # a long address is to be read, not cut off
    grid.add_row(Text(SIGNS[section.severity], _STYLES[section.severity]), Text(section.heading, "bold"))
    grid.add_row("", Text(section.remedy))
    for said, rows in section.examples:
        grid.add_row("", Text.assemble(said, (f"  {rows}" if rows else "", _QUIET)))
    if section.more:
        grid.add_row("", Text(section.more, _QUIET))
    return grid


def _facts(report: CheckSummary) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    if report.left_out:
        grid.add_row(Text("left out", _QUIET), Text(", ".join(left_out_words(report))))
    if not report.messages:
        return grid
    grid.add_row(Text("size", _QUIET), Text(", ".join(size_words(report))))
    if report.sizes.largest_html:
        grid.add_row("", Text(html_words(report)))
    shown = [f"{visible(domain)} {count:,}" for domain, count in report.recipients[:_DOMAINS]]
    rest = len(report.recipients) - _DOMAINS
    more = [f"and {rest:,} more"] if rest > 0 else []
    grid.add_row(Text("domains", _QUIET), Text(", ".join([*shown, *more])))
    return grid
