"""Where a server's mailbox is read: what is known, what DNS says, and what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.resolver
import pytest
from support.dns_server import dns_server

from notebookmail import FrameError, Mailbox, OAuth, Server
from notebookmail.mail.imap_servers import FILES_SENT, IMAP_SERVERS
from notebookmail.mail.mailbox_providers import MAILBOX_PROVIDERS
from notebookmail.server.presets import as_wanted, password_question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def found(records: Mapping[tuple[str, str], Sequence[str]], server: Server) -> Mailbox:
    """Find a server's mailbox where DNS says this."""
    with dns_server(records) as dns_peer:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], dns_peer.port
        return Mailbox.for_server(server, resolver=resolver)


FIRM = Server("smtp.firm.test", username="me@firm.test", password="x")


@pytest.mark.parametrize("name", sorted(IMAP_SERVERS))
def test_the_mailbox_of_every_provider_that_has_one_is_known(name: str) -> None:
    mailbox = Mailbox.for_server(
        Server.preset(name, username="me@example.org", oauth=OAuth.microsoft("app", mailbox=True))
    )
    assert mailbox.hostname == IMAP_SERVERS[name].hostname
    assert mailbox._security == ("tls" if mailbox.effective_port == 993 else "starttls")
    assert (mailbox.username or "").startswith("me")


def test_only_providers_with_presets_are_listed() -> None:
    assert set(IMAP_SERVERS) <= set(MAILBOX_PROVIDERS)
    assert set(IMAP_SERVERS) >= FILES_SENT


def test_icloud_wants_another_user_name_for_reading() -> None:
    assert Mailbox.for_server(Server.preset("icloud", username="me@icloud.com", password="x")).username == "me"


def test_the_login_is_the_servers_own() -> None:
    mailbox = Mailbox.for_server(Server.preset("gmail", username="me@gmail.com", password="x"))
    assert (mailbox.username, mailbox.password) == ("me@gmail.com", "x")
    assert mailbox.password_host == "smtp.gmail.com"


def test_an_app_password_is_taken_as_it_is_shown_there_too() -> None:
    assert as_wanted("imap.gmail.com", "abcd efgh ijkl mnop") == "abcdefghijklmnop"
    assert "app password" in password_question("imap.gmail.com", "me@gmail.com").lower()


def test_what_the_caller_says_comes_first() -> None:
    mailbox = Mailbox.for_server(FIRM, hostname="mail.firm.test", username="other", password="y")
    assert (mailbox.hostname, mailbox.username, mailbox.password) == ("mail.firm.test", "other", "y")
    assert mailbox.password_host == "mail.firm.test"


def test_a_sign_in_that_may_only_send_is_refused_with_the_remedy() -> None:
    server = Server.preset("microsoft365", username="me@example.org", oauth=OAuth.microsoft("app"))
    with pytest.raises(FrameError, match="mailbox=True"):
        Mailbox.for_server(server)


def test_a_domain_names_its_mailbox_in_dns() -> None:
    records = {
        ("_imaps._tcp.firm.test", "SRV"): ["0 1 993 mail.firm.test."],
        ("firm.test", "MX"): ["5 mx.firm.test."],
    }
    mailbox = found(records, FIRM)
    assert (mailbox.hostname, mailbox.effective_port, mailbox._security) == ("mail.firm.test", 993, "tls")


def test_the_provider_of_a_domains_mail_exchange_counts_more_than_its_records() -> None:
    records = {
        ("firm.test", "MX"): ["5 aspmx.l.google.com."],
        ("_imaps._tcp.firm.test", "SRV"): ["0 1 993 mail.firm.test."],
    }
    assert found(records, FIRM).hostname == "imap.gmail.com"


def test_a_host_of_another_domain_gets_no_password_unasked() -> None:
    records = {("_imaps._tcp.firm.test", "SRV"): ["0 1 993 mail.attacker.test."], ("firm.test", "MX"): []}
    with pytest.raises(FrameError, match=r"write Mailbox\('mail\.attacker\.test'"):
        found({**records, ("firm.test", "MX"): ["5 mx.firm.test."]}, FIRM)


@pytest.mark.parametrize(
    "server", [Server("smtp.firm.test", username="me"), Server("127.0.0.1", 25), Server("smtp.firm.test")]
)
def test_a_server_that_says_nothing_is_answered_with_what_to_ask(server: Server) -> None:
    with pytest.raises(FrameError, match=r'Ask your provider .* Mailbox\("imap\.example\.org"'):
        Mailbox.for_server(server)


def test_a_domain_that_names_none_is_answered_with_what_to_ask() -> None:
    with pytest.raises(FrameError, match="names no mailbox in DNS"):
        found({("firm.test", "MX"): ["5 mx.firm.test."]}, FIRM)
