"""The command line: `notebookmail demo`, `check`, `preview`, `send`, `verify`, `serve`.

Exit codes: 0 everything was sent (a dry run: could be; a check or preview: no errors; a server: mail can go), 1
some rows were not (a server: mail cannot go), 2 a wrong call.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NotebookmailError
from .privacy.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from .checks.previewed_row import PreviewedRow
    from .compose.template import Template
    from .server.server import Server

ALL_SENT, SOME_NOT_SENT, WRONG_CALL = 0, 1, 2
_WITHOUT_ONE = "the password is looked up in the keyring, or asked for"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: The words after the program's name; those of the process by default.
    """
    parsed = _parser().parse_args(arguments)
    try:
        code: int = asyncio.run(parsed.run(parsed))
    except NotebookmailError as problem:
        print(f"notebookmail: {problem}", file=sys.stderr)
        return WRONG_CALL
    except KeyboardInterrupt:
        print("notebookmail: interrupted", file=sys.stderr)
        return SOME_NOT_SENT
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="notebookmail", description="Mail a personalised message to every row of a table."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="mail sixteen letters to a server inside this process and look at the results"
    )
    demo.set_defaults(run=_demo)
    check = commands.add_parser(
        "check", help="make every message of a data file, send none, and say what is wrong"
    )
    _add_letter(check)
    check.set_defaults(run=_check)
    _add_preview(commands)
    _add_send(commands)
    _add_verify(commands)
    serve = commands.add_parser("serve", help="run the sandbox server and show what arrives, until interrupted")
    serve.add_argument("--port", type=int, default=0, help="the loopback port (default: any free one)")
    serve.set_defaults(run=_serve)
    return parser


def _add_preview(commands: Any) -> None:
    """Add the command that shows messages."""
    preview = commands.add_parser(
        "preview", help="show the messages of a data file as they would go out, send none"
    )
    _add_letter(preview, has_server=False)
    which = preview.add_mutually_exclusive_group()
    which.add_argument("--row", metavar="N", help="this row, counted from 0 as in a check's report, or this group")
    which.add_argument(
        "--pick", metavar="WHICH", help="extremes: the odd rows; or a number of rows, evenly spread"
    )
    preview.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page to FILE (default: --pick extremes)"
    )
    preview.add_argument("--force", action="store_true", help="write over FILE if it is there")
    preview.set_defaults(run=_preview)


def _add_send(commands: Any) -> None:
    """Add the command that sends them."""
    send = commands.add_parser("send", help="mail every row of a data file, or every group of rows")
    _add_letter(send)
    send.add_argument("--dry-run", action="store_true", help="build every message, send none")
    send.add_argument("--campaign", metavar="NAME", help="what was sent in it is not sent again")
    send.add_argument("--key", metavar="COLUMN", action="append", help="the column that says which row is which")
    send.add_argument("--journal", type=Path, metavar="FILE", help="where to remember who got what")
    send.add_argument("--no-journal", action="store_true", help="remember nothing: a second run mails all again")
    send.add_argument("--resend", action="store_true", help="send again also what was sent")
    send.add_argument("--resend-unconfirmed", action="store_true", help="send again what may have been delivered")
    send.add_argument("--retry", type=float, default=0, metavar="MINUTES", help="stay for rows the server defers")
    send.add_argument("--max-connections", type=int, metavar="N", help="at most so many connections at once")
    send.set_defaults(run=_send)


def _add_verify(commands: Any) -> None:
    """Add the command that looks at a server."""
    verify = commands.add_parser(
        "verify", help="find out how far a session with a mail server comes; send nothing"
    )
    which = verify.add_mutually_exclusive_group()
    which.add_argument(
        "--server",
        metavar="URL",
        type=Secret,
        help=f"smtps://user@host:465 (default: the one in NOTEBOOKMAIL_URL); {_WITHOUT_ONE}",
    )
    which.add_argument("--preset", metavar="NAME", help="a provider, such as gmail or microsoft365")
    verify.add_argument("--username", help="who logs in; the password is looked up in the keyring, or asked for")
    verify.add_argument("--region", help="for the preset ses, such as eu-west-1")
    verify.set_defaults(run=_verify)


