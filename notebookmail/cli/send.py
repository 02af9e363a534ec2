"""`notebookmail send`: mail every row of a data file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from notebookmail.errors import NotebookmailError

from .command import ALL_SENT, SOME_NOT_SENT, SectionedCommand, as_json, complain, option
from .letter_options import MEMORY, confirm_option, letter_options, read_data, read_letter, which_messages
from .machine_output import print_json, records, told_aside
from .mailbox_options import MailboxPlace, chosen_mailbox, mailbox_for_copies
from .server_options import chosen_server, named_server, server_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.campaign.results import SendResults
    from notebookmail.delivery.destination import Destination

_PACE = "How it is done"
_BACK = "Copies and bounces"
_ELSEWHERE = "Instead of a server"
_PASSED_ON = (
    "dry_run", "campaign", "resend", "resend_unconfirmed", "retry", "max_connections", "bounce_to", "verp",
)  # fmt: skip
_PLACES = {"folder": "--folder", "drafts": "--drafts"}


@click.command(
    cls=SectionedCommand,
    short_help="Mail every row of a data file, or every group of rows.",
    examples=(
        "notebookmail send people.csv letter.md                      # to a sandbox: nothing leaves this machine",
        "notebookmail send people.csv letter.md --dry-run",
        "notebookmail send people.csv report.ipynb --parameter region --workers 2",
        "notebookmail send people.csv letter.md --folder letters/    # files to look at, and no mail",
        "notebookmail send people.csv letter.md --preset gmail --username me@gmail.com --confirm 412",
        "notebookmail send people.csv letter.md --server smtps://me@smtp.example.org:465 --campaign may-letters",
        "notebookmail send people.csv again.md --profile work --campaign june --follows may-letters --after 5d",
        "notebookmail send people.csv letter.md --drafts imaps://me@imap.example.org   # to send them by hand",
        "notebookmail send people.csv letter.md --profile work --save-sent server --bounce-to bounces@example.org",
    ),
)
@letter_options
@confirm_option
@server_options
@option("--folder", type=click.Path(path_type=Path), metavar="PATH", section=_ELSEWHERE,
        help="Write the letters there: a folder of .eml files, or one .mbox file.")  # fmt: skip
@option("--drafts", type=MailboxPlace(), metavar="MAILBOX", section=_ELSEWHERE,
        help="Put them into its drafts: imaps://user@host, or a profile.")  # fmt: skip
@option("--save-sent", type=MailboxPlace(allows_own=True), metavar="MAILBOX", section=_BACK,
        help="Put copies there, too: likewise, or `server` for the sender's own.")  # fmt: skip
@option("--bounce-to", metavar="ADDRESS", section=_BACK, help="The mailbox that bounces come to.")
@option("--verp", is_flag=True, section=_BACK, help="A return address for each letter: local+token@domain.")
@option("--notify", type=click.Choice(["failure", "delay", "success", "never"]), multiple=True, section=_BACK,
        help="What the server is asked to report on; several times for several.")  # fmt: skip
@option("--dry-run", is_flag=True, section=_PACE, help="Build every message, send none.")
@option(
    "--retry", type=float, default=0, metavar="MINUTES", section=_PACE, help="Stay for rows the server defers."
)
@option("--max-connections", type=int, metavar="N", section=_PACE, help="At most so many connections at once.")
@option("--campaign", metavar="NAME", section=MEMORY, help="What was sent in it is not sent again.")
@option("--key", metavar="COLUMN", multiple=True, section=MEMORY, help="The column that says which row is which.")
@option("--no-journal", is_flag=True, section=MEMORY, help="Remember nothing: a second run mails all again.")
@option("--resend", is_flag=True, section=MEMORY, help="Send again also what was sent.")
@option("--resend-unconfirmed", is_flag=True, section=MEMORY, help="Send again what may have been delivered.")
@as_json
def send(**chosen: Any) -> int:
    """Mail every row of a data file, or every group of rows.

    DATA is a CSV, Excel (.xlsx), Parquet or JSON lines file, LETTER a .md, .html or .txt file, with front matter
    or without, or a notebook (.ipynb). Run the same command again and it goes on where it stopped. Exit code 1
    says that some were not sent, 2 that the call was wrong and nothing was.
    """
    import asyncio

    letter = read_letter(chosen)
    server = _destination(chosen)
    is_json = chosen["is_json"]
    with told_aside(is_json=is_json):
        try:
            results = asyncio.run(_sent(chosen, letter, server))
        except KeyboardInterrupt:
            complain(_interrupted(chosen, server))
            return SOME_NOT_SENT
    if is_json:
        print_json(_record(results))
    else:
        from notebookmail.view.terminal.results import print_results

        print_results(results, has_headline=chosen["dry_run"])  # a dry run has no board to say it
    return ALL_SENT if _is_good(results, is_dry=chosen["dry_run"]) else SOME_NOT_SENT


def _destination(chosen: Mapping[str, Any]) -> Destination | None:
    """Say where the letters go: to the folder, the drafts or the server that was named; None where none was."""
    elsewhere = [flag for place, flag in _PLACES.items() if chosen[place] is not None]
    if not elsewhere:
        return chosen_server(chosen)
    named = [*elsewhere, *filter(None, [named_server(chosen)])]
    if len(named) > 1:
        raise NotebookmailError(f"{' and '.join(named)} name two places: give one of them")
    if chosen["drafts"] is not None:
        from notebookmail.mailbox.drafts import Drafts

        return Drafts(chosen_mailbox(chosen["drafts"]))
    from notebookmail.folder.folder import Folder

    return Folder(chosen["folder"])


async def _sent(chosen: Mapping[str, Any], letter: Any, server: Destination | None) -> SendResults:
    from notebookmail.api import send_frame

    return await send_frame(
        read_data(chosen),
        letter,
        server if server is None or chosen["dry_run"] else server.with_password(),
        key=list(chosen["key"]) or None,
        notify=list(chosen["notify"]) or None,
        save_sent=None if chosen["save_sent"] is None else mailbox_for_copies(chosen["save_sent"], server),
        progress="text",
        **{name: chosen[name] for name in _PASSED_ON},
        **which_messages(chosen),
    )


def _interrupted(chosen: Mapping[str, Any], server: Destination | None) -> str:
    is_remembered = not chosen["no_journal"] and chosen["redirect_to"] is None
    if is_remembered and (server is not None or chosen["journal"] is not None):
        without = " without --resend" if chosen["resend"] else ""
        return f"interrupted. The same command{without} goes on where it stopped"
    return "interrupted. Nothing is remembered: the same command would mail everybody again"


def _is_good(results: SendResults, *, is_dry: bool) -> bool:
    if is_dry:
        return results.counts["failed"] == 0
    return results.counts["sent"] + results.sent_before == len(results)


def _record(results: SendResults) -> dict[str, Any]:
    rows = records(results.frame.reset_index(names="row"))
    return {"counts": dict(results.counts), "notice": results.notice, "rows": rows}
