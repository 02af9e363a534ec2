"""What survives a crash: which row of which campaign was tried, and how it stands.

One SQLite file for all campaigns. A row that was not tried is not in it, so that a million rows cost nothing
before the first message; a row is noted before its end of data may reach the wire, and its outcome before it is
reported. What is claimed is the campaign, not the row: by a lock that ends with its process, and a fence in the
file.

Keeps addresses, so the file is the user's alone. Keeps no password, no content, no field of a row but its digest.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from notebookmail.errors import JournalError

from . import quota_usage
from .campaign_lock import CampaignLock, is_held
from .claim import Claim, Holding
from .earlier_outcomes import EarlierRows
from .error_messages import ELSEWHERE, damaged, kept_beside, known_otherwise, several_campaigns
from .feedback_book import FeedbackBook
from .recognition import RULES, Recognition, first_campaigns, read_recognition, write_recognition
from .replaced_file import Record, prepare, read_record
from .sqlite_database import JournalFile
from .sqlite_schema import CAMPAIGN_COLUMNS, SIGN_CAMPAIGN, STATES, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence

    _Said = tuple[str, str, str, str, str]  # name, server, account, sender, the secret of one that is begun

# No digest is sought in the index, in which a bit may be turned, too: every row is read.
_WHOLE: Final = f"""SELECT id, checksum = campaign_checksum({", ".join(CAMPAIGN_COLUMNS)})
    FROM campaign NOT INDEXED"""
# The first entry of each campaign is sought, and the others are not read.
_ORPHANS: Final = """WITH RECURSIVE found(campaign) AS (SELECT min(campaign) FROM entry UNION ALL
    SELECT (SELECT min(campaign) FROM entry WHERE campaign > found.campaign) FROM found WHERE campaign IS NOT NULL)
    SELECT campaign FROM found LEFT JOIN campaign AS record NOT INDEXED ON record.id = campaign
    WHERE campaign IS NOT NULL AND record.id IS NULL"""
_CAMPAIGN_OF_DIGEST: Final = (
    "SELECT id, generation, is_resend, is_finished FROM campaign NOT INDEXED WHERE digest = ?"
)
_CHUNK: Final = 10_000
_SECRET_OCTETS: Final = 16
_BEGIN: Final = """INSERT INTO campaign (digest, name, server, account, sender, generation, is_resend,
    is_finished, fence, begun, last_run, secret) VALUES (?, '', '', '', '', 0, ?, 0, 0, ?, ?, ?) RETURNING id"""
_BEGIN_GENERATION: Final = """UPDATE campaign SET generation = ?, is_resend = ?, is_finished = 0, entry_count = 0,
    rules = 1, known_by = '', reads = '[]', said_count = 0 WHERE id = ?"""
_CLAIM: Final = """UPDATE campaign SET name = ?, server = ?, account = ?, sender = ?, last_run = ?,
    closed_at = NULL, fence = fence + 1 WHERE id = ? RETURNING generation, fence, secret"""
_CAMPAIGNS: Final = """SELECT id, name, digest, server, account, sender, generation, begun, last_run FROM campaign
    ORDER BY last_run DESC, id DESC"""
_COLUMNS: Final = ("name", "digest", "server", "account", "sender", "generation", "begun", "last_run")
_COUNTS: Final = """SELECT campaign.id, state, count(*) FROM campaign JOIN entry
    ON entry.campaign = campaign.id AND entry.generation = campaign.generation GROUP BY campaign.id, state"""
_ADOPT: Final = "UPDATE campaign NOT INDEXED SET digest = ? WHERE digest = ? RETURNING id"
_ANY: Final = "SELECT 1 FROM entry WHERE campaign = ? AND generation = ? LIMIT 1"
_CALLED: Final = "SELECT id, name, digest FROM campaign WHERE digest = ?1 OR (name = ?1 AND name <> '')"


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign as the journal knows it.

    Attributes:
        name: As the user named it, or "".
        digest: What it is known by.
        server: Where its last run sent to.
        account: Whose quota its last run used.
        sender: From whom.
        generation: 0, or how often it was begun anew by `resend`.
        begun: When it was first run (unix time, seconds).
        last_run: When it was last run (unix time, seconds).
        counts: How many rows of this generation stand how; those of which a run did not live to learn more
            than that they were committing count as unconfirmed.
        is_running: Whether a process runs it now.
    """

    name: str
    digest: str
    server: str
    account: str
    sender: str
    generation: int
    begun: float
    last_run: float
    counts: Mapping[State, int]
    is_running: bool


