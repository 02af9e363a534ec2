"""Passwords that are not given: from the keyring, a command, the environment, else from whoever sits there.

Looked up in that order when first needed, and then kept in this process's memory alone, once for each account.
Never asked for where nobody answers (cron, nbclient, papermill): a run that waits for a password waits for ever.
Never a widget: a widget's state holds what was typed, and is saved with the notebook. The keyring is written to by
`save` alone, which its owner calls.
"""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret
from notebookmail.view.frontend import is_notebook

from . import stored_secrets
from .password_command import password_from
from .presets import password_question
from .stored_secrets import NoKeyringError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .password_command import Command

SERVICE: Final = "notebookmail:"
"""What a keyring's service begins with; the server's host name follows, in lower case."""

PASSWORD_VARIABLE: Final = "NOTEBOOKMAIL_PASSWORD"  # noqa: S105 -- a name
_URL_VARIABLE: Final = "NOTEBOOKMAIL_URL"

_Account = tuple[str, str]
_known: dict[_Account, Secret] = {}
_refused: dict[_Account, Secret] = {}
_typed: set[_Account] = set()  # whose saving was not offered yet


def service_of(hostname: str) -> str:
    """Name the service under which a keyring holds the password for a host."""
    return f"{SERVICE}{hostname.lower()}"


def look_up(hostname: str, username: str, command: Command | None = None) -> Secret:
    """Return the password of an account: the one known here, else that of the first source that has one.

    Args:
        hostname: The server's name.
        username: Who logs in.
        command: A program that prints the password.

    Raises:
        FrameError: There is none, and nobody to ask; the message says how to give it.
    """
    account = hostname.lower(), username
    if account not in _known:
        why_not: list[str] = []
        for found, why in _sources(account, command):
            if found is not None and found != _refused.get(account):
                _known[account] = found
                break
            why_not.append(why if found is None else why.replace("has none", "has the one that was refused"))
        else:
            _known[account] = _asked_for(*account, ", ".join(why_not))
            _typed.add(account)
    return _known[account]


def _sources(account: _Account, command: Command | None) -> Iterator[tuple[Secret | None, str]]:
    """Go through the places where a password can be; the second value says why there is none."""
    yield _from_keyring(account)
    if command is not None:
        yield password_from(command), "password_command has none"
    yield _from_environment(account[0]), f"the environment variable {PASSWORD_VARIABLE} has none"


def forget(hostname: str, username: str) -> None:
    """Forget a password that the server refused, so that the next run asks again.

    That of the keyring, the command or the environment is not taken again as long as it is the same.
    """
    account = hostname.lower(), username
    _typed.discard(account)
    if account in _known:
        _refused[account] = _known.pop(account)


def save(hostname: str, username: str, password: Secret | None) -> None:
    """Keep a password in the system's keyring: the one given, else the one known here, else one that is asked for.

    Raises:
        FrameError: There is no keyring, or no password.
    """
    account = hostname.lower(), username
    secret = password or _known.get(account) or _asked_for(*account, "it is to be saved")
    try:
        stored_secrets.write(service_of(hostname), username, secret)
    except NoKeyringError as problem:
        raise FrameError(f"the password was not saved: {problem}; it is written nowhere else") from None
    _known[account] = secret
    _refused.pop(account, None)
    _typed.discard(account)


def delete_saved(hostname: str, username: str) -> None:
    """Forget a password, in the keyring too."""
    account = hostname.lower(), username
    _known.pop(account, None)
    _typed.discard(account)
    try:
        stored_secrets.delete(service_of(hostname), username)
    except NoKeyringError:
        return  # then nothing is there


def is_offered(hostname: str, username: str) -> bool:
    """Tell, once, whether a password was typed in that a keyring could keep."""
    account = hostname.lower(), username
    if account not in _typed:
        return False
    _typed.discard(account)
    try:
        stored_secrets.read(service_of(hostname), username)
    except NoKeyringError:
        return False
    return True


def _from_keyring(account: _Account) -> tuple[Secret | None, str]:
    """Read the keyring, where there is one."""
    try:
        return stored_secrets.read(service_of(account[0]), account[1]), "the keyring has none"
    except NoKeyringError as problem:
        return None, str(problem)


def _from_environment(hostname: str) -> Secret | None:
    """Read the variable; where a URL is beside it, the password is for that URL's host and no other."""
    url = Secret(os.environ.get(_URL_VARIABLE, ""))
    if url and url.map(_host_in) != hostname:
        return None
    return Secret.of(os.environ.get(PASSWORD_VARIABLE)) or None


def _host_in(url: bytes) -> bytes:
    try:
        return (urlsplit(url.decode()).hostname or "").encode()
    except ValueError:
        return b""


def _asked_for(hostname: str, username: str, why_not: str) -> Secret:
    try:
        password = ask(password_question(hostname, username))
    except NobodyToAskError:
        raise _missing(hostname, username, why_not) from None
    if not password:
        raise FrameError(f"no password was given for {username} at {hostname}; nothing was sent")
    return password


class NobodyToAskError(Exception):
    """No front end and no terminal can be asked for input."""


def ask(question: str) -> Secret:
    """Ask somebody without showing what they type.

    Raises:
        NobodyToAskError: Nobody would answer.
    """
    prompt = _prompt()
    if prompt is not None:
        try:
            return Secret(prompt(question))
        except (NotImplementedError, EOFError):
            pass  # IPython's StdinNotImplementedError: nbclient, papermill, a script's end
    raise NobodyToAskError


def _prompt() -> Callable[[str], str] | None:
    """Find a way to ask; None where nobody would answer.

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
        f"there is no password for {username} at {hostname}, and nobody to ask: {why_not}. Give password= or "
        f"password_command=, set {PASSWORD_VARIABLE}, or store it once, where somebody can be asked, by "
        "server.save_password()"
    )
