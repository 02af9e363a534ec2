"""Logs in over a connection of imaplib: by an access token, or by the first way for passwords both sides know.

The mechanisms are those of the SMTP client (smtp/wire/sasl.py); LOGIN (RFC 3501 6.2.3) is for servers that offer
none. The standard library has secrets as texts in its frames, so its exceptions end here, and what a server echoes
is struck out.
"""

from __future__ import annotations

import imaplib
from typing import TYPE_CHECKING, Final

from notebookmail.errors import MailboxError, SMTPAuthenticationError
from notebookmail.privacy.secret import Secret, without
from notebookmail.smtp.wire import sasl

from . import refusals

if TYPE_CHECKING:
    from notebookmail.smtp.wire.sasl import Mechanism

_PASSWORD_MECHANISMS: Final = ("scram-sha-256", "cram-md5", "plain")


def log_in(client: imaplib.IMAP4, host: str, username: str, credential: Secret, *, is_token: bool) -> None:
    """Log in to a mailbox by the best way that both sides know.

    Args:
        client: Connected, and under TLS where that is wanted.
        host: The server's name, for messages.
        username: Who.
        credential: The password, or an access token.
        is_token: Which of them.

    Raises:
        MailboxError: Refused, or there is no way both sides know.
        OSError: The connection was lost.
    """
    said = _harmless(_tried(client, username, credential, is_token=is_token), credential)
    if said is not None:
        raise refusals.login_refused(host, username, said, is_token=is_token)


def _harmless(said: bytes | None, credential: Secret) -> str | None:
    return None if said is None else without(said.decode("utf-8", "replace"), [credential])


def _tried(client: imaplib.IMAP4, username: str, credential: Secret, *, is_token: bool) -> bytes | None:
    """Try; return what the server said of a refusal, or None."""
    offered = {each.upper() for each in client.capabilities}
    name = "xoauth2" if is_token else next((n for n in _PASSWORD_MECHANISMS if f"AUTH={n.upper()}" in offered), "")
    if name:
        steps = sasl.xoauth2 if is_token else sasl.MECHANISMS[name]
        return _authenticated(client, name.upper(), steps(username.encode(), credential))
    if "LOGINDISABLED" in offered:
        raise MailboxError(
            "the server knows no way to log in with a password",
            "give oauth=, or TLS by security=: some offer passwords only there",
        )
    return _logged_in(client, username, credential)


def _authenticated(client: imaplib.IMAP4, name: str, steps: Mechanism) -> bytes | None:
    """Carry out a SASL exchange (RFC 3501 6.2.2)."""
    begun: list[bytes] = []  # only to know that the mechanism has begun

    def answer(challenge: bytes) -> bytes | None:
        try:
            if not begun:
                begun.append(b"")
                initial = next(steps)
                response = initial if initial is not None else steps.send(challenge)
            else:
                response = steps.send(challenge)
        except StopIteration:
            return None
        return None if response is None else response.reveal()

    lost = False
    distrust: SMTPAuthenticationError | None = None
    try:
        client.authenticate(name, answer)
    except SMTPAuthenticationError as problem:
        distrust = problem
    except imaplib.IMAP4.abort:
        lost = True
    except imaplib.IMAP4.error as problem:
        return _words_of(problem)
    except OSError:
        lost = True
    if distrust is not None:
        raise MailboxError(distrust.message)
    if lost:
        raise ConnectionError  # without the frames that saw the secret
    return None


def _logged_in(client: imaplib.IMAP4, username: str, credential: Secret) -> bytes | None:
    try:
        client.login(username, _as_text(credential))
    except imaplib.IMAP4.abort:
        pass
    except imaplib.IMAP4.error as problem:
        return _words_of(problem)
    except OSError:
        pass
    except UnicodeEncodeError:
        return b"this server takes ASCII passwords only"
    else:
        return None
    finally:
        _forget_commands(client)
    raise ConnectionError


def _as_text(credential: Secret) -> str:
    return credential.reveal().decode()


def _forget_commands(client: imaplib.IMAP4) -> None:
    """Empty the list of the last commands that imaplib keeps for its debugging: LOGIN is among them."""
    getattr(client, "_cmd_log", {}).clear()


def _words_of(problem: imaplib.IMAP4.error) -> bytes:
    said = problem.args[0] if problem.args else b""
    return said if isinstance(said, bytes) else str(said).encode()
