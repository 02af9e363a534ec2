"""check_frame: every message made before any goes out, and what a careful person would find in them.

The same plan and the same renderer as send_frame's, so what is checked is what would be sent. Nothing is looked
up and nothing fetched; the one thing that leaves this machine is a greeting to the server that is named, to learn
how large a message it takes. A bad row never raises, and neither does a call that send_frame would refuse: both
are findings.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from notebookmail.address import domain_of
from notebookmail.campaign.follow_up import follow_notice
from notebookmail.campaign.options import settings_of, shows_options
from notebookmail.campaign.workers.making import made_one_by_one
from notebookmail.checks.findings import error, warning
from notebookmail.checks.parsed_message import read
from notebookmail.compose.rows.frame import Frame
from notebookmail.delivery.events import RowFailed
from notebookmail.errors import (
    FrameError,
    JournalError,
    NotebookmailError,
    SMTPAuthenticationError,
    SMTPException,
    TemplateError,
)
from notebookmail.mail.message import Mail
from notebookmail.server.server import URL_VARIABLE, Server
from notebookmail.smtp.handshake import establish
from notebookmail.smtp.quit import say_quit
from notebookmail.sync import can_nest, run_nested, run_sync, running_loop

from .inspector import RowInspector, failure, failure_of_row, plan_to_look_at, repetitions
from .report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from notebookmail.campaign.options import SendOptions, SendSettings
    from notebookmail.checks.findings import Remark
    from notebookmail.compose.template import Template
    from notebookmail.delivery.destination import Destination
    from notebookmail.smtp.wire.extensions import Extensions

_PATIENCE_SECONDS: Final = 10.0
"""How long the server may take to answer: a check is not worth more."""


@shows_options
def check_frame(
    df: Any, template: Template, server: Destination | None = None, **options: Unpack[SendOptions]
) -> Report:
    """Make every message, send none, and report what is wrong with them, row by row.

    Errors are what send_frame would refuse or fail: a missing column, a value that is missing in a row, a cell
    that is no address, somebody who would be mailed twice, a message above the server's SIZE. Warnings are what
    would go out and looks like a slip: a greeting without a name, "nan" in a sentence, a mistyped domain, a dead
    link.

    Args:
        df: As for send_frame. It is not changed.
        template: As for send_frame.
        server: As for send_frame; it is greeted to learn what it takes. None takes the server in
            NOTEBOOKMAIL_URL, or, if that is not set, asks nobody.
        **options: As for send_frame, those that decide which messages there are: sender, confirm, limit,
            redirect_to, suppress, duplicates, follows, ...

    Returns:
        The findings; `report.ok` is true when there is no error. `report.left_out_rows` says who gets no message,
        and why.

    Raises:
        FrameError: `df` is no data frame, or an option has a value it cannot have.
        TypeError: There is no such option.

    Example:
        >>> report = check_frame(df, template)
        >>> report.errors
    """
    settings = settings_of("check_frame", options)
    target = server or (Server.from_env() if os.environ.get(URL_VARIABLE) else None)
    try:
        plan = plan_to_look_at(df, template, settings, target.world if target else "")
    except (FrameError, TemplateError, JournalError) as refusal:
        problem = refusal
    else:
        return _Check(RowInspector(plan, template, settings), settings, target).carry_out()
    report = Report(Frame(df).labels)  # what cannot be read has no rows to report on
    field = problem.field if isinstance(problem, TemplateError) else None
    report.note(error("call", field, problem.message if isinstance(problem, TemplateError) else str(problem)))
    return report


class _Check:
    """One check: folds what it finds into a report."""

    def __init__(self, inspector: RowInspector, settings: SendSettings, server: Destination | None) -> None:
        self._inspector = inspector
        self._plan = plan = inspector.plan
        self._settings = settings
        self._server = server
        self._report = Report(plan.frame.labels, plan.frame.unit)
        self._report.leave_out(
            (each.position, each.reason) for each in plan.left_out if not isinstance(each, RowFailed)
        )
        self._extensions: Extensions | None = None

    def carry_out(self) -> Report:
        """Look at the recipients, the server, and every message."""
        for event in self._plan.left_out:
            if isinstance(event, RowFailed) and isinstance(event.error, NotebookmailError):
                self._report.note(failure_of_row(event.error), event.position)
        for remark, position in repetitions(self._plan, self._settings.duplicates):
            self._report.note(remark, position)
        if isinstance(self._server, Server):
            self._greet(self._server)
        for task, made in made_one_by_one(self._plan):
            self._note(self._inspector.recipient_remarks(task.position), task.position)
            if isinstance(made, Mail):
                self._look(made, task.position)
            else:
                self._report.note(failure(made), task.position)
        self._confirm()
        notice = follow_notice(self._plan)
        if notice:
            self._report.note(warning("subject", "subject", notice))
        return self._report

    def _note(self, remarks: Iterator[Remark], position: int) -> None:
        for remark in remarks:
            self._report.note(remark, position)

    def _look(self, mail: Mail, position: int) -> None:
        parsed = read(mail)
        domains = [domain_of(address).lower() for address in mail.envelope.recipients]
        self._report.count(mail.size, parsed.html_octets, domains)
        asked = self._server.endpoint if self._server else ""
        self._note(
            self._inspector.mail_remarks(mail, parsed, position, server=asked, offered=self._extensions), position
        )

    def _greet(self, server: Server) -> None:
        """Learn what the server takes; that it cannot be asked is a finding."""
        try:
            self._extensions = _run(server.with_password())
        except FrameError as problem:  # no password, and nobody to ask
            self._report.note(warning("server", None, f"{server.endpoint}: {problem}"))
        except SMTPAuthenticationError as problem:
            server.forget_password()
            self._report.note(error("server", None, f"{server.endpoint} refuses the login: {problem}"))
        except Exception as problem:  # noqa: BLE001 -- of the network, or of the caller's token generator
            said = str(problem) if isinstance(problem, SMTPException) else f"{type(problem).__name__}: {problem}"
            self._report.note(warning("server", None, f"{server.endpoint}: {said}"))

    def _confirm(self) -> None:
        confirmed, would_go = self._settings.confirm, self._report.messages
        if confirmed is not None and confirmed != would_go:
            self._report.note(error("confirm", None, f"confirm={confirmed}, but {would_go} messages would go"))


def _run(server: Server) -> Extensions:
    """Ask a server. A sandbox may live on the very loop that waits here: that loop is entered a second time."""
    loop = running_loop()
    is_nested = loop is not None and server.is_local and can_nest(loop)
    return run_nested(_ask(server)) if is_nested else run_sync(_ask(server))


async def _ask(server: Server) -> Extensions:
    options = server.options().changed({"timeout": min(server.timeout, _PATIENCE_SECONDS)})
    connection = await establish(options)
    await say_quit(connection)
    return connection.extensions
