"""Runs that log in by OAuth: over tokens that end in the middle, ended sign-ins, refused tokens. And no secret."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from support.keyrings import MemoryKeyring, keyring_in_use
from support.leaping_clock import in_leaps
from support.token_mail_server import token_mail_server
from support.token_server import CLIENT_SECRET, Provider, provider_on_loopback
from support.traceback_variables import variables_shown

from notebookmail import Server, SignInError, SMTPAuthenticationError, Template, send_frame
from notebookmail.campaign import display
from notebookmail.delivery.explain import explain
from notebookmail.privacy.secret import Secret
from notebookmail.server.token_endpoint import Tokens
from notebookmail.server.tokens import TokenKeeper, keeper_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notebookmail.server.oauth import OAuth

ME = "me@example.org"
LETTER = Template("Hello {{ n }}", text="hello {{ n }}", sender="desk@example.org")
GOOGLE_SAYS = {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    monkeypatch.setattr(display, "REFRESH_SECONDS", 600)  # a tick is a leap: hours of them would take minutes
    with keyring_in_use(MemoryKeyring()) as backend:
        yield backend


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame({"n": range(count), "email": [f"p{n}@example.org" for n in range(count)]})


def signed_in(provider: Provider, oauth: OAuth) -> TokenKeeper:
    keeper = keeper_of(oauth, ME, clock=asyncio.get_running_loop().time)
    given = provider.with_refresh_token()
    keeper.keep(Tokens(Secret(given["access_token"]), Secret(given["refresh_token"]), given["expires_in"]))
    return keeper


def secrets_of(provider: Provider) -> tuple[str, ...]:
    return (*provider.all_tokens, CLIENT_SECRET)


def test_a_run_of_two_hours_goes_on_over_tokens_of_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made: list[str] = []

    @in_leaps
    async def run() -> None:
        async with (
            provider_on_loopback(wants_secret=True) as provider,
            token_mail_server(provider) as (port, handler),
        ):
            oauth = provider.oauth(client_secret=CLIENT_SECRET)
            signed_in(provider, oauth)
            server = Server("127.0.0.1", port, username=ME, oauth=oauth, rate=0.005, max_connections=3)
            began = asyncio.get_running_loop().time()
            results = await send_frame(
                people(40), LETTER, server, journal=tmp_path / "journal.sqlite", progress=False, retry=10
            )
            took = asyncio.get_running_loop().time() - began

            assert took > 7_200
            assert results.counts["sent"] == 40
            assert len({each.rcpt_tos[0] for each in handler.envelopes}) == len(handler.envelopes) == 40
            assert len(set(handler.logins)) == 3
            assert provider.asked == ["refresh_token"] * 2
            assert handler.users == {ME}

            seen = (
                caplog.text + repr(results) + results._repr_html_() + repr(server) + repr(oauth) + results.notice
            )
            assert not any(secret in seen for secret in secrets_of(provider))
            made.extend(secrets_of(provider))

    run()
    journal = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert journal
    assert not any(secret.encode() in journal for secret in made)


@in_leaps
async def test_a_sign_in_that_ends_in_the_middle_ends_the_run_as_a_refused_login_does(tmp_path: Path) -> None:
    async with provider_on_loopback(life_seconds=600) as provider, token_mail_server(provider) as (port, handler):
        oauth = provider.oauth()
        signed_in(provider, oauth)
        server = Server("127.0.0.1", port, username=ME, oauth=oauth, rate=0.05, max_connections=1)
        asyncio.get_running_loop().call_later(300, provider.refresh_tokens.clear)
        path = tmp_path / "journal.sqlite"
        results = await send_frame(people(50), LETTER, server, journal=path, progress=False, campaign="may")
        assert 20 < results.counts["sent"] < 40
        assert results.counts["pending"] == 50 - results.counts["sent"]
        assert "Sign in again: await server.sign_in()" in " ".join(str(results).split())

        with pytest.raises(SignInError, match="nobody has signed in"):
            await send_frame(people(50), LETTER, server, journal=path, progress=False, campaign="may")
        signed_in(provider, oauth)
        results = await send_frame(people(50), LETTER, server, journal=path, progress=False, campaign="may")
        assert results.counts["sent"] + results.sent_before == 50
        assert len({each.rcpt_tos[0] for each in handler.envelopes}) == len(handler.envelopes) == 50


@in_leaps
async def test_a_token_server_that_is_away_for_a_while_costs_no_row(tmp_path: Path) -> None:
    async with provider_on_loopback(life_seconds=500) as provider, token_mail_server(provider) as (port, _):
        oauth = provider.oauth()
        signed_in(provider, oauth)
        provider.faults = [503, 500]
        server = Server("127.0.0.1", port, username=ME, oauth=oauth, rate=0.02, max_connections=1)
        results = await send_frame(people(30), LETTER, server, journal=False, progress=False)
        assert results.counts["sent"] == 30
        assert provider.faults == []


async def test_a_server_that_forgets_the_login_when_a_session_is_reset_gets_a_new_one_and_costs_no_row() -> None:
    refusals = {"p1@example.org": "550 5.1.1 no such user", "p3@example.org": "550 5.1.1 no such user"}
    async with (
        provider_on_loopback() as provider,
        token_mail_server(provider, forgets_at_rset=True, **refusals) as (port, handler),
    ):
        oauth = provider.oauth()
        signed_in(provider, oauth)
        server = Server("127.0.0.1", port, username=ME, oauth=oauth, max_connections=1)
        results = await send_frame(people(6), LETTER, server, journal=False, progress=False)
    assert (results.counts["sent"], results.counts["failed"]) == (4, 2)
    assert len(handler.logins) == 3
    assert len(set(handler.logins)) == 1


async def test_nobody_has_signed_in_is_said_before_anything_is_sent() -> None:
    async with provider_on_loopback() as provider, token_mail_server(provider) as (port, handler):
        server = Server("127.0.0.1", port, username=ME, oauth=provider.oauth())
        with pytest.raises(SignInError, match=r"nobody has signed in with Example.*await server.sign_in\(\)"):
            await send_frame(people(2), LETTER, server, journal=False, progress=False)
        diagnosis = await server.verify()
        assert diagnosis.failed is not None
        assert (diagnosis.failed.name, "await server.sign_in()" in diagnosis.failed.remedy) == ("AUTH", True)
        assert handler.envelopes == []


@pytest.mark.parametrize(
    ("refusal", "reply", "hidden", "words"),
    [
        (GOOGLE_SAYS, "535 5.7.8 Username and Password not accepted.", (), "does not allow sending mail"),
        (GOOGLE_SAYS | {"status": "401"}, "535 5.7.8 Username and Password not accepted.", (), "has ended"),
        ({"status": "insufficient_scope"}, "535 5.7.8 no", ("XOAUTH2",), "does not allow sending mail"),
        ({"status": "invalid_token"}, "535 5.7.8 no", ("XOAUTH2",), "has ended"),
        (None, "535 5.7.3 Authentication unsuccessful [AM0PR01.eurprd01.prod.outlook.com]", (), "has ended"),
        (
            None,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
            (),
            "sending by SMTP is switched off for this mailbox",
        ),
    ],
)
async def test_what_a_server_says_of_a_refused_token_is_read_and_explained(
    refusal: dict[str, str] | None, reply: str, hidden: tuple[str, ...], words: str
) -> None:
    async with (
        provider_on_loopback() as provider,
        token_mail_server(provider, refusal=refusal, reply=reply, hidden=("PLAIN", "LOGIN", *hidden)) as (
            port,
            handler,
        ),
    ):
        oauth = provider.oauth()
        signed_in(provider, oauth)
        provider.live.clear()
        server = Server("127.0.0.1", port, username=ME, oauth=oauth)
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send_frame(people(2), LETTER, server, journal=False, progress=False)
        error = caught.value
        assert error.mechanism == ("OAUTHBEARER" if hidden else "XOAUTH2")
        assert (error.token_status, error.token_scope) == (
            ("", "") if refusal is None else (refusal["status"], refusal.get("scope", ""))
        )
        assert handler.answers == ([] if refusal is None else [b"\1" if hidden else b""])
        explanation = explain(error)
        assert words in explanation.cause
        assert "app password" not in explanation.remedy
        assert any(explanation.cause in note for note in error.__notes__)
        shown = variables_shown(error)
        assert not any(secret in shown for secret in secrets_of(provider))

        assert provider.asked == []
        results = await send_frame(people(2), LETTER, server, journal=False, progress=False)
        assert results.counts["sent"] == 2  # what was refused is not shown again: it was renewed
        assert provider.asked == ["refresh_token"]
