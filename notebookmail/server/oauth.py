"""How to sign in by OAuth 2.0, as data: who asks, at which addresses, for what. Nothing here talks to anybody.

The client id is the user's own: the permission to send mail is a restricted one, so no program can ship an id for
everybody. One object serves every protocol of the account, SMTP today, IMAP with `mailbox=True`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret, seals, seals_fields

Way = Literal["browser", "device", "paste"]
"""How somebody signs in: in a browser on this machine, by a code on any machine, by pasting an address back."""

_MICROSOFT: Final = "https://login.microsoftonline.com"
_SHARED_TENANTS: Final = frozenset({"common", "organizations", "consumers"})


@seals_fields("client_secret")
@dataclass(frozen=True, slots=True)
class OAuth:
    """An app that was registered with a provider, and where its tokens come from.

    `OAuth.microsoft(...)` and `OAuth.google(...)` know these providers' addresses; this takes any. Without
    `authorize_url` and `device_url` the app signs in by itself (client credentials, RFC 6749 4.4).

    Args:
        client_id: The app's id.
        token_url: Where tokens are given out; https, or http on this machine.
        client_secret: The app's secret, if it has one. Kept as a `Secret`, which shows it to nobody.
        authorize_url: The page where somebody signs in with a browser (RFC 6749 4.1, with PKCE).
        device_url: Where codes for signing in on another device are given out (RFC 8628).
        scopes: What the app asks to be allowed.
        provider: The provider's name for people; the host of `token_url` by default.
        redirect_host: The name of this machine in the address that the browser is sent back to: "127.0.0.1"
            (RFC 8252 7.3), or "localhost" where the provider wants that.
        authorize_options: Further parameters of the page, as pairs.
        secret_in: "body" sends the secret among the parameters, "header" by HTTP Basic (RFC 6749 2.3.1).

    Raises:
        FrameError: Settings that cannot work.

    Example:
        >>> OAuth("app", token_url="https://login.example.org/token", authorize_url="https://login.example.org/auth")
    """

    client_id: str
    token_url: str = field(kw_only=True)
    client_secret: str | Secret | None = field(default=None, kw_only=True, repr=False)
    authorize_url: str = field(default="", kw_only=True)
    device_url: str = field(default="", kw_only=True)
    scopes: tuple[str, ...] = field(default=(), kw_only=True)
    provider: str = field(default="", kw_only=True)
    redirect_host: Literal["127.0.0.1", "localhost"] = field(default="127.0.0.1", kw_only=True)
    authorize_options: tuple[tuple[str, str], ...] = field(default=(), kw_only=True, repr=False)
    secret_in: Literal["body", "header"] = field(default="body", kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.client_id, str) or not self.client_id.strip():
            raise FrameError("client_id= is the id of an app that you registered with the provider")
        for name in ("token_url", "authorize_url", "device_url"):
            address = getattr(self, name)
            if (address or name == "token_url") and not is_safe_address(address):
                raise FrameError(f"{name}={address!r}: it is an address with https (http on this machine only)")
        object.__setattr__(self, "scopes", tuple(self.scopes))
        if not self.provider:
            object.__setattr__(self, "provider", urlsplit(self.token_url).hostname or "the provider")
        if self.is_app_only and not self.client_secret:
            raise FrameError("without authorize_url= and device_url= an app signs in by its client_secret=")

    @classmethod
    @seals("client_secret")
    def microsoft(
        cls,
        client_id: str,
        tenant: str = "common",
        *,
        client_secret: str | Secret | None = None,
        mailbox: bool = False,
    ) -> OAuth:
        """Sign in with Microsoft 365 or Outlook.com.

        Args:
            client_id: The "Application (client) ID" of your app registration.
            tenant: The directory's id or domain; "common" takes accounts of every organisation, and private ones.
            client_secret: Makes it app-only: the app sends by itself (client credentials), as any mailbox that
                Exchange was told to let it use; nobody signs in. Wants `tenant`.
            mailbox: True asks for reading the mailbox (IMAP) too.

        Raises:
            FrameError: A client secret without the tenant it belongs to.

        Source: learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection using OAuth".
        """
        at = f"{_MICROSOFT}/{quote(tenant, safe='')}/oauth2/v2.0"
        token: dict[str, Any] = {"token_url": f"{at}/token", "provider": "Microsoft"}
        if client_secret is not None:
            if tenant in _SHARED_TENANTS:
                raise FrameError("an app that signs in by client_secret= wants tenant=, the directory's id")
            return cls(
                client_id, client_secret=client_secret, scopes=("https://outlook.office365.com/.default",), **token
            )
        reads = ("https://outlook.office.com/IMAP.AccessAsUser.All",) if mailbox else ()
        return cls(
            client_id,
            authorize_url=f"{at}/authorize",
            device_url=f"{at}/devicecode",
            scopes=("offline_access", "https://outlook.office.com/SMTP.Send", *reads),
            redirect_host="localhost",  # there any port may follow; at 127.0.0.1 only those that were registered
            **token,
        )

    @classmethod
    @seals("client_secret")
    def google(cls, client_id: str, client_secret: str | Secret | None = None) -> OAuth:
        """Sign in with Gmail or Google Workspace.

        Args:
            client_id: The client id of type "Desktop app".
            client_secret: What Google shows beside it, and asks for, though it is hardly one (RFC 8252 8.5).

        Device codes are not used: Google refuses the permission to send mail there.

        Source: developers.google.com, "OAuth 2.0 for Mobile & Desktop Apps", and "XOAUTH2 Mechanism".
        """
        return cls(
            client_id,
            client_secret=client_secret,
            token_url="https://oauth2.googleapis.com/token",  # noqa: S106 -- an address
            authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
            scopes=("https://mail.google.com/",),
            provider="Google",
            authorize_options=(("access_type", "offline"), ("prompt", "consent")),  # else no refresh token comes
        )

    @property
    def is_app_only(self) -> bool:
        """True when the app signs in by itself, and nobody has to."""
        return not self.authorize_url and not self.device_url


def is_safe_address(address: str) -> bool:
    """Tell whether secrets may go to an address: under https, or on this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except (ValueError, TypeError, AttributeError):
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
