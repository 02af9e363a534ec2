"""How a connection to a mailbox comes about, and how it is cut: imap-tools on TLS that is never given up."""

from __future__ import annotations

import contextlib
import imaplib
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from notebookmail.errors import FrameError, MailboxError
from notebookmail.smtp.options import ConnectionOptions

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from imap_tools import BaseMailBox

    from notebookmail.privacy.secret import Secret


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How to get at a mailbox.

    Attributes:
        hostname: The server.
        port: Its port.
        security: From the first byte, by STARTTLS, or none at all.
        username: Who logs in.
        password: The password; None where there is a token.
        token: Makes access tokens.
        timeout: Seconds for connecting and for each answer.
        cert_bundle: Path of the authorities to trust instead of the system's.
    """

    hostname: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: Secret | None = field(default=None, repr=False)
    token: Callable[[], Awaitable[Any]] | None = field(default=None, repr=False)
    timeout: float = 60.0
    cert_bundle: str | None = None

    @property
    def where(self) -> str:
        """The server, for people."""
        return f"{self.hostname}:{self.port}"


def require_library() -> None:
    """See that imap-tools is there.

    Raises:
        FrameError: It is not installed.
    """
    try:
        import imap_tools  # noqa: F401 -- only whether it is there
    except ImportError as missing:
        raise FrameError('a mailbox is read by imap-tools: pip install "notebookmail[mailbox]"') from missing


def connected(settings: SessionSettings) -> BaseMailBox:
    """Connect, and turn on TLS where it is wanted; waits, so it is called on a thread of its own.

    Raises:
        OSError, imaplib.IMAP4.error: It does not come about.
        MailboxError: The server offers no STARTTLS.
    """
    from imap_tools import MailBox, MailBoxUnencrypted

    place = (settings.hostname, settings.port, settings.timeout)
    if settings.security == "tls":
        return MailBox(*place, ssl_context=_tls_context(settings))
    box = MailBoxUnencrypted(*place)
    if settings.security == "starttls":
        try:
            _start_tls(box, settings)
        except BaseException:
            close_quietly(box)
            raise
    return box


def _start_tls(box: BaseMailBox, settings: SessionSettings) -> None:
    if "STARTTLS" not in box.client.capabilities:
        raise MailboxError(
            f"{settings.where} offers no STARTTLS; nothing is sent in clear", 'try security="tls" on port 993'
        )
    box.client.starttls(_tls_context(settings))


def _tls_context(settings: SessionSettings) -> ssl.SSLContext:
    return ConnectionOptions(hostname=settings.hostname, cert_bundle=settings.cert_bundle).ssl_context


def shut(box: BaseMailBox) -> None:
    """Shut a connection down below its TLS, which another thread may be using."""
    sock = box.client.sock
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def close_quietly(box: BaseMailBox) -> None:
    """Close what a connection was made of, whatever is left of it."""
    with contextlib.suppress(OSError, imaplib.IMAP4.error):
        box.client.shutdown()
