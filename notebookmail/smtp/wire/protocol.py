"""The session's state machine: what may be written when, and which reply belongs to which command.

Every written command stands in a queue until its reply comes; a reply never meets a command it was not written
for. What the table does not allow is an error that poisons the session: the caller closes, because a session out
of step would credit a refusal as an acceptance. Only this machine knows whether the end of data was handed out.
"""

from __future__ import annotations

import enum
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

from notebookmail.errors import SMTPDataError, SMTPException, SMTPServerDisconnected, at
from notebookmail.privacy.secret import Secret, joined
from notebookmail.status import SMTPStatus

from .commands import LONE_DOT, Command
from .replies import ReplyReader, malformed

if TYPE_CHECKING:
    from notebookmail.errors import Phase
    from notebookmail.response import SMTPResponse


class State(enum.Enum):
    """Where a session stands, judged by the replies that have come."""

    GREETING = "the server speaks first"
    COMMAND = "commands may be written"
    CHALLENGE = "the server waits for an answer to its AUTH challenge"
    CONTENT = "the server waits for the message and its end"
    TLS = "the TLS handshake comes next"
    CLOSED = "nothing may be written any more"

    __hash__ = object.__hash__  # every member is one object; Enum's own hash is Python code, and the table is hot


GREETING = Command("", b"")
"""Stands in the queue for the greeting, which answers no command."""

_IN_CLEAR = "bytes after the answer to STARTTLS were not sent under TLS"  # CVE-2011-0411
_CLOSING = int(SMTPStatus.domain_unavailable)
_REFUSALS = 400  # RFC 5321 4.2.1: 4yz and 5yz
_ANY = 0
# (state, verb, reply code) -> next state; _ANY matches every code from 200 to 299 and 400 to 599.
_TRANSITIONS: dict[tuple[State, str, int], State] = {
    (State.GREETING, "", _ANY): State.COMMAND,
    (State.COMMAND, "DATA", 354): State.CONTENT,
    (State.COMMAND, "AUTH", 334): State.CHALLENGE,
    (State.CHALLENGE, "AUTH", 334): State.CHALLENGE,
    (State.CHALLENGE, "AUTH", _ANY): State.COMMAND,
    (State.COMMAND, "STARTTLS", 220): State.TLS,
    (State.COMMAND, "QUIT", _ANY): State.CLOSED,
    (State.COMMAND, "*", _ANY): State.COMMAND,
}
_FIRST = {State.COMMAND: "", State.CHALLENGE: "AUTH", State.CONTENT: "."}
"""The states in which something may be written, and what comes first there; "" is any command."""

_GROUPABLE = frozenset({"MAIL", "RCPT", "RSET", "."})
"""Commands after which another may follow unanswered; every other ends its group (RFC 2920 3.1)."""

_ENDS_DATA = frozenset({".", "BDAT"})
"""Commands that hand out the end of data: a BDAT is always the last chunk here, octets included (RFC 3030 2)."""

PHASES: dict[str, Phase] = {
    "": "connect",
    "EHLO": "connect",
    "HELO": "connect",
    "STARTTLS": "tls",
    "AUTH": "auth",
    "MAIL": "mail",
    "RCPT": "rcpt",
    "DATA": "data",
    ".": "end_of_data",
    "BDAT": "end_of_data",
    "QUIT": "quit",
}
"""The step that a command belongs to, by its verb."""


@lru_cache(maxsize=1024)
def next_state(state: State, verb: str, code: int) -> State | None:
    """Look a reply up in the table; None when it is no answer to that command there."""
    for key, known in ((verb, code), (verb, _ANY), ("*", _ANY)):
        following = _TRANSITIONS.get((state, key, known))
        if following is not None and (known == code or not 300 <= code < 400):  # noqa: PLR2004 -- 3yz: go on
            return following
    return None