def _add_letter(command: argparse.ArgumentParser, *, has_server: bool = True) -> None:
    """Add what says which messages there are, and where they go."""
    command.add_argument("data", type=Path, help="a CSV, Excel (.xlsx), Parquet or JSON lines file")
    command.add_argument("template", type=Path, help="a .md, .html or .txt file, with front matter or without")
    command.add_argument("--subject", help="the subject, if the file does not say it; may hold {{ columns }}")
    command.add_argument("--from", dest="sender", help="the sender, likewise: 'Name <user@example.org>'")
    command.add_argument("--to", help="the recipient: '{{ name }} <{{ email }}>' (default: the e-mail column)")
    if has_server:
        command.add_argument(
            "--server",
            metavar="URL",
            type=Secret,
            help=f"smtps://user@host:465 (default: NOTEBOOKMAIL_URL, else none: a sandbox); {_WITHOUT_ONE}",
        )
        command.add_argument("--confirm", type=int, metavar="N", help="refuse unless exactly N messages would go")
    command.add_argument(
        "--sep", metavar="CHARACTER", help="between a CSV file's cells: ';', tab (default: a guess)"
    )
    command.add_argument("--encoding", metavar="NAME", help="a CSV file's: cp1252, utf-16 (default: a guess)")
    command.add_argument("--sheet", metavar="NAME", help="the sheet of an Excel file, if it has several")
    command.add_argument("--group-by", metavar="COLUMN", help="one message for all rows of equal value in COLUMN")
    command.add_argument("--limit", type=int, metavar="N", help="take at most N messages")
    command.add_argument("--workers", type=int, metavar="N", help="N processes make the messages")
    command.add_argument("--redirect-to", metavar="ADDRESS", help="every message goes to this address")
    command.add_argument("--duplicates", choices=["error", "skip", "send"], default="error", help="default: error")


async def _demo(_parsed: argparse.Namespace) -> int:
    from .demo import run_demo

    await run_demo()
    return ALL_SENT


async def _check(parsed: argparse.Namespace) -> int:
    from .review.check import check_frame
    from .server.server import Server
    from .view.terminal.report import print_report

    report = check_frame(
        _read_table(parsed),
        _template(parsed),
        Server.from_url(parsed.server) if parsed.server else None,
        **_choices(parsed),
    )
    print_report(report)
    return ALL_SENT if report.ok else SOME_NOT_SENT


async def _preview(parsed: argparse.Namespace) -> int:
    from .review.preview import preview_frame

    if parsed.html is not None and parsed.html.exists() and not parsed.force:
        raise NotebookmailError(f"{parsed.html} is there already: --force writes over it")
    frame, template, options = _read_table(parsed), _template(parsed), _choices(parsed)
    preview = preview_frame(frame, template, pick=_pick(parsed, frame), **options)
    rows = list(preview.previewed_rows())
    shown = [(row, preview.reason(row)) for row in rows]
    if parsed.html is not None:
        _write_page(parsed.html, shown)
    else:
        from .view.terminal.preview import previewed_row_text

        print(f"\n\n{'-' * 60}\n\n".join(previewed_row_text(row, reason) for row, reason in shown) or "no rows")
    return SOME_NOT_SENT if any(each.severity == "error" for row in rows for each in row.remarks) else ALL_SENT


def _pick(parsed: argparse.Namespace, frame: pd.DataFrame) -> Any:
    """Say which rows to show: one unless more are asked for."""
    if parsed.row is not None:
        known = frame.index if parsed.group_by is None else frame.get(parsed.group_by, [])
        # A group is known by a text or a number, as the file has it; what is neither is refused by its own words.
        return [next((label for label in known if str(label) == parsed.row), parsed.row)]
    if parsed.pick is None:
        return 1 if parsed.html is None else "extremes"
    return int(parsed.pick) if parsed.pick.isdecimal() else parsed.pick


