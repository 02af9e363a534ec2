"""The seam for where mail goes: a transport, and the source that it takes messages from.

Delivery decides which message goes when, and what becomes of its row. A transport carries: it takes a message,
asks before that can no longer be taken back, and tells how it ended. The pool of SMTP connections is one, the fake
in fake_transport.py another; the room's README shows a third, whole. Neither side imports the other: whatever has
these methods fits.

All calls are made in the event loop's thread, and none but `open` and `close` waits. The way of each message:

    take -> commit -> end           it was delivered, or it was not, or nobody knows
    take -> commit -> end(error)    `go` was handed an exception: it must not go out, and ends with that one
    take -> give_back               it was not tried, and goes again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.mail.message import Mail, Receipt


class OutgoingMessage(Protocol):
    """A message on its way: the source's own object, handed back as it was taken."""

    @property
    def mail(self) -> Mail:
        """Envelope and content."""


Outgoing = TypeVar("Outgoing", bound=OutgoingMessage)


class MessageSource(Protocol[Outgoing]):
    """What a transport asks for messages, and tells how each ended."""

    def take(self) -> Outgoing | None:
        """Return the next message to carry now; None if there is none until `Transport.wake` is called.

        A transport asks until it is answered None: only then does the source look when there will be more.
        """

    def waiting(self) -> int:
        """Tell how many messages could be taken now."""

    def commit(self, message: Outgoing, go: Callable[[Exception | None], None], account: str = "") -> bool:
        """Be asked before a message can no longer be taken back, so that a crash leaves a note of it.

        Args:
            message: The one that is about to go out.
            go: Called later, unless True is returned: with None to go on, or with the exception that the message
                is to be ended with, undelivered.
            account: Whose quota it counts for.

        Returns:
            True to go on at once.
        """

    def end(self, message: Outgoing, receipt: Receipt | None, error: Exception | None) -> bool:
        """Be told how a try ended; every message that was taken and not given back gets one end.

        Args:
            message: The one that was tried.
            receipt: What took responsibility for it, and the recipients that it was refused for; None if nobody
                did.
            error: Else, what happened: an SMTPException, whose reply decides what becomes of the row, or what `go`
                was called with. Its `unconfirmed` is True if and only if the message may have been delivered all
                the same: then it is never sent again.

        Returns:
            True where the next message wants a new connection.
        """

    def give_back(self, message: Outgoing) -> None:
        """Take back a message that was not tried; it may have been committed, but it has not gone out."""

    def unreachable(self, error: Exception) -> None:
        """Be told that nothing can be delivered any more, and why; the rows that are left stay pending."""


class Transport(Protocol):
    """Carries messages from a source to where they go."""

    @property
    def connections(self) -> int:
        """How many ways there are open now."""

    async def open(self) -> None:
        """Get ready, so that unusable settings show before anything is sent; what it takes may be waited for.

        Raises:
            NotebookmailError, SMTPException: It cannot be used; nothing was sent.
        """

    def start(self, source: MessageSource[Any]) -> None:
        """Begin to take messages."""

    def wake(self) -> None:
        """Look for messages again: the source has some that it had not before."""

    def lower(self) -> bool:
        """Carry fewer messages at once, for it is too much; False when that was just asked for."""

    def hurry(self) -> None:
        """Give up every message that can still be taken back; the others may finish."""

    async def close(self) -> None:
        """Give up what is still under way; every message that was taken gets its end before this returns."""
