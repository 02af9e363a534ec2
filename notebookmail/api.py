"""send_frame and its family.

A wrong call raises before anything is sent. A wrong row never raises: it becomes a result. Without a server the
messages go to a sandbox on this machine, because nobody should mail a thousand people on the first try.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, Literal

from .errors import FrameError
from .job import SendJob
from .plan import Duplicates, SendOptions, make_plan
from .run import Carriage, ProgressMode, Run
from .server import URL_VARIABLE, Server
from .smtp.client import send  # noqa: F401 -- here programs written for aiosmtplib import it from
from .smtp.options import DEFAULT_TIMEOUT  # noqa: F401 -- and this
from .sync import run_sync

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from .compose.signing import DKIM
    from .compose.template import Template
    from .results import SendResults


async def send_frame(
    df: Any,
    template: Template,
    server: Server | None = None,
    *,
    sender: str | None = None,
    group_by: str | None = None,
    key: str | Sequence[str] | None = None,
    campaign: str | None = None,
    journal: str | os.PathLike[str] | Literal[False] | None = None,
    confirm: int | None = None,
    limit: int | None = None,
    redirect_to: str | None = None,
    dry_run: bool = False,
    suppress: Iterable[str] = (),
    duplicates: Duplicates = "error",
    retry: float = 0,
    resend: bool = False,
    resend_unconfirmed: bool = False,
    not_before: dt.datetime | None = None,
    dkim: DKIM | None = None,
    max_connections: int | None = None,
    progress: ProgressMode = "auto",
) -> SendResults:
    """Mail a personalised message to every row of a frame, or to every group of rows.

    Args:
        df: A pandas DataFrame, or a frame of any library narwhals reads (polars, pyarrow). It is not changed.
        template: What each row gets.
        server: Where it goes. None takes the server in the environment variable NOTEBOOKMAIL_URL, or, if that is
            not set, a sandbox on this machine: then nothing leaves it.
        sender: The From mailbox, instead of the template's.
        group_by: A column: its rows of equal value get one message together, and the template sees them as `rows`.
            A column that differs within a group has no value to print. A row without a value here fails.
        key: The column, or columns, that say which row is which, whatever else of it changes: an order number,
        say.
            None knows a row by its recipient in a named campaign, else by all it says in the template.
        campaign: A name: rows that were sent in it are never sent again, also when the template changes. None
        makes
            a campaign of the template and the sender.
        journal: Where to remember who got what: None in the user's own state folder (and for a sandbox not at
            all), a path, or False: then running the cell again mails everybody again.
        confirm: Refuse to start unless exactly so many messages would go.
        limit: Send at most so many messages; the rows beyond stay pending.
        redirect_to: Rehearse: all messages go to this address; X-Original-To names the intended one, and the
            journal knows nothing of it.
        dry_run: Build every message and send none: good rows are pending, the others failed.
        suppress: Addresses never to mail.
        duplicates: What to do when two rows have the same recipient: "error" refuses to start, "skip" sends only
            the first, "send" sends both.
        retry: Minutes to stay for rows that the server defers: they are tried again after 5, 15, 30 minutes. 0
        leaves
            them to `results.retry()` or a later run.
        resend: Send again also what was sent: begins the campaign anew.
        resend_unconfirmed: Send rows again that may have been delivered.
        not_before: Wait until then before anything goes out; without a time zone it is local time.
        dkim: Signs every message in the name of its domain.
        max_connections: At most so many connections at once, below the server's own limit.
        progress: "auto" shows a live board in notebooks and a progress bar in terminals, "widget" and "text"
            choose one, False shows nothing.

    Returns:
        One entry per row, in order, or per group in the order the groups begin, labelled by the value of its
        column: `df.join(results.frame, on=group_by)`. A row never raises: its exception is in the results.

    Raises:
        FrameError: The call is wrong as a whole; nothing was sent.
        TemplateError: The template is.
        JournalError: The journal cannot be used, or somebody runs this campaign already; nothing was sent.
        SMTPException: The server cannot be used: not reachable, no TLS, login refused. Nothing was sent.

    Example:
        >>> results = await send_frame(df, Template("Hello {{ name }}", markdown="..."))
        >>> results.failed
    """
    run = _prepared(
        df,
        template,
        server,
        sender=sender,
        group_by=group_by,
        key=key,
        campaign=campaign,
        journal=journal,
        confirm=confirm,
        limit=limit,
        redirect_to=redirect_to,
        dry_run=dry_run,
        suppress=suppress,
        duplicates=duplicates,
        retry=retry,
        resend=resend,
        resend_unconfirmed=resend_unconfirmed,
        not_before=not_before,
        dkim=dkim,
        max_connections=max_connections,
        progress=progress,
    )
    return await run.carry_out()


def start_frame(df: Any, template: Template, server: Server | None = None, **options: Any) -> SendJob:
    """Do what send_frame does, in the background: the cell ends at once, and the merge goes on.

    Args:
        df: As for send_frame.
        template: As for send_frame.
        server: As for send_frame.
        **options: As for send_frame.

    Returns:
        The job: `await job` waits for its results, `job.pause()`, `job.resume()` and `job.stop()` command it,
        `job.progress` tells how it stands. In a script without an event loop it runs in a thread, and
        `job.wait()` waits for it.

    Raises:
        FrameError, TemplateError: As for send_frame; what the server or the journal has to say is raised by
            awaiting the job.

    Example:
        >>> job = start_frame(df, template, server)
        >>> job.progress.done
        >>> results = await job
    """
    return SendJob(_prepared(df, template, server, **options))


def send_frame_sync(df: Any, template: Template, server: Server | None = None, **options: Any) -> SendResults:
    """Do what send_frame does, for scripts and for cells without `await`.

    Works inside a running event loop too, such as a notebook's: the messages are then sent from a loop of their
    own in a background thread. An interrupt stops the run as it does for send_frame.

    Args:
        df: As for send_frame.
        template: As for send_frame.
        server: As for send_frame.
        **options: As for send_frame.

    Raises:
        FrameError, TemplateError, JournalError, SMTPException: As for send_frame.
    """
    return run_sync(_prepared(df, template, server, **options).carry_out())


_CARRIAGE = frozenset(each.name for each in dataclasses.fields(Carriage))
_CHOICES = frozenset(each.name for each in dataclasses.fields(SendOptions))


def _prepared(df: Any, template: Template, server: Server | None, **options: Any) -> Run:
    """Plan a run: what makes the call wrong as a whole is found here, and a password asked for that is missing."""
    carriage, choices = options_of(server, options)
    plan = make_plan(df, template, choices)
    target = carriage.server
    if target is None and os.environ.get(URL_VARIABLE):
        target = Server.from_env()
    if target is not None and not carriage.dry_run:
        target = target.with_password()
    return Run(plan, dataclasses.replace(carriage, server=target))


def options_of(server: Server | None, options: dict[str, Any]) -> tuple[Carriage, SendOptions]:
    """Sort the options of the send family into how a run goes and what it sends.

    Raises:
        TypeError: There is no such option.
        FrameError: One has a value it cannot have.
    """
    unknown = sorted(options.keys() - _CARRIAGE - _CHOICES)
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; there are: {', '.join(sorted(_CARRIAGE | _CHOICES))}")
    carriage = Carriage(server, **{name: options[name] for name in _CARRIAGE & options.keys()})
    choices = {name: options[name] for name in _CHOICES & options.keys()}
    choices["suppress"] = _texts(choices.get("suppress", ()))
    choices["key"] = choices.get("key") or ()
    return carriage, SendOptions(**choices)


def _texts(suppress: Iterable[str]) -> tuple[str, ...]:
    if isinstance(suppress, str):
        raise FrameError("suppress is a list of addresses; for one, write suppress=['user@example.org']")
    return tuple(map(str, suppress))
