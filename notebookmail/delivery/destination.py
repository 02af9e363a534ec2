"""Where a campaign's messages go: a server, a folder. What a run asks of it stands here, and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .transport import Transport


class Destination(Protocol):
    """Where messages go, with its limits; `Server` and `Folder` are two."""

    @property
    def endpoint(self) -> str:
        """Where it is, for people: "smtp.example.org:587"."""

    @property
    def host(self) -> str:
        """The one machine that all replies come from; "" where there is none, or several."""

    @property
    def account(self) -> str:
        """Whose quota a message counts for."""

    @property
    def world(self) -> str:
        """What else its campaigns are known by; "" for what reaches people.

        What was written to a folder, or went to a server on this machine, was not mailed to anybody: the same
        campaign over a real server still mails everybody.
        """

    @property
    def messages_per_second(self) -> float | None:
        """The rate; None for no limit."""

    @property
    def daily_quotas(self) -> Mapping[str, int]:
        """How many messages may go in 24 hours, by account; accounts without a limit are left out."""

    @property
    def is_sandbox(self) -> bool:
        """True where nothing lasts, and a journal is kept only when it is asked for."""

    @property
    def is_repeatable(self) -> bool:
        """True where the same message delivered twice is there once: then a row in doubt is simply tried again."""

    def with_password(self) -> Self:
        """Return it with the secrets it needs.

        Raises:
            FrameError: One is missing, and nobody can be asked.
        """

    def forget_password(self) -> None:
        """Forget secrets that were refused."""

    def offers_to_save(self) -> bool:
        """Tell, once after a good login, whether to say how its password can be kept."""

    def connections_at_once(self, max_connections: int | None = None) -> int:
        """Tell how many messages are on their way at once at most; `max_connections` can only lower it."""

    def transport(self, max_connections: int | None = None) -> Transport:
        """Make what carries one run's messages there.

        Raises:
            FrameError: It cannot be used as it is set up.
        """
