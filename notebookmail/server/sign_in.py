"""Passwords that are not written down: from the system's keyring, else from whoever sits there.

Looked up when first needed and then kept in this process's memory alone, once for each account. Never asked for
where nobody answers (cron, nbclient, papermill): a run that waits for a password waits for ever. Never a widget: a
widget's state holds what was typed, and is saved with the notebook. Nothing here writes a password anywhere:
`keyring.set_password("notebookmail:smtp.example.org", "me", getpass.getpass())` does, if its owner wants that.
"""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Final

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret
from notebookmail.view.frontend import is_notebook

from .presets import password_question

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE: Final = "notebookmail:"
"""What a keyring's service begins with; the server's host name follows, in lower case."""

_Account = tuple[str, str]
_known: dict[_Account, Secret] = {}
_refused: dict[_Account, Secret] = {}


def service_of(hostname: str) -> str:
    """Name the service under which a keyring holds the password for a host."""
    return f"{SERVICE}{hostname.lower()}"


def look_up(hostname: str, username: str) -> Secret:
    """Return the password of an account: the one known here, else the keyring's, else what is typed in.

    Args:
        hostname: The server's name.
        username: Who logs in.

    Raises:
        FrameError: There is none, and nobody to ask; the message says how to give it.
    """
    account = hostname.lower(), username
    if account not in _known:
        stored, why_not = _from_keyring(*account)
        if stored is not None and stored == _refused.get(account):
            stored, why_not = None, "the server refused the one in the keyring"
        _known[account] = stored or _asked_for(*account, why_not)
    return _known[account]


def forget(hostname: str, username: str) -> None:
    """Forget a password that the server refused, so that the next run asks again.

    The keyring's is not taken again as long as it is the same.
    """
    account = hostname.lower(), username
    if account in _known:
        _refused[account] = _known.pop(account)


def _from_keyring(hostname: str, username: str) -> tuple[Secret | None, str]:
    """Read the keyring, where there is one; the second value says why there is no password."""
    try:
        import keyring
    except ImportError:
        return None, "keyring is not installed"
    try:
        password = Secret.of(keyring.get_password(service_of(hostname), username))
    except Exception as problem:  # noqa: BLE001 -- backends raise what their systems do; none is worth a run
        return None, f"the keyring cannot be read ({type(problem).__name__})"
    return (password, "") if password else (None, "the keyring has none")


def _asked_for(hostname: str, username: str, why_not: str) -> Secret:
    ask = _prompt()
    if ask is None:
        raise _missing(hostname, username, why_not)
    try:
        password = Secret(ask(password_question(hostname, username)))
    except (
        NotImplementedError,
        EOFError,
    ):  # IPython's StdinNotImplementedError: nbclient, papermill, a script's end
        raise _missing(hostname, username, why_not) from None
    if not password:
        raise FrameError(f"no password was given for {username} at {hostname}; nothing was sent")
    return password


def _prompt() -> Callable[[str], str] | None:
    """Find a way to ask somebody without showing what they type; None where nobody would answer.

    A kernel says itself whether its front end can be asked; getpass alone would then read a terminal that the
    kernel was started from.
    """
    if is_notebook():
        kernel = sys.modules["IPython"].get_ipython().kernel
        own: Callable[[str], str] | None = getattr(kernel, "getpass", None)
        return own or getpass.getpass
    return getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None


def _missing(hostname: str, username: str, why_not: str) -> FrameError:
    return FrameError(
        f"there is no password for {username} at {hostname}, and nobody to ask: {why_not}. Give password=, or "
        f"store it once by keyring.set_password({service_of(hostname)!r}, {username!r}, getpass.getpass())"
    )
