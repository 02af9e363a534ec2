"""The book of suppressions: who is never mailed again, listed, added to, taken out of, and asked by every plan.

It lies in the journal and is the user's alone. Addresses are compared as recipients are: without capitals, their
domain in ASCII. A plan looks up its own recipients, so that a book of a million addresses costs a small mailing
nothing; what is looked up is checked, and a book that is no larger than the mailing is checked whole.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from notebookmail.address import parse_mailbox, to_ascii_domain
from notebookmail.compose.identity.same_value import address_text
from notebookmail.compose.rows.frame import Frame, email_column
from notebookmail.delivery.journal import Journal, Suppression, SuppressionCause, Suppressions, default_path
from notebookmail.errors import AddressError, FrameError, JournalError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Literal

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

COLUMNS: Final = ("address", "cause", "reason", "since", "campaign")
"""The columns of suppressed()."""

_CHUNK: Final = 10_000
_OFTEN: Final = 64  # from then on it costs less to read the book than to open the journal again and again
_REMEMBERED: Final = 10_000
_CAUSES: Final[tuple[SuppressionCause, ...]] = get_args(SuppressionCause)


def suppressed(journal: str | Path | None = None) -> pd.DataFrame:
    """List the addresses that are never mailed again.

    Args:
        journal: The journal's file, as for send_frame; None takes the user's own. It is not made if there is none.

    Returns:
        One line an address: `address`, `cause` ("bounced", "complained", "unsubscribed", or "added" by you),
        `reason` (what was said, or ""), `since` (UTC), and `campaign`, whose letter it was, or "". `suppress`
        takes the same frame, in another journal or on another machine.

    Raises:
        JournalError: The file is no journal, or cannot be read.

    Example:
        >>> notebookmail.suppressed()
    """
    import pandas as pd

    path = _path(journal)
    found: list[Suppression] = []
    if path.exists():
        with Journal.open(path) as opened:
            found = list(opened.suppressions)
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    frame = frame.astype({"address": "object", "cause": "object", "reason": "object", "campaign": "object"})
    frame["since"] = pd.to_datetime(frame["since"].astype("float64"), unit="s", utc=True)
    return frame


def suppress(addresses: Any, reason: str | None = None, journal: str | Path | None = None) -> int:
    """Never mail addresses again, in whatever campaign of this journal.

    Args:
        addresses: One, a list or a column of them, or a frame with an e-mail column; of one that `suppressed`
            returned, cause, reason, date and campaign are kept.
        reason: Why, for whoever reads the list later.
        journal: The journal's file, as for send_frame; None takes the user's own.

    Returns:
        How many are new; one that is in the book stays as it is.

    Raises:
        FrameError: One is no address; nothing was written.
        JournalError: The file cannot be written.

    Example:
        >>> notebookmail.suppress(["ann@example.org"], "asked by telephone")
    """
    entries = list(_entries(addresses, reason or "", time.time()))
    with Journal.open(None if journal is None else _path(journal)) as opened:
        return opened.suppressions.add(entries)


def unsuppress(addresses: Any, journal: str | Path | None = None) -> int:
    """Let addresses be mailed again.

    Args:
        addresses: As for `suppress`.
        journal: The journal's file, as for send_frame; None takes the user's own.

    Returns:
        How many were in the book.

    Raises:
        FrameError: One is no address; nothing was written.
        JournalError: The file cannot be written.
    """
    wanted = [each.address for each in _entries(addresses, "", 0.0)]
    path = _path(journal)
    if not path.exists():
        return 0
    with Journal.open(path) as opened:
        return opened.suppressions.remove(wanted)


class SuppressedAddresses:
    """A book of suppressions, to be asked by a run.

    The run's own addresses are looked up in it. Only a book that holds no more than are asked for is read, and
    checked, whole; then a number for each of its addresses is held.

    Args:
        path: The journal it lies in.
        count: How many addresses are in it.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        self._count = count
        self._hashes: npt.NDArray[np.int64] | None = None
        self._answers: dict[str, Suppression | None] = {}
        self._times_asked = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path, self._count)  # in another process texts have other hashes

    @classmethod
    def of(cls, journal: str | os.PathLike[str] | Literal[False] | None) -> SuppressedAddresses | None:
        """Return the book of a journal; None where nobody is in it.

        Args:
            journal: As for send_frame. A run without a journal heeds the user's own book all the same.

        Raises:
            JournalError: It cannot be read.
        """
        path = _path(journal or None)
        if not path.exists():
            return None
        with _read(path) as suppressions:
            count = len(suppressions)
        return cls(path, count) if count else None

    def may_hold(self, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell of hashes of addresses which may be in the book; where it is far larger than they are, all may.

        Raises:
            JournalError: It cannot be read.
        """
        import numpy as np

        if self._hashes is None and self._count <= len(hashes):
            self._load()
        return np.ones(len(hashes), dtype=bool) if self._hashes is None else _are_among(hashes, self._hashes)

    def find(self, addresses: Iterable[str]) -> dict[str, Suppression]:
        """Return those of some addresses that are in the book.

        Args:
            addresses: As they are compared.

        Raises:
            JournalError: It cannot be read.
        """
        rest = self._likely(iter(addresses))
        first = list(itertools.islice(rest, _CHUNK))
        if not first:
            return {}
        with _read(self._path) as suppressions:
            found = suppressions.find(first)
            while asked := list(itertools.islice(rest, _CHUNK)):
                found.update(suppressions.find(asked))
        return found

    def find_few(self, addresses: Iterable[str]) -> dict[str, Suppression]:
        """Do as `find`, time and again: of many letters each has a copy for a few, and often for the same.

        Raises:
            JournalError: The book cannot be read.
        """
        asked = list(addresses)
        if any(each not in self._answers for each in asked):
            self._times_asked += 1
            if self._times_asked == _OFTEN and self._hashes is None:
                self._load()
            if len(self._answers) > _REMEMBERED:
                self._answers = {}
            found = self.find(asked)
            self._answers.update((each, found.get(each)) for each in asked)
        answers = ((each, self._answers[each]) for each in asked)
        return {each: answer for each, answer in answers if answer is not None}

    def _likely(self, addresses: Iterator[str]) -> Iterator[str]:
        import numpy as np

        if self._hashes is None:
            yield from addresses
            return
        while asked := list(itertools.islice(addresses, _CHUNK)):
            are_likely = _are_among(np.array([hash(each) for each in asked], dtype=np.int64), self._hashes)
            yield from itertools.compress(asked, are_likely.tolist())

    def _load(self) -> None:
        """Read the whole book."""
        import numpy as np

        with _read(self._path) as suppressions:
            self._hashes = np.sort(np.fromiter((hash(each.address) for each in suppressions), dtype=np.int64))


def _are_among(hashes: npt.NDArray[np.int64], known: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    import numpy as np

    if not known.size:
        return np.zeros(len(hashes), dtype=bool)
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    held: npt.NDArray[np.bool_] = known[places] == hashes
    return held


@contextlib.contextmanager
def _read(path: Path) -> Iterator[Suppressions]:
    """Open the book of a journal that a run asks; what keeps it from being read is told with a way out."""
    try:
        with Journal.open(path) as opened:
            yield opened.suppressions
    except JournalError as problem:
        raise JournalError(
            f"whom never to mail cannot be read: {problem}. suppressed='send' does not look there", str(path)
        ) from problem


def reason_of(suppression: Suppression) -> str:
    """Say since when, and why, an address is never mailed again."""
    day = datetime.fromtimestamp(suppression.since).astimezone()
    told = "by you" if suppression.cause == "added" else suppression.cause
    said = f" ({suppression.reason})" if suppression.reason else ""
    return f"suppressed on {day.day} {day:%B %Y}: {told}{said}"


def _entries(addresses: Any, reason: str, now: float) -> Iterator[Suppression]:
    """Read addresses, or a frame of them.

    Raises:
        FrameError: One is none.
    """
    if hasattr(addresses, "columns"):
        yield from _of_frame(Frame(addresses), reason, now)
        return
    if isinstance(addresses, str):
        addresses = [addresses]
    for number, text in enumerate(addresses, 1):
        yield Suppression(_address(text, f"number {number}"), "added", reason, now)


def _of_frame(frame: Frame, reason: str, now: float) -> Iterator[Suppression]:
    column = email_column(frame.columns)
    is_export = set(COLUMNS) <= set(frame.columns)
    for row in frame.rows(range(len(frame))):
        address = _address(row.fields[column], f"row {row.label!r}")
        yield _exported(row.fields, address, now) if is_export else Suppression(address, "added", reason, now)


def _exported(fields: Mapping[str, Any], address: str, now: float) -> Suppression:
    """Read a line of what `suppressed` returned; what was lost on the way (a CSV file) is left out."""
    import pandas as pd

    since = pd.to_datetime(fields["since"], utc=True, errors="coerce")
    reason, campaign = (each if isinstance(each := fields[name], str) else "" for name in ("reason", "campaign"))
    cause: SuppressionCause = next((each for each in _CAUSES if each == fields["cause"]), "added")
    return Suppression(address, cause, reason, now if pd.isna(since) else since.timestamp(), campaign)


def _address(text: object, where: str) -> str:
    """Return an address as it is compared."""
    try:
        return address_text(to_ascii_domain(parse_mailbox(text if isinstance(text, str) else "").address))
    except AddressError as problem:
        raise FrameError(
            f"{where} of what to suppress is no address: {problem}; correct it or leave it out, nothing was "
            "written"
        ) from problem


def comparable(addresses: Sequence[str]) -> list[str]:
    """Return addresses as the book compares them; what is no address is left out."""
    found = []
    for each in addresses:
        try:
            found.append(_address(each, ""))
        except FrameError:
            continue
    return found


def _path(journal: str | os.PathLike[str] | None) -> Path:
    return default_path() if journal is None else Path(journal).expanduser()
