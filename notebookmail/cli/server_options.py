"""Where mail goes: a URL, a preset, a profile, or what the environment says. A password is never among the words.

Every user of a machine can read the command lines of the others, so a URL with a password in it is refused.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from notebookmail.errors import NotebookmailError
from notebookmail.privacy.secret import Secret

from .command import option, options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

    from notebookmail.server.server import Server

_SERVER: Final = "The server"
_WAYS: Final = {"url": "--server", "preset": "--preset", "profile": "--profile"}


if TYPE_CHECKING:
    _SecretType = click.ParamType[Secret]
else:
    _SecretType = click.ParamType  # generic since click 8.3


class ServerUrl(_SecretType):
    """A server's URL, sealed at once: what cannot be read is not repeated."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Secret:
        """Seal a URL; refuse one with a password."""
        if isinstance(value, Secret):
            return value
        try:
            has_password = urlsplit(value).password is not None
        except ValueError:
            has_password = False  # it is no URL, and whoever reads it says so
        if has_password:
            self.fail(
                "a password on the command line can be read by every user of this machine. Leave it out: it is "
                "looked up in the keyring, or asked for.",
                param,
                ctx,
            )
        return Secret(value)


def _preset_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from notebookmail.mail.providers import PROVIDERS

    return [CompletionItem(name) for name in sorted(PROVIDERS) if name.startswith(begun)]


def profile_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the profiles' names for completion."""
    import tomllib

    from click.shell_completion import CompletionItem

    from notebookmail.server.servers_file import profiles_path

    try:
        names = tomllib.loads(profiles_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(begun)]


server_options: Final = options(
    option("--server", "url", type=ServerUrl(), metavar="URL", section=_SERVER,
           help="smtps://user@host:465 (default: the one in NOTEBOOKMAIL_URL)."),
    option("--preset", metavar="NAME", shell_complete=_preset_names, section=_SERVER,
           help="A provider, such as gmail or microsoft365."),
    option("--profile", metavar="NAME", shell_complete=profile_names, section=_SERVER,
           help="A table of servers.toml in your configuration folder."),
    option("--username", section=_SERVER, help="Who logs in; the password is looked up, or asked for."),
    option("--password-command", metavar="COMMAND", section=_SERVER,
           help="A program that prints the password: 'pass show mail'."),
    option("--region", section=_SERVER, help="For the preset ses, such as eu-west-1."),
)  # fmt: skip
"""The options that say where mail goes."""


def named_server(chosen: Mapping[str, Any]) -> str:
    """Return the flags that name a server, as "--server and --preset"; "" where none is given."""
    return " and ".join(flag for way, flag in _WAYS.items() if chosen[way] is not None)


def chosen_server(chosen: Mapping[str, Any]) -> Server | None:
    """Make the server that was named; None where none was.

    Raises:
        FrameError: There is no such server, preset or profile.
        NotebookmailError: Options that contradict each other.
    """
    from notebookmail.server.server import Server

    ways = [flag for way, flag in _WAYS.items() if chosen[way] is not None]
    if len(ways) > 1:
        raise NotebookmailError(f"{' and '.join(ways)} name two servers: give one of them")
    if chosen["region"] and chosen["preset"] is None:
        raise NotebookmailError("--region goes with --preset ses")
    named = {name: chosen[name] for name in ("username", "password_command") if chosen[name]}
    if chosen["preset"] is not None:
        return Server.preset(chosen["preset"], region=chosen["region"], **named)
    if chosen["profile"] is not None:
        return Server.profile(chosen["profile"], **named)
    url = chosen["url"]
    server = Server.from_url(url) if url is not None else _from_environment(is_wanted=bool(named))
    return dataclasses.replace(server, password=None, **named) if server is not None and named else server


def _from_environment(*, is_wanted: bool) -> Server | None:
    import os

    from notebookmail.server.server import URL_VARIABLE, Server

    return Server.from_env() if is_wanted or os.environ.get(URL_VARIABLE) else None
