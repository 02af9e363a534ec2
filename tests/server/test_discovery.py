"""The server of a mail address: a known provider's, or the one that its domain names in DNS."""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dns.resolver
import pytest
from support.dns_server import SILENT, dns_server

from notebookmail import FrameError, Server
from notebookmail.mail.providers import PROVIDERS, known_domain_like
from notebookmail.server import mail_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from support.dns_server import DnsServer

Records = "Mapping[tuple[str, str], Sequence[str]]"


@contextmanager
def answering(
    records: Mapping[tuple[str, str], Sequence[str]],
) -> Iterator[tuple[dns.resolver.Resolver, DnsServer]]:
    """Run a DNS server; yield a resolver that asks it alone, and the server."""
    with dns_server(records) as server:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
        yield resolver, server


def found(records: Mapping[tuple[str, str], Sequence[str]], address: str = "me@firm.test") -> Server:
    """Find an address's server where DNS says this."""
    with answering(records) as (resolver, _):
        return Server.for_address(address, resolver=resolver, password="x")


def refusal(records: Mapping[tuple[str, str], Sequence[str]], address: str = "me@firm.test") -> str:
    """Return why no server is found for an address where DNS says this."""
    with pytest.raises(FrameError) as caught:
        found(records, address)
    return str(caught.value)


# --- known providers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "hostname", "username"),
    [
        ("me@gmail.com", "smtp.gmail.com", "me@gmail.com"),
        (" Me@GoogleMail.com ", "smtp.gmail.com", "Me@googlemail.com"),
        ("Me <me@gmail.com>", "smtp.gmail.com", "me@gmail.com"),
        ("me@hotmail.com", "smtp-mail.outlook.com", "me@hotmail.com"),
        ("me@firm.onmicrosoft.com", "smtp.office365.com", "me@firm.onmicrosoft.com"),
        ("me@me.com", "smtp.mail.me.com", "me@me.com"),
        ("me@gmx.de", "mail.gmx.net", "me@gmx.de"),
        ("me@web.de", "smtp.web.de", "me"),
        ("me@proton.me", "127.0.0.1", "me@proton.me"),
    ],
)
def test_a_known_domain_needs_no_dns(address: str, hostname: str, username: str) -> None:
    with answering({}) as (resolver, server):
        made = Server.for_address(address, resolver=resolver, password="x")
    assert (made.hostname, made.username) == (hostname, username)
    assert server.asked == []


@pytest.mark.parametrize(
    ("domain", "name"), [(domain, name) for name, each in PROVIDERS.items() for domain in each.domains]
)
def test_every_domain_of_a_provider_leads_to_its_server(domain: str, name: str) -> None:
    address = f"me@firm{domain}" if domain.startswith(".") else f"me@{domain}"
    assert Server.for_address(address, password="x").hostname == PROVIDERS[name].hostname


@pytest.mark.parametrize(
    ("exchange", "hostname"),
    [
        ("aspmx.l.google.com.", "smtp.gmail.com"),
        ("firm-test.mail.protection.outlook.com.", "smtp.office365.com"),
        ("firm-test.j-v1.mx.microsoft.", "smtp.office365.com"),
        ("in1-smtp.messagingengine.com.", "smtp.fastmail.com"),
        ("mx.zoho.eu.", "smtp.zoho.eu"),
        ("MX00.Kundenserver.de.", "smtp.1und1.de"),
        ("mail.protonmail.ch.", "smtp.protonmail.ch"),
    ],
)
def test_who_takes_a_domains_mail_sends_it_too(exchange: str, hostname: str) -> None:
    made = found({("firm.test", "MX"): [f"10 {exchange}"]})
    assert (made.hostname, made.username) == (hostname, "me@firm.test")


def test_a_domain_of_outlook_com_that_is_not_listed_is_known_by_its_exchange() -> None:
    with answering({("outlook.lv", "MX"): ["5 outlook-lv.olc.protection.outlook.com."]}) as (resolver, _):
        made = Server.for_address("me@outlook.lv", resolver=resolver, password="x")
    assert made.hostname == "smtp-mail.outlook.com"


def test_a_company_at_google_has_a_companys_quota() -> None:
    assert found({("firm.test", "MX"): ["1 smtp.google.com."]}).daily_quota == 2_000


def test_the_callers_own_options_come_first() -> None:
    server = Server.for_address("me@gmail.com", username="you@gmail.com", password="x", daily_quota=7)
    assert (server.username, server.daily_quota) == ("you@gmail.com", 7)


