"""What came back of a campaign's letters: bounces, replies, complaints, and up to where a mailbox was read.

Entries and positions are written in one transaction: a reader that is killed loses none and counts none twice, and
a notice that is read again (a moved folder, a new UIDVALIDITY) is known by its digest. Whom a new entry suppresses
goes into the book of suppressions with it; so who was taken out of that by hand is not put in again by an old
notice.

A position is a campaign's own, as reading for one must not eat the notices of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from notebookmail.errors import JournalError

from .checksums import campaign_checksum
from .error_messages import damaged
from .row_lookup import RowLookup
from .stored_text import stored_text
from .suppressions import Suppression, Suppressions, add_suppressions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .row_lookup import FoundRow
    from .sqlite_database import JournalFile
    from .suppressions import SuppressionCause

_CHUNK: Final = 10_000
_NOBODY: Final = -1  # the generation and the number of what matched no row
_FIELDS: Final = (
    "kind", "digest", "recipient", "is_permanent", "at", "code", "reason", "sender", "subject", "matched_by",
    "suppresses",
)  # fmt: skip
_COLUMNS: Final = f"campaign, generation, number, {', '.join(_FIELDS)}, checksum"
_NOTE: Final = f"INSERT OR IGNORE INTO feedback ({_COLUMNS}) VALUES ({', '.join('?' * (len(_FIELDS) + 4))})"
_FEEDBACK: Final = f"SELECT {_COLUMNS} FROM feedback WHERE campaign = ? ORDER BY at"
_POSITIONS: Final = """SELECT folder, uidvalidity, uid, checksum FROM position
    WHERE campaign = ? AND mailbox = ?"""
_MOVE: Final = """INSERT INTO position (campaign, mailbox, folder, uidvalidity, uid, checksum)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET uidvalidity = excluded.uidvalidity, uid = excluded.uid, checksum = excluded.checksum"""
_READ: Final = "INSERT OR REPLACE INTO reading (campaign, until, checksum) VALUES (?, ?, ?)"
_READ_UNTIL: Final = "SELECT until, checksum FROM reading WHERE campaign = ?"
_CAMPAIGN: Final = "SELECT name FROM campaign WHERE id = ?"
_CALLED: Final = """SELECT id FROM campaign WHERE digest = ?1 OR (name = ?1 AND name <> '')
    ORDER BY last_run DESC, id DESC"""
_CAUSES: Final[Mapping[str, SuppressionCause]] = {
    "bounce": "bounced", "complaint": "complained", "unsubscribe": "unsubscribed"
}  # fmt: skip


class FeedbackEntry(NamedTuple):
    """What one notice says of one row.

    Attributes:
        campaign: The campaign's number in the journal; None for a notice that matches no row.
        generation: The row's generation; 0 where there is no row.
        number: The row's number; 0 where there is no row.
        kind: What it is: "bounce", "delay", "reply", "auto_reply", "complaint", "unsubscribe", "delivered",
            "other".
        is_permanent: Whether a bounce is for good.
        at: When (unix time, seconds).
        code: The enhanced code, or "".
        reason: What is said, in one line; the first 1,000 characters are kept.
        recipient: Whose letter it speaks of.
        sender: Who wrote the notice.
        subject: Its subject.
        digest: What the notice is known by, wherever it is read.
        matched_by: How its row was found.
        suppresses: The address that is never mailed again because of it, as it is compared; "" for none.
    """

    campaign: int | None
    generation: int
    number: int
    kind: str
    is_permanent: bool
    at: float
    code: str
    reason: str
    recipient: str
    sender: str
    subject: str
    digest: bytes
    matched_by: str
    suppresses: str = ""


class ReadUpTo(Protocol):
    """Up to where a folder was read (RFC 3501 2.3.1.1)."""

    @property
    def uidvalidity(self) -> int:
        """What the folder's UIDs hold under."""

    @property
    def uid(self) -> int:
        """The last that was read."""


