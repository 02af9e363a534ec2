"""What SASL mechanisms say, under the module name that programs written for aiosmtplib import; see smtp/README.md.

The results are credentials in base64, as an AUTH command by hand wants them: mind where they go.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from .errors import SMTPAuthenticationError, at
from .privacy.secret import Secret, seals
from .smtp.wire import sasl
from .status import SMTPStatus

if TYPE_CHECKING:
    from .smtp.wire.sasl import Mechanism

__all__ = ["auth_crammd5_verify", "auth_login_encode", "auth_plain_encode", "auth_xoauth2_encode"]


@seals("password")
def auth_crammd5_verify(username: str | bytes, password: str | bytes | Secret, challenge: str | bytes, /) -> bytes:
    """Answer a challenge of CRAM-MD5 (RFC 2195).

    Raises:
        SMTPAuthenticationError: The challenge is not base64.
    """
    try:
        decoded = base64.b64decode(challenge)
    except (binascii.Error, ValueError) as problem:
        reason = f"the CRAM-MD5 challenge is not base64: {challenge!r}"
        raise at("auth", SMTPAuthenticationError(SMTPStatus.auth_continue, reason)) from problem
    mechanism = sasl.cram_md5(_octets(username), Secret.of(password))
    next(mechanism)
    return _base64(mechanism.send(decoded))


@seals("password")
def auth_plain_encode(username: str | bytes, password: str | bytes | Secret, /) -> bytes:
    """Write what PLAIN says (RFC 4616)."""
    return _first(sasl.plain(_octets(username), Secret.of(password)))


@seals("password")
def auth_login_encode(username: str | bytes, password: str | bytes | Secret, /) -> tuple[bytes, bytes]:
    """Write the two answers of LOGIN."""
    return _base64(Secret(_octets(username))), _base64(Secret.of(password))


@seals("access_token")
def auth_xoauth2_encode(username: str | bytes, access_token: str | bytes | Secret, /) -> bytes:
    """Write what XOAUTH2 says."""
    return _first(sasl.xoauth2(_octets(username), Secret.of(access_token)))


def _octets(username: str | bytes) -> bytes:
    return username.encode() if isinstance(username, str) else username


def _first(mechanism: Mechanism) -> bytes:
    return _base64(next(mechanism))


def _base64(response: Secret | None) -> bytes:
    return b"" if response is None else base64.b64encode(response.reveal())
