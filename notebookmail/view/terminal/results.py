"""The terminal's face: a live bar while it runs, a table at the end, both through rich.

Every value is handed over as Text of visible characters: rich would read "[red]" in a reply as markup, and a
terminal would obey an escape sequence. Full addresses are shown on a terminal only. Where the output is none (a
log, a pipe, a notebook's cell, all of which are kept) they are masked, and the board is a line at the start, one
at the end, and nothing between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from notebookmail.view.words.headlines import SYMBOLS, headline, standings, standings_of, under_way
from notebookmail.view.words.quantities import duration
from notebookmail.view.words.results import (
    causes_in_words,
    lines,
    pace,
    percent,
    problem_positions,
)
from notebookmail.view.words.visible_text import clip, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import RenderableType

    from notebookmail.delivery.progress import Progress
    from notebookmail.view.words.headlines import Standing
    from notebookmail.view.words.results import CauseWords, ResultsSource, RowLine

_STYLES: Mapping[str, str] = {
    "sent": "green", "failed": "red", "deferred": "yellow", "unconfirmed": "magenta", "skipped": "bright_black",
    "pending": "bright_black", "ready": "blue",
}  # fmt: skip
_BAR = 40
_CAUSES = 8
_REPLY = 300
_GAP = 2
_HEADS = ("row", "to", "status", "code", "reply")


class TerminalBoard:
    """Shows a run on a terminal; the same seam as the notebook's Board.

    Args:
        read: Gives the run's progress at this moment.
        console: Where to write; standard output by default.
    """

    shows_results = False

    def __init__(self, read: Callable[[], Progress], *, console: Console | None = None) -> None:
        self._read = read
        self._console = console or _console()
        self._live: Live | None = None
        self._is_over = False

    def show(self) -> None:
        """Show a live bar, or one line where the output is no terminal."""
        progress = self._read()
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            self._print(under_way(progress.purpose, progress.server, progress.total))
            return
        self._live = Live(
            _glance(progress), console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop"
        )
        self._live.start(refresh=True)

    def refresh(self) -> None:
        """Show the progress as it is now."""
        if self._live is not None:
            self._live.update(_glance(self._read()), refresh=True)

    def close(self, results: ResultsSource, *, title: str = "") -> None:
        """End the live bar and leave one line that says how it went.

        Args:
            results: How the rows stand now, also after an interrupt.
            title: A line above it.
        """
        if self._is_over:
            return
        self.abandon(results, "")
        if title:
            self._print(visible(title), style="bright_black")
        self._print(_ended(results, self._read().seconds), style="bold")

    def abandon(self, results: ResultsSource, why: str) -> None:  # noqa: ARG002 -- the same seam as Board's
        """End the live bar and say nothing: the exception does."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._is_over = True

    def _print(self, words: str, *, style: str = "") -> None:
        self._console.print(Text(words, style=style), soft_wrap=True)


def print_results(
    results: ResultsSource,
    *,
    console: Console | None = None,
    positions: Sequence[int] | None = None,
    limit: int = 20,
    has_headline: bool = True,
) -> None:
    """Print how a run ended: the counts, the causes with their remedies, the rows.

    Addresses are masked where the console is no terminal.

    Args:
        results: How every row stands.
        console: Where to write; standard output by default.
        positions: Which rows to list; by default those that want a look.
        limit: How many rows are listed at most.
        has_headline: False where a TerminalBoard has just said it.
    """
    console = console or _console()
    if has_headline:
        console.print(Text(headline(results.counts, results.facts), style="bold"))
    console.print(_bar(standings_of(results.counts, results.facts), min(console.width, 2 * _BAR)))
    for cause in causes_in_words(results)[:_CAUSES]:
        console.print()
        console.print(_cause(cause))
    positions = problem_positions(results) if positions is None else positions
    if positions and limit > 0:
        shown = lines(results, positions[:limit], is_public=not console.is_terminal)
        console.print()
        console.print(_rows(list(shown), console.width))
    if len(positions) > limit:
        console.print(Text(f"The first {limit:,} of {len(positions):,} rows.", style="bright_black"))


def _console() -> Console:
    return Console(force_jupyter=False)  # in a cell rich would write HTML and widgets of its own


def _ended(results: ResultsSource, seconds: float) -> str:
    """Say how a run ended and how long it took: "997 of 1,000 sent, 3 failed in 12 s"."""
    words, semicolon, rest = headline(results.counts, results.facts).partition("; ")
    return f"{words} in {duration(seconds)}{semicolon}{rest}"


def _glance(progress: Progress) -> Group:
    words = Text.assemble((f"{progress.done:,} of {progress.total:,}", "bold"), f"  {percent(progress)} %")
    where = _one_line(under_way(progress.purpose, progress.server), "bright_black")
    speed = _one_line(" · ".join(pace(progress)), "bright_black")
    found = standings(progress.counts, progress.purpose)
    parts: list[RenderableType] = [where, words, _bar(found, _BAR), _chips(found), speed]
    if progress.complaint:
        parts.append(_one_line(f"last complaint: {clip(progress.complaint, _REPLY)}"))
    return Group(*parts)


def _one_line(words: str, style: str = "") -> Text:
    return Text(words, style=style, no_wrap=True, overflow="ellipsis")


def _bar(found: Sequence[Standing], width: int) -> Text:
    bar = Text()
    for hue, cells in _shares(found, width).items():
        bar.append(("─" if hue == "pending" else "━") * cells, style=_STYLES[hue])
    return bar


def _shares(found: Sequence[Standing], width: int) -> dict[str, int]:
    """Divide the bar: every status that occurs gets a cell at least, the largest gives it up."""
    total = sum(each.count for each in found)
    if not total:
        return {"pending": width}
    shares = {each.hue: max(1, width * each.count // total) for each in found}
    largest = max(shares, key=lambda hue: shares[hue])
    shares[largest] += width - sum(shares.values())
    return shares


def _chips(found: Sequence[Standing]) -> Text:
    chips = (
        Text.assemble((SYMBOLS[each.hue], _STYLES[each.hue]), f" {each.count:,} {each.word}") for each in found
    )
    return Text("   ").join(chips)


def _cause(cause: CauseWords) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(SYMBOLS[cause.status], _STYLES[cause.status]), Text(clip(cause.headline, _REPLY), "bold"))
    for detail, style in ((cause.remedy, ""), (cause.example, "bright_black")):
        if detail:
            grid.add_row("", Text(clip(detail, _REPLY), style))
    return grid


def _rows(shown: Sequence[RowLine], width: int) -> Table:
    rows = [_cells(row) for row in shown]
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bright_black")
    for name, columns in zip(_HEADS, _widths(rows, width), strict=True):
        table.add_column(name, width=columns, no_wrap=True, overflow="ellipsis")
    for cells in rows:
        table.add_row(*cells)
    return table


def _cells(row: RowLine) -> list[Text]:
    status = Text(f"{SYMBOLS[row.status]} {row.status}", style=_STYLES[row.status])
    label, to, *rest = (Text(clip(each, _REPLY)) for each in (row.label, row.to, row.code, row.reply))
    return [label, to, status, *rest]


def _widths(rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """Give the short columns what they need within bounds, and the reply the rest."""
    bounds = (max(6, width // 10), width * 3 // 10, 13, 10)
    fixed = [
        min(bound, max(len(head), *(cell.cell_len for cell in column)))
        for bound, head, column in zip(bounds, _HEADS, zip(*rows, strict=True), strict=False)
    ]
    return [*fixed, max(_GAP, width - sum(fixed) - _GAP * (len(fixed) + 1))]
