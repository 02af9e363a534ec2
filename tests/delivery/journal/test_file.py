"""The journal's file: what is refused is left as it is, and what is written is on the disk and nobody else's."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import stat
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.journals import claimed, entries, entry, key, noted, python, states

from notebookmail.delivery.journal import Journal, default_path, file_systems
from notebookmail.delivery.journal.sqlite_database import JournalFile
from notebookmail.delivery.journal.sqlite_schema import APPLICATION_ID, CODES, VERSION
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = 4096
on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows other rights")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's table of mounts")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def made(path: Path, count: int = 200) -> Path:
    """A closed journal of some pages, with nothing free in it."""
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write(entries(range(count), "sent"))
        claim.close(is_finished=True)
    return path


def pragma(path: Path, name: str) -> object:
    with contextlib.closing(JournalFile.open(path)) as file:
        return file.connection.execute(f"PRAGMA {name}").fetchone()[0]


def refused(path: Path) -> str:
    """What is said when a path is refused as a journal; the files there stay as they are."""
    before = contents(path.parent)
    with pytest.raises(JournalError) as raised:
        noted(path)
    assert contents(path.parent) == before
    assert str(path) in str(raised.value)
    assert raised.value.path == str(path)
    assert "journal=" in str(raised.value)
    return str(raised.value)


def contents(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder but SQLite's shared memory, which holds nothing."""
    return {
        each.name: each.read_bytes()
        for each in folder.iterdir()
        if each.is_file() and not each.name.endswith(("-shm", ".lock"))
    }


# --- what is refused ----------------------------------------------------------------------------------------


def test_a_text_file_is_refused(path: Path) -> None:
    path.write_text("to be kept\n" * 1000)
    assert "is no database" in refused(path)


def test_a_short_text_file_is_refused(path: Path) -> None:
    path.write_text("x")
    assert "no journal of notebookmail" in refused(path)


def test_an_empty_file_is_refused(path: Path) -> None:
    path.touch()
    assert "is empty" in refused(path)


def test_a_folder_is_refused(path: Path) -> None:
    path.mkdir()
    assert "is no file" in refused(path)


@on_posix
def test_a_pipe_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(JournalError, match="is no file"):
        Journal.open(path)


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entry (x)")
        connection.execute("PRAGMA user_version=2")
    assert "belongs to another program" in refused(path)


