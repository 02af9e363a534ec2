"""The folder of drafts of a mailbox as the place where a campaign's messages go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

from notebookmail.delivery.store_transport import StoreTransport
from notebookmail.errors import FrameError

from .draft_store import DraftStore
from .mailbox import Mailbox

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOSING_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Drafts:
    """Messages that are put into the drafts of a mailbox instead of being mailed: to read over, to send by hand.

    A run over drafts is a run as any other: journal, campaign, board, results. "Sent" is a row whose draft is in
    the mailbox. A run that is repeated makes no second one, also after a crash: what is there is known by its
    Message-ID. Who is in bcc stands in the draft, for it is sent from there. It is a world of its own: a campaign
    that was made as drafts has mailed nobody, and the same one over a server mails everybody.

    Args:
        mailbox: Whose.
        folder: The folder; the one that says it is for drafts (RFC 6154), or is called so, when left out.

    Raises:
        FrameError: It is no mailbox.

    Example:
        >>> await send_frame(df, template, Drafts(Mailbox.for_server(server)))
    """

    mailbox: Mailbox
    folder: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.mailbox, Mailbox):
            raise FrameError(
                f"Drafts({type(self.mailbox).__name__}): give a Mailbox('imap.example.org', username=...), or "
                "Mailbox.for_server(server)"
            )

    @property
    def endpoint(self) -> str:
        """Where it is, for people."""
        return f"the drafts at {self.mailbox.hostname}"

    @property
    def host(self) -> str:
        """Return "": nothing is sent, so nobody's replies come."""
        return ""

    @property
    def world(self) -> str:
        """What its campaigns are told apart by: the mailbox, and the folder that was named."""
        return f"drafts:{self.mailbox.name}" + (f"/{self.folder}" if self.folder else "")

    @property
    def account(self) -> str:
        """Whose quota a message counts for: nobody's."""
        return self.world

    @property
    def messages_per_second(self) -> None:
        """Return None: as fast as the mailbox takes them."""
        return

    @property
    def daily_quotas(self) -> Mapping[str, int]:
        """Return nothing: no account's quota counts drafts."""
        return {}

    @property
    def is_sandbox(self) -> bool:
        """False: drafts last, and so does the journal of them."""
        return False

    @property
    def is_repeatable(self) -> bool:
        """True: a draft that is there is not made again."""
        return True

    def with_password(self) -> Self:
        """Return it with the password its mailbox needs.

        Raises:
            FrameError: There is none, and nobody to ask.
        """
        return replace(self, mailbox=self.mailbox.with_password())

    def forget_password(self) -> None:
        """Forget a password that was refused."""
        self.mailbox.forget_password()

    def offers_to_save(self) -> bool:
        """Tell, once after a good login, whether to say how its password can be kept."""
        return self.mailbox.offers_to_save()

    def connections_at_once(self, max_connections: int | None = None) -> int:  # noqa: ARG002 -- as Destination has it
        """Return 1: a mailbox is written to over one connection."""
        return 1

    def transport(self, max_connections: int | None = None) -> StoreTransport[Any]:
        """Make what puts one run's messages there."""
        return StoreTransport(
            DraftStore(self.mailbox, self.folder), self.connections_at_once(max_connections), _CLOSING_SECONDS
        )
