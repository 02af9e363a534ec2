"""The file of profiles, servers.toml: read with its secrets sealed, and added to, never changed.

A secret that stands in it is in no variable as a text once it is read: it would be shown with the error.
"""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECRETS: Final = frozenset({"password", "secret_key", "access_token", "refresh_token", "client_secret", "token"})
_COMMANDS: Final = frozenset({"password_command", "client_secret_command"})
_ADDRESSES: Final = frozenset({"token_url", "authorize_url", "device_url"})  # where tokens come from hold no login


def profiles_path() -> Path:
    """Return where the profiles stand: servers.toml in the user's configuration folder, there or not."""
    import platformdirs

    return platformdirs.user_config_path("notebookmail", appauthor=False) / "servers.toml"


def read_tables() -> dict[str, Any]:
    """Return the file's tables, with a `Secret` in the place of what is one, or may be; none if there is no file.

    Raises:
        FrameError: The file cannot be read, or is not TOML.
    """
    path = profiles_path()
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
    if not isinstance(value, str) or key in _COMMANDS:
        return value
    is_login = ":" in value.rpartition("@")[0] or ("://" in value and key not in _ADDRESSES)
    return Secret(value) if is_login else value


def add_table(name: str, table: Mapping[str, Any]) -> Path:
    """Add a table at the end of the file; what stands there is not touched. Return the file.

    Args:
        name: The table's.
        table: What it says: texts, numbers, booleans, lists of texts, and tables of those.

    Raises:
        FrameError: There is a table of this name already, or the file cannot be read or written.
    """
    path = profiles_path()
    if name in read_tables():
        raise FrameError(f"there is a profile {name!r} in {path} already: change it there, or take another name")
    text = _table_text(_quoted(name), table)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
        path.write_text(f"{before}{gap}{text}", encoding="utf-8")
    except OSError as problem:
        raise FrameError(f"{path} cannot be written ({problem.strerror}); its lines would be\n{text}") from problem
    return path


def _table_text(name: str, table: Mapping[str, Any]) -> str:
    own = [f"{key} = {_written(value)}\n" for key, value in table.items() if not isinstance(value, dict)]
    below = [_table_text(f"{name}.{key}", each) for key, each in table.items() if isinstance(each, dict)]
    return "".join([f"[{name}]\n", *own, *below])


def _written(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_written, value))}]"
    return _quoted(value) if isinstance(value, str) else str(value).lower()


def _quoted(text: str) -> str:
    """Write a basic string of TOML, which is one of JSON but for DEL (toml.io, v1.0.0, String)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
