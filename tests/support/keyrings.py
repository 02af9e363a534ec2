"""Keyrings of the tests' own, through the real `keyring`: one in memory, with what real ones do amiss."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS_BYTES = 2_560


class MemoryKeyring(KeyringBackend):
    """A keyring in memory that takes no more to an entry than Windows does.

    Attributes:
        passwords: What it holds, by service and user name.
        asked: How often it was read.
        is_locked: True refuses everything.
    """

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self._require_open()
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._require_open()
        if len(password.encode("utf-16-le")) > WINDOWS_BYTES:
            raise PasswordSetError("too long")
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._require_open()
        if (service, username) not in self.passwords:
            raise PasswordDeleteError("not there")
        del self.passwords[service, username]

    def _require_open(self) -> None:
        if self.is_locked:
            raise KeyringLocked("locked")


class PlaintextKeyring(MemoryKeyring):
    """Named as the backend of keyrings.alt that writes plain text."""


@contextmanager
def keyring_in_use(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """Let the process use a keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.set_keyring(before)
