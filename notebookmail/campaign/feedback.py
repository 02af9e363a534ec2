"""What came back of a campaign's letters, row by row: `Feedback`, which read_feedback returns.

Made of the entries that were noted, not of mails: the same whether they were read just now or weeks ago. A row
keeps what came first of each kind; of bounces, what is for good comes before what is for now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from notebookmail.delivery.explain import explain
from notebookmail.errors import SMTPRecipientRefused, at
from notebookmail.privacy.masking import KnownNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from notebookmail.delivery.explanation import Explanation
    from notebookmail.delivery.journal import FeedbackEntry

COLUMNS: Final = (
    "bounced", "bounce_kind", "bounce_code", "bounce_reason", "bounced_at", "delayed", "delayed_at", "delivered",
    "delivered_at", "replied", "replied_at", "auto_replied", "auto_replied_at", "complained", "complained_at",
    "unsubscribed", "unsubscribed_at",
)  # fmt: skip
"""The columns of `Feedback.frame`."""

KINDS: Final[Mapping[str, str]] = {
    "bounce": "bounced", "delay": "delayed", "delivered": "delivered", "reply": "replied",
    "auto_reply": "auto_replied", "complaint": "complained", "unsubscribe": "unsubscribed",
}  # fmt: skip
"""The column that tells of a kind of notice."""

_NOT_SILENT: Final = ("bounced", "replied", "complained", "unsubscribed")
_REPLIES: Final = ("at", "sender", "subject", "text")
_UNMATCHED: Final = ("kind", "at", "recipient", "sender", "subject", "code", "reason")
_CAUSES: Final = ("rows", "kind", "category", "cause", "remedy", "example", "labels")
_LEAVING: Final[Mapping[str, tuple[str, str, str]]] = {
    "complaint": ("complaint", "the recipient called the letter spam", "never mail it again"),
    "unsubscribe": (
        "unsubscribed",
        "the recipient wants no more of these letters",
        "never mail it again",
    ),
}
_BY_HAND: Final = (
    "the report does not prove that it speaks of your letter, so nobody was suppressed: if it is true, "
    "suppress([address])"
)


@dataclass(frozen=True, slots=True)
class RowFeedback:
    """What came back of one row.

    Attributes:
        position: The row's place.
        entry: What a notice said of it.
    """

    position: int
    entry: FeedbackEntry


class Feedback:
    """What came back of a campaign's letters.

    In a notebook it shows itself as a summary that names no one.

    Args:
        index: The labels of the rows.
        went_out: The positions of the rows whose letters went out.
        told: What came back of rows, in the order it came.
        others: What speaks of no row.
        campaign: The campaign's name, or "".
        mailbox: Which mailbox was read.
        new: How many notices this reading added.
        suppressed: How many addresses this reading put into the book of suppressions.

    Attributes:
        campaign: The campaign's name, or "".
        mailbox: Which mailbox was read.
        new: How many notices this reading added to what was known.
        suppressed: How many addresses this reading put into the book of suppressions.
    """

    def __init__(
        self,
        index: pd.Index[Any],
        went_out: npt.NDArray[np.intp],
        told: Sequence[RowFeedback],
        others: Sequence[FeedbackEntry],
        *,
        campaign: str = "",
        mailbox: str = "",
        new: int = 0,
        suppressed: int = 0,
    ) -> None:
        self._index = index
        self._went_out = went_out
        self._told = told
        self._others = others
        self.campaign = campaign
        self.mailbox = mailbox
        self.new = new
        self.suppressed = suppressed

    def __len__(self) -> int:
        return len(self._index)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows on the index of the results, or, of a campaign read by its name, on the recipients' addresses.

        `df.join(feedback.frame)` works. `bounced`, `delayed`, `delivered`, `replied`, `auto_replied`,
        `complained` and `unsubscribed` are true or false, each with the moment it came to the mailbox
        (`bounced_at`, ..., UTC); `bounce_kind` is "hard" (for good) or "soft", `bounce_code` the enhanced code
        (RFC 3463), `bounce_reason` what the report says.
        """
        import numpy as np
        import pandas as pd

        count = len(self._index)
        columns: dict[str, Any] = {}
        for kind, name in KINDS.items():
            told = self._first_of(kind)
            marks = np.zeros(count, dtype=bool)
            marks[list(told)] = True
            moments = np.full(count, "NaT", dtype="datetime64[us]")
            moments[list(told)] = [_moment(each.at) for each in told.values()]
            columns[name], columns[f"{name}_at"] = marks, pd.DatetimeIndex(moments).tz_localize("UTC")
        bounces = self._first_of("bounce")
        for name, value_of in _OF_BOUNCES.items():
            values = np.full(count, None, dtype=object)
            for position, entry in bounces.items():
                values[position] = value_of(entry) or None
            columns[name] = pd.Series(values, dtype=object).array
        return pd.DataFrame(columns, index=self._index, columns=list(COLUMNS))

    @property
    def counts(self) -> dict[str, int]:
        """How many letters went out, what came back of how many, of how many nothing did, and what matched none.

        Keys: "letters", "bounced", "hard_bounces", "delayed", "delivered", "replied", "auto_replied",
        "complained", "unsubscribed", "silent" (went out, and neither bounced nor replied, complained or
        unsubscribed) and "unmatched".
        """
        found = {name: len(self._first_of(kind)) for kind, name in KINDS.items()}
        hard = sum(entry.is_permanent for entry in self._first_of("bounce").values())
        return {
            "letters": len(self._went_out),
            "bounced": found.pop("bounced"),
            "hard_bounces": hard,
            **found,
            "silent": int(self._is_silent.sum()),
            "unmatched": len(self._others),
        }

    @property
    def silent(self) -> pd.DataFrame:
        """The rows whose letters went out and of which nothing came back but automatic answers."""
        return self.frame[self._is_silent]

    @property
    def bounced(self) -> pd.DataFrame:
        """The rows whose letters came back."""
        return self.frame[self.frame["bounced"]]

    @property
    def replied(self) -> pd.DataFrame:
        """The rows that somebody answered."""
        return self.frame[self.frame["replied"]]

    @property
    def replies(self) -> pd.DataFrame:
        """What people answered, on their rows' labels: `at`, `sender`, `subject`, and the first words (`text`)."""
        import pandas as pd

        found = [each for each in self._told if each.entry.kind == "reply"]
        lines = [
            (_moment(each.entry.at), each.entry.sender, each.entry.subject, each.entry.reason) for each in found
        ]
        labels = self._index[[each.position for each in found]]
        return _dated(pd.DataFrame(lines, index=labels, columns=list(_REPLIES)))

    @property
    def unmatched(self) -> pd.DataFrame:
        """What speaks of a mailing and belongs to no row, and what recipients wrote outside of its thread."""
        import pandas as pd

        lines = [
            (each.kind, _moment(each.at), each.recipient, each.sender, each.subject, each.code, each.reason)
            for each in self._others
        ]
        return _dated(pd.DataFrame(lines, columns=list(_UNMATCHED)))

    def explain(self) -> pd.DataFrame:
        """Group what went wrong by cause, the largest group first.

        Returns:
            A frame with one line per cause: rows, kind, category, cause, remedy, example, labels. It holds what is
            exact, and shows labels and examples masked.
        """
        from notebookmail.view.html.causes_frame import CausesFrame

        groups: dict[tuple[str, str, str, str], list[RowFeedback]] = {}
        for each in self._in_trouble():
            groups.setdefault((each.entry.kind, *_cause_of(each.entry)), []).append(each)
        lines = [
            (
                len(found),
                *cause,
                _words_of(found[0].entry),
                self._labels_of(found),
            )
            for cause, found in groups.items()
        ]
        lines.sort(key=lambda line: -line[0])
        frame = CausesFrame(lines, columns=list(_CAUSES))
        frame.examples_shown = self._masked_examples([found[0].entry for found in groups.values()])
        return frame

    def _masked_examples(self, entries: Sequence[FeedbackEntry]) -> dict[str, str]:
        """Return what is shown of examples: servers speak of a recipient by the bare name, too."""
        told = list(self._in_trouble())
        names = KnownNames((*(each.entry.recipient for each in told), *self._labels_of(told)))
        return {words: names.mask(words, each.recipient) for each in entries if (words := _words_of(each))}

    def _labels_of(self, found: Sequence[RowFeedback]) -> list[Any]:
        return list(self._index[[each.position for each in found]].tolist())

    def _in_trouble(self) -> Iterator[RowFeedback]:
        for kind in ("bounce", "complaint", "unsubscribe", "delay"):
            for position, entry in self._first_of(kind).items():
                if kind != "delay" or position not in self._first_of("bounce"):
                    yield RowFeedback(position, entry)

    def _first_of(self, kind: str) -> Mapping[int, FeedbackEntry]:
        """Return what came first of a kind, by position; of bounces, one for good before one for now."""
        return self._first.get(kind, {})

    @cached_property
    def _first(self) -> Mapping[str, Mapping[int, FeedbackEntry]]:
        first: dict[str, dict[int, FeedbackEntry]] = {}
        for position, entry in ((each.position, each.entry) for each in self._told):
            before = first.setdefault(entry.kind, {}).setdefault(position, entry)
            is_graver = entry.is_permanent and not before.is_permanent
            if is_graver or (entry.is_permanent == before.is_permanent and entry.at < before.at):
                first[entry.kind][position] = entry
        return first

    @cached_property
    def _is_silent(self) -> npt.NDArray[np.bool_]:
        import numpy as np

        marks = np.zeros(len(self._index), dtype=bool)
        marks[self._went_out] = True
        kinds = [kind for kind, name in KINDS.items() if name in _NOT_SILENT]
        for kind in kinds:
            marks[list(self._first_of(kind))] = False
        return marks

    def __str__(self) -> str:
        from notebookmail.view.terminal.feedback import feedback_text

        return feedback_text(self)

    def _repr_html_(self) -> str:
        from notebookmail.view.html.feedback import feedback_html

        return str(feedback_html(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 -- IPython's
        return {"text/plain": str(self)}

    def __repr__(self) -> str:
        counts = self.counts
        told = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in KINDS.values() if counts[name]]
        told += [f"{counts[name]:,} {name}" for name in ("silent", "unmatched") if counts[name]]
        of = f" of {self.campaign!r}" if self.campaign else ""
        return f"<Feedback{of}: {counts['letters']:,} letters; {', '.join(told) or 'nothing came back'}>"


def _moment(seconds: float) -> datetime:
    """Return a moment in UTC, without its zone: as numpy keeps it."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Make the moments of a frame pandas' own, in UTC."""
    import pandas as pd

    frame["at"] = pd.to_datetime(frame["at"]).astype("datetime64[us]").dt.tz_localize("UTC")
    return frame


def _kind_of(entry: FeedbackEntry) -> str:
    return "hard" if entry.is_permanent else "soft"


_OF_BOUNCES: Final[Mapping[str, Callable[[FeedbackEntry], str]]] = {
    "bounce_kind": _kind_of,
    "bounce_code": lambda entry: entry.code,
    "bounce_reason": lambda entry: entry.reason,
}


def _cause_of(entry: FeedbackEntry) -> tuple[str, str, str]:
    """Return category, cause and remedy of what a notice says."""
    if entry.kind in _LEAVING:
        category, cause, remedy = _LEAVING[entry.kind]
        return category, cause, remedy if entry.suppresses else _BY_HAND
    why = _explanation(entry)
    if entry.kind == "delay":
        return (
            why.category,
            "it is not delivered yet; a server on the way still tries",
            "wait, and read again",
        )
    return why.category, why.cause, why.remedy if entry.suppresses or not entry.is_permanent else _BY_HAND


def _explanation(entry: FeedbackEntry) -> Explanation:
    """Explain a report as the refusal that it tells of."""
    code = 550 if entry.is_permanent else 450
    said = entry.reason if not entry.code or entry.code in entry.reason else f"{entry.code} {entry.reason}"
    return explain(at("rcpt", SMTPRecipientRefused(code, said, entry.recipient)))


def _words_of(entry: FeedbackEntry) -> str:
    return entry.reason or entry.subject
