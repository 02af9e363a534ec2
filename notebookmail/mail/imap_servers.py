"""Where the mailboxes of the providers are read that server/presets know: host, port and form of the user name.

Data only, by the name of the preset. What has no source of its own here stands in the same file of Mozilla's list
of mail providers as the provider's submission server does; where a file lists several, it is the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIST: Final = "github.com/thunderbird/autoconfig, ispdb/"


@dataclass(frozen=True, slots=True)
class IMAPServer:
    """One provider's IMAP server.

    Attributes:
        hostname: Its name.
        port: Its port: 993 speaks TLS from the first byte, any other STARTTLS.
        login_name: What the user name is there, where it is another than for sending.
        source: Where that stands, if it is not Mozilla's list.
    """

    hostname: str
    port: int = 993
    login_name: Literal["", "local part"] = ""
    source: str = ""


_WITH_PAGES: Final[Mapping[str, IMAPServer]] = {
    "gmail": IMAPServer("imap.gmail.com", source=f"{_LIST}googlemail.com.xml"),
    "workspace": IMAPServer("imap.gmail.com", source=f"{_LIST}googlemail.com.xml"),
    "microsoft365": IMAPServer("outlook.office365.com", source=f"{_LIST}office365.com.xml"),
    "outlook": IMAPServer("outlook.office365.com", source=f"{_LIST}hotmail.com.xml"),
    "yahoo": IMAPServer("imap.mail.yahoo.com", source=f"{_LIST}yahoo.com.xml"),
    "zoho": IMAPServer("imap.zoho.com", source=f"{_LIST}zoho.com.xml"),
    "icloud": IMAPServer("imap.mail.me.com", login_name="local part", source=f"{_LIST}me.com.xml"),
    "mailbox.org": IMAPServer("imap.mailbox.org", source="kb.mailbox.org/en/private/e-mail/e-mail-configuration"),
}

_LISTED: Final[Mapping[str, str]] = {
    "gmx": "imap.gmx.net",
    "gmx.com": "imap.gmx.com",
    "web.de": "imap.web.de",
    "mail.com": "imap.mail.com",
    "posteo": "posteo.de",
    "zoho.eu": "imap.zoho.eu",
    "zoho.in": "imap.zoho.in",
    "aol": "imap.aol.com",
    "t-online": "secureimap.t-online.de",
    "vodafone.de": "imap.vodafonemail.de",
    "ionos": "imap.1und1.de",
    "strato": "imap.strato.de",
    "hetzner": "mail.your-server.de",
    "ovh": "ssl0.ovh.net",
    "gandi": "mail.gandi.net",
    "one.com": "imap.one.com",
    "godaddy": "imap.secureserver.net",
    "rackspace": "secure.emailsrvr.com",
    "pobox": "mail.pobox.com",
    "a1": "securemail.a1.net",
    "bluewin": "imaps.bluewin.ch",
    "orange.fr": "imap.orange.fr",
    "free.fr": "imap.free.fr",
    "sfr": "imap.sfr.fr",
    "laposte": "imap.laposte.net",
    "libero": "imapmail.libero.it",
    "virgilio": "in.virgilio.it",
    "kpn": "imap.kpnmail.nl",
    "ziggo": "imap.ziggo.nl",
    "proximus": "imap.proximus.be",
    "seznam": "imap.seznam.cz",
    "wp.pl": "imap.wp.pl",
    "o2.pl": "poczta.o2.pl",
    "onet": "imap.poczta.onet.pl",
    "btinternet": "mail.btinternet.com",
    "virginmedia": "imap.virginmedia.com",
    "comcast": "imap.comcast.net",
    "att": "imap.mail.att.net",
    "earthlink": "imap.earthlink.net",
    "uol": "imap.uol.com.br",
    "xtra": "imap.xtra.co.nz",
    "yandex": "imap.yandex.com",
    "mail.ru": "imap.mail.ru",
    "qq": "imap.qq.com",
    "163": "imap.163.com",
    "126": "imap.126.com",
}

IMAP_SERVERS: Final[Mapping[str, IMAPServer]] = {
    **_WITH_PAGES,
    **{name: IMAPServer(hostname) for name, hostname in _LISTED.items()},
    "tim.it": IMAPServer("imap.tim.it", 143),
}

FILES_SENT: Final = frozenset({"gmail", "workspace", "microsoft365", "outlook"})
"""Who puts a copy of what is submitted into the account's Sent folder by itself.

support.google.com/mail/answer/78892 ("Do not save sent messages on the server"); learn.microsoft.com, Set-Mailbox,
-MessageCopyForSMTPClientSubmissionEnabled.
"""
