"""Reads what people write for a server: its name, "host:port", a URL.

A URL may hold a password, so it comes as a `Secret`, and nothing is raised while its text is in a variable.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar, cast
from urllib.parse import unquote, urlsplit

from notebookmail.errors import FrameError
from notebookmail.mail.providers import PROVIDERS
from notebookmail.privacy.secret import Secret, seals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Class = TypeVar("_Class", bound=type)
Security = Literal["auto", "tls", "starttls", "none"]


class TextForm(NamedTuple):
    """How a kind of server is written.

    Attributes:
        call: What is called with it, such as "Server".
        schemes: The schemes of its URLs, and what each says of security.
        example: Such a URL.
        of_address: What a mail address in its place should have been; "{}" stands for the address, quoted.
        of_provider: The same of a provider's name.
    """

    call: str
    schemes: Mapping[str, Security]
    example: str
    of_address: str
    of_provider: str


SMTP_TEXT: Final = TextForm(
    "Server",
    {"smtp": "auto", "smtps": "tls", "smtp+starttls": "starttls"},
    "smtps://user@smtp.example.org:465",
    "Server.for_address({}) finds its server",
    "Server.preset({}) is its server",
)


class ServerURL(NamedTuple):
    """What a URL says: its scheme's security, host, port, user name, password."""

    security: Security
    hostname: str
    port: int | None
    username: str | None
    password: Secret | None


def read_url(url: Secret, form: TextForm = SMTP_TEXT) -> ServerURL:
    """Take a server's URL apart.

    Raises:
        FrameError: It is none. The message does not repeat it: it may hold a password.
    """
    if not isinstance(url, Secret):
        raise FrameError(f"a {form.call} URL is a text, not a {type(url).__name__}")
    found = _parsed(url, form.schemes)
    if found is None:
        raise FrameError(f"a {form.call} URL looks like {form.example}")
    if not found.hostname:
        raise FrameError(f"the {form.call} URL names no host: it looks like {form.example}")
    return found


def _parsed(url: Secret, schemes: Mapping[str, Security]) -> ServerURL | None:
    """Take a URL apart; None if it is no server's."""
    try:
        parts = urlsplit(url.reveal().decode().strip())
        username = unquote(parts.username) if parts.username else None
        password = Secret(unquote(parts.password)) if parts.password else None
        return ServerURL(schemes[parts.scheme], parts.hostname or "", parts.port, username, password)
    except (KeyError, ValueError):
        return None


def understands_text(form: TextForm) -> Callable[[_Class], _Class]:
    """Let a dataclass of servers read whatever text is written where its host stands.

    What holds a login is a secret before anything else is done with it.
    """
    return functools.partial(_reading, form)


def _reading(form: TextForm, kind: _Class) -> _Class:
    generated = kind.__init__  # type: ignore[misc] # the dataclass's

    @seals("hostname", "password")
    @functools.wraps(generated)
    def read(self: object, hostname: object, port: int | None = None, **given: Any) -> None:
        try:
            settings = _understood(form, hostname, port, given)
        except FrameError:
            generated(self, "unread")  # tools that show a traceback's variables want a repr of this one, too
            raise
        generated(self, **settings)

    kind.__init__ = read  # type: ignore[misc]
    return kind


def _understood(form: TextForm, hostname: object, port: int | None, given: Mapping[str, Any]) -> dict[str, Any]:
    text = _harmless(hostname)
    if text is None:
        return _settings_of_url(form, cast("Secret", hostname), {"port": port, **given})
    host, port = _split_host(form, text, port)
    return {**given, "hostname": host, "port": port}


def _harmless(host: object) -> str | None:
    """Return the text that stands for a host, or None if it may hold a password."""
    if not isinstance(host, Secret):
        raise FrameError(f"hostname is a server's name, such as 'smtp.example.org', not a {type(host).__name__}")
    octets = host.reveal()
    return None if b"://" in octets or b":" in octets.rpartition(b"@")[0] else octets.decode("utf-8", "replace")


def _settings_of_url(form: TextForm, url: Secret, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a server whose host was given as a URL.

    Args:
        form: How it is written.
        url: The URL.
        given: The other arguments; they may not say anything else than the URL does.

    Raises:
        FrameError: Not a server's URL, or an argument contradicts it.
    """
    found = read_url(url, form)
    said = {name: value for name, value in found._asdict().items() if value is not None}
    if found.security == "auto":
        said.pop("security")
    for name in said.keys() & given.keys():
        if given[name] is not None and given[name] != said[name]:
            raise FrameError(f"the server's URL says another {name} than {name}= does: give it once")
    return {**given, **said}


def _split_host(form: TextForm, text: str, port: int | None) -> tuple[str, int | None]:
    """Take "host:port" and "[address]:port" apart; anything else is a host as it stands.

    Args:
        form: How it is written.
        text: What was given as the host.
        port: The port that was given beside it, or None.

    Raises:
        FrameError: A mail address, a preset's name, or two ports; the message has the call that is right.
    """
    text = text.strip()
    if "@" in text:
        raise FrameError(f"{text!r} is a mail address, not a server: {form.of_address.format(repr(text))}")
    if port is None and "." not in text and text.lower() in PROVIDERS:
        raise FrameError(f"{text!r} is a provider, not a host: {form.of_provider.format(repr(text.lower()))}")
    host, colon, digits = text.rpartition(":")
    is_pair = bool(colon) and digits.isascii() and digits.isdecimal() and (":" not in host or host.endswith("]"))
    if not is_pair:
        return text.removeprefix("[").removesuffix("]"), port
    if port is not None and port != int(digits):
        raise FrameError(f"{form.call}({text!r}, {port}): the port is given twice")
    return host.removeprefix("[").removesuffix("]"), int(digits)
