"""The system's keyring, and no other place: what is kept there outlives this process, what is not does not.

A keyring that writes plain text, or drops what it is given, counts as none. Windows takes 2,560 bytes to an entry
(CRED_MAX_CREDENTIAL_BLOB_SIZE), two to a character, and Microsoft's tokens are longer: so a long secret is kept in
parts, and the entry itself names them. The parts are written first: an entry never names what is not there.
"""

from __future__ import annotations

import itertools
import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import NotebookmailError
from notebookmail.privacy.secret import Secret, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 1_200
"""Octets in one entry."""

_MOST_PARTS: Final = 40
_IN_PARTS: Final = "notebookmail-parts:"
_PLAIN: Final = ("plaintext", "uncrypted")


class NoKeyringError(NotebookmailError):
    """There is no keyring to use; the message says why, and names no secret."""


def read(service: str, account: str) -> Secret | None:
    """Return what is kept for an account; None if nothing is.

    Raises:
        NoKeyringError: There is no keyring, or it cannot be read.
    """
    keyring = _keyring()
    entry = _asked(keyring.get_password, service, account)
    if entry is None or (parts := _parts_of(entry)) is None:
        return entry or None
    pieces = [_asked(keyring.get_password, service, each) for each in _names(account, *parts)]
    return joined(piece for piece in pieces if piece is not None) if all(pieces) else None


def write(service: str, account: str, secret: Secret) -> None:
    """Keep a secret for an account, in the place of what was kept before.

    Raises:
        NoKeyringError: There is no keyring, or it does not keep it.
    """
    keyring = _keyring()
    _refuse_plain_text(keyring)
    before = _asked(keyring.get_password, service, account)
    if len(secret) <= LONGEST:
        _put(keyring, service, account, secret)
    else:
        pieces = list(_pieces(secret))
        named = secrets.token_hex(4), len(pieces)
        for name, piece in zip(_names(account, *named), pieces, strict=True):
            _put(keyring, service, name, piece)
        _put(keyring, service, account, Secret(_IN_PARTS + json.dumps(named)))
    _drop_parts(keyring, service, account, before)
    if read(service, account) != secret:  # the null backend takes everything, and has nothing
        raise NoKeyringError("the keyring does not keep what it is given")


def delete(service: str, account: str) -> None:
    """Keep nothing for an account any more.

    Raises:
        NoKeyringError: There is no keyring, or it cannot be changed.
    """
    keyring = _keyring()
    before = _asked(keyring.get_password, service, account)
    if before is None:
        return
    _drop(keyring, service, account)
    _drop_parts(keyring, service, account, before)


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        raise NoKeyringError('keyring is not installed: pip install "notebookmail[keyring]"') from None
    return keyring


def _refuse_plain_text(keyring: Any) -> None:
    backend = keyring.get_keyring()
    for each in (backend, *getattr(backend, "backends", ())[:1]):
        if any(word in type(each).__name__.lower() for word in _PLAIN):
            raise NoKeyringError("the keyring there is keeps secrets as plain text")


def _asked(read_entry: Any, service: str, account: str) -> Secret | None:
    """Read one entry; backends raise what their systems do, and their frames hold what they were given."""
    try:
        entry: str | None = read_entry(service, account)
        return Secret.of(entry)
    except Exception as problem:  # noqa: BLE001 -- of another program, in any words
        kind = type(problem).__name__
    raise NoKeyringError(_unusable(kind, "read"))


def _put(keyring: Any, service: str, account: str, secret: Secret) -> None:
    try:
        keyring.set_password(service, account, secret.reveal().decode())
    except Exception as problem:  # noqa: BLE001 -- as above
        kind = type(problem).__name__
    else:
        return
    raise NoKeyringError(_unusable(kind, "written"))


def _drop(keyring: Any, service: str, account: str) -> None:
    try:
        keyring.delete_password(service, account)
    except Exception as problem:  # noqa: BLE001 -- as above
        kind = type(problem).__name__
    else:
        return
    raise NoKeyringError(_unusable(kind, "changed"))


def _unusable(kind: str, verb: str) -> str:
    if kind == "NoKeyringError":
        return "there is no keyring on this machine"
    return f"the keyring cannot be {verb} ({kind})"


def _drop_parts(keyring: Any, service: str, account: str, entry: Secret | None) -> None:
    parts = None if entry is None else _parts_of(entry)
    for name in () if parts is None else _names(account, *parts):
        _drop(keyring, service, name)


def _parts_of(entry: Secret) -> tuple[str, int] | None:
    """Read an entry that names parts: their common name, and how many there are."""
    if entry.map(lambda octets: octets[: len(_IN_PARTS)]) != _IN_PARTS:
        return None
    name, count = json.loads(entry.reveal()[len(_IN_PARTS) :])
    return str(name), min(int(count), _MOST_PARTS)


def _names(account: str, name: str, count: int) -> Iterator[str]:
    return (f"{account}#{name}.{number}" for number in range(count))


def _pieces(secret: Secret) -> Iterator[Secret]:
    for start in itertools.takewhile(lambda place: place < len(secret), itertools.count(0, LONGEST)):
        yield secret.map(lambda octets, start=start: octets[start : start + LONGEST])  # type: ignore[misc]
