"""An account's mailbox, in an analyst's words: a host, a login, folders.

Safe by default: credentials go to another machine under TLS only, and nothing that is read is marked or changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from notebookmail.errors import FrameError, MailboxError
from notebookmail.privacy.secret import Secret, seals
from notebookmail.server.account import Account
from notebookmail.server.presets import as_wanted
from notebookmail.server.server_text import Security, TextForm, read_url, understands_text

from .connecting import SessionSettings, require_library
from .folders import folder_for, folders_to_read
from .reader import read_folders
from .session import MailboxSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    import dns.resolver

    from notebookmail.server.diagnosis import Diagnosis
    from notebookmail.server.server import Server

    from .folders import ListedFolder, Use
    from .reading import Position, ReadBatch

IMAPS_PORT: Final = 993
IMAP_PORT: Final = 143

IMAP_TEXT: Final = TextForm(
    "Mailbox",
    {"imap": "auto", "imaps": "tls", "imap+starttls": "starttls"},
    "imaps://user@imap.example.org:993",
    "Mailbox.for_server(Server.for_address({})) finds its mailbox",
    "Mailbox.for_server(Server.preset({}, username=...)) is its mailbox",
)

_FOLDER_OPTIONS: Final = {"drafts": "Drafts(mailbox, folder=...)", "sent": "Mailbox(..., sent_folder=...)"}


@understands_text(IMAP_TEXT)
@dataclass(frozen=True, slots=True)
class Mailbox(Account):
    """A mailbox that can be read by IMAP, and that drafts and copies can be put into (extra "mailbox").

    Args:
        hostname: The server's name or address; "host:port" and a URL such as imaps://me@host are understood, too.
        port: 993, 143 or what the provider says; chosen by `security` when left out.
        username: Who logs in.
        password: For logging in; as for Server: kept as a `Secret`, and looked up or asked for when it is missing.
        password_command: As for Server.
        oauth: As for Server: signs in with the account's provider; at Microsoft by
            `OAuth.microsoft(..., mailbox=True)`.
        oauth_token_generator: As for Server.
        security: "tls" from the first byte, "starttls" required, "none", which only a server on this machine may
            have, or "auto": STARTTLS required on port 143, TLS on any other, and on this machine TLS on 993 alone.
        timeout: Seconds to wait for connecting and for each answer.
        folders: Which folders are read; the inbox and the folder of junk, where notices land, when left out.
        sent_folder: Where copies of what was sent go; found by itself when left out (RFC 6154).
        cert_bundle: Path of the authorities to trust instead of the system's (PEM), such as a company's own.
        password_from: The host under which the keyring has the password, if it is not this one.

    Raises:
        FrameError: Settings that contradict each other.

    Example:
        >>> mailbox = Mailbox("imap.example.org", username="me@example.org")
    """

    security: Security = field(default="auto", kw_only=True)
    timeout: float = field(default=60, kw_only=True)
    folders: Sequence[str] = field(default=(), kw_only=True)
    sent_folder: str | None = field(default=None, kw_only=True)
    cert_bundle: str | None = field(default=None, kw_only=True)
    password_from: str | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self.security not in {"auto", "tls", "starttls", "none"}:
            raise FrameError(f"security={self.security!r}: it is one of 'auto', 'tls', 'starttls', 'none'")
        if self.security == "none" and not self.is_local:
            raise FrameError(
                f"security='none': a password does not go to {self.hostname} in clear; 'tls' or 'starttls' does"
            )
        if not 0 < self.timeout < float("inf"):
            raise FrameError(f"timeout={self.timeout!r}: it is a number of seconds above 0")
        if isinstance(self.folders, str) or not all(isinstance(each, str) and each for each in self.folders):
            raise FrameError("folders is a list of folders' names: folders=['INBOX', 'Bounces']")
        object.__setattr__(self, "folders", tuple(self.folders))
        Account.__post_init__(self)  # no super(): a class with slots is made anew

    @classmethod
    @seals("url")
    def from_url(cls, url: str | Secret) -> Mailbox:
        """Read a mailbox from a URL.

        Args:
            url: `imaps://user@host:993`, `imap+starttls://...`, or `imap://host:143` for security="auto". The user
                name, and a password behind it (`user:password@`), are percent-encoded.

        Raises:
            FrameError: Not such a URL. The message does not repeat it: it may hold a password.
        """
        found = read_url(Secret.of(url), IMAP_TEXT)
        return cls(**{name: value for name, value in found._asdict().items() if value})

    @classmethod
    @seals("password")
    def for_server(
        cls, server: Server, *, resolver: dns.resolver.Resolver | None = None, **options: Any
    ) -> Mailbox:
        """Find the mailbox of an account that sends by a server: with the same login, where it is read.

        By the server's provider or the domain of the user name, if it is a known one's; else by what the domain
        names in DNS (the extra `dns`; RFC 6186, RFC 8314).

        Args:
            server: What the account sends by.
            resolver: Which DNS servers to ask; the system's by default.
            **options: As for Mailbox; they come before what is found.

        Raises:
            FrameError: None is found, or one that somebody has to look at first; the message says what to do.

        Example:
            >>> mailbox = Mailbox.for_server(Server.preset("gmail", username="me@gmail.com"))
        """
        from .discovery import find_mailbox

        return cls(**find_mailbox(server, resolver, options))

    # --- what it is called -------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Which mailbox it is, for people and for the journal: "imap.example.org/me@example.org"."""
        where = f"{self.hostname}:{self.effective_port}" if self.is_local else self.hostname.lower()
        return f"{where}/{self.username or ''}"

    @property
    def effective_port(self) -> int:
        """The port to connect to."""
        return self.port or (IMAP_PORT if self.security in {"starttls", "none"} else IMAPS_PORT)

    @property
    def password_host(self) -> str:
        """The host that the password is kept under."""
        return self.password_from or self.hostname

    @property
    def _security(self) -> Literal["tls", "starttls", "none"]:
        if self.security != "auto":
            return self.security
        if self.effective_port == IMAPS_PORT:
            return "tls"
        if self.is_local:
            return "none"
        return "starttls" if self.effective_port == IMAP_PORT else "tls"

    # --- using it ----------------------------------------------------------------------------------------------

    def with_password(self) -> Self:
        """Return this mailbox with the password it needs: looked up, or asked for, on the thread that may ask.

        Raises:
            FrameError: There is no password or no user name, and nobody to ask.
        """
        if not self.username:
            raise FrameError(
                f"the mailbox at {self.hostname} wants username=, the account's name: mostly its address"
            )
        return self._ready()

    def forget_password(self) -> None:
        """Forget a password that was looked up, after a refused login: the next use asks again."""
        self._forget()

    async def connect(self) -> MailboxSession:
        """Open a connection to it, logged in.

        Raises:
            MailboxError: It cannot be reached, or refuses the login.
            FrameError, SignInError: There is no password, or no access token.
        """
        try:
            return await MailboxSession.open(self.with_password()._settings())
        except MailboxError as problem:
            if problem.code == "AUTHENTICATIONFAILED":
                self._forget()
            raise

    async def verify(self) -> Diagnosis:
        """Find out how far a session with this mailbox comes: connecting, TLS, the login, its folders.

        Reads no message, and changes nothing. What a server does is never raised.

        Raises:
            FrameError: There is no user name, or imap-tools is not installed.

        Example:
            >>> await mailbox.verify()
        """
        from .verification import verify_mailbox

        require_library()
        ready, no_password = self, ""
        try:
            ready = self.with_password()
        except FrameError as missing:
            if not self.username:
                raise
            no_password = str(missing)
        found = await verify_mailbox(ready._settings(), no_password)
        if found.is_login_refused:
            self._forget()
        return found

    def _settings(self) -> SessionSettings:
        return SessionSettings(
            hostname=self.hostname,
            port=self.effective_port,
            security=self._security,
            username=self.username or "",
            password=as_wanted(self.hostname, self.password),
            token=self._token_generator,
            timeout=self.timeout,
            cert_bundle=self.cert_bundle,
        )

    async def read(
        self, positions: Mapping[str, Position], since: datetime | None = None
    ) -> AsyncIterator[ReadBatch]:
        """Read what came since, in batches of bounded size; nothing is marked as read.

        Args:
            positions: How far each folder was read before, by its name. A folder that is not among them, or whose
                messages were numbered anew since, is read from its beginning.
            since: Leave out what came before; it counts as read. Without a time zone it is local time.

        Raises:
            MailboxError: It cannot be reached, refuses the login, or has no such folder; or the connection was
                lost: what was given out before holds.
            FrameError, SignInError: There is no password, or no access token.
        """
        after = None if since is None else since.astimezone(UTC)
        async with await self.connect() as session:
            folders = self.folders or folders_to_read(await session.folders())
            async for batch in read_folders(session, folders, positions, after):
                yield batch


def folder_named(use: Use, folders: Sequence[ListedFolder], given: str | None) -> str:
    """Return the folder of a use: the one that was given, else the one that is found.

    Raises:
        MailboxError: There is none of that name, or nothing says which it is.
    """
    names = [each.name for each in folders if each.can_be_opened]
    found = given if given in names else None
    if given is None:
        found = folder_for(use, folders)
    if found is None:
        wanted = f"no folder {given!r}" if given else f"no folder that says it is for {_USES[use]}"
        there = ", ".join(repr(each) for each in names[:20])
        raise MailboxError(f"the mailbox has {wanted}", f"there are {there}: {_FOLDER_OPTIONS[use]} says which")
    return found


_USES: Final[Mapping[Use, str]] = {"drafts": "drafts", "sent": "sent mail", "junk": "junk"}