def test_a_database_that_another_program_has_not_closed_is_not_touched_nor_its_log(path: Path) -> None:
    elsewhere = path.with_name("elsewhere.db")
    with contextlib.closing(sqlite3.connect(elsewhere, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        for end in ("", "-wal"):  # as after a crash
            shutil.copy(f"{elsewhere}{end}", f"{path}{end}")
    assert Path(f"{path}-wal").stat().st_size > 0
    assert "belongs to another program" in refused(path)
    assert not Path(f"{path}-shm").exists()


def test_a_newer_version_is_refused(path: Path) -> None:
    made(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    assert "pip install -U notebookmail" in refused(path)


@pytest.mark.parametrize("statement", ["PRAGMA user_version=0", "DROP TABLE campaign", "DROP TABLE entry"])
def test_a_journal_somebody_tampered_with_is_refused(path: Path, statement: str) -> None:
    made(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    assert "is damaged" in refused(path)


@pytest.mark.parametrize("octets", [1, 15, 99, 100, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE, -PAGE, -1])
def test_a_truncated_journal_is_refused(path: Path, octets: int) -> None:
    whole = made(path).read_bytes()
    path.write_bytes(whole[:octets])
    assert "journal=" in refused(path)


def page_count(path: Path) -> int:
    return path.stat().st_size // PAGE


@pytest.mark.parametrize("garbage", ["zeros", "noise"])
def test_a_journal_of_which_any_page_was_overwritten_is_refused(tmp_path: Path, garbage: str) -> None:
    whole = made(tmp_path / "whole").read_bytes()
    dice = random.Random(7)
    for page in range(len(whole) // PAGE):
        noise = bytes(PAGE) if garbage == "zeros" else dice.randbytes(PAGE)
        path = tmp_path / str(page) / "journal.sqlite"
        path.parent.mkdir()
        path.write_bytes(whole[: page * PAGE] + noise + whole[(page + 1) * PAGE :])
        assert "journal=" in refused(path)


def test_a_large_journal_that_is_damaged_is_refused_when_its_rows_are_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notebookmail.delivery.journal.integrity._EXAMINED_BYTES", 0)
    whole = made(path, 2000).read_bytes()
    path.write_bytes(whole[: -5 * PAGE] + b"\xff" * PAGE + whole[-4 * PAGE :])
    assert "is damaged" in refused(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET state = 17 WHERE number = 7",
        "UPDATE entry SET state = -1 WHERE number = 7",
        "UPDATE entry SET state = 'sent' WHERE number = 7",
        "UPDATE entry SET at = 'noon' WHERE number = 7",
        "DELETE FROM entry WHERE number = 7",
        "DELETE FROM entry WHERE number = 0",
    ],
)
def test_rows_that_were_never_written_so_are_taken_for_damage(path: Path, statement: str) -> None:
    made(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
    assert "is damaged" in refused(path)


def test_a_torn_journal_whose_log_is_left_is_not_touched_nor_its_log(tmp_path: Path) -> None:
    whole, path = made(tmp_path / "whole.sqlite"), tmp_path / "torn" / "journal.sqlite"
    path.parent.mkdir()
    with Journal.open(whole) as journal:
        claimed(journal, "d2").write([entry(1, "sent")])
        shutil.copy(f"{whole}-wal", f"{path}-wal")
        octets = whole.read_bytes()
    path.write_bytes(octets[: 5 * PAGE] + b"\xff" * PAGE + octets[6 * PAGE :])
    assert "is damaged" in refused(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"no folder .*nowhere.*journal="):
        Journal.open(tmp_path / "nowhere" / "journal.sqlite")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="no folder"):
        Journal.open(tmp_path / "file" / "journal.sqlite")


@on_posix
def test_a_circle_of_links_is_refused(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(JournalError, match="journal="):
        Journal.open(path)


@on_linux
def test_a_folder_nobody_may_write_to_is_refused() -> None:
    with pytest.raises(JournalError, match=r"cannot be used .*journal="):
        Journal.open(Path("/sys/kernel/journal.sqlite"))


# --- what is made -------------------------------------------------------------------------------------------


@on_posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_all_files_are_the_users_alone_whatever_the_umask(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with Journal.open(path) as journal:
            claimed(journal).write([entry(1, "sent")])
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) == 4  # the file, its log, its shared memory and the lock
    assert set(modes.values()) == {0o600}


@on_posix
def test_a_journal_that_others_could_read_is_taken_from_them(path: Path) -> None:
    made(path).chmod(0o644)
    with Journal.open(path) as journal:
        claimed(journal).write([entry(1000, "sent")])
        assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}


@on_posix
def test_the_default_journal_lies_in_a_folder_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = default_path().parent
    assert folder.is_relative_to(tmp_path)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    with Journal.open() as journal:
        assert journal.path == default_path()
        claimed(journal)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@on_linux
def test_the_default_journal_is_where_xdg_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "notebookmail" / "journal.sqlite"


def test_a_state_folder_that_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    with pytest.raises(JournalError, match="journal="):
        Journal.open()


@pytest.mark.parametrize("name", ["a b%20c.sqlite", "what?mode=memory#x", "ümlaut.sqlite", "per%cent", "a'b\"c"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / name, 3)
    assert noted(path) == dict.fromkeys(range(3), "sent")
    assert [each.name for each in tmp_path.iterdir()] == [name]


@on_posix
def test_a_link_to_a_journal_is_that_journal(tmp_path: Path, path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    with Journal.open(link) as journal, Journal.open(path) as other:
        claimed(journal)
        with pytest.raises(JournalError, match="being run by"):
            claimed(other)


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with Journal.open(Path("~/journal.sqlite")):
        assert (tmp_path / "journal.sqlite").exists()


def test_a_journal_that_was_closed_is_one_file(path: Path) -> None:
    made(path)
    assert [each.name for each in path.parent.iterdir()] == ["journal.sqlite"]


def test_many_threads_may_make_the_same_journal_at_once(path: Path) -> None:
    begin, found, problems = threading.Barrier(8), [], []

    def run(number: int) -> None:
        begin.wait()
        try:
            with Journal.open(path) as journal:
                claim = claimed(journal, str(number))
                claim.write(entries(range(3), "sent"))
                claim.close(is_finished=True)
                found.append(len(journal.campaigns()))
        except Exception as problem:
            problems.append(problem)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert max(found) == 8
    assert [each.name for each in path.parent.iterdir()] == ["journal.sqlite"]


@pytest.mark.parametrize("links", [False, True])
def test_a_journal_somebody_else_made_meanwhile_is_not_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    link = os.link

    def late(source: Path, target: Path) -> None:
        monkeypatch.undo()
        made(path)
        if not links:
            raise PermissionError(1, "this file system has no links")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert noted(path) == dict.fromkeys(range(200), "sent")
    assert [each.name for each in path.parent.iterdir()] == ["journal.sqlite"]


def test_a_file_system_without_hard_links_will_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "this file system has no links")

    monkeypatch.setattr(os, "link", refuse)
    assert noted(made(path)) == dict.fromkeys(range(200), "sent")


def test_a_journal_that_was_deleted_while_in_use_is_not_written_to(path: Path) -> None:
    with Journal.open(path) as journal:
        claim = claimed(journal)
        away = path.rename(path.with_name("away"))
        with pytest.raises(JournalError, match="moved or deleted"):
            claim.write([entry(1, "committing")])
        away.rename(path)
        claim.write([entry(2, "committing")])
    assert noted(path) == {2: "unconfirmed"}


# --- durability ---------------------------------------------------------------------------------------------


def test_every_commit_reaches_the_disk(path: Path) -> None:
    assert (pragma(path, "journal_mode"), pragma(path, "synchronous"), pragma(path, "fullfsync")) == ("wal", 2, 1)


def test_who_asks_for_a_log_while_another_begins_to_write_waits_for_that_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(sqlite3.connect(made(path), isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")  # as a new journal is
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE campaign SET name = 'by the other'")
        waits: list[float] = []

        def commit(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                other.execute("COMMIT")

        monkeypatch.setattr(time, "sleep", commit)
        with Journal.open(path) as journal:
            assert [each.name for each in journal.campaigns()] == ["by the other"]
        assert len(waits) == 3
    assert pragma(path, "journal_mode") == "wal"


def test_who_asks_for_a_log_gives_up_when_another_does_not_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notebookmail.delivery.journal.sqlite_connection._PATIENCE_SECONDS", 0.05)
    with contextlib.closing(sqlite3.connect(made(path), isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="for itself"):
            Journal.open(path)


def test_deleted_rows_are_overwritten(path: Path) -> None:
    assert pragma(path, "secure_delete") == 1


@on_linux
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_a_write_returns_only_after_the_disk_has_it(tmp_path: Path, kind: str) -> None:
    (tmp_path / "mounts").write_text(f"x / {kind} rw 0 0\n")
    script = """if True:
        import os, sys
        from pathlib import Path
        from support.journals import claimed, entry
        from notebookmail.delivery.journal import Journal, mounts
        mounts.TABLE = Path(sys.argv[2])
        with Journal.open(Path(sys.argv[1])) as journal:
            claim = claimed(journal)
            for number in range(3):
                os.write(1, b"asked")
                claim.write([entry(number, "sent")])
                os.write(1, b"done")
    """
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-e", "trace=write,pwrite64,fsync,fdatasync", "-o", str(trace)]
    arguments = [script, tmp_path / "journal.sqlite", tmp_path / "mounts"]
    with python(*arguments, before=command) as process:
        process.communicate()
    if process.returncode:
        pytest.skip("strace may not trace here")
    said = trace.read_text()
    for write in said.split('"asked"')[1:]:
        lines = [line.split(maxsplit=1)[1] for line in write.partition('"done"')[0].splitlines()[1:-1]]
        written = max(number for number, line in enumerate(lines) if line.startswith("pwrite64"))
        synced = max(number for number, line in enumerate(lines) if line.startswith(("fsync", "fdatasync")))
        assert synced > written


# --- versions -----------------------------------------------------------------------------------------------

VERSION_1 = f"""
    CREATE TABLE campaign (id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        server TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, generation INTEGER NOT NULL,
        is_resend INTEGER NOT NULL, is_finished INTEGER NOT NULL, fence INTEGER NOT NULL, begun REAL NOT NULL,
        last_run REAL NOT NULL, closed REAL);
    CREATE TABLE entry (campaign INTEGER NOT NULL, generation INTEGER NOT NULL, number INTEGER NOT NULL,
        key BLOB NOT NULL, state INTEGER NOT NULL, recipient TEXT NOT NULL, at REAL NOT NULL,
        attempts INTEGER NOT NULL, code INTEGER, reply TEXT NOT NULL, next_at REAL,
        PRIMARY KEY (campaign, generation, number)) WITHOUT ROWID;
    PRAGMA application_id={APPLICATION_ID};
    PRAGMA user_version=1;
    INSERT INTO campaign VALUES (1, 'd1', 'letters', '', 'me', '', 0, 0, 0, 4, 1.0, 2.0, NULL);
    INSERT INTO entry VALUES (1, 0, 0, x'{key(1).hex()}', 1, 'a@example.org', 5.0, 1, 250, 'ok', NULL);
    INSERT INTO entry VALUES (1, 0, 1, x'{key(2).hex()}', 0, 'b@example.org', 6.0, 2, NULL, '', NULL);
    INSERT INTO entry VALUES (1, 0, 2, x'{key(3).hex()}', 3, 'c@example.org', 7.0, 3, 451, 'later', 99.0);
"""
"""A journal as version 1 wrote it: it kept no Message-IDs."""


TABLES = ("campaign", "entry", "said", "usage", "feedback", "position", "suppression", "suppression_count")


def form(path: Path) -> list[object]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f"PRAGMA {each}").fetchall()
            for each in (*(f"table_xinfo({table})" for table in TABLES), "user_version", "application_id")
        ]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_journal_of_version_1_becomes_one_of_this_version_with_all_it_knows(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "old.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.executescript(VERSION_1)
    with Journal.open(path) as journal:
        claim = claimed(journal)
        assert states(claim) == {1: "sent", 2: "unconfirmed", 3: "deferred"}
        assert claim.earlier[key(3)].next_at == 99.0
        claim.write(
            [entry(3, "sent", message_id="<3@example.org>"), entry(4, "sent", message_id="<4@example.org>")]
        )
        claim.close(is_finished=True)
    with contextlib.closing(JournalFile.open(path)) as file:
        found = file.connection.execute("SELECT recipient, message_id FROM entry ORDER BY number").fetchall()
    assert [said for _, said in found] == ["", "", "<3@example.org>", "<4@example.org>"]
    assert form(path) == form(made(tmp_path / "new.sqlite"))


def test_what_an_older_journal_recorded_counts_for_its_accounts_quota(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    with Journal.open(path) as journal:
        assert journal.used("me", 10.0) == 2  # sent, and perhaps sent


def test_a_migration_that_cannot_be_written_leaves_the_old_version(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    monkeypatch.setattr(
        "notebookmail.delivery.journal.sqlite_schema._STEPS", {1: ("ALTER TABLE entry ADD x", "NONSENSE")}
    )
    before = form(path)
    with pytest.raises(JournalError):
        Journal.open(path)
    assert form(path) == before


# --- network file systems -----------------------------------------------------------------------------------


@pytest.fixture
def on_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of which the machine says that it is mounted from another."""
    table, folder = tmp_path / "mounts", tmp_path / "home of all"
    folder.mkdir()
    place = str(folder.resolve()).replace(" ", "\\040")
    table.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/homes {place} nfs4 rw,vers=4.2 0 0\n")
    monkeypatch.setattr(file_systems, "TABLE", table)
    yield folder
    assert not list(folder.glob("*-wal")) + list(folder.glob("*-shm"))


def test_on_a_network_disk_a_rollback_journal_is_kept(on_network: Path) -> None:
    path = made(on_network / "journal.sqlite")
    assert (pragma(path, "journal_mode"), pragma(path, "synchronous")) == ("truncate", 3)
    assert noted(path) == dict.fromkeys(range(200), "sent")


def test_a_journal_with_a_log_that_was_moved_to_a_network_disk_is_taken_over(
    tmp_path: Path, on_network: Path
) -> None:
    path = made(tmp_path / "journal.sqlite")
    moved = on_network / "journal.sqlite"
    with Journal.open(path) as journal:
        claimed(journal, "d2").write([entry(1, "sent")])  # is in the log alone
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{moved}{end}")
    assert noted(moved, "d2") == {1: "sent"}
    assert noted(moved) == dict.fromkeys(range(200), "sent")


def test_a_newer_version_is_refused_also_where_it_can_be_read_only_by_who_is_alone_with_it(
    tmp_path: Path, on_network: Path
) -> None:
    path, moved = made(tmp_path / "journal.sqlite"), on_network / "journal.sqlite"
    with contextlib.closing(JournalFile.open(path)) as file:
        file.connection.execute(f"PRAGMA user_version={VERSION + 1}")  # is in the log alone
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{moved}{end}")
    with pytest.raises(JournalError, match="newer notebookmail"):
        Journal.open(moved)


def test_two_may_use_a_journal_on_a_network_disk_at_once(on_network: Path) -> None:
    path = on_network / "journal.sqlite"
    with Journal.open(path) as first, Journal.open(path) as second:
        claims = [claimed(first, "d1"), claimed(second, "d2")]
        for number in range(5):
            for claim in claims:
                claim.write([entry(number, "sent")])
        assert [each.counts for each in first.campaigns()] == [{"sent": 5}] * 2
        claims[0].close(is_finished=True)
        assert first.forget("d1") == 5
    assert not (on_network / "journal.sqlite-journal").read_bytes()


def test_a_journal_somebody_uses_with_a_log_is_not_used_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    monkeypatch.setattr("notebookmail.delivery.journal.sqlite_connection._PATIENCE_SECONDS", 0.05)
    with Journal.open(path) as journal:
        claimed(journal).write([entry(1, "sent")])
        (tmp_path / "mounts").write_text("server:/ / nfs rw 0 0\n")
        monkeypatch.setattr(file_systems, "TABLE", tmp_path / "mounts")
        with pytest.raises(JournalError, match="for itself"):
            Journal.open(path)


def test_where_memory_cannot_be_shared_a_rollback_journal_is_kept(path: Path) -> None:
    made(path)
    blocked = path.with_name("journal.sqlite-shm")
    blocked.symlink_to(path.parent / "nowhere" / "x")  # so that SQLite cannot open it
    assert noted(path) == dict.fromkeys(range(200), "sent")
    assert pragma(path, "journal_mode") == "truncate"
    blocked.unlink()
    assert pragma(path, "journal_mode") == "wal"


def test_where_sqlite_itself_declines_a_log_a_rollback_journal_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def without_sharing(place: str, **options: object) -> sqlite3.Connection:
        return connect(f"{place}&vfs=unix-dotfile" if sys.platform != "win32" else place, **options)

    monkeypatch.setattr(sqlite3, "connect", without_sharing)
    with Journal.open(path) as journal:
        claimed(journal).write([entry(1, "sent")])
        file = journal._file
        assert file.connection.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
        assert file.connection.execute("PRAGMA synchronous").fetchone() == (3,)
    monkeypatch.undo()
    assert noted(path) == {1: "sent"}


MOUNTS = """/dev/vda / ext4 rw 0 0
tmpfs /tmp tmpfs rw 0 0
//server/share /home/ann/share cifs rw 0 0
server:/home /home nfs rw 0 0
/dev/vdb /home/bob xfs rw 0 0
/dev/vdc /over ext4 rw 0 0
ann@host: /over fuse.sshfs rw 0 0
server:/x /a\\040b\\134c nfs4 rw 0 0
/dev/fuse /clouds fuse.rclone rw 0 0
/dev/sdb1 /stick fuseblk rw 0 0
what /odd newfs rw 0 0

broken line
"""


@pytest.mark.parametrize(
    ("folder", "is_local"),
    [("/", True), ("/tmp/x", True), ("/home", False), ("/home/ann", False), ("/home/ann/share/x", False),
     ("/home/bob/x", True), ("/homestead", True), ("/over", False), ("/a b\\c/d", False), ("/clouds", False),
     ("/stick", True), ("/odd", False)],
)  # fmt: skip
def test_where_a_folder_lies_is_read_from_the_table_of_mounts(
    tmp_path: Path, folder: str, *, is_local: bool
) -> None:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)
    assert file_systems.has_shared_memory(Path(folder), table) == is_local


def test_where_there_is_no_table_of_mounts_sqlite_is_asked(tmp_path: Path) -> None:
    assert file_systems.has_shared_memory(tmp_path, tmp_path / "nothing")


def test_a_share_of_windows_is_a_network_disk(tmp_path: Path) -> None:
    assert not file_systems.has_shared_memory(Path("\\\\server\\share"), tmp_path / "nothing")


@on_linux
def test_this_machines_own_table_is_understood() -> None:
    assert file_systems.kind_of(Path("/proc/self"), file_systems.TABLE) == "proc"


def test_a_state_is_known_by_the_same_number_for_ever() -> None:
    assert CODES == {"committing": 0, "sent": 1, "failed": 2, "deferred": 3, "unconfirmed": 4, "pending": 5}
