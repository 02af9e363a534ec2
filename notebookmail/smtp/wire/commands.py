"""Commands as bytes, and the one guard against command injection.

Every octet of every argument passes `_guarded`: nothing that could end a line, or smuggle a second parameter into
one argument, gets past it (RFC 5321 4.1.1; CRLF injection, CVE-2025-style NOTIFY smuggling through addresses).
Credentials travel in commands whose line is a secret: they reach no log and no traceback.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import NamedTuple

from notebookmail.errors import AddressError
from notebookmail.privacy.secret import HIDDEN, Secret, joined

from .paths import check_path

MAX_COMMAND_OCTETS = 512
"""The longest command line a server must take, CRLF included (RFC 5321 4.5.3.1.4)."""

_LONE_VERBS = frozenset({
    "AUTH", "ATRN", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "HELP", "LHLO", "NOOP", "QUIT", "RSET", "STARTTLS",
    "TURN", "VRFY", "XCLIENT", "XFORWARD", ".",
})  # fmt: skip
"""What may be said in one word; any other word alone is taken for a response, which may hold a password."""

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BLANK_OR_CONTROL = re.compile(rb"[\x00-\x20\x7f]")


class Command(NamedTuple):  # a message makes several, and a tuple is made fastest
    """One command line.

    Attributes:
        verb: Its name, such as "MAIL"; "." for the end of data.
        line: The bytes to write, CRLF included; for BDAT also the chunk behind it. A secret in an AUTH exchange.
        is_secret: True when the line holds credentials.
    """

    verb: str
    line: bytes | Secret
    is_secret: bool = False

    def __repr__(self) -> str:
        if isinstance(self.line, Secret):
            return f"<{self.verb} {self.line}>"
        line = self.line.partition(b"\r\n")[0]  # never the chunk of a BDAT
        return f"<{line.decode('utf-8', 'replace')}>"


def _guarded(argument: str | bytes, forbidden: re.Pattern[bytes] = _BLANK_OR_CONTROL) -> bytes:
    try:
        octets = argument.encode() if isinstance(argument, str) else bytes(argument)
    except UnicodeEncodeError:
        raise ValueError("a command argument holds half a surrogate pair") from None
    if forbidden.search(octets):
        raise ValueError("a command argument holds a control character, a line break or a stray blank")
    return octets


def raw(*arguments: bytes | Secret) -> Command:
    """Make any command, word by word; one that holds credentials, or may, is a secret.

    Raises:
        ValueError: No words, or a control character in one.
    """
    if not arguments:
        raise ValueError("a command needs at least a verb")
    words = (each if isinstance(each, Secret) else Secret(each) for each in arguments)
    guarded = [word.map(lambda octets: _guarded(octets, _CONTROL)) for word in words]
    line = joined([guarded[0], *(part for word in guarded[1:] for part in (b" ", word)), b"\r\n"])
    verb = _verb_of(line)
    is_secret = verb in {"AUTH", HIDDEN}
    return Command(verb, line if is_secret else line.reveal(), is_secret=is_secret)


def _verb_of(line: Secret) -> str:
    """Return a line's verb; a word alone that is none answers a challenge of an AUTH by hand, and is hidden."""
    first, _, rest = line.reveal()[: -len(b"\r\n")].partition(b" ")
    verb = first.decode("ascii", "replace").upper()
    return verb if rest or verb in _LONE_VERBS else HIDDEN


def _command(verb: str, *arguments: str | bytes) -> Command:
    words = [verb.encode("ascii"), *map(_guarded, arguments)]
    return Command(verb, b" ".join(words) + b"\r\n")


def path(address: str) -> str:
    """Write an address as a path: `<local@domain>`; "" is the null sender (RFC 5321 4.1.2).

    Raises:
        AddressError: Not safe to write; it is refused, never repaired.
    """
    return f"<{check_path(address)}>"


def _with_options(line: bytes, options: tuple[str, ...]) -> bytes:
    """Put parameters behind a command; an empty text is none, as where a program has nothing to say."""
    return (
        b" ".join((line, *(_guarded(each) for each in options if each))) + b"\r\n" if options else line + b"\r\n"
    )


