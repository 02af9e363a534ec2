"""The journal through crashes, full disks and crowds: what was written is there, whole, and nothing else."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from support.journals import claimed, entries, entry, key, noted, python

from notebookmail.delivery.journal import Earlier, Entry, Journal, file_systems
from notebookmail.errors import JournalError

if TYPE_CHECKING:
    from notebookmail.delivery.journal import Claim, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


# --- any history folds to what a plain dict would hold --------------------------------------------------------

a_row = st.builds(
    Entry,
    st.integers(0, 7).map(key),
    st.sampled_from(["committing", "sent", "failed", "deferred", "unconfirmed", "pending"]),
    at=st.floats(0, 1e9),
    attempts=st.integers(0, 9),
    code=st.none() | st.integers(200, 599),
    next_at=st.none() | st.floats(0, 1e9),
)
some_rows = st.lists(a_row, max_size=6)


PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
"""All but explaining a failure, which takes minutes where every step writes to a disk."""


class Model:
    """What a campaign should hold: a dict for each generation."""

    def __init__(self) -> None:
        self.generations: list[dict[bytes, Earlier]] = [{}]
        self.is_resending = False

    def write(self, written: list[Entry]) -> None:
        rows = self.generations[-1]
        for each in written:
            state: State = "unconfirmed" if each.state == "committing" else each.state
            if each.key not in rows or rows[each.key].state != "sent":
                rows[each.key] = Earlier(state, each.at, each.attempts, each.next_at)

    def claim(self, *, resend: bool) -> None:
        if resend and not self.is_resending:
            self.generations.append({})
            self.is_resending = True


class AnyHistory(RuleBasedStateMachine):
    """Writes, failing writes, crashes, orderly ends and claims, in any order, on disks with and without a log."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp(prefix="journal-"))
        self.lives = 0
        self.model = Model()
        self.journal: Journal
        self.claim: Claim
        self.begin(resend=False)

    @property
    def folder(self) -> Path:
        return self.base / str(self.lives)

    def begin(self, *, resend: bool) -> None:
        self.folder.mkdir(exist_ok=True)
        self.journal = Journal.open(self.folder / "journal.sqlite")
        self.claim_again(resend=resend)

    def claim_again(self, *, resend: bool) -> None:
        self.claim = claimed(self.journal, resend=resend)
        if len(self.model.generations) == 1 and self.claim.generation == 0 and resend:
            self.model.is_resending = True  # nothing had been there: the first generation is the one asked for
        else:
            self.model.claim(resend=resend)
        assert self.claim.generation == len(self.model.generations) - 1
        assert dict(self.claim.earlier) == self.model.generations[-1]

    @rule(written=some_rows)
    def write(self, written: list[Entry]) -> None:
        self.claim.write(written)
        self.model.write(written)

    @rule(before=some_rows, after=some_rows)
    def write_in_vain(self, before: list[Entry], after: list[Entry]) -> None:
        broken = Entry(key(9), "sent", at=float("nan"))  # SQLite takes it for no value, and there must be one
        with pytest.raises(JournalError):
            self.claim.write([*before, broken, *after])

    @rule(resend=st.booleans(), is_finished=st.booleans())
    def run_again(self, *, resend: bool, is_finished: bool) -> None:
        self.claim.close(is_finished=is_finished)
        self.model.is_resending &= not is_finished
        self.claim_again(resend=resend)

    @rule(resend=st.booleans())
    def restart(self, *, resend: bool) -> None:
        self.journal.close()
        self.begin(resend=resend)

    @rule(resend=st.booleans(), is_open=st.booleans())
    def crash(self, *, resend: bool, is_open: bool) -> None:
        if is_open:  # in the middle of a transaction, of which nothing may be found
            connection = self.journal._file.connection
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM entry")
            connection.execute("UPDATE campaign SET generation = 99")
        left = self.folder
        self.lives += 1
        shutil.copytree(left, self.folder)  # what a crash leaves: the files as they are
        self.journal.close()
        self.begin(resend=resend)

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.base)


AnyHistory.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None, phases=PHASES)
TestAnyHistory = AnyHistory.TestCase


class AnyHistoryOnANetwork(AnyHistory):
    """The same with a rollback journal."""

    def __init__(self) -> None:
        self.table = file_systems.TABLE
        file_systems.TABLE = Path(tempfile.mkdtemp(prefix="mounts-")) / "mounts"  # type: ignore[misc]
        file_systems.TABLE.write_text("server:/ / nfs4 rw 0 0\n")
        super().__init__()

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(file_systems.TABLE.parent)
        file_systems.TABLE = self.table  # type: ignore[misc]


AnyHistoryOnANetwork.TestCase.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
TestAnyHistoryOnANetwork = AnyHistoryOnANetwork.TestCase


# --- processes ------------------------------------------------------------------------------------------------

