"""OpenSMTPD, with a private configuration and queue.

Announces 8BITMIME ENHANCEDSTATUSCODES SIZE DSN and, with a certificate, STARTTLS; never PIPELINING, and it hangs
up on a client that pipelines all the same. Debian 12 has version 6.8, whose TLS fails in every handshake with
OpenSSL 3 (OpenSMTPD's issue 1171); as AUTH takes TLS there, it has none. Takes 100 messages on a connection.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .peer import HOST, Peer, Setup
from .process import free_port
from .store import STORE, make_store, read_store
from .unpacked import INSIDE, find_package, prepare, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_QUEUE = ("var/spool/smtpd/incoming", "var/spool/smtpd/queue")

_CONFIGURATION = """
{keys}
smtp max-message-size "{size}"
table unknown {{ {recipients} }}
table banned {{ {senders} }}
listen on 127.0.0.1 port {port} {tls} hostname localhost.test
action store mda "{store} '%{{sender}}' '%{{rcpt}}'" virtual {{ "@" = store }} \
    userbase {{ store = "65534:65534:{inside}/store" }}
match from any mail-from <banned> for any reject
match from any for any rcpt-to <unknown> reject
match from any for any action store
"""

_KEYS = """
pki test cert "{inside}/chain.pem"
pki test key "{inside}/key.pem"
"""


@contextmanager
def opensmtpd(folder: Path, setup: Setup) -> Iterator[Peer]:
    """Run OpenSMTPD, from the unpacked package opensmtpd or as installed.

    Args:
        folder: An empty folder for its configuration, queue and store.
        setup: All but `hide` is followed; a sender is refused at RCPT.

    Raises:
        PeerMissing: If OpenSMTPD is not installed, or cannot be run here.
    """
    package = find_package("opensmtpd", "/usr/sbin/smtpd")
    port = free_port()
    prepare(folder, setup, "opensmtpd", "opensmtpq")
    make_store(folder)
    (folder / "var/spool").mkdir(parents=True)
    (folder / "var/lib/opensmtpd/empty").mkdir(parents=True)
    (folder / "var/run").symlink_to("/run")
    if setup.certificate:
        (folder / "key.pem").chmod(0o600)
    configuration = _CONFIGURATION.format(
        inside=INSIDE,
        store=STORE,
        port=port,
        size=setup.size,
        keys=_KEYS.format(inside=INSIDE) if setup.certificate else "",
        tls="tls pki test" if setup.certificate else "",
        recipients=", ".join(setup.refuse or ("none@invalid",)),
        senders=", ".join(setup.refuse_senders or ("none@invalid",)),
    )
    (folder / "smtpd.conf").write_text(configuration)
    (folder / "smtpd.conf").chmod(0o600)
    with running(package, folder, ["/usr/sbin/smtpd", "-d", "-f", f"{INSIDE}/smtpd.conf"], port):
        yield Peer(f"OpenSMTPD ({package or 'installed'})", HOST, port, lambda: read_store(folder, _QUEUE))