def _write_page(path: Path, shown: list[tuple[PreviewedRow, str]]) -> None:
    from .view.html.preview import preview_page

    try:
        path.write_text(preview_page(shown, len(shown)), encoding="utf-8")
    except OSError as problem:
        raise NotebookmailError(f"{path} cannot be written: {problem.strerror}") from problem
    print(f"{path}: {len(shown):,} letters")


async def _send(parsed: argparse.Namespace) -> int:
    from .api import send_frame
    from .server.server import Server
    from .view.terminal.results import print_results

    template = _template(parsed)
    server = Server.from_url(parsed.server) if parsed.server else None
    results = await send_frame(
        _read_table(parsed),
        template,
        server if server is None or parsed.dry_run else server.with_password(),
        dry_run=parsed.dry_run,
        campaign=parsed.campaign,
        key=parsed.key,
        journal=False if parsed.no_journal else parsed.journal,
        resend=parsed.resend,
        resend_unconfirmed=parsed.resend_unconfirmed,
        retry=parsed.retry,
        max_connections=parsed.max_connections,
        **_choices(parsed),
        progress="text",
    )
    print_results(results, has_headline=parsed.dry_run)  # a dry run has no board to say it
    is_good = (
        results.counts["failed"] == 0
        if parsed.dry_run
        else results.counts["sent"] + results.sent_before == len(results)
    )
    return ALL_SENT if is_good else SOME_NOT_SENT


def _choices(parsed: argparse.Namespace) -> dict[str, Any]:
    """Return the options that decide which messages there are."""
    names = ("group_by", "confirm", "limit", "redirect_to", "duplicates", "workers")
    return {name: getattr(parsed, name) for name in names if name in parsed}


def _template(parsed: argparse.Namespace) -> Template:
    from .compose.template import Template

    given = {name: getattr(parsed, name) for name in ("subject", "sender", "to")}
    return Template.from_file(parsed.template, **{name: text for name, text in given.items() if text is not None})


def _read_table(parsed: argparse.Namespace) -> pd.DataFrame:
    """Read the data file, and say how it was read where that was a guess."""
    from .datafiles.reading import notices, read_table

    frame = read_table(parsed.data, sep=parsed.sep, encoding=parsed.encoding, sheet=parsed.sheet)
    for said in notices(frame):
        print(said, file=sys.stderr)
    return frame


async def _verify(parsed: argparse.Namespace) -> int:
    diagnosis = await _server_to_verify(parsed).verify()
    print(diagnosis)
    return ALL_SENT if diagnosis.ok else SOME_NOT_SENT


def _server_to_verify(parsed: argparse.Namespace) -> Server:
    from .server.server import Server

    named = {"username": parsed.username} if parsed.username else {}
    if parsed.preset:
        return Server.preset(parsed.preset, region=parsed.region, **named)
    if parsed.region:
        raise NotebookmailError("--region goes with --preset ses")
    server = Server.from_url(parsed.server) if parsed.server else Server.from_env()
    return dataclasses.replace(server, password=None, **named) if named else server


async def _serve(parsed: argparse.Namespace) -> int:
    from .sandbox.server import Sandbox

    async with Sandbox(port=parsed.port) as box:
        print(f"listening on {box.server.endpoint}; nothing leaves this machine; Ctrl-C ends it", flush=True)
        shown = 0
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await box.arrival(shown)
                for received in box.received[shown:]:
                    print(
                        f"{received.mail_from} -> {', '.join(received.rcpt_to)}: {received.message['Subject']!r}",
                        flush=True,
                    )
                shown = len(box.received)
    return ALL_SENT
