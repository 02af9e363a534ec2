"""`notebookmail check`: make every message, send none, say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .command import ALL_SENT, SOME_NOT_SENT, SectionedCommand, as_json
from .letter_options import confirm_option, letter_options, read_data, read_letter, which_messages
from .machine_output import print_json, records
from .server_options import chosen_server, server_options

if TYPE_CHECKING:
    from notebookmail.review.report import Report


@click.command(
    cls=SectionedCommand,
    short_help="Make every message, send none, and say what is wrong.",
    examples=(
        "notebookmail check people.csv letter.md",
        "notebookmail check people.xlsx letter.md --sheet Guests --subject 'Your seat, {{ name }}'",
        "notebookmail check people.csv letter.md --preset gmail --username me@gmail.com",
        "notebookmail check people.csv again.md --follows may-letters    # who gets it, and why the others do not",
    ),
)
@letter_options
@confirm_option
@server_options
@as_json
def check(**chosen: Any) -> int:
    """Make every message of a data file, send none, and say what is wrong.

    DATA is a CSV, Excel (.xlsx), Parquet or JSON lines file, LETTER a .md, .html or .txt file, with front matter
    or without, or a notebook (.ipynb). Exit code 1 says that there are errors.
    """
    from notebookmail.review.check import check_frame
    from notebookmail.view.terminal.report import print_report

    report = check_frame(read_data(chosen), read_letter(chosen), chosen_server(chosen), **which_messages(chosen))
    if chosen["is_json"]:
        print_json(_as_object(report))
    else:
        print_report(report)
    return ALL_SENT if report.ok else SOME_NOT_SENT


def _as_object(report: Report) -> dict[str, Any]:
    left_out = records(report.left_out_rows.rename_axis("row").reset_index())
    found = {"findings": records(report.frame), "left_out": left_out}
    return {"ok": report.ok, "counts": dict(report.counts), **found}
