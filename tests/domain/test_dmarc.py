"""DMARC records, and the organisation a domain belongs to (RFC 9989), against a DNS server of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns_server import dns_server, resolver_of

from notebookmail.domain.dmarc import DmarcRecord, find_dmarc, organization_of, parse_dmarc
from notebookmail.domain.records import DomainRecords


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=DMARC1; p=reject", DmarcRecord("reject", "reject")),
        ("v=DMARC1;p=quarantine;sp=none;adkim=s;aspf=S", DmarcRecord("quarantine", "none", True, True)),
        ("V = DMARC1 ; P = None ; rua=mailto:a@example.org", DmarcRecord("none", "none")),
        ("v=DMARC1; rua=mailto:a@example.org", DmarcRecord("none", "none")),
        ("v=DMARC1; p=reject; psd=y", DmarcRecord("reject", "reject", psd="y")),
        ("p=reject; v=DMARC1", None),
        ("v=dmarc1; p=reject", None),
        ("v=spf1 -all", None),
        ("", None),
    ],
)
def test_a_record_is_read_by_its_tags(text: str, record: DmarcRecord | None) -> None:
    assert parse_dmarc(text) == record


@given(st.text(max_size=80))
def test_any_text_behind_the_version_is_a_record(text: str) -> None:
    record = parse_dmarc(f"v=DMARC1;{text}")
    assert record is not None
    assert record.policy in {"none", "quarantine", "reject"}


ZONE = {
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=reject; sp=quarantine"'],
    ("_dmarc.own.example.org", "TXT"): ['"v=DMARC1; p=none"'],
    ("_dmarc.co.example", "TXT"): ['"v=DMARC1; p=reject; psd=y"'],
    ("_dmarc.apart.example.org", "TXT"): ['"v=DMARC1; p=none; psd=n"'],
    ("_dmarc.twice.example.net", "TXT"): ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'],
}


@pytest.mark.parametrize(
    ("domain", "policy", "organization"),
    [
        ("example.org", "reject", "example.org"),
        ("news.example.org", "quarantine", "example.org"),
        ("own.example.org", "none", "example.org"),
        ("shop.co.example", None, "shop.co.example"),
        ("www.shop.co.example", None, "shop.co.example"),
        ("deep.apart.example.org", "none", "apart.example.org"),
        ("a.b.c.d.e.f.g.h.i.example.org", "quarantine", "example.org"),
        ("twice.example.net", None, "twice.example.net"),
        ("nothing.example", None, "nothing.example"),
    ],
)
def test_what_counts_for_a_domain_and_which_organisation_it_is_of(
    domain: str, policy: str | None, organization: str
) -> None:
    with dns_server(ZONE) as server:
        records = DomainRecords(resolver_of(server))
        found = find_dmarc(domain, records)
        assert (found.policy, found.organization) == (policy, organization)
        assert organization_of(domain, records) == organization
        assert len(server.asked) <= 8
