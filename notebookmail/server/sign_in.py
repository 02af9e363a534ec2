"""Signing in by OAuth, where somebody sits: by a code, in a browser, or by pasting an address back.

Which way: in a browser on this machine where the kernel runs here; elsewhere (JupyterHub, Binder, Colab, ssh) by a
code, where the provider takes one for mail, or by pasting back the address that the browser cannot open. Nothing
waits for a click in the cell: kernels do not hear one while an awaited cell runs. Who is not there is not waited
for: cron, nbclient and papermill get an error that says where to sign in.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from notebookmail.errors import FrameError, SignInError
from notebookmail.privacy.secret import Secret
from notebookmail.view.frontend import is_attended, is_notebook
from notebookmail.view.words.sign_in import SignInCard

from . import token_endpoint
from .passwords import NobodyToAskError, ask
from .redirect_listener import listening
from .tokens import SIGN_IN, TokenKeeper, keeper_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping
    from typing import TypeVar

    from .oauth import OAuth, Way
    from .token_endpoint import Tokens

    _Result = TypeVar("_Result")

WAIT_SECONDS: Final = 900.0
"""How long somebody may take."""

_TICK_SECONDS: Final = 0.1  # an idle kernel's loop does not hear an interrupt by itself
_FREE_PORTS: Final = 49_152
"""From here on no port has an owner (RFC 6335 6): nothing is likely to listen where a browser is sent in vain."""

_PASTE: Final = 'await server.sign_in(redirected="http://...")'
_BY_PASTING: Final = "await server.sign_in(how='paste')"
_ELSEWHERE: Final = (
    "JUPYTERHUB_USER", "JUPYTERHUB_SERVICE_PREFIX", "BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST",
    "COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "CODESPACES", "DEEPNOTE_PROJECT_ID",
    "DATABRICKS_RUNTIME_VERSION", "SSH_CONNECTION",
)  # fmt: skip
"""Environment variables of places where the browser is on another machine than this program."""

_CONTAINERS: Final = ("/.dockerenv", "/run/.containerenv")


class Face(Protocol):
    """What shows a sign-in."""

    def show(self, card: SignInCard) -> None:
        """Show how it stands, in the place of what was shown before where that can be."""


@dataclass(frozen=True, slots=True)
class _BrowserVisit:
    """A sign-in in a browser that is not over: what its answer is checked against."""

    state: str
    redirect: str
    verifier: Secret = field(repr=False)


_visits: dict[TokenKeeper, _BrowserVisit] = {}


def is_elsewhere(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the browser is likely on another machine than this program, or outside of its container."""
    return any(environment.get(name) for name in _ELSEWHERE) or any(map(os.path.exists, _CONTAINERS))


def way_for(oauth: OAuth, how: Way | None, *, elsewhere: bool) -> Way:
    """Choose how to sign in.

    Raises:
        FrameError: The provider does not know the way that was asked for.
    """
    if how not in {None, "browser", "device", "paste"}:
        raise FrameError(f"how={how!r}: it is one of 'browser', 'device', 'paste'")
    if (how == "device" and not oauth.device_url) or (how in {"browser", "paste"} and not oauth.authorize_url):
        ways = "'browser', 'paste'" if oauth.authorize_url else "'device'"
        raise FrameError(f"how={how!r} does not work with {oauth.provider} for mail: use one of {ways}")
    if how is not None:
        return how
    if not oauth.authorize_url:
        return "device"
    if not elsewhere:
        return "browser"
    return "device" if oauth.device_url else "paste"


def face_here() -> Face:
    """Return what can show a sign-in.

    Raises:
        SignInError: Nobody would see it.
    """
    if is_notebook():
        if is_attended():
            from notebookmail.view.widgets.sign_in import CellSignIn

            return CellSignIn()
    elif any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        from notebookmail.view.terminal.sign_in import TerminalSignIn

        return TerminalSignIn()
    raise SignInError(
        f"nobody is here to sign in: run {SIGN_IN} once in a notebook or a terminal of this user; the keyring "
        "keeps the sign-in"
    )


