"""Servers by name: what a table of servers.toml means as a Server, and a Server as a table. It holds no secret.

`preset`, `address` or `hostname` says which server it is; the other keys are what Server(...) takes, and a table
`oauth` says how to sign in. A profile is written by hand, or by `save_profile`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret

from .discovery import find_settings
from .oauth import OAuth
from .password_command import password_from
from .presets import preset_settings
from .servers_file import add_table, profiles_path, read_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_Kinds = tuple[type, ...]

_OPTIONS: Final[Mapping[str, _Kinds]] = {
    "hostname": (str,),
    "port": (int,),
    "username": (str,),
    "password_command": (str, list),
    "security": (str,),
    "timeout": (int, float),
    "max_connections": (int,),
    "messages_per_connection": (int,),
    "rate": (int, float, str),
    "daily_quota": (int,),
    "pipelining": (bool,),
    "chunking": (bool,),
}
_WHICH: Final = ("preset", "address", "hostname")
_KEYS: Final[Mapping[str, _Kinds]] = {
    "preset": (str,),
    "region": (str,),
    "address": (str,),
    **_OPTIONS,
    "failover": (list,),
    "oauth": (dict,),
}
_OAUTH_KEYS: Final[Mapping[str, _Kinds]] = {
    "provider": (str,),
    "client_id": (str,),
    "tenant": (str,),
    "mailbox": (bool,),
    "client_secret_command": (str, list),
    "token_url": (str,),
    "authorize_url": (str,),
    "device_url": (str,),
    "scopes": (list,),
    "redirect_host": (str,),
    "secret_in": (str,),
}
_OAUTH_OF: Final[Mapping[str, frozenset[str]]] = {
    "microsoft": frozenset({"client_id", "client_secret_command", "tenant", "mailbox"}),
    "google": frozenset({"client_id", "client_secret_command"}),
}
_OF_OTHERS: Final = _OAUTH_KEYS.keys() - {"tenant", "mailbox"}
_WORDS: Final[Mapping[type, str]] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
_EXAMPLE: Final = '[work]\npreset = "gmail"\nusername = "me@gmail.com"'


def profile_names() -> list[str]:
    """List the profiles there are, in the file's order.

    Raises:
        FrameError: The file cannot be read, or is not TOML.
    """
    return list(read_tables())


def profile_settings(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments of the Server that a profile describes, and the profiles it falls back on.

    Args:
        name: The profile.
        options: The caller's own arguments, which come first.

    Raises:
        FrameError: There is no such profile, or it cannot be used; the message says where and why.
    """
    table, where = _table(name)
    _check(table, _KEYS, where)
    which = [each for each in _WHICH if each in table]
    if len(which) != 1:
        problem = f"says {' and '.join(which)}" if which else "names no server"
        raise FrameError(f"{where}: it {problem}; one of {', '.join(_WHICH)} says which server it is")
    if any(options.get(each) is not None for each in ("password", "oauth", "oauth_token_generator")):
        table = {key: value for key, value in table.items() if key not in {"oauth", "password_command"}}
    elif "oauth" in table:
        table["oauth"] = _oauth(table["oauth"], f"{where[:-1]}.oauth]")
    failover = table.pop("failover", [])
    if not all(isinstance(each, str) for each in failover):
        raise FrameError(f"{where}: failover is a list of other profiles' names")
    preset, address, region = (table.pop(each, None) for each in ("preset", "address", "region"))
    given = {**table, **options}
    if preset is not None:
        given = preset_settings(preset, region, given)
    elif address is not None:
        given = find_settings(address, None, given)
    return given, [] if "failover" in options else failover


