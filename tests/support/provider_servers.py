"""Stand-ins for mail providers' servers on loopback: their TLS, ways to log in, and answers to a newcomer.

The replies are quoted from providers' pages and from public bug reports; where none was found it is Postfix's, as
many providers run. The names of the hosts lead to this machine, where each has a certificate of a test authority.
"""

from __future__ import annotations

import base64
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import trustme
from aiosmtpd.smtp import AuthResult

from notebookmail.mail.providers import PROVIDERS
from support.local_server import CANARY, Taking, real_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    import pytest

OWN_PASSWORD: Final = "the account's own password"
"""What somebody tries first who knows of no app passwords."""
TOKEN: Final = "ya29.a-token"

_GOOGLE: Final = "https://support.google.com/mail/?p"
_BASIC_DISABLED: Final = (
    "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. "
    "[FR0P281CA0001.DEUP281.PROD.OUTLOOK.COM]"
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a provider's server treats a newcomer.

    Attributes:
        refused_login: The reply to a wrong password.
        own_password: The reply to the account's own password, or "" where it is as good as any.
        takes_tokens: Whether it offers XOAUTH2.
        takes_passwords: False where every password is answered as a wrong one.
        refused_sender: The reply to a sender who is not the account's; "" where any is taken.
    """

    refused_login: str = "535 5.7.8 Error: authentication failed:"
    own_password: str = ""
    takes_tokens: bool = False
    takes_passwords: bool = True
    refused_sender: str = ""


_GMAIL: Final = Behaviour(
    refused_login="535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
    f"535 5.7.8  {_GOOGLE}=BadCredentials a640c23a62f3a-a6c805c59a2sm133747166b.50 - gsmtp",
    own_password="534-5.7.9 Application-specific password required. For more information, go to\r\n"
    f"534 5.7.9  {_GOOGLE}=InvalidSecondFactor a640c23a62f3a-a6c805c59a2sm133747166b.50 - gsmtp",
    takes_tokens=True,
)
_MICROSOFT: Final = Behaviour(
    refused_login=_BASIC_DISABLED,
    takes_tokens=True,
    takes_passwords=False,
    refused_sender="554 5.2.252 SendAsDenied; me@example.org not allowed to send as desk@example.org",
)
BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "gmail": _GMAIL,
    "workspace": _GMAIL,
    "microsoft365": _MICROSOFT,
    "outlook": _MICROSOFT,
    "yahoo": Behaviour(refused_login="535 5.7.0 (#AUTH005) Too many bad auth attempts."),
    "icloud": Behaviour(refused_login="535 5.7.8 Error: authentication failed: authentication failed"),
    "ses": Behaviour(
        refused_login="535 Authentication Credentials Invalid",
        refused_sender="554 Message rejected: Email address is not verified. The following identities failed the "
        "check in region EU-WEST-1: desk@example.org",
    ),
    "sendgrid": Behaviour(
        refused_login="535 Authentication failed: Bad username / password",
        refused_sender="550 The from address does not match a verified Sender Identity. Mail cannot be sent until "
        "this error is resolved.",
    ),
    "brevo": Behaviour(refused_login="535 5.7.8 Authentication failed"),
    "mailgun": Behaviour(refused_login="535 Authentication failed"),
}


class _Account(Taking):
    """A provider's only account: "me", whose right password is `CANARY`, and who has tokens."""

    def __init__(self, name: str, username: str, is_token: Callable[[str], bool]) -> None:
        super().__init__()
        self._username, self._behaviour = username.encode(), BEHAVIOURS.get(name, Behaviour())
        self._is_token = is_token

    def check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Judge a password, in the provider's words."""
        behaviour = self._behaviour
        if behaviour.takes_passwords and (given.login, given.password) == (self._username, CANARY.encode()):
            return AuthResult(success=True)
        is_own = given.password == OWN_PASSWORD.encode() and behaviour.own_password
        return _refused(behaviour.own_password if is_own else behaviour.refused_login)

    async def auth_XOAUTH2(self, _server: Any, words: list[str]) -> AuthResult:
        """Judge a token."""
        user, bearer, *rest = base64.b64decode(words[1]).decode().split("\x01")
        token = bearer.removeprefix("auth=Bearer ")
        is_right = user.encode() == b"user=" + self._username and self._is_token(token) and rest == ["", ""]
        if self._behaviour.takes_tokens and is_right:
            return AuthResult(success=True)
        return _refused(self._behaviour.refused_login)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take a sender from who has logged in."""
        if not session.authenticated:
            return "530 5.7.0 Authentication Required"
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take the message, unless its sender is another's."""
        refusal = self._behaviour.refused_sender
        if refusal and envelope.mail_from.startswith("desk@"):
            return refusal
        return await super().handle_DATA(server, session, envelope)


def _refused(reply: str) -> AuthResult:
    return AuthResult(success=False, handled=False, message=reply)


@dataclass(frozen=True, slots=True)
class ProviderHosts:
    """All providers' hosts, on this machine.

    Attributes:
        context: For their servers' TLS.
        authority: The file of the certificates' authority, which clients have to trust.
    """

    context: ssl.SSLContext
    authority: Path

    @classmethod
    def certified(cls, folder: Path) -> ProviderHosts:
        """Make the certificates, and write their authority's into a folder."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = {each.hostname.format(region="eu-west-1") for each in PROVIDERS.values()}
        authority.issue_cert(*sorted(names)).configure_cert(context)
        authority.cert_pem.write_to_path(folder / "providers.pem")
        return cls(context, folder / "providers.pem")

    def lead_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every name but this machine's lead to this machine, and trust the authority."""
        usual = socket.getaddrinfo

        def look_up(host: Any, *rest: Any, **more: Any) -> Any:
            return usual(host if host in {None, "localhost"} else "127.0.0.1", *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setenv("SSL_CERT_FILE", str(self.authority))

    @asynccontextmanager
    async def serve(
        self, name: str, username: str, is_token: Callable[[str], bool] = TOKEN.__eq__
    ) -> AsyncIterator[tuple[int, Taking]]:
        """Run a provider's server; yield its port and what it took.

        Args:
            name: The provider's preset.
            username: The one whom it knows.
            is_token: Which access tokens are good.
        """
        provider = PROVIDERS[name]
        account = _Account(name, username, is_token)
        tls = {
            "tls": {"ssl": self.context, "auth_require_tls": False},
            "starttls": {"tls_context": self.context, "require_starttls": True},
            "auto": {"auth_require_tls": False},
        }
        settings = tls[provider.security]
        async with real_server(handler=account, authenticator=account.check, **settings) as (port, arrived):
            yield port, arrived
