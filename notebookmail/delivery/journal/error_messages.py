"""What is said when the journal cannot be used: the one place where SQLite's exceptions become JournalError."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

_PRIMARY_BITS: Final = 0xFF

DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_OCCUPIED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SPACE: Final = frozenset({sqlite3.SQLITE_FULL})

_UNDECODABLE: Final = "Could not decode to UTF-8"  # said by Python's module, not by SQLite

ELSEWHERE: Final = "choose another one (journal='another/path.sqlite'), or send without one (journal=False)"
_AWAY: Final = (
    f"move it away to begin a new one (which does not know what this one recorded as sent), {ELSEWHERE}; "
    "it was left as it is"
)


def translated(problem: sqlite3.Error | UnicodeDecodeError, path: Path) -> Exception:
    """Say in words what SQLite reports, and what to do about it."""
    if isinstance(problem, UnicodeDecodeError) or _UNDECODABLE in str(problem):
        return damaged(path, "a text in it is not as it was written")  # which is not shown: it may be an address
    if not hasattr(problem, "sqlite_errorcode"):  # not SQLite's: the module was used wrongly, which is our bug
        return problem
    primary = primary_code(problem)
    if primary in DAMAGE:
        return damaged(path, str(problem))
    if primary in _OCCUPIED:
        text = f"another program has kept the journal {path} for itself for too long; close it, and run this again"
    elif primary in _SPACE:
        text = (
            f"the journal {path} cannot be written: the disk is full; make room and run this again, which goes on "
            f"where it stopped, or {ELSEWHERE}"
        )
    else:
        text = (
            f"the journal {path} cannot be read or written ({problem}); see that it and its folder are writable, "
            f"and its disk has room, and run this again, or {ELSEWHERE}"
        )
    return JournalError(text, str(path))


def known_otherwise(path: Path, campaign: str, before: str, now: str) -> JournalError:
    """Say that a campaign's rows were known by something else, so that nobody would be known again."""
    words = {"recipient": "by their recipients, without key=", "fields": "by all they say, without key="}
    begun = words.get(before, "by other columns, with another key=")
    wanted = words.get(now, "by the columns of this key=")
    return JournalError(
        f"the campaign {campaign!r} was begun with its rows known {begun}; known {wanted}, everybody would be "
        "mailed again, and nothing was sent: call it as it was begun, or give it another name (campaign=...), or "
        "begin it anew, which mails everybody (resend=True)",
        str(path),
    )


def several_campaigns(path: Path, campaign: str, digests: list[str]) -> JournalError:
    """Say that an older journal knows one campaign of today as several."""
    return JournalError(
        f"the journal {path} was written by an older version and knows the campaign {campaign!r} as several: "
        f"{', '.join(digests)}; nothing was sent. Look at them in notebookmail.campaigns(), and forget those that "
        f"do not count, as in notebookmail.forget({digests[0]!r}), or give this one another name (campaign=...)",
        str(path),
    )


def damaged(path: Path, detail: str) -> JournalError:
    """Say that a file is a journal, but not a whole one."""
    return JournalError(f"the journal {path} is damaged ({detail}); restore it from a copy, {_AWAY}", str(path))


def gone(path: Path) -> JournalError:
    """Say that a journal is no longer where it was."""
    return JournalError(
        f"the journal {path} was moved or deleted while it was in use; put it back, and run this again: nothing "
        "was sent that it does not know",
        str(path),
    )


def replaced(path: Path) -> JournalError:
    """Say that another file has come to a journal's place."""
    return JournalError(
        f"the journal {path} was replaced by another file while it was in use (by a program that synchronises "
        "folders, or a copy that was restored?): nothing more was sent; keep the journal where nothing replaces "
        "it, and run this again",
        str(path),
    )


def kept_beside(path: Path, beside: Path, problem: JournalError) -> JournalError:
    """Say where a run's record is that the file at its journal's place does not take."""
    return JournalError(
        f"what this run recorded is in {beside}, as it could not be entered into {path} ({problem}): go on with "
        f"journal={str(beside)!r}, or people are mailed again",
        str(path),
    )


def foreign(path: Path, what: str) -> JournalError:
    """Say that a file is no journal of ours."""
    return JournalError(f"{path} {what}; it is no journal of notebookmail: {_AWAY}", str(path))


def primary_code(problem: sqlite3.Error) -> int:
    """Tell the kind of a problem, without its details (https://www.sqlite.org/rescode.html)."""
    return int(getattr(problem, "sqlite_errorcode", 0)) & _PRIMARY_BITS
