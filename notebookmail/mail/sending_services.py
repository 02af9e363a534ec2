"""Services that send for programs: an account there has no mailbox, and its user name is the service's own.

Data only, each with its source, and with the day it was read there if it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .provider import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHECKED: Final = "2026-11-23"
_CHECKED_LATER: Final = "2026-11-28"

SENDING_SERVICES: Final[Mapping[str, Provider]] = {
    "ses": Provider(
        "email-smtp.{region}.amazonaws.com",
        587,
        "starttls",
        login="the SMTP credentials of the SES console, or access_key= and secret_key= of an IAM user; rate and "
        "quota are the account's own",
        aliases=("aws", "amazon", "amazon-ses", "aws-ses"),
        credential="SMTP password",
        source="docs.aws.amazon.com/ses/latest/dg/smtp-connect.html",
        checked=_CHECKED,
    ),
    "sendgrid": Provider(
        "smtp.sendgrid.net",
        587,
        "starttls",
        username="apikey",
        login="an API key as the password",
        aliases=("twilio",),
        credential="API key",
        made_at="app.sendgrid.com/settings/api_keys",
        source="www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api",
        checked=_CHECKED,
    ),
    "mailgun": Provider(
        "smtp.mailgun.org",
        587,
        "starttls",
        login="the domain's SMTP credentials",
        credential="SMTP password",
        source="documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp",
        checked=_CHECKED,
    ),
    "postmark": Provider(
        "smtp.postmarkapp.com",
        587,
        "starttls",
        max_connections=10,
        login="an SMTP token of the message stream: its access key as user name, its secret key as password",
        # The provider's advice for one IP address, not enforced; quoted from the page. A server's API token would
        # do as both, but then a secret would be the user name, and that is shown.
        credential="secret key of the SMTP token",
        source="postmarkapp.com/support/article/do-we-have-rate-limits-for-smtp, 811-what-are-the-smtp-details",
    ),
    "resend": Provider(
        "smtp.resend.com",
        465,
        "tls",
        username="resend",
        login="an API key as the password",
        credential="API key",
        source="resend.com/docs/send-with-smtp",
        checked=_CHECKED_LATER,
    ),
    "brevo": Provider(
        "smtp-relay.brevo.com",
        587,
        "starttls",
        login="the SMTP login and an SMTP key of the page SMTP & API; an API key is another thing",
        aliases=("sendinblue",),
        credential="SMTP key",
        made_at="the page SMTP & API",
        source="developers.brevo.com/docs/smtp-integration",
        checked=_CHECKED_LATER,
    ),
}