class MailboxPosition(NamedTuple):
    """Up to where a folder was read, as the journal keeps it."""

    uidvalidity: int
    uid: int


class FeedbackBook:
    """What a journal knows of what came back; every `Journal` is one."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._lookup: RowLookup | None = None

    @property
    def suppressions(self) -> Suppressions:
        """The book of addresses that are never mailed again."""
        return Suppressions(self._file)

    # --- which row ------------------------------------------------------------------------------------------

    def campaigns_called(self, name_or_digest: str) -> list[int]:
        """Return the numbers of the campaigns of a name or digest, the one run last first.

        Raises:
            JournalError: It cannot be read.
        """
        with self._file.translating() as connection:
            return [campaign for (campaign,) in connection.execute(_CALLED, (name_or_digest,)).fetchall()]

    def rows_of(self, name_or_digest: str) -> Iterator[FoundRow]:
        """Walk the rows of the campaigns of a name or digest, of the latest generation, in order.

        Raises:
            JournalError: They cannot be read, or are not as they were written.
        """
        for campaign in self.campaigns_called(name_or_digest):
            yield from self._rows().of_campaign(campaign)

    def rows_by_token(self, tokens: Iterable[str]) -> dict[str, FoundRow]:
        """Find rows by the local part of their Message-ID, in all campaigns and generations.

        What finds them is made at the first call, in a file that ends with the connection: some five seconds for a
        million rows, and bounded memory.

        Args:
            tokens: In any case; the result has them as they came.

        Raises:
            JournalError: The journal cannot be read, or a row is not as it was written.
        """
        return self._rows().by_token(tokens)

    def rows_by_reply_id(self, ids: Iterable[str]) -> dict[str, FoundRow]:
        """Find rows by the id that the reply which accepted them told: "Ok ID", as Amazon SES says.

        Raises:
            JournalError: As for `rows_by_token`.
        """
        return self._rows().by_reply_id(ids)

    def rows_by_recipient(
        self, campaign: int, addresses: Iterable[str], *, text_of: Callable[[str], str] = str.lower
    ) -> dict[str, list[FoundRow]]:
        """Find the rows of a campaign's latest generation by their recipients.

        Args:
            campaign: The campaign's number.
            addresses: As `text_of` writes them.
            text_of: Returns what an address is compared by; always the same function.

        Returns:
            All rows of each address: one that has several tells nothing.

        Raises:
            JournalError: As for `rows_by_token`.
        """
        return self._rows().by_recipient(campaign, addresses, text_of)

    def _rows(self) -> RowLookup:
        if self._lookup is None or not self._lookup.is_of(self._file):
            self._lookup = RowLookup(self._file)
        return self._lookup

    # --- what came back -------------------------------------------------------------------------------------

    def note_feedback(
        self,
        mailbox: str,
        positions: Mapping[str, ReadUpTo],
        entries: Iterable[FeedbackEntry],
        *,
        campaign: int,
        now: float,
    ) -> list[FeedbackEntry]:
        """Note what notices say, whom that suppresses, and up to where the mailbox was read: all, or nothing.

        Args:
            mailbox: What the mailbox is known by.
            positions: Up to where its folders were read, once these entries are noted.
            entries: What was read. An entry that stands there already is left as it is.
            campaign: The number of the campaign that it was read for; what matches no row is kept with it.
            now: The time (unix time, seconds): since when an address is suppressed.

        Returns:
            The entries that are new.

        Raises:
            JournalError: The campaign was forgotten meanwhile, or the journal cannot be written.
        """
        with self._file.transaction() as connection:
            _name_of(connection, campaign, self._file)
            new = [each for each in entries if _is_noted(connection, each, campaign)]
            for each in new:
                if each.suppresses and each.kind in _CAUSES:
                    name = _name_of(connection, campaign if each.campaign is None else each.campaign, self._file)
                    said = (
                        each.reason if not each.code or each.code in each.reason else f"{each.code} {each.reason}"
                    )
                    entry = Suppression(each.suppresses, _CAUSES[each.kind], said, now, name)
                    add_suppressions(connection, [entry])
            for folder, position in positions.items():
                row = (campaign, mailbox, folder, position.uidvalidity, position.uid)
                connection.execute(_MOVE, (*row, campaign_checksum(*row)))
        return new

    def positions(self, mailbox: str, campaign: int) -> dict[str, MailboxPosition]:
        """Return up to where the folders of a mailbox were read for a campaign.

        Raises:
            JournalError: They cannot be read, or are not as they were written.
        """
        found: dict[str, MailboxPosition] = {}
        with self._file.translating() as connection:
            for folder, uidvalidity, uid, checksum in connection.execute(
                _POSITIONS, (campaign, mailbox)
            ).fetchall():
                if campaign_checksum(campaign, mailbox, folder, uidvalidity, uid) != checksum:
                    raise damaged(self._file.path, "up to where a mailbox was read is not as it was written")
                found[folder] = MailboxPosition(uidvalidity, uid)
        return found

    def note_read(self, campaign: int, until: float) -> None:
        """Note until when all that came back of a campaign was read.

        Args:
            campaign: Its number.
            until: A moment (unix time, seconds).

        Raises:
            JournalError: The campaign was forgotten meanwhile, or the journal cannot be written.
        """
        with self._file.transaction() as connection:
            _name_of(connection, campaign, self._file)
            row = (campaign, float(until))
            connection.execute(_READ, (*row, campaign_checksum(*row)))

    def read_until(self, campaign: int) -> float | None:
        """Return until when all that came back of a campaign was read (unix time, seconds); None: it never was.

        Raises:
            JournalError: It cannot be read, or is not as it was written.
        """
        with self._file.translating() as connection:
            found = connection.execute(_READ_UNTIL, (campaign,)).fetchone()
        if found is None:
            return None
        until, checksum = found
        if campaign_checksum(campaign, until) != checksum:
            raise damaged(self._file.path, "when what came back was read is not as it was written")
        return float(until)

    def feedback(self, campaign: int) -> list[FeedbackEntry]:
        """Return what came back of a campaign, in the order of its dates, of all generations; matched or not.

        Raises:
            JournalError: It cannot be read, or is not as it was written.
        """
        found: list[FeedbackEntry] = []
        with self._file.translating() as connection:
            cursor = connection.execute(_FEEDBACK, (campaign,))
            while chunk := cursor.fetchmany(_CHUNK):
                for *columns, checksum in chunk:
                    if campaign_checksum(*columns) != checksum:
                        raise damaged(self._file.path, "what came back of a campaign is not as it was written")
                    _, generation, number, *fields = columns
                    said = dict(zip(_FIELDS, fields, strict=True))
                    said["is_permanent"] = bool(said["is_permanent"])
                    is_matched = number != _NOBODY
                    row = (campaign, generation, number) if is_matched else (None, 0, 0)
                    found.append(FeedbackEntry(*row, **said))
        return found


def _is_noted(connection: sqlite3.Connection, entry: FeedbackEntry, campaign: int) -> bool:
    """Write an entry, and tell whether it is new."""
    place = (entry.campaign, entry.generation, entry.number)
    if entry.campaign is None:
        place = (campaign, _NOBODY, _NOBODY)
    row = (
        *place, entry.kind, entry.digest, stored_text(entry.recipient), int(entry.is_permanent), float(entry.at),
        stored_text(entry.code), stored_text(entry.reason), stored_text(entry.sender), stored_text(entry.subject),
        stored_text(entry.matched_by), stored_text(entry.suppresses),
    )  # fmt: skip
    return connection.execute(_NOTE, (*row, campaign_checksum(*row))).rowcount > 0


def _name_of(connection: sqlite3.Connection, campaign: int, file: JournalFile) -> str:
    found = connection.execute(_CAMPAIGN, (campaign,)).fetchone()
    if found is None:
        raise JournalError(f"the campaign was forgotten meanwhile in the journal {file.path}", str(file.path))
    return str(found[0])
