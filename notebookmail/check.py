"""check_frame: every message made before any goes out, and what a careful person would find in them.

The same plan and the same compiler as send_frame's, so what is checked is what would be sent. Nothing is looked
up and nothing fetched; the one thing that leaves this machine is a greeting to the server that is named, to learn
how large a message it takes. A bad row never raises, and neither does a call that send_frame would refuse: both
are findings.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING, Any, Final

from .address import domain_of
from .compose.frame import Frame
from .compose.preflight.findings import KINDS, Remark, error, warning
from .compose.preflight.preflight import Preflight, transport_remarks
from .compose.preflight.reading import read
from .compose.preflight.suspicion import mailbox_key, suspicions
from .errors import (
    AddressError,
    FrameError,
    NotebookmailError,
    SMTPAuthenticationError,
    SMTPException,
    TemplateError,
)
from .merge.events import RowFailed, RowPending, RowSkipped
from .plan import SendOptions, make_plan
from .report import Report
from .server import URL_VARIABLE, Server
from .smtp.session import establish
from .smtp.wire import commands
from .sync import can_nest, run_nested, run_sync, running_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .compose.template import Template
    from .mail import Mail
    from .plan import Duplicates, Plan
    from .smtp.wire.extensions import Extensions

_PATIENCE_SECONDS: Final = 10.0
"""How long the server may take to answer: a check is not worth more."""

_QUIT_SECONDS: Final = 2.0


def check_frame(df: Any, template: Template, server: Server | None = None, **options: Any) -> Report:
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
            redirect_to, suppress, duplicates, ...

    Returns:
        The findings; `report.ok` is true when there is no error.

    Raises:
        FrameError: `df` is no data frame, or an option has a value it cannot have.
        TypeError: There is no such option.

    Example:
        >>> report = check_frame(df, template)
        >>> report.errors
    """
    settings = _settings(options)
    frame = Frame(df)  # what cannot be read has no rows to report on
    target = server or (Server.from_env() if os.environ.get(URL_VARIABLE) else None)
    # The findings name the duplicates; left out they are only where the caller wants them skipped.
    duplicates: Duplicates = "skip" if settings.duplicates == "skip" else "send"
    try:
        plan = make_plan(df, template, dataclasses.replace(settings, duplicates=duplicates, confirm=None))
    except (FrameError, TemplateError) as problem:
        report = Report(frame.labels)
        field = problem.field if isinstance(problem, TemplateError) else None
        report.note(error("call", field, problem.message if isinstance(problem, TemplateError) else str(problem)))
        return report
    return _Check(plan, template, settings, target).carry_out()


def _settings(options: dict[str, Any]) -> SendOptions:
    known = [each.name for each in dataclasses.fields(SendOptions)]
    unknown = sorted(options.keys() - set(known))
    if unknown:
        raise TypeError(f"check_frame() has no option {unknown[0]!r}; it takes {', '.join(known)}")
    suppress = options.get("suppress", ())
    if isinstance(suppress, str):
        raise FrameError("suppress is a list of addresses; for one, write suppress=['user@example.org']")
    return SendOptions(**{**options, "suppress": tuple(map(str, suppress))})


