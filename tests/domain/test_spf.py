"""SPF records: read by their grammar, and evaluated as receivers do, against a DNS server of the test's own."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns_server import SILENT, dns_server, resolver_of

from notebookmail.domain.records import DomainRecords, NoDns
from notebookmail.domain.spf import Mechanism, SpfCheck, SpfError, SpfRecord, parse_spf


def txt(text: str) -> list[str]:
    return [f'"{text}"']


ZONE = {
    ("example.org", "TXT"): [*txt("v=spf1 ip4:192.0.2.0/24 a:out.example.org mx include:_spf.example.net ~all"), *txt("other")],  # noqa: E501
    ("out.example.org", "A"): ["198.51.100.7"],
    ("out.example.org", "AAAA"): ["2001:db8::7"],
    ("example.org", "MX"): ["10 in.example.org."],
    ("in.example.org", "A"): ["198.51.100.8"],
    ("_spf.example.net", "TXT"): txt("v=spf1 ip6:2001:db8:1::/48 -all"),
    ("moved.example.org", "TXT"): txt("v=spf1 redirect=example.org"),
    ("lost.example.org", "TXT"): txt("v=spf1 include:nowhere.example.org -all"),
    ("twice.example.org", "TXT"): [*txt("v=spf1 -all"), *txt("v=spf1 +all")],
    ("round.example.org", "TXT"): txt("v=spf1 include:round.example.org -all"),
    ("macro.example.org", "TXT"): txt("v=spf1 exists:%{i}.example.org -all"),
    ("near.example.org", "TXT"): txt("v=spf1 a:out.example.org/24//64 -all"),
    ("silent.example.org", "TXT"): SILENT,
}  # fmt: skip


def evaluated(address: str, domain: str) -> str:
    with dns_server(ZONE) as server:
        return SpfCheck(address, DomainRecords(resolver_of(server))).result(domain)


@pytest.mark.parametrize(
    ("address", "domain", "result"),
    [
        ("192.0.2.9", "example.org", "pass"),
        ("198.51.100.7", "example.org", "pass"),
        ("2001:db8::7", "example.org", "pass"),
        ("198.51.100.8", "example.org", "pass"),
        ("2001:db8:1::99", "example.org", "pass"),
        ("203.0.113.1", "example.org", "softfail"),
        ("192.0.2.9", "moved.example.org", "pass"),
        ("198.51.100.99", "near.example.org", "pass"),
        ("2001:db8::99", "near.example.org", "pass"),
        ("192.0.2.9", "near.example.org", "fail"),
        ("192.0.2.9", "nothing.example.org", "none"),
        ("192.0.2.9", "lost.example.org", "permerror"),
        ("192.0.2.9", "twice.example.org", "permerror"),
        ("192.0.2.9", "round.example.org", "permerror"),
        ("192.0.2.9", "macro.example.org", "open"),
    ],
)
def test_an_address_may_send_or_may_not(address: str, domain: str, result: str) -> None:
    assert evaluated(address, domain) == result


def test_dns_that_is_silent_is_waited_for_only_so_long() -> None:
    with dns_server(ZONE) as server:
        records = DomainRecords(resolver_of(server), seconds=0.2)
        with pytest.raises(NoDns, match="no answer"):
            records.texts("silent.example.org")
        with pytest.raises(NoDns, match="too long"):
            records.texts("example.org")


def test_a_record_is_read_by_its_grammar() -> None:
    assert parse_spf(
        "v=spf1 +a -MX:m.example.org/24//64 ?ip4:192.0.2.1 exp=x.example.org redirect=r.example.org"
    ) == (
        SpfRecord(
            (
                Mechanism("pass", "a"),
                Mechanism("fail", "mx", "m.example.org", 24, 64),
                Mechanism("neutral", "ip4", "192.0.2.1/32"),
            ),
            "r.example.org",
        )
    )


@pytest.mark.parametrize(
    "text",
    ["v=spf2 -all", "v=spf1 everybody", "v=spf1 include", "v=spf1 ip4:2001:db8::1", "v=spf1 ip4:x", "v=spf1 a/33",
     "v=spf1 a:", "v=spf1 a/x", "v=spf1 redirect=a redirect=b", "v=spf1 -", "v=spf1 mx//129"],
)  # fmt: skip
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(SpfError):
        parse_spf(text)


@given(st.text(max_size=60))
def test_any_text_is_a_record_or_refused(text: str) -> None:
    try:
        record = parse_spf(f"v=spf1 {text}")
    except SpfError:
        return
    assert all(each.result in {"pass", "fail", "softfail", "neutral"} for each in record.mechanisms)


@given(st.ip_addresses(), st.data())
def test_a_network_holds_its_own_addresses(address: ipaddress.IPv4Address, data: st.DataObject) -> None:
    prefix = data.draw(st.integers(0, address.max_prefixlen))
    (mechanism,) = parse_spf(f"v=spf1 ip{address.version}:{address}/{prefix}").mechanisms
    assert address in ipaddress.ip_network(mechanism.value)
