"""Dovecot's submission server: it passes on to a relay, here aiosmtpd, whose refusals it passes back.

Announces 8BITMIME AUTH BURL CHUNKING ENHANCEDSTATUSCODES SIZE STARTTLS PIPELINING, and takes mail only from who
logged in: by PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, or with an access token by XOAUTH2, OAUTHBEARER.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .collector import collector
from .peer import HOST, PASSWORD, USERNAME, Peer, Setup
from .process import two_free_ports
from .unpacked import INSIDE, STORE_USER, find_package, make_folder, prepare, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN_KEY = b"signs the access tokens of this machine's test runs"
_TOKEN_SECONDS = 3600

_CONFIGURATION = """
protocols = submission
base_dir = /run/dovecot
listen = 127.0.0.1
log_path = /dev/stderr
hostname = localhost.test
ssl = yes
ssl_cert = <{inside}/chain.pem
ssl_key = <{inside}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2 oauthbearer
auth_failure_delay = 0
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_max_mail_size = {size}
mail_location = maildir:{inside}/mail
service submission-login {{
  inet_listener submission {{
    port = {port}
  }}
  inet_listener submissions {{
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
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = scheme=PLAIN {inside}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {inside}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={user} gid=nogroup home={inside}/mail
}}
"""

TOKENS = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={inside}/keys/
username_attribute = sub
"""


def access_token(username: str = USERNAME) -> str:
    """Sign an access token (a JWT, RFC 7519) that Dovecot takes."""
    now = int(time.time())
    parts = {"alg": "HS256", "typ": "JWT"}, {"sub": username, "iat": now - 1, "exp": now + _TOKEN_SECONDS}
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in parts)
    return (signed + b"." + _base64url(hmac.digest(TOKEN_KEY, signed, "sha256"))).decode()


def _base64url(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


@contextmanager
def dovecot(folder: Path, setup: Setup) -> Iterator[Peer]:
    """Run Dovecot, from the unpacked packages dovecot-core and dovecot-submissiond or as installed.

    Args:
        folder: An empty folder for its configuration.
        setup: All but `hide` is followed; there must be a certificate.

    Raises:
        PeerMissing: If Dovecot is not installed, or cannot be run here.
    """
    package = find_package("dovecot-submissiond", "/usr/lib/dovecot/submission")
    port, tls_port = two_free_ports()
    prepare(folder, setup, "dovecot", "dovenull")
    make_folder(folder / "mail")
    keys = folder / "keys/default/HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(TOKEN_KEY))
    (folder / "users").write_text(f"{USERNAME}:{PASSWORD}\n")
    (folder / "oauth2.conf").write_text(TOKENS.format(inside=INSIDE))
    with collector(Setup(refuse=setup.refuse, refuse_senders=setup.refuse_senders)) as relay:
        configuration = _CONFIGURATION.format(
            inside=INSIDE, user=STORE_USER, port=port, tls_port=tls_port, size=setup.size, relay=relay.port
        )
        (folder / "dovecot.conf").write_text(configuration)
        with running(package, folder, ["/usr/sbin/dovecot", "-F", "-c", f"{INSIDE}/dovecot.conf"], port):
            yield Peer(f"Dovecot ({package or 'installed'})", HOST, port, relay.arrivals, tls_port)
