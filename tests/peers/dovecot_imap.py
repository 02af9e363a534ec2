"""Dovecot's IMAP server: mailboxes for whoever logs in with the password, each with the folders RFC 6154 knows.

Users are logged in by PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, or by XOAUTH2 with an access token of
dovecot.access_token. Their mail lies in maildirs that a test may write into.
"""

from __future__ import annotations

import base64
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dovecot import TOKEN_KEY, TOKENS
from .peer import HOST, PASSWORD, Setup
from .process import two_free_ports
from .unpacked import INSIDE, STORE_USER, find_package, make_folder, prepare, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONFIGURATION = """
protocols = imap
base_dir = /run/dovecot
listen = 127.0.0.1
log_path = /dev/stderr
hostname = localhost.test
ssl = yes
ssl_cert = <{inside}/chain.pem
ssl_key = <{inside}/key.pem
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
mail_location = maildir:{inside}/mail/%u
mail_max_userip_connections = 100
namespace inbox {{
  inbox = yes
  separator = /
{folders}
}}
protocol imap {{
  imap_idle_notify_interval = 1 min
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = static
  mechanisms = {password_mechanisms}
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {inside}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid=nogroup home={inside}/mail/%u
}}
"""
_PASSWORD_MECHANISMS = "plain login cram-md5 scram-sha-256"
SPECIAL_USE = {"Drafts": "Drafts", "Junk": "Junk", "Sent": "Sent", "Archive": "All"}
"""The folders of every user, and what each says it is for."""


@dataclass(frozen=True, slots=True)
class IMAPPeer:
    """A running IMAP server.

    Attributes:
        port: Its port for STARTTLS, or for no TLS at all.
        tls_port: Its port with TLS from the first byte.
        mail: The folder of the users' maildirs.
    """

    port: int
    tls_port: int
    mail: Path
    host: str = HOST
    password: str = PASSWORD

    def deliver(self, user: str, content: bytes, name: str) -> None:
        """Put a message into a user's inbox, as a delivery agent would; the name is the file's."""
        folder = self.mail / user / "new"
        folder.mkdir(parents=True, exist_ok=True)
        self.own(user)
        (folder / name).write_bytes(content)

    def own(self, user: str) -> None:
        """Let the server write in a user's maildir."""
        for each in (self.mail / user, *(self.mail / user).rglob("*")):
            if each.is_dir():
                make_owned(each)


def make_owned(path: Path) -> None:
    """Give a folder to the user who writes the store."""
    import os
    import pwd

    os.chown(path, pwd.getpwnam(STORE_USER).pw_uid, -1)


@contextmanager
def dovecot_imap(
    folder: Path, setup: Setup, folders: dict[str, str] | None = None, mechanisms: str = _PASSWORD_MECHANISMS
) -> Iterator[IMAPPeer]:
    """Run Dovecot, from the unpacked packages dovecot-core and dovecot-imapd or as installed.

    Args:
        folder: An empty folder for its configuration.
        setup: Only the certificate counts; there must be one.
        folders: Each user's folders and their use (RFC 6154), "" for none; `SPECIAL_USE` by default.
        mechanisms: The ways to log in with a password.

    Raises:
        PeerMissing: If Dovecot is not installed, or cannot be run here.
    """
    package = find_package("dovecot-imapd", "/usr/lib/dovecot/imap")
    port, tls_port = two_free_ports()
    prepare(folder, setup, "dovecot", "dovenull")
    make_folder(folder / "mail")
    keys = folder / "keys/default/HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(TOKEN_KEY))
    (folder / "oauth2.conf").write_text(TOKENS.format(inside=INSIDE))
    uses = SPECIAL_USE if folders is None else folders
    configuration = _CONFIGURATION.format(
        inside=INSIDE,
        user=STORE_USER,
        port=port,
        tls_port=tls_port,
        mechanisms=f"{mechanisms} xoauth2 oauthbearer",
        password_mechanisms=mechanisms,
        password=PASSWORD,
        folders="\n".join(_folder(name, use) for name, use in uses.items()),
    )
    (folder / "dovecot.conf").write_text(configuration)
    with running(package, folder, ["/usr/sbin/dovecot", "-F", "-c", f"{INSIDE}/dovecot.conf"], port):
        yield IMAPPeer(port, tls_port, folder / "mail")


def _folder(name: str, use: str) -> str:
    special = f"    special_use = \\{use}\n" if use else ""
    return f'  mailbox "{name}" {{\n    auto = create\n{special}  }}'
