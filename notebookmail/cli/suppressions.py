"""`notebookmail suppressed`, `suppress` and `unsuppress`: who is never mailed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .command import ALL_SENT, SectionedCommand, as_json, option
from .machine_output import print_json, records

_WHICH = "Which journal"
_JOURNAL = option("--journal", type=click.Path(path_type=Path), metavar="FILE", section=_WHICH,
                  help="The journal's file (default: your own).")  # fmt: skip
_FILE = option("--file", type=click.Path(path_type=Path), metavar="FILE", section="Which addresses",
               help="A table with an e-mail column; also what `suppressed --csv` wrote.")  # fmt: skip


@click.command(
    cls=SectionedCommand,
    short_help="List who is never mailed again.",
    examples=("notebookmail suppressed", "notebookmail suppressed --csv suppressed.csv"),
)
@_JOURNAL
@option("--csv", type=click.Path(path_type=Path), metavar="FILE", section="How it is told",
        help="Write a CSV file, which `suppress --file` reads.")  # fmt: skip
@as_json
def suppressed(**chosen: Any) -> int:
    """List the addresses that bounced, complained or unsubscribed, and those that you added."""
    from notebookmail.campaign.suppressions import suppressed as listed

    found = listed(chosen["journal"])
    if chosen["csv"] is not None:
        found.to_csv(chosen["csv"], index=False)
    if chosen["is_json"]:
        print_json({"suppressed": records(found)})
    elif chosen["csv"] is not None:
        click.echo(f"{len(found):,} addresses written to {chosen['csv']}")
    else:
        from notebookmail.view.terminal.suppressions import print_suppressions

        print_suppressions(found)
    return ALL_SENT


@click.command(
    cls=SectionedCommand,
    short_help="Never mail addresses again.",
    examples=("notebookmail suppress ann@example.org --reason 'asked by telephone'",
              "notebookmail suppress --file left.csv"),
)  # fmt: skip
@click.argument("addresses", nargs=-1)
@_FILE
@option("--reason", section="Which addresses", help="Why, for whoever reads the list later.")
@_JOURNAL
@as_json
def suppress(**chosen: Any) -> int:
    """Never mail ADDRESSES again, in whatever campaign."""
    from notebookmail.campaign.suppressions import suppress as add

    count = add(_addresses(chosen), chosen["reason"], chosen["journal"])
    if chosen["is_json"]:
        print_json({"added": count})
    else:
        click.echo(f"{count:,} added")
    return ALL_SENT


@click.command(
    cls=SectionedCommand,
    short_help="Let addresses be mailed again.",
    examples=("notebookmail unsuppress ann@example.org",),
)
@click.argument("addresses", nargs=-1)
@_FILE
@_JOURNAL
@as_json
def unsuppress(**chosen: Any) -> int:
    """Let ADDRESSES be mailed again."""
    from notebookmail.campaign.suppressions import unsuppress as remove

    count = remove(_addresses(chosen), chosen["journal"])
    if chosen["is_json"]:
        print_json({"removed": count})
    else:
        click.echo(f"{count:,} removed")
    return ALL_SENT


def _addresses(chosen: dict[str, Any]) -> Any:
    """Return the addresses that were named, or the table they are in."""
    if bool(chosen["addresses"]) == (chosen["file"] is not None):
        raise click.UsageError("name addresses, or a file with --file")
    if chosen["addresses"]:
        return list(chosen["addresses"])
    from notebookmail.datafiles.reading import read_table

    return read_table(chosen["file"])
