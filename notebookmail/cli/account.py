"""`notebookmail verify`, `login` and `logout`: whether mail can go, and by whose account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from notebookmail.errors import NotebookmailError

from .command import ALL_SENT, SOME_NOT_SENT, SectionedCommand, as_json, option
from .machine_output import print_json
from .server_options import chosen_server, server_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.server.diagnosis import Diagnosis
    from notebookmail.server.server import Server

_MAIL = "The mail"


@click.command(
    cls=SectionedCommand,
    short_help="Find out how far a session with a mail server comes; send nothing.",
    examples=(
        "notebookmail verify --server smtps://me@smtp.example.org:465",
        "notebookmail verify --preset gmail --username me@gmail.com",
        "notebookmail verify --preset ses --region eu-west-1 --username AKIA...",
        "notebookmail verify --profile work --sender desk@example.org --to me@example.org",
    ),
)
@server_options
@option("--sender", metavar="ADDRESS", section=_MAIL, help="Whom mail shall come from: would it be taken?")
@option("--to", metavar="ADDRESS", section=_MAIL, help="Whom it might go to (default: the sender).")
@as_json
def verify(**chosen: Any) -> int:
    """Find out how far a session with a mail server comes: name, connection, TLS, login, limits. Send nothing.

    Exit code 1 says that mail cannot go.
    """
    import asyncio

    from notebookmail.server.server import Server

    server = chosen_server(chosen) or Server.from_env()
    diagnosis = asyncio.run(server.verify(sender=chosen["sender"], to=chosen["to"]))
    if chosen["is_json"]:
        print_json(_record(diagnosis))
    else:
        click.echo(str(diagnosis))
    return ALL_SENT if diagnosis.ok else SOME_NOT_SENT


@click.command(
    cls=SectionedCommand,
    short_help="Log in once, and keep the login in the system's keyring.",
    examples=(
        "notebookmail login --preset gmail --username me@gmail.com",
        "notebookmail login --profile work",
        "notebookmail login --profile work --how device            # the browser is on another machine",
    ),
)
@server_options
@option("--how", type=click.Choice(["browser", "device", "paste"]), section="How to sign in",
        help="For a profile with OAuth (default: by where this runs).")  # fmt: skip
def login(**chosen: Any) -> int:
    """Log in once: ask for the password, or sign in with the provider, and see whether the server takes it.

    A password is kept in the system's keyring if you say so, a sign-in always; neither is written anywhere else.
    Exit code 1 says that mail cannot go.
    """
    import asyncio

    server = _account(chosen)
    if server.oauth is not None:
        asyncio.run(server.sign_in(how=chosen["how"]))
    elif chosen["how"] is not None:
        raise NotebookmailError("--how is for a profile with OAuth; this account logs in by password")
    diagnosis = asyncio.run(server.with_password().verify())
    click.echo(str(diagnosis))
    if not diagnosis.ok:
        return SOME_NOT_SENT
    if server.offers_to_save() and click.confirm("Keep the password in the system's keyring?", err=True):
        server.save_password()
        click.echo("The keyring keeps the password; `notebookmail logout` deletes it.")
    return ALL_SENT


@click.command(
    cls=SectionedCommand,
    short_help="Delete a login from the system's keyring.",
    examples=("notebookmail logout --preset gmail --username me@gmail.com",),
)
@server_options
def logout(**chosen: Any) -> int:
    """Delete the password or the sign-in of an account from the system's keyring."""
    server = _account(chosen)
    server.sign_out()
    click.echo(f"Nothing is kept any more of {server.username} at {server.hostname}.")
    return ALL_SENT


def _account(chosen: Mapping[str, Any]) -> Server:
    """Return the server that was named, with whoever logs in there."""
    from notebookmail.server.server import Server

    server = chosen_server(chosen) or Server.from_env()
    if server.username is None:
        raise NotebookmailError("say who logs in: --username me@example.org")
    return server


def _record(diagnosis: Diagnosis) -> dict[str, Any]:
    names = ("name", "status", "words", "facts", "remedy", "seconds")
    steps = [{name: getattr(each, name) for name in names} for each in diagnosis.steps]
    return {"ok": diagnosis.ok, "server": diagnosis.endpoint, "steps": steps}