@lru_cache(maxsize=64)
def _mail_from(sender: str) -> bytes:
    return _guarded(f"MAIL FROM:{path(sender)}", _CONTROL)


def mail(sender: str, options: tuple[str, ...] = ()) -> Command:
    """Make MAIL FROM (RFC 5321 4.1.1.2)."""
    return Command("MAIL", _with_options(_mail_from(sender), options))


def rcpt(recipient: str, options: tuple[str, ...] = ()) -> Command:
    """Make RCPT TO (RFC 5321 4.1.1.3).

    Raises:
        AddressError: Not safe to write, or "": the null path is for senders only.
    """
    if not recipient:
        raise AddressError("a recipient's address is empty", recipient)
    # A quoted local part may hold blanks: `check_path` has vouched for the address as a whole.
    line = _guarded(f"RCPT TO:<{check_path(recipient)}>", _CONTROL)
    return Command("RCPT", _with_options(line, options) if options else line + b"\r\n")


def ehlo(hostname: str) -> Command:
    """Make EHLO with our name or address literal (RFC 5321 4.1.1.1)."""
    return _command("EHLO", hostname)


def helo(hostname: str) -> Command:
    """Make HELO, for servers that know no EHLO (RFC 5321 4.1.1.1)."""
    return _command("HELO", hostname)


def _about(address: str) -> bytes:
    if not address:
        raise AddressError("there is no address to ask about", address)
    return _guarded(check_path(address), _CONTROL)


def vrfy(address: str, options: tuple[str, ...] = ()) -> Command:
    """Make VRFY (RFC 5321 4.1.1.6) with an address, or a user's name in quotes where it holds blanks.

    Raises:
        AddressError: Not safe to write, as what follows a blank would be read as a parameter; or "".
    """
    return Command("VRFY", _with_options(b"VRFY " + _about(address), options))


def expn(address: str, options: tuple[str, ...] = ()) -> Command:
    """Make EXPN (RFC 5321 4.1.1.7) with the name of a list.

    Raises:
        AddressError: Not safe to write, as what follows a blank would be read as a parameter; or "".
    """
    return Command("EXPN", _with_options(b"EXPN " + _about(address), options))


def help_(topic: str = "") -> Command:
    """Make HELP, with a topic or without (RFC 5321 4.1.1.8)."""
    return _command("HELP", topic) if topic else _command("HELP")


def auth(mechanism: str, initial: Secret | None = None) -> Command:
    """Make AUTH with an initial response, or without (RFC 4954 4); an empty one is written "="."""
    head = b"AUTH " + _guarded(mechanism)
    if initial is None:
        line = Secret(head + b"\r\n")
    else:
        line = initial.map(lambda octets: head + b" " + (base64.b64encode(octets) or b"=") + b"\r\n")
    return Command("AUTH", line, is_secret=True)


def auth_response(response: Secret | None) -> Command:
    """Make the answer to an AUTH challenge; None cancels the exchange (RFC 4954 4)."""
    line = (
        Secret(b"*\r\n") if response is None else response.map(lambda octets: base64.b64encode(octets) + b"\r\n")
    )
    return Command("AUTH", line, is_secret=True)


def bdat(chunk: bytes) -> Command:
    """Make BDAT with the whole content as its last chunk, octets included (RFC 3030 2)."""
    return Command("BDAT", b"BDAT %d LAST\r\n" % len(chunk) + chunk)


DATA = _command("DATA")
RSET = _command("RSET")
NOOP = _command("NOOP")
QUIT = _command("QUIT")
STARTTLS = _command("STARTTLS")
END_OF_DATA = Command(".", b".\r\n")
"""Content ends in CRLF, so these three octets complete <CRLF>.<CRLF> (RFC 5321 4.1.1.4)."""
EMPTY_CHUNK = Command("BDAT", b"BDAT 0\r\n")
"""A chunk of nothing, and not the last one: shows whether a server knows BDAT, without content (RFC 3030 2)."""
LONE_DOT = Command(".", b".\r\n")
"""The lone dot after a 354 though every recipient was refused: nobody gets anything (RFC 2920 3.1)."""
