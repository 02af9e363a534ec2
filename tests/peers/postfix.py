"""Postfix: its server smtpd and all that is behind it, with a private configuration and queue.

Announces PIPELINING SIZE STARTTLS ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING. AUTH would take another
server to ask (Dovecot, Cyrus), so it is left to the peers that have it themselves.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from .peer import HOST, NO_RECIPIENT, NO_SENDER, Peer, Setup
from .process import two_free_ports
from .store import STORE, make_store, read_store
from .unpacked import INSIDE, STORE_USER, find_package, make_folder, prepare, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_QUEUE = ("maildrop", "incoming", "active", "deferred")
_FURTHER_FOLDERS = ("bounce", "corrupt", "defer", "flush", "hold", "private", "public", "saved", "trace")

# No DNS, no rewriting of what comes from here; a sender refused where it is named, UTF-8 only if announced. What
# will bounce is taken first: otherwise smtpd would refuse it itself.
_MAIN = """
compatibility_level = 3.6
queue_directory = {inside}/queue
data_directory = {inside}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
meta_directory = {inside}
maillog_file = /dev/stdout
mail_owner = postfix
setgid_group = postdrop
default_privs = {user}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost.test
mydestination =
mynetworks = 127.0.0.1
local_header_rewrite_clients =
alias_maps =
local_recipient_maps =
default_transport = store
transport_maps = inline:{{ {{ {bounce_domain} = error:5.1.1 no such user here }} }}
smtpd_reject_unlisted_recipient = no
store_destination_recipient_limit = 1000
smtpd_peername_lookup = no
smtpd_delay_reject = no
smtpd_sender_restrictions = check_sender_access inline:{{ {senders} }}
smtpd_recipient_restrictions = check_recipient_access inline:{{ {recipients} }}, permit_mynetworks, reject
smtpd_tls_security_level = {tls}
smtpd_tls_chain_files = {chain_files}
smtpd_discard_ehlo_keywords = {hidden}
message_size_limit = {size}
strict_smtputf8 = yes
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
store unix - n n - 4 pipe user={user} null_sender= argv={store} ${{sender}} ${{recipient}}
"""


@contextmanager
def postfix(folder: Path, setup: Setup) -> Iterator[Peer]:
    """Run Postfix, from the unpacked package postfix or as installed.

    Args:
        folder: An empty folder for its configuration, queue and store.
        setup: All of it is followed.

    Raises:
        PeerMissing: If Postfix is not installed, or cannot be run here.
    """
    package = find_package("postfix", "/usr/lib/postfix/sbin/master")
    port, tls_port = two_free_ports()
    uids = prepare(folder, setup, "postfix", "postdrop")
    make_store(folder)
    _make_queue(folder, uids["postfix"])
    words = {
        "inside": INSIDE,
        "store": STORE,
        "user": STORE_USER,
        "port": port,
        "tls_port": tls_port,
        "size": setup.size,
        "hidden": ", ".join(setup.hide),
        "tls": "may" if setup.certificate else "none",
        "chain_files": f"{INSIDE}/key.pem, {INSIDE}/chain.pem" if setup.certificate else "",
        "bounce_domain": setup.bounce_domain or "nobody.invalid",
        "recipients": _access(setup.refuse, NO_RECIPIENT),
        "senders": _access(setup.refuse_senders, NO_SENDER),
    }
    (folder / "main.cf").write_text(_MAIN.format(**words))
    (folder / "master.cf").write_text(_MASTER.format(**words))
    with running(package, folder, ["/usr/lib/postfix/sbin/master", "-d", "-c", INSIDE], port):
        yield Peer(
            f"Postfix ({package or 'installed'})",
            HOST,
            port,
            lambda: read_store(folder, [f"queue/{name}" for name in _QUEUE]),
            tls_port if setup.certificate else None,
        )


def _make_queue(folder: Path, uid: int) -> None:
    """Make the queue as Postfix's own installation does."""
    make_folder(folder / "data", uid)
    make_folder(folder / "queue", 0)
    make_folder(folder / "queue" / "pid", 0)
    for name in (*_QUEUE, *_FURTHER_FOLDERS):
        make_folder(folder / "queue" / name, uid)


def _access(addresses: tuple[str, ...], reply: str) -> str:
    """Write a lookup table; Postfix takes none that is empty."""
    return ", ".join(f"{{ {address} = {reply} }}" for address in addresses or ("none@invalid",))
