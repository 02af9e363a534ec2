"""The command line: `notebookmail demo`, `send`, `serve`.

Exit codes: 0 everything was sent (a dry run: could be), 1 some rows were not, 2 a wrong call.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NotebookmailError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from .compose.template import Template

ALL_SENT, SOME_NOT_SENT, WRONG_CALL = 0, 1, 2


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
    send = commands.add_parser("send", help="mail every row of a CSV file")
    send.add_argument("data", type=Path, help="a CSV file with a header line")
    send.add_argument("template", type=Path, help="the body: a .md, .html or .txt file")
    send.add_argument("--subject", required=True, help="the subject; may hold {{ columns }}")
    send.add_argument("--from", dest="sender", required=True, help="the sender: 'Name <user@example.org>'")
    send.add_argument("--to", help="the recipient: '{{ name }} <{{ email }}>' (default: the e-mail column)")
    send.add_argument(
        "--server", help="smtps://user:password@host:465 (default: NOTEBOOKMAIL_URL, else a sandbox)"
    )
    send.add_argument("--confirm", type=int, metavar="N", help="refuse unless exactly N messages would go")
    send.add_argument("--limit", type=int, metavar="N", help="send at most N messages")
    send.add_argument("--redirect-to", metavar="ADDRESS", help="rehearse: send every message to this address")
    send.add_argument("--dry-run", action="store_true", help="build every message, send none")
    send.add_argument("--duplicates", choices=["error", "skip", "send"], default="error", help="default: error")
    send.set_defaults(run=_send)
    serve = commands.add_parser("serve", help="run the sandbox server and show what arrives, until interrupted")
    serve.add_argument("--port", type=int, default=0, help="the loopback port (default: any free one)")
    serve.set_defaults(run=_serve)
    return parser


async def _demo(_parsed: argparse.Namespace) -> int:
    from .demo import run_demo

    await run_demo()
    return ALL_SENT


async def _send(parsed: argparse.Namespace) -> int:
    from .api import send_frame
    from .server import Server
    from .view.terminal import print_results

    template = _template(parsed)
    results = await send_frame(
        _read_csv(parsed.data),
        template,
        Server.from_url(parsed.server) if parsed.server else None,
        confirm=parsed.confirm,
        limit=parsed.limit,
        redirect_to=parsed.redirect_to,
        dry_run=parsed.dry_run,
        duplicates=parsed.duplicates,
        progress="text",
    )
    print_results(results, has_headline=parsed.dry_run)  # a dry run has no board to say it
    is_good = results.counts["failed"] == 0 if parsed.dry_run else results.counts["sent"] == len(results)
    return ALL_SENT if is_good else SOME_NOT_SENT


def _template(parsed: argparse.Namespace) -> Template:
    from .compose.template import Template

    body, suffix = _text(parsed.template), parsed.template.suffix
    return Template(
        parsed.subject,
        sender=parsed.sender,
        to=parsed.to,
        html=body if suffix == ".html" else None,
        text=body if suffix == ".txt" else None,
        markdown=body if suffix not in {".html", ".txt"} else None,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise NotebookmailError(f"{path} cannot be read as text: {problem}") from problem


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        texts = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as problem:
        raise NotebookmailError(f"{path} cannot be read as CSV: {problem}") from problem
    return texts.apply(_numbers)


def _numbers(texts: pd.Series[str]) -> pd.Series[Any]:
    """Take a column for numbers where they print just as the file has them: 007 and 3.50 stay texts."""
    import pandas as pd

    numbers: pd.Series[Any] = pd.to_numeric(texts, errors="coerce")
    return numbers if (numbers.astype(str) == texts).all() else texts


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
