"""What mail providers allow, as they publish it: hosts, ports, connections, rates, quotas.

Data only, each with its source, and with the day it was read there if it was. Where a provider publishes no figure
there is none here, and every figure can be overridden: what an account may really do stands in its provider's
settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's published limits.

    Attributes:
        hostname: Its submission server; "{region}" is to be filled in.
        port: Where to submit.
        security: How the connection is secured.
        max_connections: How many at once, or None where nothing is published.
        rate: Messages a second or such as "30/min", or None.
        daily_quota: Messages in 24 hours of an ordinary account, or None.
        username: The user name that is the same for everybody, or None.
        login: How to log in, in words.
        source: Where the figures stand.
        checked: When the limits (without any: host and ports) were last read there, as an ISO date; "" where they
            were only found as others quote them.
    """

    hostname: str
    port: int
    security: Literal["tls", "starttls"]
    max_connections: int | None = None
    rate: str | None = None
    daily_quota: int | None = None
    username: str | None = None
    login: str = ""
    source: str = ""
    checked: str = ""


_CHECKED: Final = "2026-11-23"

PROVIDERS: Final[Mapping[str, Provider]] = {
    "gmail": Provider(
        "smtp.gmail.com",
        465,
        "tls",
        max_connections=5,
        daily_quota=500,
        login="an app password, or oauth_token_generator=; Workspace accounts may send 2,000 a day",
        # Host and ports were read; the day's quota is quoted from the support page; for the number of connections
        # no page of the provider's was found.
        source="developers.google.com/workspace/gmail/imap/imap-smtp, support.google.com/mail/answer/22839",
    ),
    "microsoft365": Provider(
        "smtp.office365.com",
        587,
        "starttls",
        max_connections=3,
        rate="30/min",
        daily_quota=10_000,
        login="oauth_token_generator=: passwords are being switched off",
        source="learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements",
        checked=_CHECKED,
    ),
    "ses": Provider(
        "email-smtp.{region}.amazonaws.com",
        587,
        "starttls",
        login="the SMTP credentials of the SES console; rate and quota are the account's own",
        source="docs.aws.amazon.com/ses/latest/dg/smtp-connect.html",
        checked=_CHECKED,
    ),
    "sendgrid": Provider(
        "smtp.sendgrid.net",
        587,
        "starttls",
        username="apikey",
        login="an API key as the password",
        source="www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api",
        checked=_CHECKED,
    ),
    "mailgun": Provider(
        "smtp.mailgun.org",
        587,
        "starttls",
        login="the domain's SMTP credentials",
        source="documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp",
        checked=_CHECKED,
    ),
    "postmark": Provider(
        "smtp.postmarkapp.com",
        587,
        "starttls",
        max_connections=10,
        login="the server's API token as user name and password",
        # The provider's advice for one IP address, not enforced; quoted from the page.
        source="postmarkapp.com/support/article/do-we-have-rate-limits-for-smtp",
    ),
    "yahoo": Provider(
        "smtp.mail.yahoo.com",
        465,
        "tls",
        daily_quota=500,
        login="an app password",
        source="help.yahoo.com SLN17518, SMTP sending limits (Small Business)",
        checked=_CHECKED,
    ),
    "zoho": Provider(
        "smtp.zoho.com",
        465,
        "tls",
        login="an app password; accounts of other regions have hosts of their own",
        source="www.zoho.com/mail/help/zoho-smtp.html",
        checked=_CHECKED,
    ),
}


def provider_named(name: str) -> Provider:
    """Look a provider up.

    Raises:
        FrameError: There is none of this name.
    """
    found = PROVIDERS.get(name.lower())
    if found is None:
        raise FrameError(f"there is no preset {name!r}; there are: {', '.join(PROVIDERS)}")
    return found
