"""Sample runs for the views, hostile values, and a reader of the markup they become."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from html.parser import HTMLParser

from hypothesis import strategies as st

from notebookmail.campaign.results import SendResults
from notebookmail.delivery.events import RowDeferred, RowFailed, RowSent, RowSkipped, RowStarted, RowUnconfirmed
from notebookmail.delivery.progress import Progress
from notebookmail.errors import SMTPRecipientRefused, SMTPRecipientsRefused, TemplateError
from notebookmail.response import SMTPResponse

# A picture of one pixel.
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
ANYTHING = st.text(st.characters(), max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '" onmouseover="x',
        "' onclick='x",
        "</style><img src=x>",
        "&lt;b&gt;",
        "]]>",
        "<!--",
    ]
)


class Tags(HTMLParser):
    """Every tag with its attributes, and the text as a reader sees it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def refused(to: str, text: str, code: int = 550) -> SMTPRecipientsRefused:
    return SMTPRecipientsRefused([SMTPRecipientRefused(code, text, to)])


def accepted(position: int) -> RowSent:
    reply = SMTPResponse(250, "2.0.0 queued")
    return RowSent(position, reply, {}, 1, 0.05, datetime(2026, 5, 4, 14, 2, tzinfo=UTC))


def sample_outcomes(
    rows: int = 1000, *, failing: int = 3, more: int = 0, reply: str = "5.1.1 No such user"
) -> SendResults:
    """A finished run: the first `failing` rows refused, the others sent, then `more` rows nothing happened to."""
    outcomes = SendResults(range(rows + more))
    for position in range(rows):
        to = f"person{position}@example.org"
        outcomes.apply(RowStarted(position, to, f"<{position}@example.org>"))
        if position < failing:
            outcomes.apply(RowFailed(position, refused(to, reply), 1, 0.1))
        else:
            outcomes.apply(accepted(position))
    return outcomes


def mixed_outcomes() -> SendResults:
    """Eight rows, almost every status among them."""
    outcomes = sample_outcomes(2, failing=1, more=6)
    outcomes.apply(RowDeferred(2, refused("d@example.org", "4.7.1 Greylisted", 451), 3, 9.0))
    outcomes.apply(RowUnconfirmed(3, TimeoutError("no reply"), 1, 600.0))
    outcomes.apply(RowSkipped(4, "already sent in this campaign"))
    outcomes.apply(RowFailed(5, TemplateError("'name' is empty", "markdown", 5)))
    for position in (6, 7):
        outcomes.apply(accepted(position))
    return outcomes


def sample_progress(sent: int = 40, *, complaint: str = "") -> Progress:
    counts = {"sent": sent, "failed": 0, "deferred": 0, "unconfirmed": 0, "skipped": 0, "pending": 100 - sent}
    return Progress(counts, 1.0, 38.2, 2.0, "smtp.example.org:587", 2, complaint)