RUNNER = """if True:
    import sys
    from pathlib import Path
    from support.journals import claimed, entry
    from notebookmail.delivery.journal import Journal, file_systems

    path, digest, kind = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    file_systems.TABLE = path.with_name(f"mounts-{digest}")
    file_systems.TABLE.write_text(f"x / {kind} rw 0 0\\n")
    journal = Journal.open(path)
    claim = claimed(journal, digest)
    first = max((int.from_bytes(each, "big") for each in claim.earlier), default=-1) + 1
    print("claimed", flush=True)
    for number in range(first, 1_000_000):
        claim.write([entry(number, "committing")])
        print(number, "committing", flush=True)
        claim.write([entry(number, "sent")])
        print(number, "sent", flush=True)
"""
"""Runs a campaign for ever, and tells of each write after it returned."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_what_a_killed_run_wrote_is_there_and_its_campaign_free(
    path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_systems, "TABLE", path.with_name("mounts-d1"))
    told: dict[int, str] = {}
    for kill in range(8):
        with python(RUNNER, path, "d1", kind) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "claimed\n"
            for _ in range(1 + 3 * kill):
                number, state = process.stdout.readline().split()
                told[int(number)] = state
            process.send_signal(signal.SIGKILL)
            told.update(
                (int(number), state) for number, state in map(str.split, whole_lines(process.stdout.read()))
            )
        found = noted(path)
        ahead = set(found) - set(told)
        assert len(ahead) <= 1  # written, and killed before it could be told
        for number, state in told.items():
            possible = {"sent"} if state == "sent" else {"sent", "unconfirmed"}
            assert found[number] in possible
            told[number] = "sent" if found[number] == "sent" else "committing"
        for number in ahead:
            assert found[number] == "unconfirmed"
            told[number] = "committing"
    assert len(told) > 8


def whole_lines(text: str) -> list[str]:
    return text.split("\n")[:-1]


def test_a_campaign_that_another_process_runs_is_refused_with_its_number(path: Path) -> None:
    with python(RUNNER, path, "d1", "ext4") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        with Journal.open(path) as journal:
            with pytest.raises(JournalError, match=f"run by process {process.pid} on .* since "):
                claimed(journal)
            assert journal.campaigns()[0].is_running
            with pytest.raises(JournalError, match=f"run by process {process.pid} "):
                journal.forget("letters")
        process.kill()
        process.communicate()
    with Journal.open(path) as journal:
        assert not journal.campaigns()[0].is_running
        assert claimed(journal).earlier


CROWD = """if True:
    import sys
    from pathlib import Path
    from support.journals import claimed, entry
    from notebookmail.delivery.journal import Journal, file_systems

    path, digest, kind, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    file_systems.TABLE = path.with_name(f"mounts-{digest}")
    file_systems.TABLE.write_text(f"x / {kind} rw 0 0\\n")
    sys.stdin.readline()
    with Journal.open(path) as journal:
        claim = claimed(journal, digest)
        for number in range(count):
            claim.write([entry(number, "committing"), *([entry(number - 1, "sent")] if number else [])])
        claim.write([entry(count - 1, "sent")])
        claim.close(is_finished=True)
"""
"""Runs a campaign of so many rows as fast as it can, once it is told to begin."""


@pytest.mark.parametrize(("kind", "count"), [("ext4", 300), ("nfs4", 60)])
def test_processes_that_write_at_once_lose_nothing(path: Path, kind: str, count: int) -> None:
    digests = ["d1", "d2", "d3"]
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(python(CROWD, path, digest, kind, count)) for digest in digests]
        for process in crowd:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in crowd:
            process.communicate()
            assert process.returncode == 0
    for digest in digests:
        assert noted(path, digest) == dict.fromkeys(range(count), "sent")


def test_a_write_waits_for_the_transaction_of_another(path: Path) -> None:
    holder = """if True:
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("held", flush=True)
        sys.stdin.readline()
        connection.execute("COMMIT")
    """
    with Journal.open(path) as journal:
        claim = claimed(journal)
        with python(holder, path) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "held\n"
            journal._file.connection.execute("PRAGMA busy_timeout=50")
            with pytest.raises(JournalError, match="for itself"):
                claim.write([entry(1, "committing")])
            journal._file.connection.execute("PRAGMA busy_timeout=30000")
            process.stdin.write("end\n")
            process.stdin.flush()
            claim.write([entry(1, "committing")])
            process.communicate()
    assert noted(path) == {1: "unconfirmed"}


# --- full disks -----------------------------------------------------------------------------------------------

FILL = """if True:
    import json, os, sys
    from pathlib import Path
    from support.journals import claimed, entries, entry, states
    from notebookmail.errors import JournalError
    from notebookmail.delivery.journal import Journal

    folder = Path(sys.argv[1])
    journal = Journal.open(folder / "journal.sqlite")
    claim = claimed(journal)
    claim.write(entries(range(10), "committing"))
    ballast = open(folder / "ballast", "wb", buffering=0)
    try:
        while ballast.write(b"x" * 1024): pass
    except OSError:
        pass
    first, said = 10, ""
    try:
        while True:
            before = entries(range(first - 10, first), "sent")
            claim.write([*entries(range(first, first + 50), "committing"), *before])
            first += 50
    except JournalError as problem:
        said = str(problem)
    again = ""
    try:
        claim.write(entries(range(first, first + 2000), "failed"))
    except JournalError as problem:
        again = str(problem)
    ballast.truncate(0)
    claim.write([entry(5000, "sent")])
    claim.close(is_finished=False)
    found = states(claimed(journal))
    journal.close()
    print(json.dumps([said, again, first, found]))