async def sign_in(
    oauth: OAuth,
    username: str,
    face: Face | None = None,
    *,
    how: Way | None = None,
    redirected: str | Secret | None = None,
    timeout: float = WAIT_SECONDS,
) -> None:
    """Sign an account in, and keep its tokens.

    Args:
        oauth: Where.
        username: Whom.
        face: What shows it; found here by default.
        how: Which way; chosen by where this runs by default.
        redirected: The address that the browser could not open, of a sign-in that was begun before.
        timeout: Seconds to wait for somebody.

    Raises:
        SignInError: Refused, declined, too late, or nobody is there.
        SMTPConnectError: The provider cannot be reached.
        FrameError: A way that the provider does not know.
    """
    token_endpoint.require_library()
    way = None if oauth.is_app_only or redirected is not None else way_for(oauth, how, elsewhere=is_elsewhere())
    shown = _Shown(face, needs_somebody=way is not None)
    keeper = keeper_of(oauth, username)
    signing = _SignIn(keeper, shown, timeout)
    async with shown.to_the_end(keeper), _ticking():
        if redirected is not None:
            tokens = await signing.finished(Secret.of(redirected))
        elif way is None:
            tokens = await token_endpoint.tokens_for_app(oauth)
        else:
            steps = {"browser": signing.by_browser, "device": signing.by_device, "paste": signing.by_paste}
            tokens = await steps[way]()
        _visits.pop(keeper, None)
        shown.success(keeper, "" if oauth.is_app_only else _kept(keeper, tokens))


def _kept(keeper: TokenKeeper, tokens: Tokens) -> str:
    """Take the tokens over; return what is to be said of where they are."""
    why_not = keeper.keep(tokens)
    if why_not:
        return f"It lives in this process's memory only, and ends with it: {why_not}. It is written nowhere else."
    return "The system's keyring keeps it, and it renews itself: server.sign_out() ends it on this machine."


class _Shown:
    """The face, and the last word on it: whatever happens, what stays holds no code and no link."""

    def __init__(self, face: Face | None, *, needs_somebody: bool) -> None:
        self._face = face or (face_here() if needs_somebody else _face_or_none())

    def show(self, card: SignInCard) -> None:
        if self._face is not None:
            self._face.show(card)

    def success(self, keeper: TokenKeeper, where: str) -> None:
        """Show that it worked."""
        who = "The app can sign in" if keeper.oauth.is_app_only else "You are signed in"
        self.show(SignInCard("done", f"{who} with {keeper.oauth.provider}", notes=(where,) if where else ()))

    @contextlib.asynccontextmanager
    async def to_the_end(self, keeper: TokenKeeper) -> AsyncIterator[None]:
        """Show an end that is none of success."""
        try:
            yield
        except Exception:
            failed = f"Signing in with {keeper.oauth.provider} did not work"
            self.show(SignInCard("failed", failed, notes=(_SEE_BELOW,)))
            raise
        except BaseException:
            finish = f", or finish it by {_PASTE} with the address that the browser shows"
            note = f"Run it again{finish if keeper in _visits else ''}."
            self.show(SignInCard("failed", "The sign-in was interrupted", notes=(note,)))
            raise


_SEE_BELOW: Final = "The error below says why."


def _face_or_none() -> Face | None:
    try:
        return face_here()
    except SignInError:
        return None


@contextlib.asynccontextmanager
async def _ticking() -> AsyncIterator[None]:
    async def tick() -> None:
        while True:  # noqa: ASYNC110 -- the waking is the purpose
            await asyncio.sleep(_TICK_SECONDS)

    ticker = asyncio.create_task(tick()) if is_notebook() else None
    try:
        yield
    finally:
        if ticker is not None:
            ticker.cancel()


