"""A provider's sign-in over real HTTP on loopback: device codes, browser with PKCE, refresh with rotation, apps.

It checks what a provider checks (client, redirect address, PKCE, scopes, one use of each code), and answers in the
providers' words. It runs on the test's own loop, so that hours can pass in a moment.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx2
import tornado.httpserver
import tornado.netutil
import tornado.web

from notebookmail.server.oauth import OAuth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CLIENT, CLIENT_SECRET = "app-id", "canary-client-secret"
SCOPES = ("offline_access", "https://mail.example.org/send")


@dataclass
class Provider:
    """What the server knows and does.

    Attributes:
        life_seconds: How long an access token lives.
        rotates: True gives a new refresh token each time, and takes each once.
        wants_secret: True wants the client's secret.
        pending: How many questions about a device code are answered by "not yet".
        interval_seconds: How long to wait between two of them.
        device_answers: Errors to give instead, one after the other.
        faults: What to answer to the next requests for tokens: a status, or "hang" or "page".
        with_refresh: False gives out access tokens only.
        asked: The grants that were asked for, in order.
        live: The access tokens that are good, with their ends on the loop's clock.
        long: Octets to make tokens as long as Microsoft's.
    """

    life_seconds: float = 3_600
    rotates: bool = True
    wants_secret: bool = False
    pending: int = 0
    interval_seconds: int = 5
    device_answers: list[str] = field(default_factory=list)
    faults: list[Any] = field(default_factory=list)
    with_refresh: bool = True
    asked: list[str] = field(default_factory=list)
    live: dict[str, float] = field(default_factory=dict)
    long: int = 0
    port: int = 0
    refresh_tokens: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    hangs: asyncio.Event = field(default_factory=asyncio.Event)
    all_tokens: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def oauth(self, *, browser: bool = True, device: bool = True, **options: Any) -> OAuth:
        given = {
            "token_url": f"{self.address}/token",
            "authorize_url": f"{self.address}/authorize" if browser else "",
            "device_url": f"{self.address}/device" if device else "",
            "scopes": SCOPES,
            "provider": "Example",
        }
        return OAuth(CLIENT, **(given | options))

    def is_live(self, token: str) -> bool:
        return asyncio.get_running_loop().time() < self.live.get(token, 0)

    def made(self, kind: str) -> str:
        token = f"canary-{kind}-{next(self._numbers)}-{secrets.token_hex(8)}{'x' * self.long}"
        self.all_tokens.append(token)
        return token

    def tokens(self) -> dict[str, Any]:
        access = self.made("access")
        self.live[access] = asyncio.get_running_loop().time() + self.life_seconds
        return {"access_token": access, "token_type": "Bearer", "expires_in": self.life_seconds}

    def with_refresh_token(self, old: str = "") -> dict[str, Any]:
        given = self.tokens()
        if not self.with_refresh or (old and not self.rotates):
            return given
        self.refresh_tokens.discard(old)
        given["refresh_token"] = self.made("refresh")
        self.refresh_tokens.add(given["refresh_token"])
        return given


class _Handler(tornado.web.RequestHandler):
    def initialize(self, provider: Provider) -> None:
        self.provider = provider

    def refuse(self, error: str, description: str = "") -> None:
        self.set_status(400)
        self.finish({"error": error, "error_description": description})

    def log_exception(self, *arguments: Any) -> None:
        raise arguments[1]


class _Token(_Handler):
    async def post(self) -> None:
        provider, grant = self.provider, self.get_body_argument("grant_type")
        provider.asked.append(grant)
        fault = provider.faults.pop(0) if provider.faults else None
        if fault == "hang":
            await provider.hangs.wait()
        if fault == "page":
            self.finish("<html>Please accept the terms of this network</html>")
            return
        if isinstance(fault, int):
            self.set_status(fault)
            self.finish("out of order")
            return
        if isinstance(fault, str) and fault != "hang":
            self.refuse(fault, f"AADSTS70000: {self.get_body_argument('refresh_token', 'nothing')} is not good")
            return
        if not self._is_client():
            self.refuse("invalid_client")
            return
        {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh_token,
            "client_credentials": lambda: self.finish(provider.tokens()),
            "urn:ietf:params:oauth:grant-type:device_code": self._by_device_code,
        }[grant]()

    def _is_client(self) -> bool:
        name, secret = self.get_body_argument("client_id", ""), self.get_body_argument("client_secret", "")
        header = self.request.headers.get("Authorization", "")
        if header:
            name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        return name == CLIENT and (secret == CLIENT_SECRET if self.provider.wants_secret else not secret)

    def _by_code(self) -> None:
        begun = self.provider.codes.pop(self.get_body_argument("code"), None)
        digest = hashlib.sha256(self.get_body_argument("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or begun["code_challenge"] != challenge:
            self.refuse("invalid_grant", "the code or its verifier is not good")
        elif begun["redirect_uri"] != self.get_body_argument("redirect_uri"):
            self.refuse("redirect_uri_mismatch")
        else:
            self.finish(self.provider.with_refresh_token())

    def _by_refresh_token(self) -> None:
        token = self.get_body_argument("refresh_token")
        if token not in self.provider.refresh_tokens:
            self.refuse("invalid_grant", f"AADSTS70008: {token} has expired")
        else:
            self.finish(self.provider.with_refresh_token(token))

    def _by_device_code(self) -> None:
        provider = self.provider
        if self.get_body_argument("device_code") not in provider.devices:
            self.refuse("bad_verification_code")
        elif provider.device_answers:
            self.refuse(provider.device_answers.pop(0))
        elif provider.pending:
            provider.pending -= 1
            self.refuse("authorization_pending")
        else:
            self.finish(provider.with_refresh_token())


class _Device(_Handler):
    def post(self) -> None:
        assert self.get_body_argument("client_id") == CLIENT
        assert self.get_body_argument("scope").split() == list(SCOPES)
        code = self.provider.made("device")
        self.provider.devices.add(code)
        self.finish({"device_code": code, "user_code": "WDJB-MJHT", "expires_in": 900,
                     "interval": self.provider.interval_seconds,
                     "verification_uri": f"{self.provider.address}/type-in"})  # fmt: skip


class _Authorize(_Handler):
    """The page where somebody signs in; whoever opens it here is signed in at once, or declines."""

    def get(self) -> None:
        asked = {name: self.get_argument(name, "") for name in self.request.arguments}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert urlsplit(asked["redirect_uri"]).hostname in {"127.0.0.1", "localhost"}
        assert asked["scope"].split() == list(SCOPES)
        if self.get_argument("declines", ""):
            answer = {"error": "access_denied", "state": asked["state"]}
        else:
            code = self.provider.made("code")
            self.provider.codes[code] = asked
            answer = {"code": code, "state": asked["state"]}
        self.redirect(f"{asked['redirect_uri']}/?{urlencode(answer)}")


@asynccontextmanager
async def provider_on_loopback(**settings: Any) -> AsyncIterator[Provider]:
    """Run a provider on a free port."""
    provider = Provider(**settings)
    routes = [("/token", _Token), ("/device", _Device), ("/authorize", _Authorize)]
    application = tornado.web.Application(
        [(path, handler, {"provider": provider}) for path, handler in routes], log_function=lambda _: None
    )
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    provider.port = sockets[0].getsockname()[1]
    server = tornado.httpserver.HTTPServer(application)
    server.add_sockets(sockets)
    try:
        yield provider
    finally:
        provider.hangs.set()
        server.stop()
        await server.close_all_connections()


async def visit(link: str, *, follow: bool = True) -> httpx2.Response:
    """Open a link as a browser does."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        return await browser.get(link, follow_redirects=follow)