def default_path() -> Path:
    """Tell where the journal is when no other is named: in the user's state folder (XDG_STATE_HOME on Linux)."""
    import platformdirs

    return platformdirs.user_state_path("notebookmail", appauthor=False) / "journal.sqlite"


class Journal(FeedbackBook):
    """An open journal. Used by one thread at a time, not necessarily always the same."""

    def __init__(self, file: JournalFile) -> None:
        super().__init__(file)
        self._claims: set[Claim] = set()

    @classmethod
    def open(cls, path: Path | None = None) -> Journal:
        """Open a journal, and make it if there is none.

        Args:
            path: The file; its folder must be there. None takes default_path(), whose folder is made.

        Raises:
            JournalError: It is no journal, damaged, of a newer version (it is left as it is), or cannot be
                written.
        """
        try:
            place = _default_place() if path is None else Path(path).expanduser().resolve()
            if not place.parent.is_dir():
                raise JournalError(f"there is no folder {place.parent} for the journal; make it, or {ELSEWHERE}",
                                   str(place))  # fmt: skip
        except (OSError, RuntimeError) as problem:  # RuntimeError: a home that is not known, a circle of links
            raise JournalError(f"the journal {path or default_path()} cannot be reached ({problem}); {ELSEWHERE}",
                               str(path or default_path())) from problem  # fmt: skip
        return cls(JournalFile.open(place))

    @property
    def path(self) -> Path:
        """The absolute path of the journal's file, without symbolic links; its logs and locks lie beside it."""
        return self._file.path

    def claim(
        self,
        digest: str,
        *,
        name: str = "",
        server: str = "",
        account: str = "",
        sender: str = "",
        resend: bool = False,
        now: float,
        known_by: str = "",
        first_digests: Callable[[Sequence[str]], Collection[str]] | None = None,
    ) -> Claim:
        """Take the right to run a campaign, until the claim is closed or the process ends.

        Args:
            digest: What the campaign is known by.
            name: As the user named it, or "".
            server: Where it sends to, in words.
            account: Whose daily quota it uses.
            sender: From whom.
            resend: Begin a new generation, in which no row was sent. One that was begun so and is unfinished is
                gone on with instead.
            now: The time (unix time, seconds).
            known_by: What its rows are known by, in words; "" does not say.
            first_digests: Given the names of campaigns of the first rules, returns the digests under which an
                older version may have written this campaign.

        Raises:
            JournalError: Its rows were known by something else; another process, thread or cell runs it; or the
                journal cannot be read or written.
        """
        lock = CampaignLock.acquire(self._lock_path(digest), name or digest, now)
        said = (name, server, account, sender, secrets.token_hex(_SECRET_OCTETS))
        try:
            with self._file.transaction() as connection:  # one that is damaged is not written to
                self._check_records(connection)
                quota_usage.tidy(connection, quota_usage.minute_of(now))
                if first_digests is not None:
                    self._adopt(connection, digest, first_digests, name or digest)
                holding = self._take(connection, digest, said, resend, now)
                self._recognise(connection, holding, known_by, name or digest)
                earlier = self._load(connection, holding)
        except BaseException:
            lock.release()
            raise
        return self._claim(lock, holding, earlier, now)

    def _claim(self, lock: CampaignLock, holding: Holding, earlier: EarlierRows, now: float) -> Claim:
        return Claim(self._file, lock, holding, earlier, now=now, claims=self._claims, carry_over=self._carry_over)

    def _carry_over(self, lock: CampaignLock, holding: Holding) -> Claim:
        """Enter what a run recorded into the file that has come to the journal's place, and claim it there."""
        with self._file.translating() as connection:
            record = read_record(connection, holding)
        self._file.close()
        path = self.path
        try:
            self._file = JournalFile.open(path)
            return self._enter(record, lock)
        except JournalError as problem:
            beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            self._file.close()
            self._file = JournalFile.open(beside)
            self._enter(record, lock).close(is_finished=False)
            raise kept_beside(path, beside, problem) from problem

    def _enter(self, record: Record, lock: CampaignLock) -> Claim:
        now = max((entry.at for entry in record.entries), default=0.0)
        with self._file.transaction() as connection:
            self._check_records(connection)
            holding = self._take(connection, record.digest, (*record.called, record.secret), False, now)
            if holding.generation < record.generation:
                _begin_generation(connection, holding.campaign, record.generation, is_resend=record.is_resend)
                holding = holding._replace(generation=record.generation)
            is_behind = holding.generation > record.generation
            if not is_behind:
                prepare(connection, holding.campaign, record)
            earlier = self._load(connection, holding)
        claim = self._claim(lock, holding, earlier, now)
        for first in range(0, 0 if is_behind else len(record.entries), _CHUNK):
            claim.write(record.entries[first : first + _CHUNK])
        return claim

    def used(self, account: str, now: float) -> int:
        """Count what may have gone out on an account within 24 hours, whatever the campaign.

        Args:
            account: As a charge names it.
            now: The time (unix time, seconds).

        Returns:
            The messages that were accepted, or of which it is not known.

        Raises:
            JournalError: It cannot be read.
        """
        with self._file.translating() as connection:
            return quota_usage.used(connection, account, quota_usage.minute_of(now))

    def campaigns(self) -> list[CampaignRecord]:
        """List the campaigns, the one run last first.

        Raises:
            JournalError: It cannot be read.
        """
        with self._file.translating() as connection:
            rows = connection.execute(_CAMPAIGNS).fetchall()
            found = {campaign: dict(zip(_COLUMNS, row, strict=True)) for campaign, *row in rows}
            counts: dict[int, dict[State, int]] = {campaign: {} for campaign in found}
            for campaign, code, number in connection.execute(_COUNTS).fetchall():
                if code not in range(len(STATES)):
                    raise damaged(self.path, f"state {code}")
                state: State = "unconfirmed" if STATES[code] == "committing" else STATES[code]
                of_campaign = counts.get(campaign, {})  # another process may have begun one just now
                of_campaign[state] = of_campaign.get(state, 0) + number
        return [
            CampaignRecord(**row, counts=counts[campaign], is_running=is_held(self._lock_path(row["digest"])))
            for campaign, row in found.items()
        ]

    def forget(self, name_or_digest: str) -> int:
        """Delete what is known of a campaign, so that its addresses are no longer in the file.

        Run again, the campaign would be sent from its beginning. Whom it brought into the book of suppressions
        stays there.

        Args:
            name_or_digest: Its name (all that are called so) or its digest.

        Returns:
            How many rows were deleted.

        Raises:
            JournalError: There is none, it is running, or the journal cannot be written.
        """
        with contextlib.ExitStack() as locks:
            with self._file.translating() as connection:
                found = connection.execute(_CALLED, (name_or_digest,)).fetchall()
            if not found:
                raise JournalError(
                    f"there is no campaign {name_or_digest!r} in the journal {self.path}; "
                    "notebookmail.campaigns() lists those there are",
                    str(self.path),
                )
            for _, name, digest in found:
                lock = CampaignLock.acquire(self._lock_path(digest), name or digest, 0.0)
                locks.callback(lock.release)
            deleted = 0
            with self._file.transaction() as connection:
                for campaign, *_ in found:
                    deleted += connection.execute("DELETE FROM entry WHERE campaign = ?", (campaign,)).rowcount
                    for table in ("said", "feedback", "position", "reading"):
                        connection.execute(f"DELETE FROM {table} WHERE campaign = ?", (campaign,))
                    connection.execute("DELETE FROM campaign WHERE id = ?", (campaign,))
            self._file.scrub()
        return deleted

    def close(self) -> None:
        """Close the journal and, as unfinished, the claims that are open. A second call does nothing."""
        with contextlib.ExitStack() as closing:
            closing.callback(self._file.close)
            for claim in list(self._claims):
                closing.callback(claim.close, is_finished=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lock_path(self, digest: str) -> Path:
        name = blake2b(digest.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return self.path.with_name(f"{self.path.name}-{name}.lock")

    def _check_records(self, connection: sqlite3.Connection) -> None:
        """Refuse a file in which a campaign's record was turned or lost: it may be that of any campaign."""
        for campaign, is_whole in connection.execute(_WHOLE).fetchall():
            if not is_whole:
                raise damaged(self.path, f"the record of campaign {campaign} is not as it was written")
        for (campaign,) in connection.execute(_ORPHANS).fetchall():
            raise damaged(self.path, f"the record of campaign {campaign} is lost, of which it holds rows")

    def _take(self, connection: sqlite3.Connection, digest: str, said: _Said, resend: bool, now: float) -> Holding:
        """Enter a claim into the campaign's record, made if there is none."""
        found = connection.execute(_CAMPAIGN_OF_DIGEST, (digest,)).fetchone()
        if found is None:
            ((campaign,),) = connection.execute(_BEGIN, (digest, resend, now, now, said[-1])).fetchall()
        else:
            campaign, generation, is_resend, is_finished = found
            if resend and (is_finished or not is_resend):
                _begin_generation(connection, campaign, generation + 1, is_resend=True)
        ((generation, fence, secret),) = connection.execute(_CLAIM, (*said[:-1], now, campaign)).fetchall()
        connection.execute(SIGN_CAMPAIGN, (campaign,))
        return Holding(campaign, generation, fence, secret)

    def _adopt(
        self,
        connection: sqlite3.Connection,
        digest: str,
        first_digests: Callable[[Sequence[str]], Collection[str]],
        called: str,
    ) -> None:
        """Find a campaign that was begun under the first rules, and know it by its digest of today."""
        begun = first_campaigns(connection)
        if not begun or connection.execute(_CAMPAIGN_OF_DIGEST, (digest,)).fetchone() is not None:
            return
        found = sorted(begun.keys() & set(first_digests([name for name in begun.values() if name])))
        if not found:
            return
        if len(found) > 1:
            raise several_campaigns(self.path, called, found)
        CampaignLock.acquire(self._lock_path(found[0]), called, 0.0).release()  # an older version may run it
        ((campaign,),) = connection.execute(_ADOPT, (digest, found[0])).fetchall()
        connection.execute(SIGN_CAMPAIGN, (campaign,))

    def _recognise(self, connection: sqlite3.Connection, holding: Holding, known_by: str, called: str) -> None:
        """Note by what the rows of a generation are known, if nothing is noted of them yet.

        Raises:
            JournalError: They were known by something else.
        """
        campaign, generation, *_ = holding
        recognition = read_recognition(connection, campaign)
        is_empty = connection.execute(_ANY, (campaign, generation)).fetchone() is None
        before = recognition.known_by
        if is_empty or (not recognition.is_first and not before):
            write_recognition(connection, campaign, Recognition(RULES, known_by, recognition.reads))
        elif known_by and before and before != known_by:
            raise known_otherwise(self.path, called, before, known_by)

    def _load(self, connection: sqlite3.Connection, holding: Holding) -> EarlierRows:
        try:
            return EarlierRows.load(connection, holding.campaign, holding.generation)
        except (ValueError, TypeError, OverflowError) as problem:
            raise damaged(self.path, str(problem)) from problem


def _begin_generation(connection: sqlite3.Connection, campaign: int, generation: int, *, is_resend: bool) -> None:
    """Begin a generation of a campaign, in which no row was tried."""
    connection.execute(_BEGIN_GENERATION, (generation, is_resend, campaign))
    connection.execute(SIGN_CAMPAIGN, (campaign,))


def _default_place() -> Path:
    place = default_path()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):  # it belongs to somebody else; the file itself is still ours
        if place.parent.stat().st_mode & 0o077:
            place.parent.chmod(0o700)
    return place.resolve()