def _table(name: str) -> tuple[dict[str, Any], str]:
    """Return a profile's table, and where it stands."""
    path, tables = profiles_path(), read_tables()
    if name not in tables:
        near = get_close_matches(name, tables, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        there = (
            f"{path} has: {', '.join(tables)}" if tables else f"{path} has none yet: write one, as in\n{_EXAMPLE}"
        )
        raise FrameError(f"there is no profile {name!r}; {hint}{there}")
    if not isinstance(tables[name], dict):
        raise FrameError(f"{path}: {name} is no table; a profile is [{name}] on a line of its own, its keys below")
    return tables[name], f"{path}, [{name}]"


def _check(table: Mapping[str, Any], keys: Mapping[str, _Kinds], where: str) -> None:
    """Refuse what no profile may hold, and keys and values that cannot be right."""
    for key, value in table.items():
        if isinstance(value, Secret):
            raise FrameError(
                f"{where}: {key} holds a secret, or a URL that may hold one, and this file holds none: take it "
                "out, and change it if others could read the file. A password belongs in the keyring "
                "(server.save_password()), from where it is taken by itself, or password_command prints it; a "
                "client's secret is printed by client_secret_command, or given as oauth= in the call; of a URL, "
                "write hostname, port and username"
            )
        if key not in keys:
            raise FrameError(f"{where}: there is no key {key!r}; {_nearest(key, keys)}")
        kinds = keys[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(_WORDS[each] for each in kinds)
            raise FrameError(f"{where}: {key} is {wanted}, not {_WORDS.get(type(value), 'this')}")


def _nearest(key: str, known: Iterable[str]) -> str:
    near = get_close_matches(key, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def _oauth(table: Mapping[str, Any], where: str) -> OAuth:
    """Return the sign-in that a table `oauth` describes."""
    _check(table, _OAUTH_KEYS, where)
    provider = str(table.get("provider", "")).lower()
    is_known = provider in _OAUTH_OF
    if "client_id" not in table or not (is_known or "token_url" in table):
        raise FrameError(
            f"{where}: it wants client_id, and provider, which is {' or '.join(map(repr, _OAUTH_OF))}, or the "
            "addresses of another one: token_url, and authorize_url or device_url"
        )
    for key in table.keys() - (_OAUTH_OF[provider] if is_known else _OF_OTHERS) - {"provider"}:
        raise FrameError(f"{where}: {key} is not for {provider or 'a sign-in with token_url'}")
    if not all(isinstance(each, str) for each in table.get("scopes", [])):
        raise FrameError(f"{where}: scopes is a list of texts")
    options = {key: value for key, value in table.items() if key not in {"provider", "client_secret_command"}}
    if "client_secret_command" in table:
        options["client_secret"] = password_from(table["client_secret_command"], setting="client_secret_command")
    if provider == "microsoft":
        return OAuth.microsoft(**options)
    return OAuth.google(**options) if is_known else OAuth(provider=table.get("provider", ""), **options)


# --- saving -----------------------------------------------------------------------------------------------------


def save(name: str, settings: Mapping[str, tuple[Any, Any]]) -> Path:
    """Add a server as a profile; return the file.

    Args:
        name: Of the profile.
        settings: The server's fields, each with its value and its default.

    Raises:
        FrameError: There is a profile of this name already, the file cannot be read or written, or the server has
            what a file cannot hold.
    """
    chosen = {key: settings[key] for key in _OPTIONS}
    table: dict[str, Any] = {key: value for key, (value, default) in chosen.items() if value != default}
    oauth = settings["oauth"][0]
    if oauth is not None:
        table["oauth"] = _oauth_table(oauth)
    held = [key for key in ("oauth_token_generator", "failover") if settings[key][0]]
    held += ["oauth"] if oauth is not None and not table["oauth"] else []
    if held:
        raise FrameError(
            f"this server has {held[0]}=, and a profile cannot hold it: save the server without, and give it to "
            f"Server.profile({name!r}, {held[0]}=...)"
        )
    return add_table(name, table)


def _oauth_table(oauth: OAuth) -> dict[str, Any]:
    """Describe a sign-in that `_oauth` makes again as it is; an empty table if that cannot be."""
    tenant = urlsplit(oauth.token_url).path.strip("/").partition("/")[0]
    held = ("provider", "client_id", "token_url", "authorize_url", "device_url", "redirect_host", "secret_in")
    other: dict[str, Any] = {key: getattr(oauth, key) for key in held if getattr(oauth, key)}
    tables: list[dict[str, Any]] = [
        {"provider": "google", "client_id": oauth.client_id},
        *(
            {"provider": "microsoft", "client_id": oauth.client_id, "tenant": tenant, "mailbox": mailbox}
            for mailbox in (False, True)
        ),
        {**other, "scopes": list(oauth.scopes)},
    ]
    return next((each for each in tables if _makes(each, oauth)), {})


def _makes(table: Mapping[str, Any], oauth: OAuth) -> bool:
    try:
        return _oauth(table, "") == oauth
    except FrameError:  # an app that signs in by its secret, which no table holds
        return False
