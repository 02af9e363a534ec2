"""A real IMAP server, Dovecot's, and users in it that no other test has."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from peers import IMAPPeer, Setup, dovecot_imap
from support.imap_users import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Certificates

_numbers = count(1)


@pytest.fixture(scope="module")
def imap_peer(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[IMAPPeer]:
    setup = Setup(certificate=(certificates.chain, certificates.key))
    with dovecot_imap(tmp_path_factory.mktemp("dovecot"), setup) as peer:
        yield peer


@pytest.fixture
def user(imap_peer: IMAPPeer) -> User:
    return User(imap_peer, f"user{next(_numbers)}")
