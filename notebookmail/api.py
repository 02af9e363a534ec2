"""The functions that send: send_frame, start_frame, send_frame_sync, send_test.

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
from .campaign.trial import plan_test
from .errors import FrameError
from .folder.folder import Folder
from .mailbox.drafts import Drafts
from .server.server import URL_VARIABLE, Server
from .smtp.client.client import send  # noqa: F401 -- here programs written for aiosmtplib import it from
from .smtp.options import DEFAULT_TIMEOUT  # noqa: F401 -- and this
from .sync import run_sync
from .tracebacks.interrupts import explained

if TYPE_CHECKING:
    from collections.abc import Hashable
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
        server: Where it goes: a Server, a Folder that the letters are written to, or the Drafts of a mailbox. None
            takes the server in the environment variable NOTEBOOKMAIL_URL, or, if that is not set, a sandbox on
            this machine: then nothing leaves it.
        **options: What else can be chosen, each by its name, as for every function that takes a frame:

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


@shows_options
async def send_test(
    df: Any,
    template: Template,
    server: Destination | None = None,
    *,
    to: str,
    row: Hashable = None,
    **options: Unpack[SendOptions],
) -> SendResults:
    """Mail the letter of one row to yourself, as it would arrive at that row's recipient.

    It goes to `to` alone, without copies; X-Original-To names whom it is for. Nothing is remembered: send_frame
    mails that row all the same.

    Args:
        df: As for send_frame.
        template: As for send_frame.
        server: As for send_frame.
        to: Your own mailbox.
        row: The label of the row, or of a group the value of its column; the first that gets a message when left
            out.
        **options: As for send_frame, those that decide how the letters look: sender, group_by, dkim. What is said
            of the campaign, of how many and when has no effect here.

    Returns:
        The results of this one row.

    Raises:
        FrameError: As for send_frame, or no row has the label, or it gets no message.
        TemplateError, SMTPException: As for send_frame.

    Example:
        >>> await send_test(df, template, server, to="me@example.org", row=7)
    """
    settings = settings_of("send_test", options)
    _check_destination(server)
    plan, said = plan_test(df, template, settings, to, row)
    run = Run(plan, _ready(server))
    run.say(said)
    return await run.carry_out()


def _prepared(call: str, df: Any, template: Template, server: Destination | None, options: SendOptions) -> Run:
    """Plan a run: what makes the call wrong as a whole is found here, and a password asked for that is missing."""
    settings = settings_of(call, options)
    _check_destination(server)
    plan = make_plan(df, template, settings)
    return Run(plan, _ready(server, is_needed=not settings.dry_run))


def _check_destination(server: Destination | None) -> None:
    if server is not None and not isinstance(server, Server | Folder | Drafts):
        raise FrameError(
            f"server is a {type(server).__name__}: give Server('smtp.example.org', username=..., ...), "
            "Folder('letters/'), or Drafts(mailbox)"
        )


def _ready(server: Destination | None, *, is_needed: bool = True) -> Destination | None:
    """Return where messages go, with the password it needs; None for a sandbox."""
    if server is None and os.environ.get(URL_VARIABLE):
        server = Server.from_env()
    return server.with_password() if server is not None and is_needed else server