# --- records --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "endpoint", "security"),
    [
        ({"_submissions._tcp": ["0 1 465 mail.firm.test."]}, "mail.firm.test:465", "tls"),
        ({"_submission._tcp": ["0 1 587 mail.firm.test."]}, "mail.firm.test:587", "starttls"),
        ({"_submission._tcp": ["0 1 2587 firm.test."]}, "firm.test:2587", "starttls"),
        (
            {"_submission._tcp": ["0 1 587 a.firm.test."], "_submissions._tcp": ["0 1 465 b.firm.test."]},
            "b.firm.test:465",
            "tls",
        ),
        (
            {"_submission._tcp": ["0 1 587 a.firm.test."], "_submissions._tcp": ["5 1 465 b.firm.test."]},
            "a.firm.test:587",
            "starttls",
        ),
        (
            {"_submissions._tcp": ["5 9 465 c.firm.test.", "1 1 465 a.firm.test.", "1 7 465 b.firm.test."]},
            "b.firm.test:465",
            "tls",
        ),
        (
            {"_submissions._tcp": ["0 0 0 ."], "_submission._tcp": ["0 1 587 a.firm.test."]},
            "a.firm.test:587",
            "starttls",
        ),
    ],
    ids=["tls", "starttls", "the domain itself", "tls first", "priority first", "weight", "none of this kind"],
)
def test_a_domain_names_its_server(records: dict[str, list[str]], endpoint: str, security: str) -> None:
    made = found({(f"{service}.firm.test", "SRV"): each for service, each in records.items()})
    assert (made.endpoint, made.security, made.username) == (endpoint, security, "me@firm.test")
    options = made.options()
    assert options.use_tls or options.start_tls is True


def test_a_named_server_of_a_known_provider_is_its_preset() -> None:
    made = found({("_submissions._tcp.firm.test", "SRV"): ["0 1 465 smtp.fastmail.com."]})
    assert made.hostname == "smtp.fastmail.com"


def test_a_server_in_another_domain_is_named_and_not_used() -> None:
    words = refusal({("_submissions._tcp.firm.test", "SRV"): ["0 1 465 mail.evil.test."]})
    assert "nobody has signed" in words
    assert "Server('mail.evil.test', 465, security='tls', username='me@firm.test')" in words


def test_a_domain_that_ends_alike_is_another_domain() -> None:
    assert "another's domain" in refusal({("_submissions._tcp.firm.test", "SRV"): ["0 1 465 notfirm.test."]})


def test_a_record_that_is_too_long_for_udp_is_read_over_tcp() -> None:
    many = [f"{priority} 1 465 server-{priority:03}.firm.test." for priority in range(1, 60)]
    with answering({("_submissions._tcp.firm.test", "SRV"): many}) as (resolver, server):
        made = Server.for_address("me@firm.test", resolver=resolver, password="x")
    assert made.hostname == "server-001.firm.test"
    assert ("tcp", "_submissions._tcp.firm.test", "SRV") in server.asked


def test_an_international_domain_is_asked_for_by_its_ascii_name() -> None:
    made = found({("xn--mnchen-3ya.test", "MX"): ["1 smtp.google.com."]}, "me@münchen.test")
    assert (made.hostname, made.username) == ("smtp.gmail.com", "me@münchen.test")


# --- nothing found --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "records",
    [
        {("firm.test", "MX"): ["10 mail.firm.test."]},
        {("firm.test", "MX"): ["0 ."]},  # RFC 7505: it takes no mail
        {("firm.test", "A"): ["127.0.0.1"]},
    ],
)
def test_where_nothing_is_known_it_says_what_to_ask_whom(records: dict[tuple[str, str], list[str]]) -> None:
    words = refusal(records)
    assert words.startswith("no provider is known for firm.test, and it names no server in DNS. Ask your provider")
    assert all(each in words for each in ("host", "port", "TLS", "STARTTLS", "log in", "Server("))


def test_a_domain_that_does_not_exist_is_called_so() -> None:
    assert refusal({}) == "there is no domain firm.test: is the address spelt right?"
    assert refusal({}, "me@gmial.com") == "there is no domain gmial.com: did you mean gmail.com?"


def test_dns_that_is_silent_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_records, "PATIENCE_SECONDS", 0.2)
    words = refusal({("firm.test", "MX"): SILENT})
    assert words.startswith("DNS gave no answer about firm.test (LifetimeTimeout). Ask your provider")


@pytest.mark.parametrize("module", ["dns", "dns.resolver"])
def test_without_dnspython_it_says_what_to_install(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FrameError, match=r'pip install "notebookmail\[dns\]"\. Ask your provider'):
        Server.for_address("me@firm.test")
    assert Server.for_address("me@gmail.com", password="x").hostname == "smtp.gmail.com"


def test_a_machine_that_knows_no_dns_server_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = functools.partial(dns.resolver.Resolver, filename="/dev/null")
    monkeypatch.setattr(dns.resolver, "Resolver", empty)
    with pytest.raises(FrameError, match=r"names no DNS server to ask \(NoResolverConfiguration\)"):
        Server.for_address("me@firm.test")


@pytest.mark.parametrize("address", ["", "me", "me@", "two@a.test,b@c.test", "smtp.example.org"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(FrameError, match="is no mail address"):
        Server.for_address(address)


@pytest.mark.parametrize(
    ("domain", "meant"), [("gmial.com", "gmail.com"), ("icluod.com", "icloud.com"), ("firm.test", None)]
)
def test_a_slip_of_a_known_domain_is_seen(domain: str, meant: str | None) -> None:
    assert known_domain_like(domain) == meant
