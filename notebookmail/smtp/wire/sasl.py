"""SASL mechanisms as plain generators: they receive decoded challenges and yield responses (RFC 4954, RFC 4422).

The first value a mechanism yields is its initial response, or None when the server speaks first. When the server
says that it accepts us, the mechanism is sent None: one that wants a proof from the server (SCRAM) can then refuse
a server that gave none. A mechanism that has nothing left to say returns; a further challenge is then cancelled by
the driver. Passwords, tokens and responses are secrets here, and so is what they are made by: no variable of a
mechanism that a server drives into an error holds anything from which a password could be told or guessed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Generator

from notebookmail.errors import SMTPAuthenticationError, at
from notebookmail.privacy.secret import Secret
from notebookmail.status import SMTPStatus

from .saslprep import saslprep

Mechanism = Generator[Secret | None, bytes | None, None]
"""Yields responses, is sent challenges, and None at the end."""

MAX_SCRAM_ITERATIONS = 1_000_000
"""Above any server's setting (RFC 7677 asks for 4,096 and more); a hostile one would keep this machine busy."""


def plain(username: bytes, password: Secret) -> Mechanism:
    """Carry out PLAIN (RFC 4616).

    Raises:
        ValueError: A NUL in the credentials would shift them into each other.
    """
    if b"\0" in username or b"\0" in password.reveal():
        raise ValueError("a user name or password holds no NUL character")
    yield password.map(lambda octets: b"\0" + username + b"\0" + octets)


def login(username: bytes, password: Secret) -> Mechanism:
    """Carry out LOGIN (draft-murchison-sasl-login): user name, then password, whatever the prompts say."""
    yield None
    yield Secret(username)
    yield password


def cram_md5(username: bytes, password: Secret) -> Mechanism:
    """Carry out CRAM-MD5 (RFC 2195): the password itself never travels."""
    challenge = (yield None) or b""
    yield password.map(
        lambda octets: username + b" " + hmac.new(octets, challenge, hashlib.md5).hexdigest().encode()
    )


def scram_sha_256(username: bytes, password: Secret, nonce: bytes | None = None) -> Mechanism:
    """Carry out SCRAM-SHA-256 (RFC 5802, RFC 7677): the password never travels, and the server proves to know it.

    Args:
        username: The authentication identity.
        password: The password of that identity.
        nonce: Printable octets without a comma, fresh for every exchange; made here unless given.

    Raises:
        SMTPAuthenticationError: What the server said is no proof, or no SCRAM at all.
    """
    nonce = nonce or secrets.token_urlsafe(24).encode()
    bare = b"n=" + _saslname(saslprep(username)) + b",r=" + nonce
    first = (yield Secret(b"n,," + bare)) or b""
    salt, iterations = _scram_terms(first, nonce)
    salted = password.map(lambda octets: hashlib.pbkdf2_hmac("sha256", saslprep(octets), salt, iterations))
    without_proof = b"c=biws,r=" + _scram_fields(first)[b"r"]  # biws: base64 of the "n,," above
    exchange = b",".join((bare, first, without_proof))
    proof = salted.map(lambda key: without_proof + b",p=" + _client_proof(key, exchange))
    final = _scram_fields((yield proof) or b"")
    if b"e" in final:
        return  # a refusal: the driver cancels, and the reply to that says it in SMTP's words
    if salted.map(lambda key: _server_signature(key, exchange)) != final.get(b"v", b""):
        raise _distrust("it did not prove that it knows the password")
    yield Secret(b"")


def _client_proof(salted: bytes, exchange: bytes) -> bytes:
    key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(key).digest(), exchange, "sha256")
    return base64.b64encode(bytes(octet ^ mask for octet, mask in zip(key, signature, strict=True)))


def _server_signature(salted: bytes, exchange: bytes) -> bytes:
    key = hmac.digest(salted, b"Server Key", "sha256")
    return base64.b64encode(hmac.digest(key, exchange, "sha256"))


def _scram_terms(first: bytes, nonce: bytes) -> tuple[bytes, int]:
    """Read salt and iteration count from the server's first message; they are a stranger's until proved."""
    fields = _scram_fields(first)
    full_nonce, count = fields.get(b"r", b""), fields.get(b"i", b"")
    if not full_nonce.startswith(nonce) or full_nonce == nonce:
        raise _distrust("its nonce does not continue ours")
    is_short = count.isdigit() and len(count) <= len(str(MAX_SCRAM_ITERATIONS))
    if not is_short or not 0 < int(count) <= MAX_SCRAM_ITERATIONS:
        raise _distrust(f"its iteration count is not between 1 and {MAX_SCRAM_ITERATIONS}")
    try:
        return base64.b64decode(fields.get(b"s", b""), validate=True), int(count)
    except binascii.Error:
        raise _distrust("its salt is not base64") from None


def _scram_fields(message: bytes) -> dict[bytes, bytes]:
    parts = (part.partition(b"=") for part in message.split(b","))
    return {name: value for name, is_field, value in parts if is_field}


def _saslname(text: bytes) -> bytes:
    return text.replace(b"=", b"=3D").replace(b",", b"=2C")


def _distrust(why: str) -> SMTPAuthenticationError:
    return at(
        "auth", SMTPAuthenticationError(int(SMTPStatus.invalid_response), f"the server is not trusted: {why}")
    )


def xoauth2(username: bytes, token: Secret) -> Mechanism:
    """Carry out XOAUTH2 as Google and Microsoft define it; an error challenge is answered by an empty response."""
    yield token.map(lambda octets: b"user=" + username + b"\1auth=Bearer " + octets + b"\1\1")
    yield Secret(b"")


def oauthbearer(username: bytes, token: Secret, host: str = "", port: int = 0) -> Mechanism:
    """Carry out OAUTHBEARER (RFC 7628); an error challenge is answered by a lone ^A.

    Args:
        username: The authorization identity.
        token: An access token.
        host: The server's name, where known.
        port: The port connected to, where known.
    """
    where = (f"\1host={host}" if host else "") + (f"\1port={port}" if port else "")
    head = b"n,a=" + _saslname(username) + b"," + where.encode() + b"\1auth=Bearer "
    yield token.map(lambda octets: head + octets + b"\1\1")
    yield Secret(b"\1")


TOKEN_MECHANISMS = frozenset({"XOAUTH2", "OAUTHBEARER"})
"""Mechanisms for an access token. A challenge in them is a refusal: its reason, in JSON."""

_LONGEST_REASON = 100


def token_refusal(challenge: bytes) -> tuple[str, str]:
    """Read why a server refuses a token: status and scope, each "" where it says none (RFC 7628 3.2.2).

    Google and Microsoft say for XOAUTH2 the same: `{"status":"401","schemes":"bearer","scope":"..."}`.
    """
    try:
        reason = json.loads(challenge)
        said = (reason.get("status", ""), reason.get("scope", ""))
    except (ValueError, AttributeError, RecursionError):
        return "", ""
    status, scope = (str(each)[:_LONGEST_REASON] if isinstance(each, str | int) else "" for each in said)
    return status, scope


MECHANISMS: dict[str, Callable[[bytes, Secret], Mechanism]] = {
    "scram-sha-256": scram_sha_256,
    "cram-md5": cram_md5,
    "plain": plain,
    "login": login,
}
"""Mechanisms for a password, in the order they are tried."""
