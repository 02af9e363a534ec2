"""What is said of a run as a whole, once, above its results: what was sent before, what may be out, what to do."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from notebookmail.delivery.events import RowDeferred, RowFailed, RowPending, RowSkipped, RowUnconfirmed
from notebookmail.delivery.explain import explain
from notebookmail.errors import SMTPAuthenticationError, SMTPException
from notebookmail.mail.providers import login_wanted

if TYPE_CHECKING:
    from datetime import datetime

    from notebookmail.delivery.events import RowEvent
    from notebookmail.delivery.runner import Runner

    from .results import SendResults

SANDBOX_NOTICE: Final = "No server was given, so these went to a sandbox."
SAVING_OFFER: Final = (
    "The password that was typed in works: server.save_password() puts it in the system's keyring."
)
VERIFY_NOTICE: Final = "`await server.verify()` shows where it stops"

_OF_ROWS: Final = frozenset({"", "address", "content", "function", "size", "template", "unconfirmed"})
"""Categories of what is wrong with rows, whatever the server is like."""


class Notices:
    """Collects what is to be said, while the run goes."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._sent_before = 0
        self._last_sent: datetime | None = None
        self._held = 0
        self._refusal: SMTPException | None = None

    def say(self, *sentences: str) -> None:
        """Add sentences; empty ones are left out."""
        self._said += filter(None, sentences)

    def note(self, event: RowEvent) -> None:
        """Count what earlier runs sent, or may have sent."""
        if isinstance(event, RowSkipped) and event.sent_at is not None:
            self._sent_before += 1
            self._last_sent = max(self._last_sent, event.sent_at) if self._last_sent else event.sent_at
        elif isinstance(event, RowUnconfirmed):
            self._held += event.is_from_before
        elif self._refusal is None and isinstance(event, RowFailed | RowDeferred | RowPending):
            self._refusal = event.error if isinstance(event.error, SMTPException) else None

    def tell(self, results: SendResults, runner: Runner | None) -> str:
        """Return all there is to say at the end of a run.

        Args:
            results: How the rows stand; they take over how many were sent before.
            runner: What carried the run out; None where it did not begin.
        """
        results.sent_before += self._sent_before
        self.say(self._of_earlier_runs(), _of_copies(results.copies_refused), self._of_held_rows())
        if runner is not None and runner.fault is not None:
            self.say(f"The run was stopped: {runner.fault}.")
        if runner is not None and runner.unrecorded:
            self.say(
                f"The journal could not be written: it does not know the end of {runner.unrecorded:,} rows, "
                "which a later run holds as unconfirmed."
            )
        if self._refusal is not None and not results.counts["sent"]:
            self.say(self._of_the_server(self._refusal))
        return " ".join(self._said)

    def _of_earlier_runs(self) -> str:
        if self._last_sent is None:
            return ""
        were = f"{self._sent_before:,} were" if self._sent_before > 1 else "One was"
        at = f"{self._last_sent.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"{were} already sent, the last at {at}; resend=True sends again."

    def _of_the_server(self, refusal: SMTPException) -> str:
        """Say how to look at a server that took nothing, unless it is the rows that it did not take."""
        is_of_rows = explain(refusal).category in _OF_ROWS
        return "" if is_of_rows else f"The server took no message; {VERIFY_NOTICE}."

    def _of_held_rows(self) -> str:
        if not self._held:
            return ""
        rows = f"{self._held:,} rows" if self._held > 1 else "One row"
        return f"{rows} may have been delivered by an earlier run; resend_unconfirmed=True sends again."


def _of_copies(refused: int) -> str:
    if not refused:
        return ""
    rows = f"{refused:,} rows were" if refused > 1 else "One row was"
    return f"{rows} sent, but a copy was refused: results.addresses says which."


def advice(error: SMTPException, host: str = "") -> str:
    """Say why a server cannot be used, what to do, and what shows more: in the words of `Server.verify`.

    Args:
        error: What ended the run.
        host: The server's name, or "": its provider may want another login than somebody thought.
    """
    wanted = login_wanted(host) if isinstance(error, SMTPAuthenticationError) else ""
    return f"{'; '.join(filter(None, (explain(error).sentence, wanted)))}. {VERIFY_NOTICE}"


def nothing_sent(problem: Exception, host: str = "") -> str:
    """Say why a run with a server did not begin."""
    if isinstance(problem, SMTPException):
        why = advice(problem, host)  # it has a colon of its own, before the remedy
        return f"Nothing was sent. {why[:1].upper()}{why[1:]}"
    said = str(problem)
    return said if "nothing was sent" in said else f"Nothing was sent: {said}"


def as_sentence(problem: Exception) -> str:
    """Return what an exception says as a sentence among others."""
    said = str(problem)
    return f"{said[:1].upper()}{said[1:]}."


def as_notice(words: str) -> str:
    """Return words as a sentence among others; "" stays nothing."""
    return f"{words[:1].upper()}{words[1:]}." if words else ""
