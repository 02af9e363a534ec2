"""Which server plays which scenario of test_scenarios.py, and why it does not play the others.

Every server does everything that is not in its `cannot`, and EHLO must say the same: a server that learns
something new, or is set up wrongly, fails the test of this table instead of leaving out scenarios in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peers import (
    PASSWORD,
    USERNAME,
    Peer,
    Setup,
    collector,
    dovecot,
    exim,
    maildev,
    opensmtpd,
    postfix,
    smtp_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

ANNOUNCED = ("8bitmime", "auth", "chunking", "pipelining", "size", "smtputf8", "starttls")
"""What EHLO says of a server's abilities."""

ABILITIES = (*ANNOUNCED, "implicit tls", "refusing a recipient", "refusing a sender", "refusing a size")

_NOT_THERE = "the server does not have it"
_SWITCHED_OFF = "switched off here, so that the other way is taken"
_ONE_AT_A_TIME = {"chunking": _SWITCHED_OFF, "pipelining": _SWITCHED_OFF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One server, set up in one way.

    Attributes:
        start: Runs it with an empty folder.
        cannot: The abilities it lacks, each with the reason; `_SWITCHED_OFF` ones are hidden from EHLO.
        mechanisms: How it lets somebody log in, of the mechanisms that this client knows.
        needs_login: It takes no mail from who did not log in.
        sender_refused_at: The command that it answers with its refusal of a sender.
    """

    start: Callable[[Path, Setup], AbstractContextManager[Peer]]
    cannot: Mapping[str, str] = field(default_factory=dict)
    mechanisms: tuple[str, ...] = ()
    needs_login: bool = False
    sender_refused_at: str = "mail"

    @property
    def hidden(self) -> tuple[str, ...]:
        return tuple(ability for ability, reason in self.cannot.items() if reason is _SWITCHED_OFF)


def _smtp_server(folder: Path, setup: Setup) -> AbstractContextManager[Peer]:
    return smtp_server(
        folder,
        refuse=setup.refuse,
        refuse_senders=setup.refuse_senders,
        credentials=(USERNAME, PASSWORD),
        certificate=setup.certificate,
        size=setup.size,
        authOptional=True,
        authMethods=["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"],
        **{f"hide{name.upper()}": True for name in setup.hide},
    )


_POSTFIX_HAS_NO_AUTH = {"auth": "Postfix asks another server for it"}
_EXIM_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
_NODE_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")

CAST: dict[str, Role] = {
    "postfix": Role(start=postfix, cannot=_POSTFIX_HAS_NO_AUTH),
    "postfix-without-chunking": Role(start=postfix, cannot=_POSTFIX_HAS_NO_AUTH | {"chunking": _SWITCHED_OFF}),
    "postfix-chunking-without-pipelining": Role(
        start=postfix, cannot=_POSTFIX_HAS_NO_AUTH | {"pipelining": _SWITCHED_OFF}
    ),
    "exim": Role(start=exim, mechanisms=_EXIM_MECHANISMS),
    "exim-one-at-a-time": Role(start=exim, cannot=_ONE_AT_A_TIME, mechanisms=_EXIM_MECHANISMS),
    "opensmtpd": Role(
        start=lambda folder, setup: opensmtpd(folder, _without_certificate(setup)),
        cannot={
            "auth": "offered only under TLS",
            "chunking": _NOT_THERE,
            "pipelining": _NOT_THERE,
            "smtputf8": _NOT_THERE,
            "starttls": "every handshake of version 6.8 with OpenSSL 3 fails (OpenSMTPD's issue 1171)",
            "implicit tls": "the same",
            "refusing a size": "it counts what comes, whatever MAIL declared",
        },
        sender_refused_at="rcpt",
    ),
    "dovecot": Role(
        start=dovecot,
        cannot={
            "smtputf8": _NOT_THERE,
            "refusing a sender": "version 2.3 panics at the next command (assertion in smtp-client-transaction.c)",
        },
        mechanisms=("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"),
        needs_login=True,
    ),
    "smtp-server": Role(start=_smtp_server, cannot={"chunking": _NOT_THERE}, mechanisms=_NODE_MECHANISMS),
    "smtp-server-one-at-a-time": Role(
        start=_smtp_server,
        cannot={"chunking": _NOT_THERE, "pipelining": _SWITCHED_OFF},
        mechanisms=_NODE_MECHANISMS,
    ),
    "maildev": Role(
        start=maildev,
        cannot={
            "chunking": _NOT_THERE,
            "starttls": "one instance has TLS always or never",
            "implicit tls": "the same",
            "refusing a recipient": "it takes mail for anybody",
            "refusing a sender": "it takes mail from anybody",
        },
        mechanisms=("PLAIN", "LOGIN"),
        needs_login=True,
    ),
    "aiosmtpd": Role(
        start=lambda _, setup: collector(setup),
        cannot={
            "auth": "offered only under TLS",
            "chunking": _NOT_THERE,
            "pipelining": _NOT_THERE,
            "implicit tls": "asyncio would give it, not aiosmtpd; tests/smtp has it",
        },
    ),
}


def _without_certificate(setup: Setup) -> Setup:
    return Setup(refuse=setup.refuse, refuse_senders=setup.refuse_senders, size=setup.size)


def who(*abilities: str) -> list[str]:
    """The names of the servers that have all of these."""
    return [name for name, role in CAST.items() if not any(ability in role.cannot for ability in abilities)]


def who_lacks(ability: str) -> list[str]:
    """The names of the servers that do not have this."""
    return [name for name, role in CAST.items() if ability in role.cannot]
