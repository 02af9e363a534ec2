"""One session with a server, step by step, up to where the first message would begin.

Each step is bounded in time and ends in words; whatever the server does is a finding and never an exception. What
one step learnt the next goes on with, so the first that fails is the last that is tried.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notebookmail.delivery import session_faults
from notebookmail.delivery.explain import explain
from notebookmail.errors import SignInError, SMTPAuthenticationError, SMTPException, SMTPTimeoutError, at
from notebookmail.smtp.connection import Connection
from notebookmail.smtp.handshake import authenticate, hello, local_name, mask_of, secure
from notebookmail.smtp.quit import say_quit
from notebookmail.smtp.wire import commands

from . import certificate_trust, failures, server_limits
from .envelope import try_envelope
from .reachability import find_addresses, reach
from .second_look import SecondLook, look_without_trust, seen_tls, who_answers
from .sender_domain import look_at_sender_domain
from .step_result import Failure, StepResult, said, warned
from .steps import STEPS, Step, VerifiedSteps

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from notebookmail.smtp.happy_eyeballs import Address

    from .target import Target

PATIENCE_SECONDS: Final = 10.0
"""How long each step may take, and what is waited for in it."""

_SHARES: Final = {"connect": 4, "TLS": 4, "AUTH": 3, "sender": 4}
"""How many times that some steps may take as a whole: for a second look, or for servers that refuse slowly."""
_FOR_GOOD: Final = 5  # first digit (RFC 5321 4.2.1)


async def verify_server(target: Target, *, patience: float = PATIENCE_SECONDS) -> VerifiedSteps:
    """Open a session as a run would, log in, and leave; say how far it came.

    Args:
        target: Whom to look at.
        patience: Seconds for each step.
    """
    return await VerifySession(target, patience).findings()


class VerifySession:
    """The steps, and what they hand on to one another.

    Args:
        target: Whom to look at.
        patience: Seconds for each step.
    """

    def __init__(self, target: Target, patience: float) -> None:
        self._target = target
        self._patience = patience
        self._options = target.options.changed({"timeout": patience})
        self._addresses: list[Address] = []
        self._socket: socket.socket | None = None
        self._connection = Connection()
        self._look = SecondLook()
        self._distrust: SMTPException | None = None
        self._is_login_refused = False

    async def findings(self) -> VerifiedSteps:
        """Go from step to step, to the end or the first that fails."""
        step_functions: dict[str, Callable[[], Awaitable[StepResult]]] = dict(
            zip(STEPS, (self._dns, self._connect, self._tls, self._trust, self._ehlo, self._auth, self._limits,
                         self._sender, self._domain),
                strict=True)
        )  # fmt: skip
        steps: list[Step] = []
        try:
            for name, step in step_functions.items():
                has_failed = any(each.status == "failed" for each in steps)
                if has_failed:
                    if name not in {"sender", "domain"} or self._is_wanted(name):
                        steps.append(Step(name, "not reached"))
                elif self._is_wanted(name):
                    steps.append(await self._timed(name, step))
        finally:
            await self._leave()
        target = self._target
        return VerifiedSteps(
            target.options.endpoint, target.username, tuple(steps), is_login_refused=self._is_login_refused
        )

    def _is_wanted(self, name: str) -> bool:
        match name:
            case "certificate":
                return self._distrust is not None or self._connection.is_tls
            case "sender":
                return bool(self._target.sender)
            case "domain":  # nobody asks DNS about mail that stays on this machine, unless told whom to ask
                is_elsewhere = not self._target.is_local or self._target.resolver is not None
                return bool(self._target.sender) and is_elsewhere
        return True

    async def _timed(self, name: str, step: Callable[[], Awaitable[StepResult]]) -> Step:
        start = time.perf_counter()
        seconds = self._patience * _SHARES.get(name, 1) + 0.5  # what it waits for ends first
        try:
            async with asyncio.timeout(seconds):
                result = await step()
        except Failure as failure:
            result = failure.result
        except SMTPException as error:
            result = (
                failures.login_result(error, self._options.host, self._offered)
                if name == "AUTH"
                else (failures.result_of(error))
            )
        except TimeoutError:
            result = failures.too_slow(seconds)
        return Step(name, result.status, result.words, result.facts, result.remedy, time.perf_counter() - start)

    async def _leave(self) -> None:
        """Close what is open, with QUIT where the session came so far."""
        if self._socket is not None:
            self._socket.close()
        if self._connection.stream.is_open:
            await say_quit(self._connection)

    # --- the steps ------------------------------------------------------------------------------------------

    async def _dns(self) -> StepResult:
        self._addresses, result = await find_addresses(
            self._options.host, self._options.effective_port, self._patience
        )
        return result

    async def _connect(self) -> StepResult:
        self._socket, result = await reach(self._addresses, self._options.effective_port, self._patience)
        if self._options.use_tls:
            return result  # the server's turn to speak comes under TLS
        await self._open(use_tls=False)
        try:
            await self._connection.hear_greeting(self._options)
        except SMTPException as error:
            return await self._who_else(error)
        return result

    async def _tls(self) -> StepResult:
        options = self._options
        try:
            if options.use_tls:
                await self._open(use_tls=True)
            elif options.start_tls is not False:
                await hello(self._connection, local_name(self._connection.stream), self._patience)
                await secure(self._connection, options)
        except SMTPException as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                self._distrust = error
                self._connection.stream.abort()
                self._look = await look_without_trust(self._addresses, options, self._patience)
                return self._tls_in_words("the server showed a certificate")
            return await self._who_else(at("tls", error) if isinstance(error, SMTPTimeoutError) else error)
        if not self._connection.is_tls:
            return self._in_clear()
        self._look = seen_tls(self._connection)
        if options.use_tls:
            await self._connection.hear_greeting(options)
        return self._tls_in_words()

    async def _trust(self) -> StepResult:
        certificate, now = certificate_trust.read(self._look.certificate), datetime.now(UTC)
        if self._distrust is None:
            return certificate_trust.trusted(certificate, now)
        clock = certificate_trust.clock_of(self._look.greeting or self._connection.greeting.message)
        raise certificate_trust.distrusted(self._distrust, certificate, self._options.host, now, clock)

    async def _ehlo(self) -> StepResult:
        reply, is_extended = await hello(self._connection, local_name(self._connection.stream), self._patience)
        name = reply.message.partition("\n")[0].split(" ")[0]
        result = server_limits.offer(name, self._connection.extensions)
        return (
            result if is_extended else warned(result, "it knows only HELO: ask whether this is the right server")
        )

    async def _auth(self) -> StepResult:
        target, facts = self._target, self._offered
        if target.no_password:
            raise Failure("there is no password to log in with", target.no_password, facts)
        if not target.username:
            result = StepResult("no user name is set, so there is no login", facts)
            remedy = "give username= and password=, if the server then refuses your mail"
            return warned(result, remedy) if facts and not target.is_local else result
        try:
            await authenticate(self._connection, self._options)
        except SMTPAuthenticationError as refusal:
            self._is_login_refused = refusal.code // 100 == _FOR_GOOD
            raise
        except SMTPException:
            raise
        except SignInError as problem:
            raise Failure("there is no sign-in to log in with", problem.message, facts) from None
        except Exception as problem:
            if target.options.oauth_token_generator is None:
                raise
            kind = type(problem).__name__  # its text could hold a token
            raise Failure(f"the token generator raised {kind}", "call it by itself and see", facts) from None
        return StepResult(f"logged in as {target.username}", facts)

    async def _limits(self) -> StepResult:
        extensions = self._connection.extensions
        if not extensions.can_pipeline or await self._can_pipeline():
            return server_limits.limits(self._target, extensions)
        result = server_limits.limits(self._target, extensions.without("pipelining"))
        facts = (result.words, *result.facts)
        words = "the server offers PIPELINING, but does not answer commands in groups"
        remedy = "a run finds out by itself; pipelining=False of the Server spares it that"
        return warned(StepResult(words, facts), remedy)

    async def _can_pipeline(self) -> bool:
        """Find out whether the server answers a group of commands that it says it takes (RFC 2920)."""
        try:
            await self._connection.execute(commands.RSET, commands.RSET, commands.NOOP, timeout=self._patience)
        except SMTPException:
            return False
        return True

    async def _sender(self) -> StepResult:
        return await try_envelope(self._connection, self._target, self._patience)

    async def _domain(self) -> StepResult:
        return await look_at_sender_domain(self._target, [str(address[0]) for _, address in self._addresses])

    # --- parts of steps -------------------------------------------------------------------------------------

    async def _open(self, *, use_tls: bool) -> None:
        """Put the connection on the socket, under TLS or not; the socket is the connection's from then on."""
        options = self._options.changed({"sock": self._socket, "port": None, "use_tls": use_tls})
        await self._connection.stream.open(options)
        self._socket = None

    @property
    def _offered(self) -> tuple[str, ...]:
        """How the server lets people log in."""
        methods = self._connection.extensions.auth_methods
        return (f"the server offers {said(' '.join(methods).upper())}",) if methods else ()

    async def _who_else(self, error: SMTPException) -> StepResult:
        """Explain why there is no session, where it is not known yet who is there: by a second connection."""
        why = explain(error)
        if why not in {session_faults.SILENT, session_faults.TLS_SILENT, session_faults.PLAIN_PORT}:
            raise error
        self._connection.stream.abort()
        found, words = await who_answers(self._addresses, self._options, self._patience)
        facts = (*failures.evidence(error), *([words] if words else []))
        if found is None or found == why:
            return failures.explained(why, facts)
        return failures.explained(found, (why.cause, *facts))

    def _tls_in_words(self, otherwise: str = "") -> StepResult:
        how = "from the first byte" if self._options.use_tls else "by STARTTLS"
        look = self._look
        words = f"{look.version} {how}" if look.version else otherwise
        return StepResult(words, (look.cipher,) if look.cipher else ())

    def _in_clear(self) -> StepResult:
        if self._target.is_local:
            return StepResult("none, and none needed: the server is this machine")
        result = StepResult("none: everything travels in clear")
        if mask_of(self._connection) is not None:
            return warned(result, session_faults.MASKED.remedy, session_faults.MASKED.cause)
        if self._options.start_tls is False:
            return warned(result, 'security="none" asks for that; "starttls" or "tls" is safer')
        return warned(result, "the server offers no STARTTLS: ask for its port 465 or 587")
