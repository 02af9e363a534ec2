"""The functions that send: send_frame, start_frame, send_frame_sync.

A wrong call raises before anything is sent. A wrong row never raises: it becomes a result. Without a server the
messages go to a sandbox on this machine, because nobody should mail a thousand people on the first try.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .campaign.job import SendJob
from .campaign.options import settings_of, shows_options
from .campaign.planning import make_plan
from .campaign.run import Run
from .errors import FrameError
from .folder.folder import Folder
from .server.server import URL_VARIABLE, Server
from .smtp.client.client import send  # noqa: F401 -- here programs written for aiosmtplib import it from
from .smtp.options import DEFAULT_TIMEOUT  # noqa: F401 -- and this
from .sync import run_sync
from .tracebacks.interrupts import explained

if TYPE_CHECKING:
    from typing import Unpack

    from .campaign.options import SendOptions
    from .campaign.results import SendResults
    from .compose.template import Template
    from .delivery.destination import Destination


@shows_options
async def send_frame(
    df: Any,
    template: Template,
    server: Destination | None = None,
    **options: Unpack[SendOptions],
) -> SendResults:
    """Mail a personalised message to every row of a frame, or to every group of rows.

    Args:
        df: A pandas DataFrame, a frame or lazy frame of polars, pyarrow, DuckDB, Ibis or Dask, anything with
            `__arrow_c_stream__`, or a list of dicts. It is not changed. A lazy one is read once, at the call.
        template: What each row gets.
        server: Where it goes: a Server, or a Folder that the letters are written to. None takes the server in the
            environment variable NOTEBOOKMAIL_URL, or, if that is not set, a sandbox on this machine: then nothing
            leaves it.
        sender: The From mailbox, instead of the template's.
        group_by: A column: its rows of equal value get one message together, and the template sees them as `rows`.
            A column that differs within a group has no value to print. A row without a value here fails.
        key: The column, or columns, that say which row is which, whatever else of it changes, such as an order
            number. None knows a row by its recipient in a named campaign, else by what its letter reads.
        campaign: A name: rows that were sent in it are never sent again, also when the template changes. None
            makes a campaign of the template and the sender.
        journal: Where to remember who got what: None in the user's own state folder (and for a sandbox not at
            all), a path, or False: then running the cell again mails everybody again.
        confirm: Refuse to start unless exactly so many messages would go.
        limit: Send at most so many messages; the rows beyond stay pending.
        redirect_to: All messages go to this address; X-Original-To names the intended one, and the journal knows
            nothing of it.
        dry_run: Build every message and send none: good rows are pending, the others failed.
        suppress: Addresses never to mail.
        duplicates: What to do when two rows have the same recipient: "error" refuses to start, "skip" sends only
            the first, "send" sends both.
        retry: Minutes to stay for rows that the server defers: they are tried again after 5, 15, 30 minutes. 0
            leaves them to `results.retry()` or a later run.
        resend: Send again also what was sent: begins the campaign anew.
        resend_unconfirmed: Send rows again that may have been delivered.
        not_before: Wait until then before anything goes out; without a time zone it is local time.
        dkim: Signs every message in the name of its domain.
        max_connections: At most so many connections at once, below the server's own limit.
        workers: Who makes the messages: a number of processes on this machine (extra "workers"), or any
            concurrent.futures.Executor, such as `client.get_executor()` of a Dask cluster. They make messages and
            never send. None makes them in this process.
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
    return await _prepared("send_frame", df, template, server, options).carry_out()


@shows_options
def start_frame(
    df: Any, template: Template, server: Destination | None = None, **options: Unpack[SendOptions]
) -> SendJob:
    """Do what send_frame does, in the background: the cell ends at once, and the run goes on.

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
    return SendJob(_prepared("start_frame", df, template, server, options))


@shows_options
def send_frame_sync(
    df: Any, template: Template, server: Destination | None = None, **options: Unpack[SendOptions]
) -> SendResults:
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
    run = _prepared("send_frame_sync", df, template, server, options)
    with explained(run.interrupted_words):  # the interrupt that is raised here is another than the run's own
        return run_sync(run.carry_out())


def _prepared(call: str, df: Any, template: Template, server: Destination | None, options: SendOptions) -> Run:
    """Plan a run: what makes the call wrong as a whole is found here, and a password asked for that is missing."""
    settings = settings_of(call, options)
    if server is not None and not isinstance(server, Server | Folder):
        raise FrameError(
            f"server is a {type(server).__name__}: give Server('smtp.example.org', username=..., ...), "
            "or Folder('letters/')"
        )
    plan = make_plan(df, template, settings)
    if server is None and os.environ.get(URL_VARIABLE):
        server = Server.from_env()
    if server is not None and not settings.dry_run:
        server = server.with_password()
    return Run(plan, server)
