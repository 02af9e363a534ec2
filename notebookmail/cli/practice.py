"""`notebookmail demo` and `serve`: nothing leaves this machine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from notebookmail.errors import NotebookmailError

from .command import ALL_SENT, SectionedCommand, option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.sandbox.server import Sandbox

_PORTS = "Where"
_PORT = click.IntRange(0, 65_535)


@click.command(
    cls=SectionedCommand,
    short_help="Mail sixteen letters to a server inside this process.",
    examples=("notebookmail demo",),
)
def demo() -> int:
    """Mail sixteen letters to a server inside this process and look at the results."""
    import asyncio

    from notebookmail.demo import run_demo

    asyncio.run(run_demo())
    return ALL_SENT


@click.command(
    cls=SectionedCommand,
    short_help="Run a mail server for practice, with its inbox in the browser.",
    examples=(
        "notebookmail serve",
        "notebookmail serve --port 1025 --inbox-port 8025 --open",
        "notebookmail serve --fault greylist=300 --fault '*@example.net=550 5.1.1 No such user'",
    ),
)
@option(
    "--port", type=_PORT, default=0, section=_PORTS, help="The server's loopback port (default: any free one)."
)
@option("--inbox-port", type=_PORT, default=0, section=_PORTS, help="The inbox's, likewise.")
@option("--no-inbox", is_flag=True, section=_PORTS, help="Only say what arrives, a line a message.")
@option("--open", "is_opened", is_flag=True, section=_PORTS, help="Open the inbox in a browser.")
@option("--fault", "faults", metavar="NAME=AMOUNT", multiple=True, section="What goes wrong",
        help="A fault to rehearse, such as greylist=300, rate=30/min, drop=0.01.")  # fmt: skip
def serve(**chosen: Any) -> int:
    """Run a mail server on this machine, for practice, and show what arrives, until interrupted.

    It relays nothing. The inbox shows the letters as a mail program would, as they arrive; its address is only for
    you: who does not know it sees nothing.
    """
    import asyncio

    from notebookmail.sandbox.server import Sandbox

    box = Sandbox(_faults(chosen["faults"]), port=chosen["port"])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(box, chosen))
    return ALL_SENT


async def _serve(box: Sandbox, chosen: dict[str, Any]) -> None:
    from notebookmail.sandbox.web_inbox import WebInbox

    async with contextlib.AsyncExitStack() as stack:
        await _listening(stack, box, "--port")
        click.echo(f"listening on {box.server.endpoint}; nothing leaves this machine; Ctrl-C ends it")
        if not chosen["no_inbox"]:
            inbox = WebInbox(box, port=chosen["inbox_port"])
            await _listening(stack, inbox, "--inbox-port")
            click.echo(f"the letters: {inbox.url}")
            if chosen["is_opened"]:
                click.launch(inbox.url)
        await _tell_arrivals(box)


async def _listening(stack: contextlib.AsyncExitStack, server: Any, flag: str) -> None:
    try:
        await stack.enter_async_context(server)
    except OSError as problem:
        raise NotebookmailError(
            f"cannot listen there ({problem.strerror}): give {flag} another number, or none"
        ) from problem


async def _tell_arrivals(box: Sandbox) -> None:
    from notebookmail.view.words.message import field
    from notebookmail.view.words.visible_text import visible

    shown = 0
    while True:
        await box.arrival(shown)
        for each in box.received[shown:]:
            subject = field(each.message, "Subject") or ""
            click.echo(visible(f"{each.mail_from} -> {', '.join(each.rcpt_to)}: {subject!r}"))
        shown = len(box.received)


def _faults(said: Sequence[str]) -> dict[str, Any]:
    """Read faults as they are said."""
    faults: dict[str, Any] = {}
    for each in said:
        name, equals, amount = each.rpartition("=")
        if not equals:
            raise NotebookmailError(f"--fault {each}: say how much of it, as in --fault greylist=300")
        faults[name] = _amount(amount)
    return faults


def _amount(text: str) -> float | str:
    """Read a number as one, and everything else, a reply or a rate, as it stands."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
