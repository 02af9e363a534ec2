"""`notebookmail feedback`: what came back of a campaign's letters, read from a mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .command import ALL_SENT, SectionedCommand, as_json, option
from .history import JOURNAL, campaign_names
from .machine_output import print_json, records, told_aside
from .mailbox_options import MailboxPlace, chosen_mailbox

if TYPE_CHECKING:
    from notebookmail.campaign.feedback import Feedback


@click.command(
    cls=SectionedCommand,
    short_help="Read what came back: bounces, answers, complaints.",
    examples=(
        "notebookmail feedback may-letters --mailbox imaps://me@imap.example.org",
        "notebookmail feedback may-letters --mailbox work                          # a profile's",
        "notebookmail feedback may-letters --mailbox imaps://me@imap.example.org --csv answers.csv",
    ),
)
@click.argument("campaign", shell_complete=campaign_names)
@option("--mailbox", type=MailboxPlace(), required=True, metavar="MAILBOX", section="Where from",
        help="imaps://user@host, or a profile; its password is looked up, or asked for.")  # fmt: skip
@option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), metavar="DAY", section="Where from",
        help="Leave out what came before.")  # fmt: skip
@JOURNAL
@option("--csv", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", section="Where to",
        help="Write every row there, by its recipient.")  # fmt: skip
@as_json
def feedback(**chosen: Any) -> int:
    """Read in a mailbox what came back of a campaign, by its name or its digest as `campaigns` lists them.

    Nothing in the mailbox is changed. The next reading goes on where this one stopped.
    """
    from notebookmail.campaign.read_feedback import read_feedback_sync

    with told_aside(is_json=chosen["is_json"]):
        found = read_feedback_sync(
            chosen_mailbox(chosen["mailbox"]),
            chosen["campaign"],
            since=chosen["since"],
            journal=chosen["journal"],
        )
    if chosen["csv"] is not None:
        found.frame.to_csv(chosen["csv"])
    if chosen["is_json"]:
        print_json(_as_object(found))
    else:
        click.echo(repr(found))
    return ALL_SENT


def _as_object(found: Feedback) -> dict[str, Any]:
    return {
        "campaign": found.campaign,
        "mailbox": found.mailbox,
        "counts": found.counts,
        "new": found.new,
        "suppressed": found.suppressed,
        "rows": records(found.frame.reset_index(names="to")),
        "replies": records(found.replies.reset_index(names="to")),
        "unmatched": records(found.unmatched),
    }
