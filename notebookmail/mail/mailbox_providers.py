"""Providers of mailboxes: who has an address there can send with it.

Data only, each with its source, and with the day it was read there if it was. Those of `_LISTED` are the facts of
Mozilla's list of mail providers, which its Thunderbird sets accounts up by: host, port and form of the user name,
no limits. The names of mail exchanges that are not on that list are quoted from the providers' pages about MX
records (support.google.com/a/answer/174125, support.apple.com/102374, www.zoho.com/mail/help/adminconsole).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .provider import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .provider import LoginName

_CHECKED: Final = "2026-11-23"
_CHECKED_LATER: Final = "2026-11-28"
_LIST: Final = "github.com/thunderbird/autoconfig, ispdb/"
_LIST_CHECKED: Final = "2026-03-12"
_AS_USUAL: Final = "the mailbox's password; an app password where the provider has them"
_GOOGLE: Final = "an app password, made at myaccount.google.com/apppasswords, or oauth=OAuth.google(...)"
_GOOGLE_SOURCE: Final = "developers.google.com/workspace/gmail/imap/imap-smtp, support.google.com/"

_WITH_PAGES: Final[Mapping[str, Provider]] = {
    "gmail": Provider(
        "smtp.gmail.com",
        465,
        "tls",
        max_connections=5,
        daily_quota=500,
        login=f"{_GOOGLE}; Workspace accounts may send 2,000 a day",
        credential="app password",
        made_at="myaccount.google.com/apppasswords",
        login_name="address",
        groups_passwords=True,
        domains=("gmail.com", "googlemail.com"),
        aliases=("google", "googlemail"),
        # Host and ports were read; the day's quota is quoted from the support page; for the number of connections
        # no page of the provider's was found. The blanks in a password: as its users are told by other programs.
        source=f"{_GOOGLE_SOURCE}mail/answer/22839",
    ),
    "workspace": Provider(
        "smtp.gmail.com",
        465,
        "tls",
        max_connections=5,
        daily_quota=2_000,
        login=_GOOGLE,
        credential="app password",
        made_at="myaccount.google.com/apppasswords",
        login_name="address",
        groups_passwords=True,
        exchanges=("google.com", "googlemail.com"),
        aliases=("google-workspace", "gsuite"),
        source=f"{_GOOGLE_SOURCE}a/answer/166852",
    ),
    "microsoft365": Provider(
        "smtp.office365.com",
        587,
        "starttls",
        max_connections=3,
        rate="30/min",
        daily_quota=10_000,
        login="oauth=OAuth.microsoft(...): passwords are being switched off",
        login_name="address",
        domains=(".onmicrosoft.com",),
        exchanges=("mail.protection.outlook.com", "mx.microsoft"),  # endpoints.office.com/endpoints/worldwide
        aliases=("office365", "o365", "m365", "microsoft"),
        source="learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements",
        checked=_CHECKED,
    ),
    "outlook": Provider(
        "smtp-mail.outlook.com",
        587,
        "starttls",
        login="oauth=OAuth.microsoft(...), for it takes no passwords",
        credential="",
        login_name="address",
        domains=(
            *("outlook.com", "hotmail.com", "live.com", "msn.com", "windowslive.com", "outlook.de", "outlook.fr"),
            *("outlook.es", "outlook.it", "outlook.at", "outlook.com.br", "outlook.jp", "hotmail.de"),
            *("hotmail.fr", "hotmail.es", "hotmail.it", "hotmail.co.uk", "live.de", "live.fr", "live.co.uk"),
        ),
        exchanges=("olc.protection.outlook.com",),
        aliases=("outlook.com", "hotmail", "live.com", "msn"),
        source=f"{_LIST}hotmail.com.xml; support.microsoft.com, POP, IMAP, and SMTP settings for Outlook.com",
        checked=_LIST_CHECKED,
    ),
    "yahoo": Provider(
        "smtp.mail.yahoo.com",
        465,
        "tls",
        daily_quota=500,
        login="an app password",
        credential="app password",
        made_at="the account's security page",
        login_name="address",
        domains=(
            *("yahoo.com", "ymail.com", "rocketmail.com", "myyahoo.com", "yahoo.de", "yahoo.fr", "yahoo.it"),
            *("yahoo.es", "yahoo.ca", "yahoo.se", "yahoo.co.uk", "yahoo.co.in", "yahoo.com.au", "yahoo.com.br"),
        ),
        exchanges=("am0.yahoodns.net",),
        source="help.yahoo.com SLN17518, SMTP sending limits (Small Business)",
        checked=_CHECKED,
    ),
    "zoho": Provider(
        "smtp.zoho.com",
        465,
        "tls",
        login="an app password; accounts of other regions have hosts of their own: zoho.eu, zoho.in, ...",
        credential="app password",
        login_name="address",
        domains=("zoho.com", "zohomail.com"),
        exchanges=("mx.zoho.com", "mx2.zoho.com", "mx3.zoho.com"),
        source="www.zoho.com/mail/help/zoho-smtp.html",
        checked=_CHECKED,
    ),
    "icloud": Provider(
        "smtp.mail.me.com",
        587,
        "starttls",
        daily_quota=1_000,
        login="an app-specific password, made at appleid.apple.com",
        credential="app-specific password",
        made_at="appleid.apple.com, Sign-In and Security",
        login_name="address",
        domains=("icloud.com", "me.com", "mac.com"),
        exchanges=("mail.icloud.com",),
        aliases=("apple", "me.com", "mac.com"),
        source=f"support.apple.com/102198 for the limit; {_LIST}me.com.xml for the host",
        checked=_CHECKED_LATER,
    ),
    "proton": Provider(
        "smtp.protonmail.ch",
        587,
        "starttls",
        login="an SMTP token, which Proton makes for addresses of your own domain; others go by proton-bridge",
        credential="SMTP token",
        made_at="the settings of Proton Mail",
        login_name="address",
        exchanges=("mail.protonmail.ch", "mailsec.protonmail.ch"),
        aliases=("protonmail",),
        source="proton.me/support/smtp-submission",
    ),
    "proton-bridge": Provider(
        "127.0.0.1",
        1025,
        "auto",
        login="the password that Proton Mail Bridge shows, which is not the account's; Bridge has to run here",
        credential="password shown by Bridge",
        login_name="address",
        domains=("proton.me", "protonmail.com", "protonmail.ch", "pm.me"),
        aliases=("protonmail-bridge",),
        # It never leaves this machine, and its own certificate is signed by nobody.
        source="proton.me/support/macos-certificate-warning; github.com/ProtonMail/proton-bridge, "
        "internal/services/imapsmtpserver/smtp.go, which takes passwords without TLS",
    ),
    "fastmail": Provider(
        "smtp.fastmail.com",
        465,
        "tls",
        login="an app password; the account's own is refused",
        credential="app password",
        made_at="Settings, Privacy & Security",
        login_name="address",
        domains=("fastmail.com", "fastmail.fm", "messagingengine.com"),
        exchanges=("messagingengine.com",),
        source="www.fastmail.com/help/technical/servernamesandports.html",
        checked=_CHECKED_LATER,
    ),
    "mailbox.org": Provider(
        "smtp.mailbox.org",
        465,
        "tls",
        login="the mailbox's password, or an application password where the account has a second factor",
        login_name="address",
        domains=("mailbox.org",),
        exchanges=("mailbox.org",),
        aliases=("mailbox", "mailboxorg"),
        source="kb.mailbox.org/en/private/e-mail/e-mail-configuration",
        checked=_CHECKED_LATER,
    ),
}


def _listed(
    file: str,
    hostname: str,
    *domains: str,
    exchanges: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    port: int = 465,
    login_name: LoginName = "address",
) -> Provider:
    """Make a provider of what Mozilla's list says of it; implicit TLS where it lists both (RFC 8314 3.3)."""
    return Provider(
        hostname,
        port,
        "tls" if port == 465 else "starttls",  # noqa: PLR2004 -- the port of implicit TLS
        login=_AS_USUAL,
        login_name=login_name,
        domains=domains,
        exchanges=exchanges,
        aliases=aliases,
        source=f"{_LIST}{file}",
        checked=_LIST_CHECKED,
    )


