"""From nothing to the first message at each provider: what somebody new types, and what stops them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from jupyter_client.manager import AsyncKernelManager
from support.keyrings import MemoryKeyring, keyring_in_use
from support.leaping_clock import in_leaps
from support.local_server import CANARY
from support.provider_servers import OWN_PASSWORD, TOKEN, ProviderHosts
from support.token_server import provider_on_loopback, visit

from notebookmail import Server, SignInError, SMTPAuthenticationError, Template, send_frame
from notebookmail.mail.providers import PROVIDERS
from notebookmail.privacy.secret import Secret
from notebookmail.server.sign_in import sign_in
from notebookmail.view.terminal.sign_in import TerminalSignIn

if TYPE_CHECKING:
    from notebookmail import SendResults

DF = pd.DataFrame({"email": ["ann@example.org"]})


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> ProviderHosts:
    return ProviderHosts.certified(tmp_path_factory.mktemp("providers"))


@pytest.fixture(autouse=True)
def _providers_are_here(hosts: ProviderHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.lead_here(monkeypatch)


def username_at(name: str) -> str:
    provider = PROVIDERS[name]
    domain = next((each for each in provider.domains if not each.startswith(".")), "example.org")
    names = {"address": f"me@{domain}", "local part": "me", "its own": "me-at-the-service"}
    return provider.username or names[provider.login_name]


def typed(name: str, port: int, **options: Any) -> Server:
    """Write a preset's call as its user would, but for the port, where the stand-in is."""
    region = {"region": "eu-west-1"} if name == "ses" else {}
    who = {} if PROVIDERS[name].username else {"username": username_at(name)}
    return Server.preset(name, port=port, **region, **who, **options)


async def first_message(server: Server, sender: str = "me@example.org") -> SendResults:
    letter = Template("Hello", text="hello", sender=sender)
    return await send_frame(DF, letter, server, journal=False, progress=False)


async def token() -> str:
    return TOKEN


def login(name: str) -> dict[str, Any]:
    return {"oauth_token_generator": token} if name in {"microsoft365", "outlook"} else {"password": CANARY}


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_preset_and_the_right_login_send_the_first_message(name: str, hosts: ProviderHosts) -> None:
    async with hosts.serve(name, username_at(name)) as (port, arrived):
        results = await first_message(typed(name, port, **login(name)))
    assert results.counts["sent"] == len(arrived.envelopes) == 1


@pytest.mark.parametrize("name", ["gmail", "microsoft365", "ses", "icloud", "brevo", "proton-bridge", "web.de"])
async def test_verify_says_that_mail_can_go(name: str, hosts: ProviderHosts) -> None:
    async with hosts.serve(name, username_at(name)) as (port, arrived):
        diagnosis = await typed(name, port, **login(name)).verify()
    assert diagnosis.ok, str(diagnosis)
    assert arrived.envelopes == []


async def test_an_address_is_all_that_has_to_be_known(hosts: ProviderHosts) -> None:
    async with hosts.serve("gmx", "me@gmx.de") as (port, arrived):
        results = await first_message(Server.for_address("me@gmx.de", password=CANARY, port=port), "me@gmx.de")
    assert results.counts["sent"] == len(arrived.envelopes) == 1


