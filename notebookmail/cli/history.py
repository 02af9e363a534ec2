"""`notebookmail campaigns` and `forget`: what was sent before, and a way to forget it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import ALL_SENT, SOME_NOT_SENT, SectionedCommand, as_json, complain, option
from .machine_output import print_json, records

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

JOURNAL = option("--journal", type=click.Path(path_type=Path), metavar="FILE", section="Which journal",
                  help="The journal's file (default: your own).")  # fmt: skip


@click.command(
    cls=SectionedCommand,
    short_help="List what was sent before.",
    examples=("notebookmail campaigns", "notebookmail campaigns --json"),
)
@JOURNAL
@as_json
def campaigns(**chosen: Any) -> int:
    """List the campaigns of which something was sent, the one run last first."""
    from notebookmail.campaign.history import campaigns as listed

    found = listed(chosen["journal"])
    if chosen["is_json"]:
        print_json({"campaigns": records(found)})
    else:
        from notebookmail.view.terminal.campaigns import print_campaigns

        print_campaigns(found)
    return ALL_SENT


def campaign_names(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the campaigns' names for completion, by their digest where they have none."""
    from click.shell_completion import CompletionItem

    from notebookmail.campaign.history import campaigns as listed
    from notebookmail.errors import NotebookmailError

    try:
        found = listed(context.params.get("journal"))
    except NotebookmailError:
        return []
    names = [name or digest for name, digest in zip(found["name"], found["digest"], strict=True)]
    return [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(begun)]


@click.command(
    cls=SectionedCommand,
    short_help="Forget a campaign: who got its letters.",
    examples=("notebookmail forget may-letters", "notebookmail forget may-letters --yes"),
)
@click.argument("campaign", shell_complete=campaign_names)
@JOURNAL
@option("--yes", is_flag=True, section="Which journal", help="Do not ask.")
@as_json
def forget(**chosen: Any) -> int:
    """Delete what the journal knows of a campaign, by its name or its digest as `campaigns` lists them.

    The addresses it went to are no longer in the file then. Run again, it is sent from its beginning.
    """
    from notebookmail.campaign.history import forget as forgotten

    name = chosen["campaign"]
    question = f"Forget {name!r}? If it is run again, everybody gets it again"
    if not chosen["yes"] and not click.confirm(question, err=True):
        complain("nothing was forgotten")
        return SOME_NOT_SENT
    count = forgotten(name, chosen["journal"])
    if chosen["is_json"]:
        print_json({"forgotten_rows": count})
    else:
        click.echo(f"{count:,} row{'' if count == 1 else 's'} of {name!r} forgotten")
    return ALL_SENT
