"""Which messages there are: the data file, the letter, and what is said of both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from notebookmail.errors import FrameError

from .command import option, options
from .history import campaign_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from notebookmail.compose.template import Template

_LETTER: Final = "The letter"
_DATA: Final = "The data file"
_WHICH: Final = "Which messages"
_NOTEBOOK: Final = "A letter that is a notebook"
MEMORY: Final = "What is remembered"
_FILE: Final = click.Path(path_type=Path)
_FOLLOWING: Final = "A letter that follows another"
_CHOICES: Final = (
    "group_by",
    "confirm",
    "limit",
    "redirect_to",
    "duplicates",
    "suppressed",
    "workers",
    "follows",
    "only",
    "after",
)

letter_options: Final = options(
    click.argument("data", type=_FILE),
    click.argument("letter", type=_FILE),
    option("--subject", section=_LETTER, help="The subject, if the file does not say it; may hold {{ columns }}."),
    option("--from", "sender", section=_LETTER, help="The sender, likewise: 'Name <user@example.org>'."),
    option("--to", section=_LETTER, help="Whom to: '{{ name }} <{{ email }}>' (default: the e-mail column)."),
    option("--parameter", "parameters", multiple=True, metavar="NAME[=COLUMN]", section=_NOTEBOOK,
           help="Run it for each row, with this parameter from COLUMN (default: the column NAME)."),
    option("--code", is_flag=True, section=_NOTEBOOK, help="Show its code, too."),
    option("--tag", "tags", multiple=True, metavar="TAG", section=_NOTEBOOK, help="Show only cells with the tag."),
    option("--sep", metavar="CHARACTER", section=_DATA, help="Between its cells: ';', tab (default: a guess)."),
    option("--encoding", metavar="NAME", section=_DATA, help="A CSV file's: cp1252, utf-16 (default: a guess)."),
    option("--sheet", metavar="NAME", section=_DATA, help="The sheet of an Excel file, if it has several."),
    option("--group-by", metavar="COLUMN", section=_WHICH, help="One message for all rows of equal COLUMN."),
    option("--limit", type=int, metavar="N", section=_WHICH, help="Take at most N messages."),
    option("--redirect-to", metavar="ADDRESS", section=_WHICH, help="Every message goes to this address."),
    option("--duplicates", type=click.Choice(["error", "skip", "send"]), default="error", show_default=True,
           section=_WHICH, help="What to do when two rows have the same recipient."),
    option("--suppressed", type=click.Choice(["skip", "send"]), default="skip", show_default=True, section=_WHICH,
           help="What to do with those who are never mailed again."),
    option("--follows", metavar="CAMPAIGN", section=_FOLLOWING, shell_complete=campaign_names,
           help="In the thread of its letters, to those who did not answer (`feedback` first)."),
    option("--only", type=click.Choice(["silent", "replied", "all"]), default="silent", show_default=True,
           section=_FOLLOWING, help="Whom it goes to."),
    option("--after", metavar="TIME", section=_FOLLOWING, help="Only where that letter is so old: 5d, 36h."),
    option("--journal", type=_FILE, metavar="FILE", section=MEMORY, help="Where to remember who got what."),
    option("--workers", type=int, metavar="N", section="How it is done", help="N processes make the messages."),
)  # fmt: skip
"""The arguments and options of commands that make letters."""

confirm_option: Final = option(
    "--confirm", type=int, metavar="N", section=_WHICH, help="Refuse unless exactly N messages would go."
)


def read_data(chosen: Mapping[str, Any]) -> pd.DataFrame:
    """Read the data file, and say how it was read where that was a guess."""
    from notebookmail.datafiles.reading import notices, read_table

    frame = read_table(chosen["data"], sep=chosen["sep"], encoding=chosen["encoding"], sheet=chosen["sheet"])
    for said in notices(frame):
        click.echo(said, err=True)
    return frame


def read_letter(chosen: Mapping[str, Any]) -> Template:
    """Read the letter; what the command line says comes before what the file says."""
    from notebookmail.compose.template import Template

    given = {name: chosen[name] for name in ("subject", "sender", "to") if chosen[name] is not None}
    for_notebooks: dict[str, Any] = {name: chosen[name] for name in ("code", "tags") if chosen[name]}
    if chosen["parameters"]:
        for_notebooks["parameters"] = dict(map(_parameter, chosen["parameters"]))
    if for_notebooks and chosen["letter"].suffix.lower() != ".ipynb":
        raise FrameError("--parameter, --code and --tag are for notebooks: the letter's name ends in .ipynb then")
    return Template.from_file(chosen["letter"], **given, **for_notebooks)


def _parameter(written: str) -> tuple[str, str]:
    """Read `name=column`, or a name that is both."""
    name, _, column = written.partition("=")
    return name, column or name


def which_messages(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the *_frame functions that decide which messages there are."""
    journal = False if chosen.get("no_journal") else chosen["journal"]
    return {"journal": journal, **{name: chosen[name] for name in _CHOICES if name in chosen}}
