"""The DNS server of the tests answers as a name server does, over UDP and TCP."""

from __future__ import annotations

import dns.resolver
import pytest
from support.dns_server import SILENT, dns_server, resolver_of

LONG = " ".join(f'"{"x" * 250}"' for _ in range(8))
ZONE = {
    ("example.org", "TXT"): ['"v=spf1 -all"', '"other"'],
    ("long.example.org", "TXT"): [LONG],
    ("silent.example.org", "TXT"): SILENT,
}


def test_records_are_answered_and_a_long_answer_comes_over_tcp() -> None:
    with dns_server(ZONE) as server:
        resolver = resolver_of(server)
        answer = resolver.resolve("example.org", "TXT")
        assert {each.to_text() for each in answer} == {'"v=spf1 -all"', '"other"'}
        (long,) = resolver.resolve("long.example.org", "TXT")
        assert len(b"".join(long.strings)) == 2_000
    assert [transport for transport, *_ in server.asked] == ["udp", "udp", "tcp"]


def test_a_name_without_records_and_one_that_is_not_there_differ_from_silence() -> None:
    with dns_server(ZONE) as server:
        resolver = resolver_of(server)
        with pytest.raises(dns.resolver.NoAnswer):
            resolver.resolve("example.org", "MX")
        with pytest.raises(dns.resolver.NXDOMAIN):
            resolver.resolve("nothing.example.org", "TXT")
        with pytest.raises(dns.resolver.LifetimeTimeout):
            resolver.resolve("silent.example.org", "TXT", lifetime=0.2)