class _SignIn:
    """One sign-in, whichever way it takes."""

    def __init__(self, keeper: TokenKeeper, shown: _Shown, timeout: float) -> None:
        self._keeper = keeper
        self._oauth = keeper.oauth
        self._shown = shown
        self._timeout = timeout

    async def by_device(self) -> Tokens:
        """Show a code, and ask until somebody has typed it in."""
        code = await token_endpoint.device_code(self._oauth)
        steps = (
            f"Open {code.address} in any browser, on any machine.",
            "Type in the code.",
            f"Sign in as {self._keeper.username}, and allow the app to send mail.",
        )
        waits = min(self._timeout, code.life_seconds)
        note = f"This goes on by itself when you are done; it waits until {_at(waits)}."
        self._show(steps, code.address, code.user_code, (note,))
        return await self._in_time(token_endpoint.tokens_for_device(self._oauth, code), waits)

    async def by_browser(self) -> Tokens:
        """Show a page to open, and wait until the browser comes back to this machine."""
        state = secrets.token_urlsafe(32)
        async with listening(state) as (port, answer):
            link = self._begun(state, port)
            steps = (
                "Open the sign-in page.",
                f"Sign in as {self._keeper.username}, and allow the app to send mail.",
            )
            elsewhere = (
                "If the browser is on another machine, and says at the end that it cannot open an address of "
                f"{self._oauth.redirect_host}: interrupt this, copy that address, and run {_PASTE} with it."
            )
            notes = (
                f"This goes on by itself when you are done; it waits until {_at(self._timeout)}.",
                elsewhere,
            )
            self._show(steps, link, "", notes)
            return await self.finished(await self._in_time(answer, self._timeout))

    async def by_paste(self) -> Tokens:
        """Show a page to open, and ask for the address that the browser is sent to in the end."""
        nowhere = _FREE_PORTS + secrets.randbelow(16_000)
        link = self._begun(secrets.token_urlsafe(32), nowhere)
        at_the_end = (
            f"The browser then says that it cannot open {self._oauth.redirect_host}: that is right. Copy the "
            "whole address from its address bar."
        )
        steps = (
            "Open the sign-in page.",
            f"Sign in as {self._keeper.username}, and allow the app to send mail.",
            at_the_end,
            "Paste it into the field below; what is pasted does not show.",
        )
        self._show(steps, link, "", (f"Or finish it later: {_PASTE} with that address.",))
        try:
            pasted = ask("Paste the address here: ")
        except NobodyToAskError:
            raise SignInError(f"nobody can be asked here: finish it by {_PASTE}") from None
        return await self.finished(pasted)

    async def finished(self, redirected: Secret) -> Tokens:
        """Exchange the code in the address that the browser was sent to."""
        visit = _visits.get(self._keeper)
        if visit is None:
            raise SignInError(f"no sign-in was begun here that this address could end: begin with {_BY_PASTING}")
        code = _code_in(redirected, visit, self._oauth)
        del _visits[self._keeper]  # a code is good once
        return await token_endpoint.tokens_for_code(self._oauth, code, visit.verifier, visit.redirect)

    def _begun(self, state: str, port: int) -> str:
        """Begin a sign-in in a browser; return the page to open."""
        redirect = f"http://{self._oauth.redirect_host}:{port}"
        visit = _visits[self._keeper] = _BrowserVisit(state, redirect, Secret(secrets.token_urlsafe(48)))
        return token_endpoint.authorize_address(
            self._oauth, redirect, state, visit.verifier, self._keeper.username
        )

    def _show(self, steps: tuple[str, ...], link: str, code: str, notes: tuple[str, ...]) -> None:
        self._shown.show(SignInCard("waiting", f"Sign in with {self._oauth.provider}", steps, link, code, notes))

    async def _in_time(self, waited_for: Awaitable[_Result], seconds: float) -> _Result:
        try:
            async with asyncio.timeout(seconds) as limit:
                return await waited_for
        except TimeoutError:
            if not limit.expired():  # the provider's
                raise
        raise SignInError(f"nobody signed in within {seconds:g} s: run {SIGN_IN} again", "expired_token")


def _at(seconds: float) -> str:
    # The kernel's clock may be far from who reads it.
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S} UTC"


def _code_in(redirected: Secret, visit: _BrowserVisit, oauth: OAuth) -> Secret:
    """Take the code out of an address, if it is the answer to this sign-in (RFC 6749 4.1.2, 10.12)."""
    try:
        query = parse_qs(urlsplit(redirected.reveal().decode().strip()).query)
    except ValueError:
        query = {}
    found = {name: values[0] for name, values in query.items() if name in {"state", "error", "error_description"}}
    code = Secret.of(query.get("code", [""])[0])
    query = {}
    if not code and "error" not in found:
        raise SignInError(
            "that is not the address from the browser's address bar at the end of the sign-in: it has code= in it"
        )
    if not secrets.compare_digest(found.get("state", "").encode(), visit.state.encode()):
        raise SignInError(f"that address belongs to another sign-in, an earlier one perhaps: run {SIGN_IN} again")
    if "error" in found:
        raise token_endpoint.refusal(oauth, found["error"], found.get("error_description", ""))
    return code
