"""Tokens that stay fresh: renewed in time, once for all who wait, kept in the keyring alone."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING

import pytest
from support.keyrings import MemoryKeyring, PlaintextKeyring, keyring_in_use
from support.leaping_clock import in_leaps
from support.token_server import CLIENT_SECRET, Provider, provider_on_loopback

from notebookmail import SignInError, SMTPConnectError
from notebookmail.privacy.secret import Secret
from notebookmail.server.token_endpoint import Tokens
from notebookmail.server.tokens import TokenKeeper

if TYPE_CHECKING:
    from collections.abc import Iterator

REFRESH = "refresh_token"
ME = "me@example.org"


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    with keyring_in_use(MemoryKeyring()) as backend:
        yield backend


def signed_in(provider: Provider, **options: object) -> TokenKeeper:
    given = provider.with_refresh_token()
    keeper = TokenKeeper(provider.oauth(**options), ME, clock=asyncio.get_running_loop().time)
    refresh = Secret.of(given.get("refresh_token"))
    keeper.keep(Tokens(Secret(given["access_token"]), refresh, given["expires_in"]))
    return keeper


@in_leaps
async def test_a_token_is_renewed_minutes_before_its_end_and_not_sooner(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        keeper = signed_in(provider)
        first = await keeper()
        await asyncio.sleep(3_600 - 301)
        assert await keeper() == first
        await asyncio.sleep(2)
        second = await keeper()
        assert second != first
        assert provider.is_live(second.reveal().decode())
        assert provider.asked == [REFRESH]


async def test_many_who_want_a_token_at_once_make_one_refresh(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        keeper = signed_in(provider)
        keeper.distrust()
        tokens = await asyncio.gather(*(keeper() for _ in range(20)))
    assert len({token.reveal() for token in tokens}) == 1
    assert provider.asked == [REFRESH]


async def test_loops_of_other_threads_share_the_refresh(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        keeper = signed_in(provider)
        keeper.distrust()
        found: list[bytes] = []
        threads = [threading.Thread(target=lambda: found.append(asyncio.run(keeper()).reveal())) for _ in range(4)]
        for thread in threads:
            thread.start()
        found.append((await keeper()).reveal())
        for thread in threads:
            await asyncio.to_thread(thread.join)
    assert len(found) == 5
    assert len(set(found)) == 1
    assert provider.asked == [REFRESH]


async def test_who_waits_goes_on_when_the_one_that_renews_is_cancelled(memory: MemoryKeyring) -> None:
    async with provider_on_loopback(faults=["hang"]) as provider:
        keeper = signed_in(provider)
        keeper.distrust()
        first = asyncio.create_task(keeper())
        while not provider.asked:  # noqa: ASYNC110 -- the server's turn, on this loop
            await asyncio.sleep(0)
        second = asyncio.create_task(keeper())
        third = asyncio.create_task(keeper())
        await asyncio.sleep(0)
        third.cancel()
        first.cancel()
        assert provider.is_live((await second).reveal().decode())
        assert first.cancelled() or first.cancelling()
        with pytest.raises(asyncio.CancelledError):
            await third


async def test_a_refresh_token_that_changes_is_stored_at_once(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        keeper = signed_in(provider)
        for _ in range(3):
            keeper.distrust()
            await keeper()
        (entry,) = memory.passwords.values()
        assert json.loads(entry)["refresh_token"] in provider.refresh_tokens
        again = TokenKeeper(keeper.oauth, ME)  # another process
        assert provider.is_live((await again()).reveal().decode())


async def test_another_process_that_renewed_first_does_not_end_the_sign_in(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        ours = signed_in(provider)
        theirs = TokenKeeper(ours.oauth, ME)
        await theirs()  # takes our refresh token, which is good once
        ours.distrust()
        assert provider.is_live((await ours()).reveal().decode())


async def test_a_sign_in_that_has_ended_says_how_to_sign_in_again(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        keeper = signed_in(provider)
        provider.refresh_tokens.clear()
        keeper.distrust()
        with pytest.raises(
            SignInError, match=r"Example: the sign-in is not valid any more.*AADSTS70008"
        ) as caught:
            await keeper()
        assert caught.value.message.endswith("Sign in again: await server.sign_in()")
        assert caught.value.error == "invalid_grant"
        assert not any(token in str(caught.value) for token in provider.all_tokens)
        assert memory.passwords == {}
        with pytest.raises(SignInError, match=r"nobody has signed in with Example"):
            await keeper()


async def test_a_token_server_in_trouble_is_no_end_and_what_is_left_of_a_token_is_used(
    memory: MemoryKeyring,
) -> None:
    async with provider_on_loopback(life_seconds=100) as provider:
        now = [0.0]
        keeper = TokenKeeper(provider.oauth(), ME, clock=lambda: now[0])
        given = provider.with_refresh_token()
        keeper.keep(Tokens(Secret(given["access_token"]), Secret(given["refresh_token"]), 100))
        now[0] = 95
        provider.faults = [503]
        assert await keeper() == given["access_token"]
        now[0] = 101
        for fault in (500, 429, "page", "temporarily_unavailable"):
            provider.faults = [fault]
            with pytest.raises(SMTPConnectError, match="Example's sign-in server") as caught:
                await keeper()
            assert caught.value.phase == "auth"
        assert await keeper() != given["access_token"]


async def test_without_a_refresh_token_the_access_token_is_kept_until_it_ends(memory: MemoryKeyring) -> None:
    async with provider_on_loopback(with_refresh=False) as provider:
        now = [0.0]
        oauth = provider.oauth()
        keeper = TokenKeeper(oauth, ME, clock=lambda: now[0])
        given = provider.tokens()
        keeper.keep(Tokens(Secret(given["access_token"]), None, 3_600))
        assert await TokenKeeper(oauth, ME, clock=lambda: now[0])() == given["access_token"]
        now[0] = 3_500
        with pytest.raises(SignInError, match="has ended"):
            await TokenKeeper(oauth, ME, clock=lambda: now[0])()
        assert provider.asked == []


async def test_an_app_signs_in_by_itself_and_keeps_nothing(memory: MemoryKeyring) -> None:
    async with provider_on_loopback(wants_secret=True) as provider:
        for place in ("body", "header"):
            oauth = provider.oauth(browser=False, device=False, client_secret=CLIENT_SECRET, secret_in=place)
            keeper = TokenKeeper(oauth, "app@example.org")
            assert provider.is_live((await keeper()).reveal().decode())
            await keeper()
    assert provider.asked == ["client_credentials"] * 2
    assert memory.passwords == {}


async def test_a_long_token_is_kept_in_parts_and_leaves_none_behind(memory: MemoryKeyring) -> None:
    async with provider_on_loopback(long=4_000) as provider:
        keeper = signed_in(provider)
        assert len(memory.passwords) == 5
        keeper.distrust()
        await keeper()
        assert len(memory.passwords) == 5
        assert provider.is_live((await TokenKeeper(keeper.oauth, ME)()).reveal().decode())
        keeper.forget()
    assert memory.passwords == {}


@pytest.mark.parametrize("kind", ["plain text", "locked", "null", "none"])
async def test_where_no_keyring_keeps_secrets_they_stay_in_memory_and_that_is_said(kind: str) -> None:
    from keyring.backends import fail, null

    backends = {"plain text": PlaintextKeyring(), "locked": MemoryKeyring(), "null": null.Keyring(),
                "none": fail.Keyring()}  # fmt: skip
    if kind == "locked":
        backends[kind].is_locked = True
    async with provider_on_loopback() as provider:
        with keyring_in_use(backends[kind]):
            keeper = TokenKeeper(provider.oauth(), ME)
            given = provider.with_refresh_token()
            why = keeper.keep(Tokens(Secret(given["access_token"]), Secret(given["refresh_token"]), 3_600))
            assert "keyring" in why
            assert await keeper() == given["access_token"]
            keeper.distrust()
            assert provider.is_live((await keeper()).reveal().decode())
            assert not getattr(backends[kind], "passwords", {})
            keeper.forget()