_LISTED: Final[Mapping[str, Provider]] = {
    "gmx": _listed(
        *("gmx.net.xml", "mail.gmx.net", "gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu", "gmx.info", "gmx.org"),
        aliases=("gmx.net", "gmx.de"),
    ),
    "gmx.com": _listed("gmx.com.xml", "mail.gmx.com", "gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr", "gmx.es"),
    "web.de": _listed("web.de.xml", "smtp.web.de", "web.de", aliases=("webde",), login_name="local part"),
    "mail.com": _listed("mail.com.xml", "smtp.mail.com", "mail.com", "email.com", "post.com", "usa.com"),
    "posteo": _listed(
        *("posteo.de.xml", "posteo.de", "posteo.de", "posteo.net", "posteo.eu", "posteo.org", "posteo.at"),
        *("posteo.ch", "posteo.com", "posteo.me"),
    ),
    "zoho.eu": _listed(
        *("zoho.eu.xml", "smtp.zoho.eu", "zoho.eu", "zohomail.eu"),
        exchanges=("mx.zoho.eu", "mx2.zoho.eu", "mx3.zoho.eu"),
    ),
    "zoho.in": _listed(
        *("zoho.in.xml", "smtp.zoho.in", "zoho.in", "zohomail.in"),
        exchanges=("mx.zoho.in", "mx2.zoho.in", "mx3.zoho.in"),
    ),
    "aol": _listed(
        *("aol.com.xml", "smtp.aol.com", "aol.com", "aim.com", "netscape.net", "compuserve.com", "aol.de"),
        *("aol.fr", "aol.co.uk", "verizon.net"),
        exchanges=("mail.gm0.yahoodns.net",),
    ),
    "t-online": _listed(
        *("t-online.de.xml", "securesmtp.t-online.de", "t-online.de", "magenta.de"), aliases=("telekom",)
    ),
    "vodafone.de": _listed(
        *("vodafonemail.de.xml", "smtp.vodafonemail.de", "vodafonemail.de", "arcor.de", "kabelmail.de")
    ),
    "ionos": _listed(
        *("1und1.de.xml", "smtp.1und1.de", "online.de", "onlinehome.de"),
        exchanges=("kundenserver.de", "schlund.de"),
        aliases=("1und1", "1&1"),
    ),
    "strato": _listed("strato.de.xml", "smtp.strato.de", exchanges=("rzone.de",)),
    "hetzner": _listed("hetzner.de.xml", "mail.your-server.de", exchanges=("your-server.de",)),
    "ovh": _listed("ovh.net.xml", "ssl0.ovh.net", exchanges=("ovh.net",)),
    "gandi": _listed("gandi.net.xml", "mail.gandi.net", exchanges=("gandi.net",)),
    "one.com": _listed("one.com.xml", "send.one.com", exchanges=("one.com",)),
    "godaddy": _listed("wildwestdomains.com.xml", "smtpout.secureserver.net", exchanges=("secureserver.net",)),
    "rackspace": _listed("emailsrvr.com.xml", "secure.emailsrvr.com", exchanges=("emailsrvr.com",)),
    "pobox": _listed("pobox.com.xml", "smtp.pobox.com", "pobox.com"),
    "a1": _listed("a1.net.xml", "securemail.a1.net", "a1.net", "aon.at", port=587),
    "bluewin": _listed(
        *("bluewin.ch.xml", "smtpauths.bluewin.ch", "bluewin.ch", "bluemail.ch"), aliases=("swisscom",)
    ),
    "orange.fr": _listed("orange.fr.xml", "smtp.orange.fr", "orange.fr", "wanadoo.fr"),
    "free.fr": _listed("free.fr.xml", "smtp.free.fr", "free.fr", login_name="local part"),
    "sfr": _listed("sfr.fr.xml", "smtp.sfr.fr", "sfr.fr", "neuf.fr", "club-internet.fr"),
    "laposte": _listed("laposte.net.xml", "smtp.laposte.net", "laposte.net", login_name="local part"),
    "libero": _listed("libero.it.xml", "smtp.libero.it", "libero.it", "iol.it", "blu.it", "inwind.it"),
    "virgilio": _listed("virgilio.it.xml", "out.virgilio.it", "virgilio.it"),
    "tim.it": _listed("tim.it.xml", "smtp.tim.it", "tim.it", port=587),
    "kpn": _listed("kpnmail.nl.xml", "smtp.kpnmail.nl", "kpnmail.nl", "planet.nl", "hetnet.nl", "xs4all.nl"),
    "ziggo": _listed("ziggo.nl.xml", "smtp.ziggo.nl", "ziggo.nl", "casema.nl", "home.nl", "upcmail.nl", port=587),
    "proximus": _listed("skynet.be.xml", "relay.proximus.be", "skynet.be", "proximus.be", port=587),
    "seznam": _listed("seznam.cz.xml", "smtp.seznam.cz", "seznam.cz", "email.cz", "post.cz"),
    "wp.pl": _listed("wp.pl.xml", "smtp.wp.pl", "wp.pl", login_name="local part"),
    "o2.pl": _listed("o2.pl.xml", "poczta.o2.pl", "o2.pl", "go2.pl", "tlen.pl", login_name="local part"),
    "onet": _listed("onet.pl.xml", "smtp.poczta.onet.pl", "onet.pl", "onet.eu", "op.pl", "vp.pl"),
    "btinternet": _listed("btinternet.com.xml", "mail.btinternet.com", "btinternet.com", "btopenworld.com"),
    "virginmedia": _listed("virginmedia.com.xml", "smtp.virginmedia.com", "virginmedia.com"),
    "comcast": _listed("comcast.net.xml", "smtp.comcast.net", "comcast.net", aliases=("xfinity",)),
    "att": _listed(
        *("att.net.xml", "smtp.mail.att.net", "att.net", "sbcglobal.net", "bellsouth.net", "ameritech.net"),
        aliases=("at&t",),
    ),
    "earthlink": _listed(
        "earthlink.net.xml", "smtpauth.earthlink.net", "earthlink.net", "mindspring.com", port=587
    ),
    "uol": _listed("uol.com.br.xml", "smtps.uol.com.br", "uol.com.br", port=587, login_name="local part"),
    "xtra": _listed("xtra.co.nz.xml", "send.xtra.co.nz", "xtra.co.nz"),
    "yandex": _listed("yandex.ru.xml", "smtp.yandex.com", "yandex.com", "yandex.ru", "ya.ru", "yandex.kz"),
    "mail.ru": _listed("mail.ru.xml", "smtp.mail.ru", "mail.ru", "inbox.ru", "list.ru", "bk.ru"),
    "qq": _listed("qq.com.xml", "smtp.qq.com", "qq.com"),
    "163": _listed("163.com.xml", "smtp.163.com", "163.com"),
    "126": _listed("126.com.xml", "smtp.126.com", "126.com"),
}

MAILBOX_PROVIDERS: Final[Mapping[str, Provider]] = {**_WITH_PAGES, **_LISTED}