class Protocol:
    """One SMTP session without its connection."""

    def __init__(self) -> None:
        self.state = State.GREETING
        self._awaited: deque[Command] = deque([GREETING])
        self._ends = 0  # of data, among the awaited
        self._reader = ReplyReader()
        self.fault: SMTPException | None = None
        """What the server did that ended the session, once it did."""

    @property
    def awaited(self) -> int:
        """How many replies are still to come."""
        return len(self._awaited)

    @property
    def is_clean(self) -> bool:
        """True when a new command may be written and would get its own reply."""
        idle = self.state is State.COMMAND and not self._awaited
        return idle and self.fault is None and not self._reader.has_leftover

    @property
    def is_over(self) -> bool:
        """True when nothing may be written any more."""
        return self.fault is not None or self.state is State.CLOSED

    @property
    def awaits_secret(self) -> bool:
        """True while a command that carries credentials is unanswered."""
        return bool(self._awaited) and self._awaited[-1].is_secret

    @property
    def is_unconfirmed(self) -> bool:
        """True while the end of data is handed out and its reply has not come; a lone dot ends nobody's data."""
        return self._ends > 0  # counted, because every message asks several times

    @property
    def phase(self) -> Phase | None:
        """The step the session is at: that of the oldest unanswered command."""
        if self._awaited:
            return PHASES.get(self._awaited[0].verb)
        if self.state is State.CONTENT:
            return "content"
        return "tls" if self.state is State.TLS else None

    def write(self, *group: Command) -> bytes | Secret:
        """Queue a group of commands and return its bytes; they are a secret where a command's are.

        The end of data counts as the first command of the group that follows the content.

        Raises:
            SMTPException: The server broke the protocol earlier; the session is to be closed.
            RuntimeError: The group is not allowed in this state: a mistake of the caller.
        """
        if self.fault is not None:
            raise self.fault
        if self._reader.has_leftover:
            raise malformed("bytes came before a command was written")
        verbs, lines, _ = zip(*group, strict=True)
        self._check_group(group, verbs)
        self._awaited.extend(group)
        # Of what hands out the end of data, a dot begins its group, and a BDAT ends it.
        if (verbs[0] == "." and group[0] is not LONE_DOT) or verbs[-1] == "BDAT":
            self._ends += 1
        if self.state is State.CONTENT:
            self.state = State.COMMAND
        return joined(lines) if group[-1].is_secret else b"".join(lines)  # AUTH ends its group

    def _check_group(self, group: tuple[Command, ...], verbs: tuple[str, ...]) -> None:
        verb, first = verbs[0], _FIRST.get(self.state)
        if first is None:
            raise RuntimeError(f"nothing may be written now: {self.state.value}")
        if verb != first if first else verb == ".":
            raise RuntimeError(f"{group[0]!r} may not be written now: {self.state.value}")
        if self._awaited and self._awaited[-1].verb not in _GROUPABLE:
            raise RuntimeError(f"{self._awaited[-1]!r} ends its group, and is not answered yet")
        if not _GROUPABLE.issuperset(verbs[:-1]):
            early = next(command for command in group if command.verb not in _GROUPABLE)
            raise RuntimeError(f"{early!r} ends its group, and another command follows it")

    def receive(self, data: bytes) -> list[SMTPResponse]:
        """Take in bytes and return the replies that they complete, in the order of the commands.

        A 421 answers everything that is still awaited: the server is closing (RFC 5321 3.8). An error that comes
        after good replies is kept for the next call, so that a confirmed message stays confirmed.

        Raises:
            SMTPException: The bytes are no valid reply, or nobody asked for it.
        """
        if self.fault is not None:
            raise self.fault
        reader = self._reader
        reader.feed(data)
        replies: list[SMTPResponse] = []
        try:
            self._credit(reader.next_plain(), replies)
            while self.fault is None and reader.has_leftover and (reply := reader.next_reply()) is not None:
                self._credit([reply], replies)
            if self.state is State.TLS and reader.has_leftover:
                raise malformed(_IN_CLEAR)
        except SMTPException as fault:
            self.fault = fault
            if not replies:
                raise
        return replies

    def _credit(self, came: list[SMTPResponse], replies: list[SMTPResponse]) -> None:
        """Give each reply to the oldest unanswered command."""
        awaited = self._awaited
        for reply in came:
            code = reply[0]
            if not awaited or code == _CLOSING:
                self._take_unasked(reply, replies)
                continue
            answered = awaited[0]
            verb = answered[0]
            following = next_state(self.state, verb, code)
            if following is None:
                raise malformed(f"{code} is no answer to {verb or 'connecting'}")
            self.state = following
            awaited.popleft()
            if verb in _ENDS_DATA and answered is not LONE_DOT:
                self._ends -= 1
            replies.append(reply)

    def _take_unasked(self, reply: SMTPResponse, replies: list[SMTPResponse]) -> None:
        """A reply that nobody awaits, or that ends the session and so answers all."""
        if self.fault is not None:
            return  # the server has closed: what it says behind its 421 is nobody's
        if self.state is State.TLS:
            raise malformed(_IN_CLEAR)
        if reply.code != _CLOSING:
            raise self._unsolicited(reply)
        replies += [reply] * len(self._awaited)
        self._awaited.clear()
        self._ends = 0
        if self.state is State.CONTENT:
            self.fault = at("content", SMTPDataError(*reply))
        else:
            self.fault = SMTPServerDisconnected(f"the server closed the session: {reply}")
        self.state = State.CLOSED

    def _unsolicited(self, reply: SMTPResponse) -> SMTPException:
        if self.state is State.CONTENT and reply.code >= _REFUSALS:
            return at("content", SMTPDataError(*reply))  # some servers do not wait for the end to refuse
        return malformed(f"unsolicited: {reply}")

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault

    def tls_started(self) -> None:
        """Begin anew under TLS: what the server said in clear counts no longer (RFC 3207 4.2)."""
        self._check()
        if self.state is not State.TLS:
            raise RuntimeError("TLS starts only after the server's 220")
        self.state = State.COMMAND