"""
"""Fills a disk, writes until that fails, makes room, and writes again."""


def check_filled(printed: str) -> None:
    said, again, first, found = json.loads(printed)
    assert "disk is full; make room" in said
    assert "disk is full; make room" in again
    expected = {str(number): "sent" if number < 10 and first > 10 else "unconfirmed" for number in range(10)}
    expected |= {str(number): "unconfirmed" for number in range(10, first)}
    for start in range(10, first, 50):
        expected |= {str(number): "sent" for number in range(start - 10, start)}
    assert found == expected | {"5000": "sent"}


@pytest.mark.parametrize("kind", ["log", "rollback"])
def test_a_full_disk_takes_nothing_by_half_and_goes_on_when_there_is_room(tmp_path: Path, kind: str) -> None:
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*mount, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this machine does not allow namespaces")
    script = FILL
    if kind == "rollback":
        (tmp_path / "mounts").write_text("server:/ / nfs rw 0 0\n")
        table = str(tmp_path / "mounts")
        place = f"from notebookmail.delivery.journal import file_systems; file_systems.TABLE = Path({table!r})"
        script = FILL.replace("folder = ", f"{place}; folder = ")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = 'mount -t tmpfs -o size=400k disk "$0" && exec "$@"'
    with python(script, disk, before=[*mount, "sh", "-c", mounting, str(disk)]) as process:
        printed, _ = process.communicate()
    check_filled(printed)


def test_a_file_that_may_not_grow_takes_nothing_by_half(path: Path) -> None:
    with Journal.open(path) as journal:
        claim = claimed(journal)
        claim.write(entries(range(10), "committing"))
        connection = journal._file.connection
        ((pages,),) = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(JournalError, match="disk is full; make room"):
            claim.write([*entries(range(10), "sent"), *entries(range(100, 1000), "committing")])
        connection.execute("PRAGMA max_page_count=1000000")
        claim.write([*entries(range(5), "sent"), *entries(range(100, 1000), "committing")])
    expected = dict.fromkeys(range(5), "sent") | dict.fromkeys([*range(5, 10), *range(100, 1000)], "unconfirmed")
    assert noted(path) == expected


LIMIT = """if True:
    import resource, signal, sys
    from pathlib import Path
    from support.journals import claimed, entries
    from notebookmail.errors import JournalError
    from notebookmail.delivery.journal import Journal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Journal.open(Path(sys.argv[1])) as journal:
        claim = claimed(journal)
        claim.write(entries(range(10), "committing"))
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, most))
        try:
            claim.write([*entries(range(10), "sent"), *entries(range(100, 2000), "committing")])
        except JournalError as problem:
            print(problem)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        claim.write([*entries(range(5), "sent"), *entries(range(100, 2000), "committing")])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_write_that_the_system_refuses_takes_nothing_by_half(path: Path) -> None:
    with python(LIMIT, path) as process:
        printed, _ = process.communicate()
    assert "cannot be" in printed
    assert "journal=" in printed
    expected = dict.fromkeys(range(5), "sent") | dict.fromkeys([*range(5, 10), *range(100, 2000)], "unconfirmed")
    assert noted(path) == expected


def test_a_disk_that_is_read_only_is_refused(tmp_path: Path) -> None:
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*mount, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this machine does not allow namespaces")
    folder = tmp_path / "disk"
    folder.mkdir()
    with Journal.open(folder / "journal.sqlite") as journal:
        claimed(journal).write([entry(1, "sent")])
    script = """if True:
        import sys
        from pathlib import Path
        from notebookmail.errors import JournalError
        from notebookmail.delivery.journal import Journal
        for name in ("journal.sqlite", "other.sqlite"):
            try:
                Journal.open(Path(sys.argv[1]) / name)
            except JournalError as problem:
                print(problem)
    """
    mounting = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    with python(script, folder, before=[*mount, "sh", "-c", mounting, str(folder)]) as process:
        printed, _ = process.communicate()
    old, new = printed.splitlines()
    for said in (old, new):
        assert "cannot be" in said
        assert "writable" in said
        assert "journal=" in said
    assert noted(folder / "journal.sqlite") == {1: "sent"}
