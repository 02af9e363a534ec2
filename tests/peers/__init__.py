"""Other projects' SMTP servers on loopback: what this client is tested and measured against.

Each server is a context manager, so that tests (through the fixtures of conftest.py) and benchmarks share it.
It yields a `Peer`, which says where the server listens and reads back what arrived. Where a server is not
installed, or may not be run here, `PeerMissing` is raised: for pytest that is a skip with its reason, and a
benchmark can catch it.

Servers listen on 127.0.0.1 only, store or discard, and relay nothing further. Nothing here installs anything:
Debian's packages are unpacked (`dpkg-deb -x`) into the folder NOTEBOOKMAIL_PEERS, each into a folder of its name,
and npm's packages are in the folder NOTEBOOKMAIL_NODE_MODULES; .ci/run does both.
"""

from .clients import nodemailer, smtp_source
from .collector import collector
from .dovecot import access_token, dovecot
from .dovecot_imap import IMAPPeer, dovecot_imap
from .exim import exim
from .node import maildev, smtp_server
from .opensmtpd import opensmtpd
from .peer import PASSWORD, USERNAME, Arrival, Peer, PeerMissing, Setup
from .postfix import postfix
from .sink import smtp_sink

__all__ = [
    "PASSWORD",
    "USERNAME",
    "Arrival",
    "IMAPPeer",
    "Peer",
    "PeerMissing",
    "Setup",
    "access_token",
    "collector",
    "dovecot",
    "dovecot_imap",
    "exim",
    "maildev",
    "nodemailer",
    "opensmtpd",
    "postfix",
    "smtp_server",
    "smtp_sink",
    "smtp_source",
]
