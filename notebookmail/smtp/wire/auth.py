"""SASL mechanisms as plain generators: they receive decoded challenges and yield responses (RFC 4954, RFC 4422).

The first value a mechanism yields is its initial response, or None when the server speaks first. A mechanism that
has nothing left to say returns; a further challenge is then cancelled by the driver.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Generator

Mechanism = Generator[bytes | None, bytes, None]
"""Yields responses, is sent challenges."""


def plain(username: str, password: str) -> Mechanism:
    """PLAIN (RFC 4616).

    Raises:
        ValueError: A NUL in the credentials would shift them into each other.
    """
    if "\0" in username or "\0" in password:
        raise ValueError("a user name or password holds no NUL character")
    yield f"\0{username}\0{password}".encode()


def login(username: str, password: str) -> Mechanism:
    """LOGIN (draft-murchison-sasl-login): user name, then password, whatever the prompts say."""
    yield None
    yield username.encode()
    yield password.encode()


def cram_md5(username: str, password: str) -> Mechanism:
    """CRAM-MD5 (RFC 2195): the password itself never travels."""
    challenge = yield None
    digest = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
    yield f"{username} {digest}".encode()


def xoauth2(username: str, token: str) -> Mechanism:
    """XOAUTH2 as Google and Microsoft define it; an error challenge is answered by an empty response."""
    yield f"user={username}\1auth=Bearer {token}\1\1".encode()
    yield b""


MECHANISMS: dict[str, Callable[[str, str], Mechanism]] = {
    "cram-md5": cram_md5,
    "plain": plain,
    "login": login,
}
"""Mechanisms for a password, in the order they are tried."""
