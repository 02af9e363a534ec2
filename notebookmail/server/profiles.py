"""Servers by name, from servers.toml in the user's configuration folder. The file holds no secret.

Each table is one server: `preset`, `address` or `hostname` says which, and the other keys are what Server(...)
takes. It is written by hand, or a table at a time by `save_profile`; what stands there is never changed by us. A
secret is refused, and on its way there it is in no variable as a text: it would be shown with the error.
"""

from __future__ import annotations

import json
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret

from .discovery import find_settings
from .presets import preset_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


OPTIONS: Final[Mapping[str, tuple[type, ...]]] = {
    "hostname": (str,),
    "port": (int,),
    "username": (str,),
    "security": (str,),
    "timeout": (int, float),
    "max_connections": (int,),
    "messages_per_connection": (int,),
    "rate": (int, float, str),
    "daily_quota": (int,),
    "pipelining": (bool,),
    "chunking": (bool,),
}
"""What a profile may say of a Server, and as what."""

_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "preset": (str,),
    "region": (str,),
    "address": (str,),
    "failover": (list,),
    **OPTIONS,
}
_WHICH: Final = ("preset", "address", "hostname")
_SECRETS: Final = frozenset({"password", "secret_key", "access_token", "refresh_token", "client_secret", "token"})


def profiles_path() -> Path:
    """Return where the profiles stand: servers.toml in the user's configuration folder, there or not."""
    import platformdirs

    return platformdirs.user_config_path("notebookmail", appauthor=False) / "servers.toml"


def read_profile(name: str) -> dict[str, Any]:
    """Return one profile's table as it stands, checked.

    Raises:
        FrameError: There is no such profile, or the file or the table cannot be used; the message says where.
    """
    path = profiles_path()
    profiles = _read(path)
    if name not in profiles:
        near = get_close_matches(name, profiles, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        there = (
            f"{path} has: {', '.join(profiles)}"
            if profiles
            else f"{path} has none yet: write one, as in\n{EXAMPLE}"
        )
        raise FrameError(f"there is no profile {name!r}; {hint}{there}")
    table = profiles[name]
    where = f"{path}, [{name}]"
    if not isinstance(table, dict):
        raise FrameError(f"{path}: {name} is no table; a profile is [{name}] on a line of its own, its keys below")
    _check(table, where)
    return table


def profile_settings(name: str, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments of the Server that a profile describes, and the profiles it falls back on.

    Args:
        name: The profile.
        options: The caller's own arguments, which come first.

    Raises:
        FrameError: There is no such profile, or it cannot be used.
    """
    table = read_profile(name)
    failover = [] if "failover" in options else table.pop("failover", [])
    wanted = {"preset": table.pop("preset", None), "address": table.pop("address", None)}
    region, given = table.pop("region", None), {**table, **options}
    if wanted["preset"] is not None:
        return preset_settings(wanted["preset"], region, given), failover
    if wanted["address"] is not None:
        return find_settings(wanted["address"], None, given), failover
    return given, failover


def save(name: str, settings: Mapping[str, tuple[Any, Any]]) -> Path:
    """Add a server as a profile; return the file.

    Args:
        name: Of the profile.
        settings: The server's fields, each with its value and its default.

    Raises:
        FrameError: As `write_profile`; or the server has what a file cannot hold.
    """
    held = [
        each for each in ("oauth", "oauth_token_generator", "password_command", "failover") if settings[each][0]
    ]
    if held:
        raise FrameError(
            f"this server has {held[0]}=, and a profile cannot hold it: save the server without, and give it to "
            f"Server.profile({name!r}, {held[0]}=...)"
        )
    chosen = {each: settings[each] for each in OPTIONS}
    return write_profile(name, {each: value for each, (value, default) in chosen.items() if value != default})


EXAMPLE: Final = '[work]\npreset = "gmail"\nusername = "me@gmail.com"'


def _read(path: Path) -> dict[str, Any]:
    """Return the file's tables, with secrets for what may be one."""
    found = _parsed(path)
    if isinstance(found, str):
        raise FrameError(f"{path} {found}")
    return found


def _parsed(path: Path) -> dict[str, Any] | str:
    """Return the file's tables, or why there are none. Nothing is raised here, where the file is a text."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    except ValueError as problem:  # not TOML, or not UTF-8
        return f"is not TOML: {problem}"
    return {name: _sealed(value) for name, value in tables.items()}


def _sealed(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _sealed(each, name) for name, each in value.items()}
    if key.lower().replace("-", "_") in _SECRETS:
        return Secret(str(value))
    is_login = isinstance(value, str) and ("://" in value or ":" in value.rpartition("@")[0])
    return Secret(value) if is_login else value


def _check(table: Mapping[str, Any], where: str) -> None:
    for key, value in table.items():
        _refuse_secret(key, value, where)
        if key not in _KEYS:
            raise FrameError(f"{where}: there is no key {key!r}; {_nearest(key, _KEYS)}")
        kinds = _KEYS[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join(_WORDS[each] for each in kinds)
            raise FrameError(f"{where}: {key} is {wanted}, not {_WORDS.get(type(value), 'this')}")
    which = [each for each in _WHICH if each in table]
    if len(which) != 1:
        problem = f"says {' and '.join(which)}" if which else "names no server"
        raise FrameError(f"{where}: it {problem}; one of {', '.join(_WHICH)} says which server it is")


_WORDS: Final[Mapping[type, str]] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def _refuse_secret(key: str, value: object, where: str) -> None:
    """Refuse what no file may hold; the message says nothing of it."""
    if isinstance(value, Secret):
        raise FrameError(
            f"{where}: {key} holds a secret, or a URL that may hold one, and this file holds none: take it out, "
            "and change it if others could read the file. A password belongs in the keyring, from where it is "
            "taken by itself, or it is asked for; of a URL, write hostname, port and username"
        )


def _nearest(key: str, known: Iterable[str]) -> str:
    near = get_close_matches(key, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def write_profile(name: str, options: Mapping[str, Any]) -> Path:
    """Add a profile at the end of the file; what stands there is not touched.

    Args:
        name: Of the new profile.
        options: What it says; texts, numbers and booleans.

    Returns:
        The file.

    Raises:
        FrameError: There is a profile of this name already, or the file cannot be read or written.
    """
    path = profiles_path()
    if name in _read(path):
        raise FrameError(f"there is a profile {name!r} in {path} already: change it there, or take another name")
    lines = [f"[{_quoted(name)}]", *(f"{key} = {_written(value)}" for key, value in options.items())]
    text = "\n".join(lines) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        path.write_text(f"{before}{gap}{text}", encoding="utf-8")
    except OSError as problem:
        raise FrameError(f"{path} cannot be written ({problem.strerror}); its lines would be\n{text}") from problem
    return path


def _quoted(text: str) -> str:
    """Write a basic string of TOML, which is one of JSON but for DEL (toml.io, v1.0.0, String)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _written(value: str | float | bool) -> str:
    return _quoted(value) if isinstance(value, str) else str(value).lower()
