"""What every peer looks like to a test, whichever server it is, and what a test may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "127.0.0.1"
USERNAME, PASSWORD = "ann", "secret"
"""Who may log in where AUTH is offered."""

NO_RECIPIENT = "550 5.1.1 No such user here"
NO_SENDER = "550 5.7.1 Not from you"

PeerMissing = pytest.skip.Exception


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message as the server got it: the envelope, and the content with CRLF and without dot-stuffing."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server.

    Attributes:
        name: The server and how it was found, for a benchmark's heading.
        host: Always 127.0.0.1.
        port: The port it accepts connections on.
        arrivals: Reads back the messages accepted so far, in no promised order; a server that delivers later is
            waited for. Headers that the server wrote before a message are part of its content.
        tls_port: A second port, with TLS from the first byte, where there is one.
    """

    name: str
    host: str
    port: int
    arrivals: Callable[[], list[Arrival]]
    tls_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a server is to behave; each server's own words say which of these it knows.

    Attributes:
        certificate: PEM files of a certificate chain and its key, for STARTTLS and the second port.
        refuse: Recipients refused with 550.
        bounce_domain: A domain whose recipients are taken, and then bounce (Exim, Postfix).
        refuse_senders: Senders refused with 550.
        size: The largest message, in octets.
        hide: Extensions that EHLO is not to show, such as "chunking".
    """

    certificate: tuple[Path, Path] | None = None
    refuse: tuple[str, ...] = ()
    bounce_domain: str = ""
    refuse_senders: tuple[str, ...] = ()
    size: int = 20_000_000
    hide: tuple[str, ...] = ()
