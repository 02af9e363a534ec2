"""Whom the book of suppressions holds no campaign mails, whatever way it is asked to, until it is told to."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.journals import python

import notebookmail
from notebookmail import (
    FrameError,
    JournalError,
    Sandbox,
    Template,
    check_frame,
    plan_frame,
    send_frame,
)
from notebookmail.campaign import suppressions
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.campaign.suppressions import SuppressedAddresses, reason_of
from notebookmail.delivery.events import RowSkipped
from notebookmail.delivery.journal import Journal, Suppression, Suppressions, default_path

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Template("Hello", text="Dear {{ name }}", sender="desk@example.org")
FRAME = pd.DataFrame(
    {"name": ["Ann", "Bo", "Cy"], "email": [f"{name}@example.org" for name in ("ann", "bo", "cy")]}
)
BOUNCE = Suppression("bo@example.org", "bounced", "5.1.1 no such user", 1_777_800_000.0, "april")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def put(path: Path, *entries: Suppression) -> None:
    with Journal.open(path) as journal:
        journal.suppressions.add(entries)


def going(frame: Any = FRAME, template: Template = LETTER, **options: Any) -> list[int]:
    return list(make_plan(frame, template, SendSettings(**options)).going)


# --- the book, by hand --------------------------------------------------------------------------------------


def test_addresses_are_suppressed_listed_and_released_whatever_their_case(path: Path) -> None:
    assert notebookmail.suppress("Bo@EXAMPLE.org", "asked by telephone", path) == 1
    assert notebookmail.suppress(pd.Series(["bo@example.org", "Jörg@bücher.example"]), journal=path) == 1
    found = notebookmail.suppressed(path)
    assert found[["address", "cause", "reason", "campaign"]].to_numpy().tolist() == [
        ["bo@example.org", "added", "asked by telephone", ""],
        ["jörg@xn--bcher-kva.example", "added", "", ""],
    ]
    assert str(found["since"].dt.tz) == "UTC"
    assert notebookmail.unsuppress(["BO@example.org", "nobody@example.org"], path) == 1
    assert notebookmail.suppressed(path).address.tolist() == ["jörg@xn--bcher-kva.example"]


def test_a_book_that_is_not_there_is_empty_and_is_not_made_by_asking(path: Path) -> None:
    assert notebookmail.suppressed(path).empty
    assert notebookmail.suppressed(path).columns.tolist() == ["address", "cause", "reason", "since", "campaign"]
    assert notebookmail.unsuppress("ann@example.org", path) == 0
    assert going(journal=path) == [0, 1, 2]
    assert not path.exists()


def test_a_book_goes_to_another_machine_as_a_frame_and_as_a_csv_file(path: Path, tmp_path: Path) -> None:
    put(path, BOUNCE, Suppression("cy@example.org", "added", "", 1.0))
    exported = notebookmail.suppressed(path)
    assert notebookmail.suppress(exported, journal=tmp_path / "other.sqlite") == 2
    exported.to_csv(tmp_path / "book.csv", index=False)
    notebookmail.suppress(pd.read_csv(tmp_path / "book.csv"), journal=tmp_path / "third.sqlite")
    for name in ("other", "third"):
        pd.testing.assert_frame_equal(notebookmail.suppressed(tmp_path / f"{name}.sqlite"), exported)


def test_any_frame_with_a_column_of_addresses_can_be_suppressed(path: Path) -> None:
    assert notebookmail.suppress(FRAME, "left", path) == 3
    assert set(notebookmail.suppressed(path).reason) == {"left"}


@pytest.mark.parametrize(
    "wrong", [["ann@example.org", "bo"], ["ann@example.org", None], pd.Series([float("nan")])]
)
def test_what_is_no_address_is_named_and_nothing_is_written(path: Path, wrong: Any) -> None:
    with pytest.raises(FrameError, match=r"number \d of what to suppress is no address.*nothing was written"):
        notebookmail.suppress(wrong, journal=path)
    assert notebookmail.suppressed(path).empty


# --- every campaign -----------------------------------------------------------------------------------------


async def test_a_suppressed_row_is_skipped_with_date_and_cause(path: Path) -> None:
    put(path, BOUNCE)
    async with Sandbox() as box:
        results = await send_frame(FRAME, LETTER, box.server, journal=path, progress=False)
        reached = sorted(each.rcpt_to[0] for each in box.received)
    assert results.frame.status.tolist() == ["sent", "skipped", "sent"]
    assert reached == ["ann@example.org", "cy@example.org"]
    assert results.frame.hint[1] == reason_of(BOUNCE)
    assert reason_of(BOUNCE).startswith("suppressed on 3 May 2026: bounced (5.1.1 no such user)")


def test_every_function_of_the_family_leaves_them_out(path: Path) -> None:
    put(path, BOUNCE)
    plan = plan_frame(FRAME, LETTER, journal=path)
    assert (plan.messages, plan.left_out) == (2, 1)
    assert check_frame(FRAME, LETTER, journal=path).left_out == 1
    left_out = make_plan(FRAME, LETTER, SendSettings(journal=path)).left_out
    assert [str(each) for each in left_out] == [str(RowSkipped(1, reason_of(BOUNCE), "bo@example.org"))]
    assert going(journal=path, dry_run=True) == [0, 2]
    assert going(journal=path, redirect_to="me@example.org") == [0, 2]


def test_they_are_mailed_where_that_is_asked_for(path: Path) -> None:
    put(path, BOUNCE)
    assert going(journal=path, suppressed="send") == [0, 1, 2]
    with pytest.raises(FrameError, match="'skip' or 'send'"):
        SendSettings(suppressed="no")  # type: ignore[arg-type]


def test_the_users_own_book_is_heeded_without_a_journal_and_by_a_sandbox() -> None:
    notebookmail.suppress("bo@example.org")
    assert default_path().exists()
    assert going(journal=False) == going() == [0, 2]


def test_a_book_that_cannot_be_read_stops_the_call_with_a_way_out(path: Path) -> None:
    path.write_bytes(b"no journal")
    with pytest.raises(JournalError, match="suppressed='send'"):
        going(journal=path)
    assert going(journal=path, suppressed="send") == [0, 1, 2]


def test_a_row_is_known_by_any_spelling_and_by_any_of_its_recipients(path: Path) -> None:
    put(path, BOUNCE)
    frame = FRAME.assign(email=["Bo@Example.ORG", "ann@example.org, bo@example.org", "cy@example.org"])
    template = Template("Hello", text="hello", sender="desk@example.org", to="{{ email }}", split=",")
    assert going(frame, template, journal=path) == [2]


def test_a_suppressed_copy_fails_its_row_and_is_a_finding(path: Path) -> None:
    put(path, BOUNCE)
    template = Template("Hello", text="hello", sender="desk@example.org", cc="bo@example.org")
    found = check_frame(FRAME.iloc[[0]], template, journal=path).frame
    assert "is among cc or bcc and suppressed on 3 May 2026" in str(found.to_dict())


addresses = st.sampled_from(
    [f"{name}@{domain}" for name in ("a", "B", "c.d") for domain in ("x.org", "Y.example")]
)


@settings(max_examples=40)
@given(st.lists(addresses, min_size=1), st.sets(addresses))
def test_nobody_in_the_book_goes_and_everybody_else_does(to: list[str], held: set[str]) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        notebookmail.suppress(sorted(held), journal=path)
        found = going(pd.DataFrame({"name": "x", "email": to}), journal=path, duplicates="send")
    lower = {each.lower() for each in held}
    assert found == [place for place, each in enumerate(to) if each.lower() not in lower]


@pytest.fixture
def lines_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the lines of the book that were read since."""
    found: list[str] = []
    read = Suppressions._read

    def noting(self: Suppressions, line: Any) -> Suppression:
        found.append(line[0])
        return read(self, line)

    monkeypatch.setattr(Suppressions, "_read", noting)
    return found


