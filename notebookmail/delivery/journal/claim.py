"""A campaign that this process runs now, and the record of its rows, written in groups.

The lock keeps others out; the fence, a number that every claim raises and every transaction looks at, stops a run
whose lock was lost (a network file system may lose one) before it writes over its successor's record.

Refuses to be clever about a write that failed: nothing of it stands in the file, and it may be tried again. Should
the file have taken it all the same, that is found out before the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notebookmail.errors import JournalError

from . import quota_usage
from .checksums import entry_checksum
from .recognition import write_recognition, write_said
from .sqlite_schema import CAMPAIGN_COLUMNS, CODES, ENTRY_COLUMNS, SIGN_CAMPAIGN, State
from .stored_text import TEXT_LENGTH, stored_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from notebookmail.mail.message import RowContent

    from .campaign_lock import CampaignLock
    from .earlier_outcomes import Earlier, EarlierRows
    from .quota_usage import Charge
    from .recognition import Recognition
    from .sqlite_database import JournalFile

_SENT: Final = CODES["sent"]

_FENCE: Final = "SELECT fence FROM campaign WHERE id = ?"
_GROWN: Final = {"entry_count": "?1", "said_count": "said_count + ?2"}
_GROW: Final = f"""UPDATE campaign SET {", ".join(f"{column} = {grown}" for column, grown in _GROWN.items())},
    checksum = campaign_checksum({", ".join(_GROWN.get(column, column) for column in CAMPAIGN_COLUMNS)})
    WHERE id = ?3 AND fence = ?4"""
_INSERT: Final = f"""INSERT INTO entry ({", ".join(ENTRY_COLUMNS)}, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
# What was sent stays sent, whatever is said of the row later.
_UPDATE: Final = f"""UPDATE entry SET state = ?5, recipient = ?6, at = ?7, attempts = ?8, code = ?9, reply = ?10,
    message_id = ?11, next_at = ?12, delivered = ?13, checksum = ?14
    WHERE campaign = ?1 AND generation = ?2 AND number = ?3 AND ?4 IS NOT NULL AND state <> {_SENT}"""
_KEPT: Final = ("coalesce(nullif(?6, ''), recipient)", "coalesce(nullif(?11, ''), message_id)")
_UPDATE_KEEPING: Final = f"""UPDATE entry SET state = ?5, recipient = {_KEPT[0]}, at = ?7, attempts = ?8,
    code = ?9, reply = ?10, message_id = {_KEPT[1]}, next_at = ?12, delivered = ?13,
    checksum = entry_checksum(?1, ?2, ?3, ?4, ?5, {_KEPT[0]}, ?7, ?8, ?9, ?10, {_KEPT[1]}, ?12, ?13)
    WHERE campaign = ?1 AND generation = ?2 AND number = ?3 AND ?14 IS NOT NULL AND state <> {_SENT}"""
_LATEST: Final = """SELECT key, number, state FROM entry WHERE campaign = ? AND generation = ? AND number >= ?
    ORDER BY number"""
_CLOSE: Final = (
    """UPDATE campaign SET closed_at = ?, is_finished = max(is_finished, ?) WHERE id = ? AND fence = ?"""
)


class Entry(NamedTuple):
    """What is noted about a row.

    Attributes:
        key: Which row it is: 16 bytes, unique in the campaign.
        state: How it stands.
        to: The recipient; "" keeps what was noted before.
        at: When (unix time, seconds).
        attempts: How often it was tried, this time included.
        code: The reply's code, or None.
        reply: The reply's text; the first 1,000 characters are kept.
        message_id: The Message-ID header's value; "" keeps what was noted before.
        next_at: Not to be tried before (unix time, seconds), or None.
        delivered: The addresses that took its message, where others have not.
        charge: What it does to the count of the account it goes by.
        said: What the row said; kept when it is first noted.
    """

    key: bytes
    state: State
    to: str = ""
    at: float = 0.0
    attempts: int = 0
    code: int | None = None
    reply: str = ""
    message_id: str = ""
    next_at: float | None = None
    delivered: tuple[str, ...] = ()
    charge: Charge | None = None
    said: RowContent | None = None


class Holding(NamedTuple):
    """What a claim holds of its campaign: the row of the table, the generation, the fence it set, the secret."""

    campaign: int
    generation: int
    fence: int
    secret: str = ""


class _Batch:
    """What one write does to the file.

    Attributes:
        new: Parameters of its INSERTs.
        changed: Parameters of its UPDATEs. They come after the INSERTs: of one row the first entry makes it, and
            the others change it in their order.
        places: The rows' numbers, None for one that is not written again.
        next_number: Of the first row of the next write.
        keeps: True when a change keeps a text that was noted before.
        said: What new rows said, by their numbers.
    """

    __slots__ = ("changed", "keeps", "new", "next_number", "places", "said")

    def __init__(self, next_number: int) -> None:
        self.new: list[tuple[Any, ...]] = []
        self.changed: list[tuple[Any, ...]] = []
        self.places: dict[bytes, int | None] = {}
        self.next_number = next_number
        self.keeps = False
        self.said: list[tuple[int, RowContent]] = []


class Claim:
    """The right to run a campaign, and its record.

    Attributes:
        generation: 0 at first; every `resend` that begins anew makes it one more.
        secret: What only this journal knows of the campaign, and its Message-IDs are made with; "" for one that
            was begun before there was any.
        earlier: The rows of this generation as they stood when it was claimed, by their keys. What this run writes
            does not change it.
    """

    def __init__(
        self,
        file: JournalFile,
        lock: CampaignLock,
        holding: Holding,
        earlier: EarlierRows,
        *,
        now: float,
        claims: set[Claim],
        carry_over: Callable[[CampaignLock, Holding], Claim],
    ) -> None:
        self.generation = holding.generation
        self.secret = holding.secret
        self.earlier: Mapping[bytes, Earlier] = earlier
        self._rows = earlier
        self._file = file
        self._lock = lock
        self._holding = holding
        self._numbers: dict[bytes, int] = {}  # of rows first tried in this run that may be written again
        self._next_number = earlier.size
        self._latest = now
        self._is_certain = True
        self._is_open = True
        self._used: dict[str, int] = {}
        self._recognition = earlier.recognition
        self._claims = claims  # those of the journal that are open
        claims.add(self)
        self._carry_over = carry_over

    def used(self, account: str) -> int | None:
        """Tell how many messages an account had used within 24 hours when it was last charged; None before."""
        return self._used.get(account)

    def write(self, entries: Sequence[Entry]) -> frozenset[bytes]:
        """Write what is to be noted, in order, as one transaction that survives a power cut once this returns.

        Blocks while another process writes (milliseconds, at most 30 s). A row that was sent stays sent.

        Returns:
            The keys of the rows that were to go out and may not, as they would go beyond a quota: nothing is
            written of them.

        Raises:
            JournalError: It could not be written, and nothing of it was; the message names the remedy. The same
                may be tried again.
        """
        if not self._is_open:
            raise JournalError("this claim of the campaign was closed; claim it anew", str(self._file.path))
        if not entries:
            return frozenset()
        is_certain, self._is_certain = self._is_certain, False
        # Outcomes are written whatever has come to the file's place: `close` carries them over.
        goes_out = any(each.state == "committing" for each in entries)
        with self._file.transaction(in_place=goes_out) as connection:
            self._check_fence(connection)
            if not is_certain:
                self._catch_up(connection)
            ruling = quota_usage.charge(
                connection,
                [(place, each.key, each.charge) for place, each in enumerate(entries) if each.charge is not None],
            )
            refused = ruling.refused
            batch = self._stage(
                [each for place, each in enumerate(entries) if place not in refused] if refused else entries
            )
            if batch.new:
                connection.executemany(_INSERT, batch.new)
                # So that none of them can be lost unseen.
                counts = (batch.next_number, len(batch.said))
                connection.execute(_GROW, (*counts, self._holding.campaign, self._holding.fence))
            recognition = self._note_said(connection, batch.said)
            if batch.changed:
                connection.executemany(_UPDATE_KEEPING if batch.keeps else _UPDATE, batch.changed)
        self._used.update(ruling.used)
        self._remember(batch)
        self._recognition = recognition
        self._is_certain = True
        return frozenset(entries[place].key for place in refused)

    def close(self, *, is_finished: bool) -> None:
        """End the run and let others claim the campaign. A second call does nothing.

        Args:
            is_finished: Nothing was left undone that this run could do.

        Raises:
            JournalError: That it ended could not be noted, or another file has come to the journal's place and
                does not take what this run recorded; the campaign can be claimed all the same.
        """
        if not self._is_open:
            return
        self._is_open = False
        self._claims.discard(self)
        try:
            if not self._file.is_in_place:
                self._carry_over(self._lock, self._holding).close(is_finished=is_finished)
                return
            with self._file.transaction() as connection:
                held = self._holding
                connection.execute(_CLOSE, (self._latest, is_finished, held.campaign, held.fence))
                connection.execute(SIGN_CAMPAIGN, (held.campaign,))
        finally:
            self._lock.release()

    def _check_fence(self, connection: sqlite3.Connection) -> None:
        if connection.execute(_FENCE, (self._holding.campaign,)).fetchone() != (self._holding.fence,):
            raise JournalError(
                f"another process has taken over this campaign in {self._file.path}: this one's lock was lost "
                "(was its file deleted, or is it on a network disk?); let that one go on, or end it and run this "
                "again",
                str(self._file.path),
            )

    def _stage(self, entries: Sequence[Entry]) -> _Batch:
        """Decide which entries make rows and which change them; nothing is remembered before it is written."""
        campaign, generation, *_ = self._holding
        batch = _Batch(self._next_number)
        places = batch.places
        for key, state, to, at, attempts, code, reply, message_id, next_at, delivered, _, said in entries:
            known = places[key] if key in places else self._place(key)
            place = batch.next_number if known is None else known
            texts = to + reply + message_id
            if len(texts) > TEXT_LENGTH or not texts.isascii():  # else they are stored as they are
                to, reply, message_id = map(stored_text, (to, reply, message_id))  # noqa: PLW2901
            row = (
                campaign, generation, place, key, CODES[state], to, float(at), attempts, code, reply, message_id,
                None if next_at is None else float(next_at),
                stored_text("\n".join(delivered), None) if delivered else "",
            )  # fmt: skip
            signed = (*row, entry_checksum(*row))
            if known is None:
                batch.next_number += 1
                batch.new.append(signed)
                if said is not None:
                    batch.said.append((place, said))
            else:
                batch.changed.append(signed)
                batch.keeps = batch.keeps or not (to and message_id)
            places[key] = None if state == "sent" else place
            self._latest = max(self._latest, at)
        return batch

    def _note_said(self, connection: sqlite3.Connection, said: list[tuple[int, RowContent]]) -> Recognition:
        """Write what new rows said, and which names they read for the first time."""
        campaign, generation, *_ = self._holding
        if said:
            write_said(connection, campaign, generation, said)
        names = {each.names for _, each in said}
        if names <= self._recognition.reads:
            return self._recognition
        recognition = self._recognition._replace(reads=self._recognition.reads | names)
        write_recognition(connection, campaign, recognition)
        return recognition

    def _place(self, key: bytes) -> int | None:
        number = self._numbers.get(key)
        return self._rows.number(key) if number is None else number

    def _remember(self, batch: _Batch) -> None:
        known = self._rows.size
        for key, place in batch.places.items():
            if place is None:
                self._numbers.pop(key, None)
            elif place >= known:
                self._numbers[key] = place
        self._next_number = batch.next_number

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        """Learn what a write left in the file that seemed to fail, or was interrupted after it had not."""
        campaign, generation, *_ = self._holding
        for key, number, state in connection.execute(
            _LATEST, (campaign, generation, self._next_number)
        ).fetchall():
            if state != _SENT:
                self._numbers[key] = number
            self._next_number = number + 1
