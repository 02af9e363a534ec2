"""Who logs in somewhere, and by what: a password, wherever it is kept, or a sign-in with the provider.

The same for every protocol an account is used by: a `Server` is one, and whatever reads its mailbox is another.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Self

from notebookmail.errors import FrameError
from notebookmail.privacy.secret import Secret, seals, seals_fields

if TYPE_CHECKING:
    from notebookmail.smtp.options import SealedTokenGenerator, SMTPTokenGenerator

    from .oauth import OAuth, Way
    from .password_command import Command


@seals_fields("password")
@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """An account at a host. `Server` says what the fields mean."""

    hostname: str
    port: int | None = None
    username: str | None = field(default=None, kw_only=True)
    password: str | Secret | None = field(default=None, kw_only=True, repr=False)
    password_command: Command | None = field(default=None, kw_only=True, repr=False, hash=False)
    oauth: OAuth | None = field(default=None, kw_only=True)
    oauth_token_generator: SMTPTokenGenerator | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        from .password_command import words_of

        ways = ("password", "password_command", "oauth", "oauth_token_generator")
        given = [f"{name}=" for name in ways if getattr(self, name) is not None]
        if len(given) > 1:
            raise FrameError(f"{' and '.join(given)} exclude each other: give one of them")
        if given and not self.username:
            raise FrameError(f"{given[0]} wants username=, the account's name: mostly its address")
        if self.password_command is not None:
            words_of(self.password_command)

    def __repr__(self) -> str:
        """Write what was chosen, as it would be written; never a secret."""
        name, *others = (each for each in fields(self) if each.repr)
        chosen = [
            f"{each.name}={value!r}" for each in others if (value := getattr(self, each.name)) != each.default
        ]
        return f"{type(self).__name__}({', '.join([repr(getattr(self, name.name)), *chosen])})"

    # --- passwords ----------------------------------------------------------------------------------------------

    @property
    def password_host(self) -> str:
        """The host that the password is kept under."""
        return self.hostname

    @property
    def is_local(self) -> bool:
        """True when the server is this machine."""
        try:
            return ipaddress.ip_address(self.hostname).is_loopback
        except ValueError:
            return self.hostname.lower() == "localhost"

    @property
    def is_repeatable(self) -> bool:
        """False: what a server took twice is delivered twice."""
        return False

    @property
    def needs_password(self) -> bool:
        """True when a password is wanted and not there yet."""
        has_token = self.oauth is not None or self.oauth_token_generator is not None
        return self.username is not None and self.password is None and not has_token

    def _ready(self) -> Self:
        """Return this account with the password it needs: looked up, or asked for."""
        from .passwords import look_up

        if self.username is None or not self.needs_password:
            return self
        password = look_up(self.password_host, self.username, self.password_command)
        return replace(self, password=password, password_command=None)

    def _forget(self) -> None:
        """Do not use again what a server refused: a password that was looked up, a sign-in's access token."""
        from .passwords import forget
        from .tokens import keeper_of

        if self.username is not None and self.oauth is not None:
            keeper_of(self.oauth, self.username).distrust()
        elif self.username is not None:
            forget(self.password_host, self.username)

    def save_password(self) -> None:
        """Keep the password in the system's keyring, where later runs find it.

        The one that was given, looked up or typed in; where there is none yet, it is asked for. It is written
        nowhere else. `sign_out()` deletes it.

        Raises:
            FrameError: There is no keyring, no user name, or nobody to ask.
        """
        from .passwords import save

        if self.username is None or self.oauth is not None or self.oauth_token_generator is not None:
            raise FrameError("there is no password to save: without username=, or with OAuth, none is used")
        save(self.password_host, self.username, Secret.of(self.password))

    def offers_to_save(self) -> bool:
        """Tell, once for each account, that a password was typed in which `save_password()` could keep.

        For after a login that it was good for; nothing is ever saved without a call.
        """
        from .passwords import is_offered

        return self.username is not None and is_offered(self.password_host, self.username)

    # --- signing in ---------------------------------------------------------------------------------------------

    @seals("redirected")
    async def sign_in(
        self, *, how: Way | None = None, redirected: str | Secret | None = None, timeout: float | None = None
    ) -> None:
        """Sign in with the provider of `oauth=`: shows what to do, and goes on by itself when it is done.

        The sign-in is kept in the system's keyring and renews itself, also in the middle of a run, so this is
        called once. Without a keyring it lives until this process ends, and that is said. It can be interrupted.

        Args:
            how: "browser" opens on this machine, "device" shows a code for a browser on any machine (not at
                Google), "paste" asks for the address that a browser elsewhere could not open. By default it is
                chosen by where the kernel runs.
            redirected: That address, to finish a sign-in that was begun before.
            timeout: Seconds to wait for somebody; a quarter of an hour by default.

        Raises:
            SignInError: Declined, refused, too late, or nobody is there to sign in.
            SMTPConnectError: The provider cannot be reached.
            FrameError: The account logs in by password.

        Example:
            >>> server = Server.preset("gmail", username="me@gmail.com", oauth=OAuth.google(client_id, secret))
            >>> await server.sign_in()
        """
        from .sign_in import WAIT_SECONDS, sign_in

        if self.oauth is None or self.username is None:
            raise FrameError(
                "there is no oauth= to sign in with: give OAuth.microsoft(client_id), OAuth.google(client_id, "
                "secret) or OAuth(...). A password needs no sign-in: save_password() keeps it"
            )
        seconds = WAIT_SECONDS if timeout is None else timeout
        await sign_in(self.oauth, self.username, how=how, redirected=redirected, timeout=seconds)

    def sign_out(self) -> None:
        """Forget the sign-in or the password, in memory and in the system's keyring.

        The provider's own page of connected apps takes the app's permission away.
        """
        from .passwords import delete_saved
        from .tokens import keeper_of

        if self.username is None:
            return
        if self.oauth is not None:
            keeper_of(self.oauth, self.username).forget()
        else:
            delete_saved(self.password_host, self.username)

    @property
    def _token_generator(self) -> SMTPTokenGenerator | SealedTokenGenerator | None:
        from .tokens import keeper_of

        if self.oauth is None or self.username is None:
            return self.oauth_token_generator
        return keeper_of(self.oauth, self.username)
