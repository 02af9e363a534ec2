"""What SPF, DKIM and DMARC of a sender's domain mean for mail by a server, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.dns_server import SILENT, dns_server, resolver_of

from notebookmail.domain.bulk_rules import bulk_notices
from notebookmail.domain.health import Signature, look_at_domain
from notebookmail.domain.records import DomainRecords

if TYPE_CHECKING:
    from notebookmail.domain.health import DomainHealth

GOOD = {
    ("example.org", "TXT"): ['"v=spf1 a:smtp.example.org -all"'],
    ("smtp.example.org", "A"): ["192.0.2.5"],
    ("spring._domainkey.example.org", "TXT"): ['"v=DKIM1; k=rsa; p=MIIB" "IjAN"'],
    ("autumn._domainkey.example.org", "TXT"): ['"v=DKIM1; p="'],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=reject"'],
    ("relay.example.net", "A"): ["203.0.113.9"],
    ("google.example", "TXT"): ['"v=spf1 include:_spf.google.com ~all"'],
    ("_spf.google.com", "TXT"): ['"v=spf1 ip4:192.0.2.128/25 ~all"'],
    ("smtp.gmail.com", "A"): ["198.51.100.1"],
    ("google._domainkey.google.example", "TXT"): ['"v=DKIM1; p=MIIB"'],
    ("bare.example", "A"): ["192.0.2.77"],
    ("key._domainkey.sender.example", "TXT"): ['"p=MIIB"'],
}


def look(domain: str, host: str, **more: Any) -> DomainHealth:
    with dns_server(GOOD) as server:
        return look_at_domain(domain, host, DomainRecords(resolver_of(server)), **more)


def states(health: DomainHealth) -> list[str]:
    return [each.state for each in health.findings]


def test_a_domain_in_order_is_said_to_be() -> None:
    health = look("example.org", "smtp.example.org", signature=Signature("example.org", "spring"))
    assert states(health) == ["good", "good", "good"]
    assert health.words == "receivers will believe mail of example.org: SPF, DKIM and DMARC are in order"
    assert "SPF lets smtp.example.org (192.0.2.5) send for example.org" in health.findings[0].words
    assert "to refuse" in health.findings[2].words


def test_what_cannot_be_known_is_left_open() -> None:
    health = look("example.org", "relay.example.net")
    assert states(health) == ["open", "open", "good"]
    assert "cannot be seen from here" in health.findings[0].words
    assert "shows only in a message" in health.findings[1].words
    assert "not all can be seen" in health.words


def test_a_domain_without_records_is_told_what_to_ask_for() -> None:
    health = look("bare.example", "smtp.example.org")
    assert states(health) == ["bad", "open", "bad"]
    assert "receivers may not believe mail of bare.example: it has no SPF record" in health.words
    assert "_dmarc.bare.example" in health.findings[2].remedy


def test_a_providers_include_and_usual_key_count() -> None:
    assert states(look("google.example", "smtp.gmail.com")) == ["good", "good", "bad"]
    lacking = look("example.org", "smtp.gmail.com")
    assert states(lacking) == ["bad", "open", "good"]
    assert "add include:_spf.google.com" in lacking.findings[0].remedy


def test_a_free_mail_sender_has_to_go_by_its_providers_server() -> None:
    health = look("gmail.com", "smtp.example.org")
    assert "believed only from gmail's own servers" in health.findings[0].words
    assert 'Server.preset("gmail")' in health.findings[0].remedy


@pytest.mark.parametrize(
    ("signature", "state", "words"),
    [
        (Signature("example.org", "autumn"), "bad", "is revoked"),
        (Signature("example.org", "winter"), "bad", "is missing: winter._domainkey.example.org"),
        (Signature("sender.example", "key"), "bad", "not of the sender's organisation"),
    ],
)
def test_a_signature_needs_its_key_and_the_senders_organisation(
    signature: Signature, state: str, words: str
) -> None:
    finding = look("example.org", "smtp.example.org", signature=signature).findings[1]
    assert finding.state == state
    assert words in finding.words


# --- large mailings -----------------------------------------------------------------------------------------

HEAD = b"From: Ann <ann@%b>\r\nList-Unsubscribe: <https://example.org/u>\r\n%b\r\nHello\r\n"
ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
SIGNED = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=spring;\r\n h=From; bh=x; b=y\r\n"


def notices(content: bytes, records: dict[tuple[str, str], Any] = GOOD) -> list[str]:
    with dns_server(records) as server:
        return bulk_notices(content, "smtp.example.org", resolver_of(server))


def test_a_large_mailing_in_order_has_nothing_to_be_told() -> None:
    assert notices(HEAD % (b"example.org", ONE_CLICK + SIGNED)) == []


def test_a_large_mailing_is_told_what_large_receivers_miss() -> None:
    said = notices(HEAD % (b"bare.example", b""))
    assert said[0].startswith("Gmail wants one-click unsubscribing of who sends 5,000 messages a day and more")
    assert [line.partition(":")[0] for line in said[1:]] == [
        "Gmail and Outlook.com want SPF of who sends 5,000 messages a day and more",
        "Look at DKIM before a mailing of this size",
        "Gmail and Outlook.com want DMARC of who sends 5,000 messages a day and more",
    ]


def test_where_dns_is_silent_only_the_letter_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notebookmail.domain.records._QUESTION_SECONDS", 0.2)
    silent = {("_dmarc.example.org", "TXT"): SILENT}
    assert notices(HEAD % (b"example.org", ONE_CLICK), silent) == []