def numbered(*numbers: int) -> list[Suppression]:
    return [Suppression(f"{number:06}@example.org", "added", "", 1.0) for number in numbers]


def test_of_a_large_book_only_the_lines_of_the_runs_own_recipients_are_read(
    path: Path, lines_read: list[str]
) -> None:
    put(path, BOUNCE, *numbered(*range(5_000)))
    lines_read.clear()
    assert going(journal=path) == [0, 2]
    assert lines_read == ["bo@example.org"]


@pytest.mark.parametrize("others", [0, 50], ids=["no larger than the mailing", "larger than the mailing"])
def test_nobody_in_the_book_goes_however_many_are_looked_up(
    path: Path, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    monkeypatch.setattr(suppressions, "_CHUNK", 3)
    held = {0, 2, 3, 8, 9, 10, 16, 19}
    put(path, *numbered(*held), *numbered(*range(100, 100 + others)))
    frame = pd.DataFrame({"name": "x", "email": [each.address for each in numbered(*range(20))]})
    assert going(frame, journal=path) == sorted(set(range(20)) - held)


def test_a_book_that_is_no_larger_than_the_mailing_is_read_once(path: Path, lines_read: list[str]) -> None:
    put(path, *numbered(0, 700))
    frame = pd.DataFrame({"name": "x", "email": [each.address for each in numbered(*range(500))]})
    assert going(frame, journal=path) == list(range(1, 500))
    assert sorted(lines_read) == ["000000@example.org", "000000@example.org", "000700@example.org"]


def test_copies_for_the_same_few_are_looked_up_once(path: Path, lines_read: list[str]) -> None:
    put(path, BOUNCE, *numbered(*range(1_000)))
    template = Template("Hi", text="x", sender="desk@example.org", to="{{ email }}", cc="bo@example.org")
    frame = pd.DataFrame({"email": [f"p{number}@example.org" for number in range(30)]})
    lines_read.clear()
    assert len(check_frame(frame, template, journal=path).errors) == 30
    assert lines_read == ["bo@example.org"]


def test_many_copies_are_looked_up_in_the_whole_book_read_once(path: Path, lines_read: list[str]) -> None:
    put(path, *numbered(*range(150, 1_000)))
    template = Template("Hi", text="x", sender="desk@example.org", to="{{ email }}", cc="{{ boss }}")
    bosses = [each.address for each in numbered(*range(160))]
    frame = pd.DataFrame({"email": [f"p{number}@example.org" for number in range(160)], "boss": bosses})
    lines_read.clear()
    assert len(check_frame(frame, template, journal=path).errors) == 10
    assert len(lines_read) == 850 + 10


def test_a_book_is_asked_in_no_memory_for_each_address(path: Path) -> None:
    count = 10_000
    put(path, *numbered(*range(count)))
    asked = [each.address for each in numbered(*range(count - 5, count + 5))]
    book = SuppressedAddresses.of(path)
    assert book is not None
    assert book.find(asked).keys() == set(asked[:5])
    tracemalloc.start()
    try:
        again = SuppressedAddresses.of(path)
        assert again is not None
        assert len(again.find(asked)) == 5
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < count * 8


def test_a_book_answers_the_same_in_another_process(path: Path) -> None:
    put(path, BOUNCE)
    book = SuppressedAddresses.of(path)
    assert book is not None
    assert book.may_hold(np.array([hash("bo@example.org"), 0])).tolist() == [True, False]
    asked = "import pickle, sys; print(*pickle.load(sys.stdin.buffer).find(['bo@example.org', 'cy@example.org']))"
    done = subprocess.run([sys.executable, "-c", asked], input=pickle.dumps(book), capture_output=True, check=True)
    assert done.stdout.decode().split() == ["bo@example.org"]


SUPPRESSOR = """
import sys
import notebookmail

for number in range(60):
    notebookmail.suppress(f"person-{number}@example.org", journal=sys.argv[1])
print("done", flush=True)
"""


async def test_another_process_suppresses_while_a_campaign_is_sent(path: Path) -> None:
    frame = pd.DataFrame({"name": "x", "email": [f"person-{number}@example.org" for number in range(300)]})
    async with Sandbox() as box:
        with python(SUPPRESSOR, path) as other:
            results = await send_frame(frame, LETTER, box.server, journal=path, progress=False)
            assert other.stdout is not None
            assert other.stdout.read() == "done\n"
    assert results.counts["sent"] + results.counts["skipped"] == 300
    assert len(notebookmail.suppressed(path)) == 60
    assert going(frame, journal=path) == list(range(60, 300))
