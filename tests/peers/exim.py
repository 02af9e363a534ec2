"""Exim, with a private configuration and queue.

Announces SIZE 8BITMIME DSN PIPELINING AUTH CHUNKING STARTTLS SMTPUTF8; logs in by PLAIN, LOGIN and CRAM-MD5.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .peer import HOST, NO_RECIPIENT, NO_SENDER, PASSWORD, USERNAME, Arrival, Peer, Setup
from .process import two_free_ports
from .store import make_store, read_store
from .unpacked import INSIDE, STORE_USER, find_package, make_folder, prepare, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Percent signs mark what is filled in: Exim's own language is full of braces. No DNS, no ident; deliveries as the
# daemon's own user, since with -C it may not change to another; every message delivered at once.
_CONFIGURATION = """
exim_user = %(user)s
exim_group = nogroup
keep_environment =
primary_hostname = localhost.test
spool_directory = %(inside)s/queue
log_file_path = %(inside)s/queue/%%slog
local_interfaces = 127.0.0.1
disable_ipv6
daemon_smtp_ports = %(port)d : %(tls_port)d
tls_on_connect_ports = %(tls_port)d
tls_advertise_hosts = %(tls)s
tls_certificate = %(inside)s/chain.pem
tls_privatekey = %(inside)s/key.pem
chunking_advertise_hosts = %(chunking)s
pipelining_advertise_hosts = %(pipelining)s
smtputf8_advertise_hosts = %(smtputf8)s
dsn_advertise_hosts = *
message_size_limit = %(size)d
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
host_lookup =
deliver_drop_privilege
smtp_accept_queue_per_connection = 0

begin acl
mail:
  drop senders = dropped@example.net
       message = %(no_sender)s
  deny senders = %(senders)s
       message = %(no_sender)s
  accept
rcpt:
  drop recipients = dropped@example.net
       message = %(no_recipient)s
  deny recipients = %(recipients)s
       message = %(no_recipient)s
  accept

begin routers
gone:
  driver = redirect
  domains = %(bounce_domain)s
  allow_fail
  data = :fail: no such user here
store:
  driver = accept
  transport = store

begin transports
store:
  driver = appendfile
  file = %(inside)s/store/$message_exim_id
  batch_max = 1000
  use_bsmtp
  use_crlf

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${if and{{eq{$auth2}{%(username)s}}{eq{$auth3}{%(password)s}}}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{%(username)s}}{eq{$auth2}{%(password)s}}}}
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{%(username)s}{%(password)s}fail}
"""


@contextmanager
def exim(folder: Path, setup: Setup) -> Iterator[Peer]:
    """Run Exim, from the unpacked package exim4-daemon-light or as installed.

    Args:
        folder: An empty folder for its configuration, queue and store.
        setup: All of it is followed; of `hide`, chunking, pipelining and smtputf8.

    Raises:
        PeerMissing: If Exim is not installed, or cannot be run here.
    """
    package = find_package("exim4-daemon-light", "/usr/sbin/exim4")
    port, tls_port = two_free_ports()
    prepare(folder, setup, "Debian-exim")
    make_store(folder)
    make_folder(folder / "queue")
    words = {
        "inside": INSIDE,
        "user": STORE_USER,
        "port": port,
        "tls_port": tls_port,
        "tls": "*" if setup.certificate else "",
        "size": setup.size,
        "username": USERNAME,
        "password": PASSWORD,
        "bounce_domain": setup.bounce_domain or "nobody.invalid",
        "no_recipient": NO_RECIPIENT,
        "no_sender": NO_SENDER,
        "recipients": " : ".join(setup.refuse),
        "senders": " : ".join(setup.refuse_senders or ("none@invalid",)),  # an empty item is the empty sender
        **{name: "" if name in setup.hide else "*" for name in ("chunking", "pipelining", "smtputf8")},
    }
    (folder / "exim.conf").write_text(_CONFIGURATION % words)
    with running(package, folder, ["/usr/sbin/exim4", "-C", f"{INSIDE}/exim.conf", "-bdf"], port):
        yield Peer(
            f"Exim ({package or 'installed'})",
            HOST,
            port,
            lambda: read_store(folder, ["queue/input"], _parse_batch),
            tls_port if setup.certificate else None,
        )


def _parse_batch(batch: bytes) -> Arrival:
    """Read a file of batched SMTP (RFC 2442): the commands of one transaction, and the content with its dots."""
    envelope, _, content = batch.partition(b"\r\nDATA\r\n")
    sender, *recipients = re.findall(r"<(.*)>", envelope.decode())
    return Arrival(sender, tuple(recipients), re.sub(rb"(?m)^\.", b"", content.removesuffix(b".\r\n")))
