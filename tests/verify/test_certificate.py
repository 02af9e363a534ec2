"""Certificates read without a library: what another reader finds, this one finds; rubbish is refused."""

from __future__ import annotations

import datetime as dt

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.verify.certificate import read_certificate

AUTHORITY = trustme.CA(organization_name="Grüße & Co", organization_unit_name="Tests")
START = dt.datetime(1960, 1, 1, tzinfo=dt.UTC)
LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)


def der_of(*names: str, **validity: dt.datetime) -> bytes:
    pem = AUTHORITY.issue_cert(*names, **validity).cert_chain_pems[0].bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


@given(
    st.lists(LABEL.map("{}.example.org".format), min_size=1, max_size=3, unique=True),
    st.integers(1, 80_000).map(lambda days: START + dt.timedelta(days)),
)
def test_names_and_dates_are_those_that_another_reader_finds(names: list[str], end: dt.datetime) -> None:
    der = der_of(*names, not_before=START, not_after=end)
    read, other = read_certificate(der), x509.load_der_x509_certificate(der)
    assert list(read.names) == names
    assert (read.not_before, read.not_after) == (other.not_valid_before_utc, other.not_valid_after_utc)
    assert "Grüße & Co" in read.issuer
    assert not read.is_self_signed


def test_addresses_are_names_too() -> None:
    assert read_certificate(der_of("127.0.0.1", "::1", "localhost")).names == ("127.0.0.1", "::1", "localhost")


def test_an_authority_vouches_for_itself() -> None:
    pem = AUTHORITY.cert_pem.bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert read_certificate(der).is_self_signed


@given(st.binary(max_size=200))
def test_octets_that_are_no_certificate_are_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_certificate(octets)


DER = der_of("localhost")


@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_a_damaged_certificate_is_read_or_refused_but_breaks_nothing(at: int, octet: int) -> None:
    damaged = DER[:at] + bytes([octet]) + DER[at + 1 :]
    try:
        found: object = read_certificate(damaged)
    except ValueError as problem:
        found = problem
    assert str(found)


@given(st.integers(0, len(DER) - 1))
def test_a_certificate_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_certificate(DER[:length])
