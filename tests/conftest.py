"""Fixtures that several rooms' tests share: servers of other projects, and certificates for loopback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme
from peers import smtp_server, smtp_sink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from peers import Peer


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files for TLS on loopback: a server's chain and key, and the authority that signed them."""

    chain: Path
    key: Path
    authority: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    files = Certificates(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(files.authority)
    server.private_key_pem.write_to_path(files.key)
    for certificate in server.cert_chain_pems:
        certificate.write_to_path(files.chain, append=True)
    return files


@pytest.fixture
def postfix_sink(tmp_path: Path) -> Iterator[Peer]:
    """Postfix's smtp-sink; use `peers.smtp_sink` itself for its options."""
    with smtp_sink(tmp_path / "smtp-sink") as peer:
        yield peer


@pytest.fixture
def node_server(tmp_path: Path) -> Iterator[Peer]:
    """npm's smtp-server without AUTH and TLS; use `peers.smtp_server` itself for those and for refusals."""
    with smtp_server(tmp_path / "smtp-server") as peer:
        yield peer
