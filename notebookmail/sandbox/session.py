"""One client's session in the sandbox (aiosmtpd), and where in it a fault can strike.

Only aiosmtpd's documented hooks, and `push`, are used. A 421 closes the connection here, as RFC 5321 3.8 says it
does; so does a greeting that refuses.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import aiosmtpd.smtp

from .delivery_requests import DeliveryRequests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .fault_injector import FaultInjector
    from .faults import Fault, Phase

HOSTNAME = "sandbox.notebookmail.example"
_MAX_MESSAGE_OCTETS = 64 * 1024 * 1024
_IDLE_SECONDS = 3600.0
"""Longer than a client waits for any reply (RFC 5321 4.5.3.2.6: 10 minutes): a stall must not end by itself."""

_DSN_OCTETS = {"MAIL": 107, "RCPT": 500}
"""How much longer a command line may be with what is asked of delivery reports (RFC 3461 4.5)."""

CREDENTIALS = ("sandbox", "sandbox")
"""What box.server logs in with where a fault is set for the login; the sandbox takes any."""


class SandboxSession(aiosmtpd.smtp.SMTP):
    """One client's session; remembered so that closing the sandbox closes it."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._is_greeted = False
        self.taken = 0
        """How many messages it has delivered."""
        self.requests = DeliveryRequests()
        """What the sender asks to be told of the message under way."""
        self.wants_login = bool(hooks.injector.faults.at.get("login"))
        super().__init__(
            hooks,
            data_size_limit=_MAX_MESSAGE_OCTETS,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            timeout=_IDLE_SECONDS,
            auth_require_tls=not self.wants_login,  # False is what makes aiosmtpd offer AUTH on loopback
            authenticator=self._authenticate_by_fault,
            loop=asyncio.get_running_loop(),
        )

    # --- asyncio's side -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the open sessions."""
        self._mine = cast("asyncio.Transport", transport)
        self._hooks.sessions.add(self._mine)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the open sessions."""
        self._hooks.sessions.discard(self._mine)
        super().connection_lost(error)

    # --- aiosmtpd's side: names and arguments are its own ---------------------------------------------------

    async def push(self, status: str | bytes) -> None:
        """Say a reply, or what a fault puts in the greeting's place; late, where replies are."""
        text = status if isinstance(status, str) else status.decode()
        is_refused = False
        if not self._is_greeted:
            self._is_greeted = True
            fault = self.fault_at("connect", "")
            if fault is not None:
                text, is_refused = await self.carry_out(fault), True
        latency_seconds = self._hooks.injector.faults.latency_seconds
        if latency_seconds and text[3:4] != "-":  # a reply of several lines is one reply
            await asyncio.sleep(latency_seconds)
        await super().push(text)
        if is_refused or text.startswith("421"):
            self._mine.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """Take out what is asked of delivery reports, which aiosmtpd does not know (RFC 3461 4)."""
        self.requests = DeliveryRequests()
        await super().smtp_MAIL(None if arg is None else self.requests.note_mail(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        """Take out what is asked of delivery reports about this recipient."""
        await super().smtp_RCPT(None if arg is None else self.requests.note_recipient(arg))

    def _create_session(self) -> aiosmtpd.smtp.Session:
        return _Facts(self.loop)

    def _authenticate_by_fault(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, login: Any
    ) -> aiosmtpd.smtp.AuthResult:
        user = login.login.decode("utf-8", "replace")
        fault = self.fault_at("login", user)
        return aiosmtpd.smtp.AuthResult(
            success=fault is None, handled=False, message=fault.reply if fault else None
        )

    # --- faults ---------------------------------------------------------------------------------------------

    def fault_at(self, phase: Phase, subject: str, sender: str = "") -> Fault | None:
        """Return the fault that strikes there, if one does."""
        sessions = self._hooks.open_sessions if phase == "connect" else 0  # counted only where it matters
        return self._hooks.injector.fault_at(
            phase, subject, self.loop.time(), sender=sender, sessions=sessions, taken=self.taken
        )

    async def refusal_at(self, phase: Phase, subject: str, sender: str = "") -> str | None:
        """Carry out the fault that strikes there, if one does; return the reply that refuses."""
        fault = self.fault_at(phase, subject, sender)
        return None if fault is None else await self.carry_out(fault)

    async def carry_out(self, fault: Fault) -> str:
        """Do what a fault says and return its reply; never return where it says nothing."""
        if fault.ending == "drop":
            self._mine.abort()
        if fault.ending != "reply":
            await self.loop.create_future()  # aiosmtpd cancels this task when the connection is lost
        return fault.reply


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a sandbox does at each command: aiosmtpd's handler, which names the hooks and their arguments.

    Attributes:
        injector: Tells which fault strikes.
        keep: Keeps a message; returns the reply.
        delay_seconds: How long the server takes over each message.
        sessions: The sessions' transports.
    """

    injector: FaultInjector
    keep: Callable[[aiosmtpd.smtp.Envelope, DeliveryRequests], Awaitable[str]]
    delay_seconds: float
    sessions: set[asyncio.Transport] = field(default_factory=set)

    @property
    def open_sessions(self) -> int:
        """How many sessions are open; one that is being closed is none."""
        return sum(not each.is_closing() for each in self.sessions)

    async def handle_EHLO(  # noqa: N802
        self, session: SandboxSession, facts: Any, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer delivery reports (DSN) besides what aiosmtpd offers, and lines as long as these make them."""
        facts.host_name = hostname
        for command, octets in _DSN_OCTETS.items():
            session.command_size_limits[command] += octets
        return [*responses[:-1], "250-DSN", *responses[-1:]]

    async def handle_MAIL(  # noqa: N802
        self, session: SandboxSession, facts: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Answer a MAIL."""
        if session.wants_login and not facts.authenticated:
            return "530 5.7.0 Authentication required"
        refusal = await session.refusal_at("sender", address)
        if refusal is not None:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, session: SandboxSession, _facts: object, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Answer a RCPT."""
        refusal = await session.refusal_at("recipient", address, envelope.mail_from)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, session: SandboxSession, _facts: object, envelope: Any) -> str:  # noqa: N802
        """Answer the end of data: only now is a message kept."""
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        fault = session.fault_at("message", ",".join(envelope.rcpt_tos), envelope.mail_from)
        if fault is not None and not fault.keeps:
            return await session.carry_out(fault)
        session.taken += 1
        reply = await self.keep(envelope, session.requests)
        return reply if fault is None else await session.carry_out(fault)


class _Facts(aiosmtpd.smtp.Session):
    """aiosmtpd's session facts; it warns of a field of its own whenever somebody logs in."""

    login_data = None
