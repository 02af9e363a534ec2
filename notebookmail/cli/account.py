"""`notebookmail verify`: whether mail can go, and what stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .command import ALL_SENT, SOME_NOT_SENT, SectionedCommand, as_json
from .machine_output import print_json
from .server_options import chosen_server, server_options

if TYPE_CHECKING:
    from notebookmail.server.diagnosis import Diagnosis


@click.command(
    cls=SectionedCommand,
    short_help="Find out how far a session with a mail server comes; send nothing.",
    examples=(
        "notebookmail verify --server smtps://me@smtp.example.org:465",
        "notebookmail verify --preset gmail --username me@gmail.com",
        "notebookmail verify --preset ses --region eu-west-1 --username AKIA...",
    ),
)
@server_options
@as_json
def verify(**chosen: Any) -> int:
    """Find out how far a session with a mail server comes: name, connection, TLS, login, limits. Send nothing.

    Exit code 1 says that mail cannot go.
    """
    import asyncio

    from notebookmail.server.server import Server

    server = chosen_server(chosen) or Server.from_env()
    diagnosis = asyncio.run(server.verify())
    if chosen["is_json"]:
        print_json(_record(diagnosis))
    else:
        click.echo(str(diagnosis))
    return ALL_SENT if diagnosis.ok else SOME_NOT_SENT


def _record(diagnosis: Diagnosis) -> dict[str, Any]:
    names = ("name", "status", "words", "facts", "remedy", "seconds")
    steps = [{name: getattr(each, name) for name in names} for each in diagnosis.steps]
    return {"ok": diagnosis.ok, "server": diagnosis.endpoint, "steps": steps}