class _Check:
    """One check: folds what it finds into a report."""

    def __init__(self, plan: Plan, template: Template, settings: SendOptions, server: Server | None) -> None:
        self._plan = plan
        self._settings = settings
        self._server = server
        self._preflight = Preflight(template.definition, plan.frame.columns)
        self._report = Report(plan.frame.labels, plan.frame.unit)
        self._report.leave_out(each.position for each in plan.staying if not isinstance(each, RowFailed))
        self._extensions: Extensions | None = None

    def carry_out(self) -> Report:
        """Look at the recipients, the server, and every message."""
        for event in self._plan.staying:
            if isinstance(event, RowFailed) and isinstance(event.error, NotebookmailError):
                # It names the row: where a group is one row without a key, its label names nothing.
                refused = dataclasses.replace(_failure(event.error), message=str(event.error))
                self._report.note(refused, event.position)
        for remark, position in _repetitions(self._plan, self._settings.duplicates):
            self._report.note(remark, position)
        if self._server is not None:
            self._greet(self._server)
        for task in self._plan.tasks():
            for address in self._plan.recipients[task.position].split(", "):
                self._note(suspicions(address, "to"), task.position)
            try:
                mail = task.build()
            except NotebookmailError as problem:
                self._report.note(_failure(problem), task.position)
            else:
                self._look(mail, task.position)
        self._confirm()
        return self._report

    def _note(self, remarks: Iterator[Remark] | list[Remark], position: int) -> None:
        for remark in remarks:
            self._report.note(remark, position)

    def _look(self, mail: Mail, position: int) -> None:
        reading = read(mail)
        domains = [domain_of(address).lower() for address in mail.envelope.recipients]
        self._report.count(mail.size, reading.html_octets, domains)
        self._note(self._preflight.remarks(reading), position)
        if self._settings.redirect_to is None:
            to = self._plan.recipients[position].split(", ")
            for address in mail.envelope.recipients:
                if address not in to:
                    self._note(suspicions(address, "cc"), position)
        offered = self._extensions
        self._note(
            transport_remarks(
                mail,
                server=self._server.endpoint if self._server else "",
                size=offered.size if offered else None,
                has_smtputf8=offered is None or "smtputf8" in offered,
            ),
            position,
        )

    def _greet(self, server: Server) -> None:
        """Learn what the server takes; that it cannot be asked is a finding."""
        try:
            self._extensions = _run(server)
        except SMTPAuthenticationError as problem:
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
    try:
        with contextlib.suppress(SMTPException):  # what it offers is known; how it says goodbye is its business
            await connection.execute(commands.QUIT, timeout=_QUIT_SECONDS)
    finally:
        connection.abort()
    return connection.extensions


def _failure(problem: NotebookmailError) -> Remark:
    """Say what a row's exception says."""
    if not isinstance(problem, TemplateError):
        return error("template", None, str(problem))
    kind = "address" if isinstance(problem.__cause__, AddressError) else "template"
    return Remark("error", kind, problem.field, problem.message, KINDS[kind].remedy)


def _repetitions(plan: Plan, duplicates: Duplicates) -> Iterator[tuple[Remark, int]]:
    """Find the rows whose recipient an earlier row has, or probably has."""
    going = {plan.recipients[position].casefold() for position in plan.going} - {""}
    others = {
        event.position
        for event in plan.staying
        if (isinstance(event, RowSkipped) and plan.recipients[event.position].casefold() in going)
        # A limit is no excuse: send_frame looks for duplicates first.
        or (isinstance(event, RowPending) and duplicates == "error")
    }
    seen: dict[str, int] = {}
    alike: dict[str, int] = {}
    for position in sorted([*plan.going, *others]):
        address = plan.recipients[position].casefold()
        if not address:
            continue
        first = seen.setdefault(address, position)
        if first != position:
            yield _repetition(plan, first, duplicates), position
            continue
        neighbour = alike.setdefault(mailbox_key(address), position)
        if neighbour != position and position not in others:
            yield (
                warning("same-mailbox", "to", f"probably the same mailbox as {_named(plan, neighbour)}"),
                position,
            )


def _repetition(plan: Plan, first: int, duplicates: Duplicates) -> Remark:
    same = f"the same recipient as {_named(plan, first)}"
    if duplicates == "error":
        return error("duplicate", "to", f"{same}; send_frame does not start")
    return warning("duplicate", "to", f"{same}, and {'is skipped' if duplicates == 'skip' else 'gets both'}")


def _named(plan: Plan, position: int) -> str:
    """Name a row or group as the user has it: row 7, not row np.int64(7)."""
    return f"{plan.frame.unit} {plan.frame.labels[[position]].tolist()[0]!r}"
