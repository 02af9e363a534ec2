"""Which mailbox is meant: a URL, a profile's, or that of the account that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import NotebookmailError

from .server_options import ServerUrl, profile_names

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from notebookmail.mailbox.mailbox import Mailbox
    from notebookmail.privacy.secret import Secret

OWN: Final = "server"
"""The mailbox of the account that sends."""


class MailboxPlace(ServerUrl):
    """A mailbox's URL or the name of a profile, sealed at once, as a server's.

    Args:
        allows_own: Whether "server" is the mailbox of the account that sends.
    """

    name = "MAILBOX"

    def __init__(self, *, allows_own: bool = False) -> None:
        self._allows_own = allows_own

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the profiles there are."""
        from click.shell_completion import CompletionItem

        own = [CompletionItem(OWN)] if self._allows_own and OWN.startswith(incomplete) else []
        return [*own, *profile_names(ctx, param, incomplete)]


def chosen_mailbox(place: Secret) -> Mailbox:
    """Find the mailbox that was named.

    Args:
        place: A URL such as imaps://me@imap.example.org, or the name of a profile.

    Raises:
        FrameError: It is no such URL, there is no such profile, or its mailbox is not known.
    """
    from notebookmail.mailbox.mailbox import Mailbox
    from notebookmail.server.server import Server

    written = place.reveal().decode("utf-8", "replace")
    if "://" in written or "@" in written:  # no profile has a name like that, and it may hold a password
        return Mailbox.from_url(place)
    return Mailbox.for_server(Server.profile(written))


def mailbox_for_copies(place: Secret, server: Any) -> Mailbox:
    """Find the mailbox that was named, or that of the account that sends.

    Args:
        place: As for `chosen_mailbox`, or "server".
        server: Where the letters go; None where nobody said.

    Raises:
        FrameError: As for `chosen_mailbox`.
        NotebookmailError: "server" was said, and no server.
    """
    from notebookmail.mailbox.mailbox import Mailbox
    from notebookmail.server.server import Server

    if place != OWN:
        return chosen_mailbox(place)
    if not isinstance(server, Server):
        raise NotebookmailError(
            f"--save-sent {OWN} is the mailbox of who sends: name the account by --server, --preset or --profile"
        )
    return Mailbox.for_server(server)
