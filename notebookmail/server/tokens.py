"""Access tokens that are always fresh: kept in memory, renewed before they end, signed in for only once.

What outlives the process is in the system's keyring alone: the refresh token, or the access token where there is
no other. However many connections want a token at once, from whichever thread's loop, one of them renews it. A
keeper is a token generator of the SMTP client, and would be one of any other protocol's.
"""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notebookmail.errors import NotebookmailError, SignInError, SMTPConnectError
from notebookmail.privacy.secret import Secret

from . import stored_secrets
from .stored_secrets import NoKeyringError
from .token_endpoint import Tokens, tokens_for_app, tokens_for_refresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from .oauth import OAuth

SIGN_IN: Final = "await server.sign_in()"
_SERVICE: Final = "notebookmail-oauth:"
_LEEWAY_SECONDS: Final = 300.0
"""A token is renewed so long before its end: a connection that is about to log in takes its time."""
_LEEWAY_SHARE: Final = 0.1  # and of short-lived tokens, so much of their life


@dataclass(frozen=True, slots=True)
class _HeldTokens:
    """Tokens, and until when the access token is taken for good."""

    tokens: Tokens
    good_until: float
    ends_at: float


class _Abandoned(Exception):
    """Whoever renewed was cancelled before the end."""


class TokenKeeper:
    """Gives out the access token of one account. Call it: `await keeper()`.

    Args:
        oauth: Where tokens come from.
        username: Whose they are.
        clock: The time in seconds since 1970.
    """

    def __init__(self, oauth: OAuth, username: str, *, clock: Callable[[], float] = time.time) -> None:
        self.oauth = oauth
        self.username = username
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _HeldTokens | None = None
        self._renewal: Future[_HeldTokens] | None = None

    def __repr__(self) -> str:
        return f"<token keeper of {self.oauth.provider}>"

    async def __call__(self) -> Secret:
        """Return an access token that is good for some minutes at least.

        Raises:
            SignInError: Nobody has signed in, or the sign-in has ended.
            SMTPConnectError: The token server cannot be reached.
        """
        while True:
            with self._lock:
                if self._held is not None and self._clock() < self._held.good_until:
                    return self._held.tokens.access
                renewal, is_ours = self._renewal, self._renewal is None
                if renewal is None:
                    renewal = self._renewal = Future()
                    renewal.set_running_or_notify_cancel()  # a waiter that is cancelled cancels no other's wait
            if is_ours:
                return (await self._renew_for_all(renewal)).tokens.access
            try:
                return (await asyncio.wrap_future(renewal)).tokens.access
            except _Abandoned:
                continue
            except NotebookmailError as problem:
                raise copy.copy(problem) from None  # each who waits has a traceback of its own

    async def _renew_for_all(self, renewal: Future[_HeldTokens]) -> _HeldTokens:
        problem: BaseException = _Abandoned()
        held = None
        try:
            held = await self._renewed()
            return held
        except Exception as error:
            problem = error
            raise
        finally:
            with self._lock:
                self._held, self._renewal = held or self._held, None
            if held is not None:
                renewal.set_result(held)
            else:
                renewal.set_exception(problem)

    async def _renewed(self) -> _HeldTokens:
        if self.oauth.is_app_only:
            return self._hold(await tokens_for_app(self.oauth))
        refresh = self._held.tokens.refresh if self._held is not None else None
        if refresh is None:
            restored = self._restored()
            if isinstance(restored, _HeldTokens):
                return restored
            refresh = restored
        try:
            tokens = await tokens_for_refresh(self.oauth, refresh)
        except SignInError as refusal:
            tokens = await self._from_another_process(refusal, refresh)
        except SMTPConnectError:
            if self._held is None or self._held.ends_at <= self._clock():
                raise
            return self._held  # it has some minutes left: the next connection tries again
        if tokens.refresh != refresh:
            self._store(tokens)
        return self._hold(tokens)

    async def _from_another_process(self, refusal: SignInError, refresh: Secret) -> Tokens:
        """Try the refresh token of a process that renewed before us, where the provider changes them each time."""
        if refusal.error == "invalid_grant":
            kept = self._read().get("refresh_token")
            if kept is not None and kept != refresh:
                return await tokens_for_refresh(self.oauth, kept)
            self.forget()
        raise SignInError(f"{refusal.message}. Sign in again: {SIGN_IN}", refusal.error, refusal.said)

    def _hold(self, tokens: Tokens) -> _HeldTokens:
        now = self._clock()
        leeway = min(_LEEWAY_SECONDS, tokens.life_seconds * _LEEWAY_SHARE)
        return _HeldTokens(tokens, now + tokens.life_seconds - leeway, now + tokens.life_seconds)

    # --- what outlives the process ----------------------------------------------------------------------------

    def keep(self, tokens: Tokens) -> str:
        """Take over the tokens of a sign-in.

        Returns:
            Why they live in memory only, or "" when they are in the keyring.
        """
        with self._lock:
            self._held = self._hold(tokens)
        return self._store(tokens)

    def forget(self) -> None:
        """Forget every token, in memory and in the keyring."""
        with self._lock:
            self._held = None
        try:
            stored_secrets.delete(*self._entry)
        except NoKeyringError:
            return  # then nothing is there

    def distrust(self) -> None:
        """Take the access token for ended: a server has refused it."""
        with self._lock:
            if self._held is not None:
                self._held = _HeldTokens(self._held.tokens, 0.0, 0.0)

    @property
    def _entry(self) -> tuple[str, str]:
        """Name what the keyring holds: service and account."""
        return f"{_SERVICE}{self.oauth.provider}", f"{self.username} ({self.oauth.client_id})"

    def _store(self, tokens: Tokens) -> str:
        try:
            stored_secrets.write(*self._entry, self._as_text(tokens))
        except NoKeyringError as problem:
            return str(problem)
        return ""

    def _as_text(self, tokens: Tokens) -> Secret:
        if tokens.refresh is not None:
            return tokens.refresh.map(lambda octets: json.dumps({"refresh_token": octets.decode()}).encode())
        ends_at = self._clock() + tokens.life_seconds
        return tokens.access.map(
            lambda octets: json.dumps({"access_token": octets.decode(), "ends_at": str(ends_at)}).encode()
        )

    def _restored(self) -> Secret | _HeldTokens:
        """Return what an earlier process left: a refresh token, or an access token that is good still."""
        kept = self._read()
        if "refresh_token" in kept:
            return kept["refresh_token"]
        if "access_token" in kept:
            ends_at = float(kept["ends_at"].reveal())
            good_until = ends_at - _LEEWAY_SECONDS
            if self._clock() < good_until:
                tokens = Tokens(kept["access_token"], None, ends_at - self._clock())
                return _HeldTokens(tokens, good_until, ends_at)
            raise SignInError(f"the sign-in with {self.oauth.provider} has ended. Sign in again: {SIGN_IN}")
        raise SignInError(f"nobody has signed in with {self.oauth.provider} for this account yet: {SIGN_IN}")

    def _read(self) -> dict[str, Secret]:
        try:
            entry = stored_secrets.read(*self._entry)
        except NoKeyringError:
            return {}
        try:
            texts = json.loads(entry.reveal()) if entry else {}
            return {str(name): Secret(value) for name, value in texts.items() if isinstance(value, str)}
        except (ValueError, AttributeError):
            return {}  # of another program
        finally:
            texts = None


_keepers: dict[tuple[OAuth, str], TokenKeeper] = {}
_keepers_lock = threading.Lock()


def keeper_of(oauth: OAuth, username: str, *, clock: Callable[[], float] = time.time) -> TokenKeeper:
    """Return the one keeper of an account in this process, which all its connections share.

    Args:
        oauth: Where its tokens come from.
        username: Whose they are.
        clock: What the time is told by, where there is no keeper yet.
    """
    with _keepers_lock:
        return _keepers.setdefault((oauth, username.lower()), TokenKeeper(oauth, username, clock=clock))