async def test_keys_of_aws_log_in(hosts: ProviderHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Server.preset("ses", region="eu-west-1", access_key="AKIA1", secret_key="a secret key").password
    monkeypatch.setattr("support.provider_servers.CANARY", made.reveal().decode())  # type: ignore[union-attr]
    async with hosts.serve("ses", "AKIA1") as (port, arrived):
        server = Server.preset("ses", region="eu-west-1", access_key="AKIA1", secret_key="a secret key", port=port)
        results = await first_message(server)
    assert results.counts["sent"] == len(arrived.envelopes) == 1


# --- signing in -----------------------------------------------------------------------------------------------


def shown_link(capsys: pytest.CaptureFixture[str], holding: str) -> str:
    """Return the link that the terminal shows."""
    return next(each for each in capsys.readouterr().out.split() if holding in each)


@pytest.mark.parametrize("name", ["microsoft365", "outlook"])
def test_a_code_typed_into_a_browser_leads_to_the_first_message_and_never_again(
    name: str, hosts: ProviderHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    counts: list[int] = []

    @in_leaps
    async def walk() -> None:
        async with (
            provider_on_loopback(pending=2) as provider,
            hosts.serve(name, username_at(name), provider.is_live) as (port, arrived),
        ):
            await sign_in(provider.oauth(), username_at(name), TerminalSignIn(), how="device")
            for _ in range(2):  # the cell is run again
                results = await first_message(typed(name, port, oauth=provider.oauth()))
                counts.append(results.counts["sent"])
        counts.append(len(arrived.envelopes))

    with keyring_in_use(MemoryKeyring()):
        walk()
    assert counts == [1, 1, 2]
    assert "WDJB-MJHT" in capsys.readouterr().out


async def test_an_address_pasted_back_leads_to_the_first_message(
    hosts: ProviderHosts, capsys: pytest.CaptureFixture[str]
) -> None:
    with keyring_in_use(MemoryKeyring()):
        async with (
            provider_on_loopback() as provider,
            hosts.serve("gmail", "me@gmail.com", provider.is_live) as (port, arrived),
        ):
            oauth = provider.oauth(device=False)
            with pytest.raises(SignInError, match=r"nobody can be asked here: finish it by .*redirected="):
                await sign_in(oauth, "me@gmail.com", TerminalSignIn(), how="paste")
            page = await visit(shown_link(capsys, "/authorize"), follow=False)
            pasted = Secret(page.headers["Location"])
            await sign_in(oauth, "me@gmail.com", TerminalSignIn(), redirected=pasted)
            results = await first_message(typed("gmail", port, oauth=oauth))
    assert results.counts["sent"] == len(arrived.envelopes) == 1


# --- what stops somebody new ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("gmail", OWN_PASSWORD, "make an app password in the account's security settings"),
        ("gmail", "not it", "gmail wants an app password"),
        ("microsoft365", OWN_PASSWORD, "no longer takes passwords|OAuth"),
        ("outlook", OWN_PASSWORD, "it takes no passwords|OAuth"),
        ("yahoo", OWN_PASSWORD, "yahoo wants an app password"),
        ("icloud", OWN_PASSWORD, "icloud wants an app-specific password"),
        ("fastmail", OWN_PASSWORD, "fastmail wants an app password; the account's own is refused"),
        ("ses", "not it", "ses wants the SMTP credentials of the SES console, or access_key="),
        ("sendgrid", "not it", "sendgrid wants an API key as the password"),
        ("brevo", "an API key", "an SMTP key of the page SMTP & API; an API key is another thing"),
        ("mailgun", "not it", "mailgun wants the domain's SMTP credentials"),
        ("web.de", "not it", "web.de wants the mailbox's password"),
    ],
)
async def test_a_refused_login_is_answered_with_what_the_provider_wants(
    name: str, password: str, words: str, hosts: ProviderHosts
) -> None:
    async with hosts.serve(name, username_at(name)) as (port, arrived):
        server = typed(name, port, password=password)
        diagnosis = await server.verify()
        with pytest.raises(SMTPAuthenticationError) as caught:
            await first_message(server)
    assert diagnosis.failed is not None
    said = (diagnosis.failed.remedy, *caught.value.__notes__)
    assert all(any(each in words_of_it for each in words.split("|")) for words_of_it in said), said
    assert arrived.envelopes == []


@pytest.mark.parametrize("name", ["microsoft365", "ses", "sendgrid"])
async def test_a_sender_who_is_not_the_accounts_is_called_so(name: str, hosts: ProviderHosts) -> None:
    async with hosts.serve(name, username_at(name)) as (port, _):
        results = await first_message(typed(name, port, **login(name)), "desk@example.org")
    assert results.counts["failed"] == 1
    assert results.frame["hint"].str.contains("sender address|verify the address").all(), results.frame["hint"][0]


WORDS = """
from notebookmail import Server, Template, send_frame
import pandas as pd
df = pd.DataFrame({"email": ["ann@example.org"]})
letter = Template("Hello", text="hello", sender="me@gmail.com")
results = await send_frame(df, letter, Server.preset("gmail", port=PORT), journal=False, progress=False)
print("sent:", results.counts["sent"])
"""
LEAD_HERE = """
import socket
usual = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: usual(host.replace("smtp.gmail.com", "127.0.0.1"), *rest, **more)
"""


async def test_a_notebooks_user_is_asked_who_they_are_and_the_letter_arrives_and_nobody_where_nobody_watches(
    hosts: ProviderHosts,
) -> None:
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    asked: list[str] = []
    printed: list[str] = []

    def answer(message: dict[str, Any]) -> None:
        asked.append(message["content"]["prompt"])
        client.input("me@gmail.com" if len(asked) == 1 else CANARY)

    try:
        await client.wait_for_ready(timeout=120)
        async with hosts.serve("gmail", "me@gmail.com") as (port, arrived):
            call = 'from notebookmail import Server; Server.preset("gmail")'
            unwatched = await asyncio.wait_for(
                client.execute_interactive(call, allow_stdin=False, output_hook=lambda _message: None), 120
            )
            reply = await asyncio.wait_for(
                client.execute_interactive(
                    LEAD_HERE + WORDS.replace("PORT", str(port)),
                    allow_stdin=True,
                    stdin_hook=answer,
                    output_hook=lambda message: printed.append(str(message["content"])),
                ),
                120,
            )
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    assert "wants username='me@gmail.com', who logs in" in unwatched["content"]["evalue"]
    assert reply["content"]["status"] == "ok", reply
    assert [each.partition(" ")[0] for each in asked] == ["User", "App"]
    assert "sent: 1" in "".join(printed)
    assert len(arrived.envelopes) == 1
