"""What a provider's token server is asked, and what its answers mean. The one place that knows authlib and HTTP.

A refusal is a `SignInError` in words; a server that cannot be reached, is in trouble or talks nonsense is an
`SMTPConnectError`, so that a run tries again as with a mail server. The frames of the libraries hold tokens and
codes as texts: no exception leaves with one of them, not even an interrupt.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import NotebookmailError, SignInError, SMTPConnectError, SMTPConnectTimeoutError, at
from notebookmail.privacy.secret import Secret, without
from notebookmail.view.words.visible_text import clip, visible

from .oauth import is_safe_address

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from .oauth import OAuth

ANSWER_SECONDS: Final = 20.0
"""How long a token server may take to answer."""

_USUAL_SECONDS: Final = 3_600.0  # how long a token is taken to live that does not say (RFC 6749 5.1 recommends it)
_LONGEST_WORDS: Final = 300
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_SECONDS: Final = 5.0  # RFC 8628 3.2
_CODE_SECONDS: Final = 900.0
_IN_TROUBLE: Final = frozenset({"temporarily_unavailable", "server_error"})
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 5  # first digit

_REFUSALS: Final[Mapping[str, str]] = {
    "access_denied": "the sign-in was declined in the browser",
    "authorization_declined": "the sign-in was declined in the browser",
    "expired_token": "nobody signed in before the code expired: sign in again",
    "invalid_client": "it does not know this client id with this client secret: check both; secrets expire, too",
    "invalid_grant": "the sign-in is not valid any more: it expired, was revoked, or the password was changed",
    "invalid_scope": "the app may not ask for these permissions: add them in its registration",
    "unauthorized_client": "the app may not sign in this way: in its registration at Microsoft, "
    '"Allow public client flows" must be on',
    "redirect_uri_mismatch": "the app's registration does not know this machine's address: its type must be that "
    "of a desktop app",
    "interaction_required": "it wants to see the account's owner again: sign in again",
    "consent_required": "somebody must consent: sign in again, or ask the organisation's administrator to",
    "org_internal": "the app is for accounts of its own organisation only",
    "admin_policy_enforced": "the organisation's administrator does not allow this app",
}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token server gave out.

    Attributes:
        access: What servers are shown.
        refresh: What new tokens are got with; None where there is none.
        life_seconds: How long the access token lives from when it was given.
    """

    access: Secret
    refresh: Secret | None
    life_seconds: float


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What somebody is to type in, and what is asked for meanwhile (RFC 8628 3.2).

    Attributes:
        user_code: What is typed in.
        address: Where.
        secret: What the token is asked for with.
        life_seconds: How long both are valid.
        interval_seconds: How long to wait between two questions.
    """

    user_code: str
    address: str
    secret: Secret = field(repr=False)
    life_seconds: float
    interval_seconds: float


async def tokens_for_code(oauth: OAuth, code: Secret, verifier: Secret, redirect: str) -> Tokens:
    """Exchange the code that the browser came back with (RFC 6749 4.1.3, RFC 7636 4.5)."""
    return await _tokens(oauth, "authorization_code", {"code": code, "code_verifier": verifier}, redirect)


async def tokens_for_refresh(oauth: OAuth, refresh: Secret) -> Tokens:
    """Get new tokens (RFC 6749 6); the refresh token is the new one where the server changes it."""
    found = await _tokens(oauth, "refresh_token", {"refresh_token": refresh})
    return found if found.refresh is not None else Tokens(found.access, refresh, found.life_seconds)


async def tokens_for_app(oauth: OAuth) -> Tokens:
    """Get a token for the app itself (RFC 6749 4.4)."""
    return await _tokens(oauth, "client_credentials", {})


async def tokens_for_device(oauth: OAuth, code: DeviceCode) -> Tokens:
    """Ask again and again until somebody has signed in with the code (RFC 8628 3.4, 3.5).

    Raises:
        SignInError: Declined, expired, or refused.
    """
    interval, ends = code.interval_seconds, _now() + code.life_seconds
    while _now() < ends:
        await asyncio.sleep(interval)
        try:
            return await _tokens(oauth, _DEVICE_GRANT, {"device_code": code.secret})
        except SignInError as refusal:
            if refusal.error == "slow_down":
                interval += _INTERVAL_SECONDS
            elif refusal.error != "authorization_pending":
                raise
        except SMTPConnectTimeoutError:
            interval *= 2
        except SMTPConnectError:  # it may be back before the code expires
            continue
    raise SignInError(f"{oauth.provider}: {_REFUSALS['expired_token']}", "expired_token")


def _now() -> float:
    return asyncio.get_running_loop().time()


async def device_code(oauth: OAuth) -> DeviceCode:
    """Ask for a code that somebody can type in on any machine (RFC 8628 3.1)."""
    said = await _sealed(oauth, lambda: _post_for_code(oauth), ())
    try:
        found = DeviceCode(
            visible(said["user_code"])[:40],
            str(said.get("verification_uri") or said["verification_url"]),  # the latter is Google's
            Secret(str(said["device_code"])),
            float(said.get("expires_in") or _CODE_SECONDS),
            max(0.05, float(said.get("interval") or _INTERVAL_SECONDS)),
        )
    except (KeyError, TypeError, ValueError):
        found = None
    if found is None or not is_safe_address(found.address):
        raise _nonsense(oauth)
    return found


def authorize_address(oauth: OAuth, redirect: str, state: str, verifier: Secret, username: str | None) -> str:
    """Return the page where somebody signs in; the browser comes back to `redirect` with a code.

    Args:
        oauth: Who asks.
        redirect: An address of this machine.
        state: What the browser brings back, so that nobody else's answer is taken.
        verifier: What the code is exchanged with; the page gets its digest alone (RFC 7636 4.2).
        username: Whom to suggest.
    """
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    hint = {"login_hint": username} if username else {}
    address: str = prepare_grant_uri(
        oauth.authorize_url,
        oauth.client_id,
        "code",
        redirect_uri=redirect,
        scope=list(oauth.scopes),
        state=state,
        code_challenge=create_s256_code_challenge(verifier.reveal().decode()),
        code_challenge_method="S256",
        **hint,
        **dict(oauth.authorize_options),
    )
    return address


def require_library() -> None:
    """See to it that the extra is installed.

    Raises:
        SignInError: It is not.
    """
    if find_spec("authlib") is None or find_spec("httpx2") is None:
        raise SignInError('signing in by OAuth wants the extra "oauth": pip install "notebookmail[oauth]"')


# --- inside ---------------------------------------------------------------------------------------------------


async def _tokens(oauth: OAuth, grant: str, parameters: Mapping[str, Secret], redirect: str = "") -> Tokens:
    secrets = (*parameters.values(), *((Secret.of(oauth.client_secret),) if oauth.client_secret else ()))
    said = await _sealed(oauth, lambda: _fetch(oauth, grant, parameters, redirect), secrets)
    try:
        access, refresh = Secret.of(said["access_token"]), Secret.of(said.get("refresh_token"))
        life = said.get("expires_in")
        life_seconds = _USUAL_SECONDS if life is None else float(life)
    except (KeyError, TypeError, ValueError):
        access, refresh, life_seconds = None, None, 0.0
    said.clear()
    if not isinstance(access, Secret) or not access:
        raise _nonsense(oauth)
    return Tokens(access, refresh or None, life_seconds)


async def _fetch(oauth: OAuth, grant: str, parameters: Mapping[str, Secret], redirect: str) -> Any:
    async with _client(oauth) as client:
        texts = {name: value.reveal().decode() for name, value in parameters.items()}
        if redirect:
            texts["redirect_uri"] = redirect
        return dict(await client.fetch_token(oauth.token_url, grant_type=grant, **texts))


async def _post_for_code(oauth: OAuth) -> Any:
    from authlib.integrations.base_client import OAuthError

    form = {"client_id": oauth.client_id, "scope": " ".join(oauth.scopes)}
    async with _client(oauth) as client:
        answer = await client.request("POST", oauth.device_url, data=form, withhold_token=True)
        if answer.is_server_error:
            answer.raise_for_status()
        said = answer.json()
    if not isinstance(said, dict):
        return {}
    if "error" in said:
        raise OAuthError(error=str(said["error"]), description=str(said.get("error_description", "")))
    return said


def _client(oauth: OAuth) -> Any:
    """Make a client for one question: they are rare, and a client belongs to one event loop."""
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    secret = Secret.of(oauth.client_secret)
    methods = {"body": "client_secret_post", "header": "client_secret_basic"}
    return AsyncOAuth2Client(
        client_id=oauth.client_id,
        client_secret=secret.reveal().decode() if secret else None,
        token_endpoint_auth_method=methods[oauth.secret_in] if secret else "none",
        scope=" ".join(oauth.scopes) or None,
        timeout=ANSWER_SECONDS,
    )


async def _sealed(oauth: OAuth, ask: Callable[[], Coroutine[Any, Any, Any]], secrets: tuple[Secret, ...]) -> Any:
    """Ask a token server, and let no frame that saw a secret into a traceback."""
    require_library()
    problem: BaseException
    try:
        async with asyncio.timeout(ANSWER_SECONDS + 5):
            return await ask()
    except BaseException as error:  # noqa: BLE001 -- raised again below, an interrupt too
        problem = _in_our_words(error, oauth, secrets) if isinstance(error, Exception) else error
    problem.__cause__ = problem.__context__ = None
    raise problem.with_traceback(None)


def _in_our_words(error: Exception, oauth: OAuth, secrets: tuple[Secret, ...]) -> Exception:
    """Map an exception of the libraries; one that none of them should raise is our bug, and stays what it is."""
    import httpx2
    from authlib.common.errors import AuthlibBaseError

    name = oauth.provider
    if isinstance(error, AuthlibBaseError):
        return refusal(oauth, str(error.error), without(str(error.description or ""), secrets))
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return at("auth", SMTPConnectTimeoutError(f"{name}'s sign-in server does not answer in time"))
    if isinstance(error, httpx2.HTTPStatusError):
        return _bad_status(oauth, error.response.status_code)
    if isinstance(error, httpx2.HTTPError | OSError):
        return _trouble(f"{name}'s sign-in server cannot be reached ({type(error).__name__})")
    return _nonsense(oauth) if isinstance(error, ValueError | KeyError) else error


def _bad_status(oauth: OAuth, code: int) -> NotebookmailError:
    if code // 100 == _SERVER_ERROR or code == _TOO_MANY:
        return _trouble(f"{oauth.provider}'s sign-in server is in trouble: it answers {code}")
    return SignInError(f"{oauth.provider}'s sign-in server answers {code} to {oauth.token_url}: check the address")


def refusal(oauth: OAuth, error: str, description: str) -> NotebookmailError:
    """Say in words what a provider means by an error (RFC 6749 4.1.2.1, 5.2), with its own words behind."""
    if error in _IN_TROUBLE:
        return _trouble(f"{oauth.provider}'s sign-in server is in trouble: {visible(error)}")
    words = _REFUSALS.get(error, f"it refuses ({visible(error)[:60]})")
    said = clip(" ".join(visible(description).split()), _LONGEST_WORDS)
    return SignInError(f"{oauth.provider}: {words}", error, said)


def _trouble(words: str) -> SMTPConnectError:
    return at("auth", SMTPConnectError(words))


def _nonsense(oauth: OAuth) -> SMTPConnectError:
    return _trouble(
        f"what answers in the place of {oauth.provider}'s sign-in server is none: a proxy, or the log-in page of "
        "this network?"
    )
