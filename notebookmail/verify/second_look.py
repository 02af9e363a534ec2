"""A second connection, where the first one left open what is there: it trusts anybody, and tells nobody anything.

No credentials and no mail go out on it. It reads the certificate that was not trusted, and finds out who answers
where no greeting came.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notebookmail.delivery import session_faults
from notebookmail.delivery.session_faults import first_words_of
from notebookmail.errors import SMTPException
from notebookmail.smtp.connection import Connection
from notebookmail.smtp.handshake import hello, local_name, secure

from .reachability import reach
from .step_result import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.delivery.explanation import Explanation
    from notebookmail.smtp.happy_eyeballs import Address
    from notebookmail.smtp.options import ConnectionOptions

_PATIENCE_SECONDS: Final = 3.0
"""How long a server may take that is spoken to out of turn."""

_TO_WHOEVER_IT_IS: Final = b"EHLO notebookmail HTTP/1.0\r\n\r\n"
"""Words that a web server answers, too."""

_OCTETS: Final = 512


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a connection without trust saw.

    Attributes:
        version: Of TLS; "" where none came about.
        cipher: Its cipher, or "".
        certificate: The server's, in DER.
        greeting: The server's first words, or "".
    """

    version: str = ""
    cipher: str = ""
    certificate: bytes | None = None
    greeting: str = ""


async def look_without_trust(
    addresses: Sequence[Address], options: ConnectionOptions, patience: float
) -> SecondLook:
    """Open a connection under TLS that trusts any certificate, and read it.

    Args:
        addresses: Where the server is.
        options: How a run reaches it; its credentials stay here.
        patience: Seconds for each part.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = Connection()
    made = None
    try:
        made, _ = await reach(addresses, options.effective_port, patience)
        options = options.changed(
            {"sock": made, "port": None, "tls_context": context, "client_cert": None, "client_key": None,
             "cert_bundle": None, "username": None, "password": None, "oauth_token_generator": None}
        )  # fmt: skip
        await connection.stream.open(options)
        if not options.use_tls:
            await connection.hear_greeting(options)
            await hello(connection, local_name(connection.stream), patience)
            await secure(connection, options)
        look = seen_tls(connection)
        if options.use_tls:
            with contextlib.suppress(SMTPException):
                await connection.hear_greeting(options)
        return SecondLook(look.version, look.cipher, look.certificate, connection.greeting.message)
    except (SMTPException, Failure):
        return SecondLook()
    finally:
        if connection.stream.is_open:
            connection.stream.abort()
        elif made is not None:
            made.close()


def seen_tls(connection: Connection) -> SecondLook:
    """Read what TLS agreed on.

    Raises:
        SMTPException: The connection is gone.
    """
    if not connection.stream.is_open:
        raise connection.stream.lost()
    seen: ssl.SSLObject = connection.stream.info("ssl_object")
    cipher = seen.cipher()
    return SecondLook(seen.version() or "", cipher[0] if cipher else "", seen.getpeercert(binary_form=True))


async def who_answers(
    addresses: Sequence[Address], options: ConnectionOptions, patience: float
) -> tuple[Explanation | None, str]:
    """Find out who is there, where no SMTP server greeted; the second value is what it said, in words.

    Args:
        addresses: Where the server is.
        options: How a run reaches it.
        patience: Seconds for each part.
    """
    patience = min(patience, _PATIENCE_SECONDS)
    if not options.use_tls:
        under_tls = options.changed({"use_tls": True, "start_tls": None, "timeout": patience})
        look = await look_without_trust(addresses, under_tls, patience)
        if look.version:
            return session_faults.SILENT, f"spoken to in TLS, it answers: {look.greeting or look.version}"
    words = await _first_words(addresses, options.effective_port, patience)
    meaning = first_words_of(words)
    return meaning, f"spoken to first, it answers: {words}" if words else ""


async def _first_words(addresses: Sequence[Address], port: int, patience: float) -> str:
    """Speak first, in clear, and return the first line of the answer, or ""."""
    loop = asyncio.get_running_loop()
    try:
        made, _ = await reach(addresses, port, patience)
    except Failure:
        return ""
    with made:
        try:
            async with asyncio.timeout(patience):
                await loop.sock_sendall(made, _TO_WHOEVER_IT_IS)
                octets = await loop.sock_recv(made, _OCTETS)
        except (OSError, TimeoutError):
            return ""
    return octets.decode("ascii", "replace").partition("\n")[0].strip()
