"""`notebookmail preview`: show the messages as they would go out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from notebookmail.errors import NotebookmailError

from .command import ALL_SENT, SOME_NOT_SENT, SectionedCommand, as_json, option
from .letter_options import letter_options, read_data, read_letter, which_messages
from .machine_output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from notebookmail.checks.previewed_row import PreviewedRow

_SHOWN = "What is shown"


@click.command(
    cls=SectionedCommand,
    short_help="Show the messages as they would go out, send none.",
    examples=(
        "notebookmail preview people.csv letter.md",
        "notebookmail preview people.csv letter.md --row 7",
        "notebookmail preview people.csv letter.md --pick extremes --html letters.html",
    ),
)
@letter_options
@option(
    "--row", metavar="N", section=_SHOWN, help="This row, counted from 0 as in a check's report, or this group."
)
@option(
    "--pick", metavar="WHICH", section=_SHOWN, help="extremes: the odd rows; or a number of rows, evenly spread."
)
@option("--html", type=click.Path(path_type=Path), metavar="FILE", section=_SHOWN,
        help="Write a page to FILE (default: --pick extremes).")  # fmt: skip
@option("--force", is_flag=True, section=_SHOWN, help="Write over FILE if it is there.")
@as_json
def preview(**chosen: Any) -> int:
    """Show the messages of a data file as they would go out, send none.

    DATA is a CSV, Excel (.xlsx), Parquet or JSON lines file, LETTER a .md, .html or .txt file, with front matter
    or without, or a notebook (.ipynb). Without --row or --pick the first message is shown.
    """
    from notebookmail.review.preview import preview_frame

    page = chosen["html"]
    if page is not None and page.exists() and not chosen["force"]:
        raise NotebookmailError(f"{page} is there already: --force writes over it")
    frame = read_data(chosen)
    preview = preview_frame(frame, read_letter(chosen), pick=_pick(chosen, frame), **which_messages(chosen))
    shown = [(row, preview.reason(row)) for row in preview.previewed_rows()]
    if page is not None:
        _write_page(page, shown)
    if chosen["is_json"]:
        print_json({"rows": [_record(row, reason) for row, reason in shown]})
    elif page is None:
        _print(shown)
    else:
        click.echo(f"{page}: {len(shown):,} letters")
    has_errors = any(each.severity == "error" for row, _ in shown for each in row.remarks)
    return SOME_NOT_SENT if has_errors else ALL_SENT


def _pick(chosen: Mapping[str, Any], frame: pd.DataFrame) -> Any:
    """Say which rows to show: one unless more are asked for."""
    row, pick = chosen["row"], chosen["pick"]
    if row is not None and pick is not None:
        raise NotebookmailError("--row and --pick are two ways to say which rows: give one of them")
    if row is not None:
        known = frame.index if chosen["group_by"] is None else frame.get(chosen["group_by"], [])
        # A group is known by a text or a number, as the file has it; what is neither is refused by its own words.
        return [next((label for label in known if str(label) == row), row)]
    if pick is None:
        return 1 if chosen["html"] is None else "extremes"
    return int(pick) if pick.isdecimal() else pick


def _print(shown: list[tuple[PreviewedRow, str]]) -> None:
    from notebookmail.view.terminal.preview import previewed_row_text

    texts = [previewed_row_text(row, reason) for row, reason in shown]
    click.echo(f"\n\n{'-' * 60}\n\n".join(texts) or "no rows")


def _record(row: PreviewedRow, reason: str) -> dict[str, Any]:
    from email import message_from_bytes, policy

    from notebookmail.view.words.message import FIELDS, field
    from notebookmail.view.words.message import read_letter as read_message

    record: dict[str, Any] = {"row": row.label, "reason": reason, "left_out": row.left_out, "message": None}
    if row.mail is not None:
        message = message_from_bytes(row.mail.content, policy=policy.default)
        letter = read_message(message)
        heads = {name.lower(): value for name in FIELDS if (value := field(message, name)) is not None}
        files = [each.name for each in letter.attachments]
        record["message"] = {**heads, "text": letter.text, "html": letter.page, "attachments": files}
    record["findings"] = [
        {name: getattr(each, name) for name in ("severity", "kind", "field", "message", "remedy")}
        for each in row.remarks
    ]
    return record


def _write_page(path: Path, shown: list[tuple[PreviewedRow, str]]) -> None:
    from notebookmail.view.html.preview import preview_page

    try:
        path.write_text(preview_page(shown, len(shown)), encoding="utf-8")
    except OSError as problem:
        raise NotebookmailError(f"{path} cannot be written: {problem.strerror}") from problem
