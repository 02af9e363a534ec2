"""Rows of results asked for: by label, one after the other, as letters, as files; and how their frame shows."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import FrameError, Sandbox, SendResults, Template, TemplateError, send_frame, send_frame_sync
from notebookmail.view import frontend

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (
    "to", "status", "code", "enhanced_code", "category", "reply", "error", "hint", "attempts", "seconds",
    "message_id", "sent_at",
)  # fmt: skip
LETTER = Template("Hello {{ name }}", text="Dear {{ name }}", sender="Shop <shop@example.org>")
PEOPLE = pd.DataFrame(
    {"email": ["ann@example.org", "bo@example.org", "nobody"], "name": ["Ann", "Bo", "Cy"]}, index=[10, 11, 12]
)


@pytest.fixture(scope="module")
def results() -> SendResults:
    return send_frame_sync(PEOPLE, LETTER, progress=False)


def test_a_row_is_found_by_its_label(results: SendResults) -> None:
    assert (results[11].to, results[11].status, results[11].label) == ("bo@example.org", "sent", 11)
    assert type(results[11].label) is int  # 11 in its repr, not np.int64(11)
    assert (12 in results, 0 in results, "to" in results) == (True, False, False)
    with pytest.raises(KeyError, match="no row has the label 0"):
        _ = results[0]
    with pytest.raises(KeyError, match=r"results.frame\['status'\]"):
        _ = results["status"]


def test_a_label_that_several_rows_have_is_no_row() -> None:
    twice = SendResults(pd.Index(["ann", "ann"]))
    assert "ann" in twice
    with pytest.raises(KeyError, match="2 rows have the label 'ann'"):
        _ = twice["ann"]
    assert SendResults(["x", "y"])["y"].status == "pending"  # labels may be any sequence


def test_rows_are_walked_in_order(results: SendResults) -> None:
    assert [(row.label, row.status) for row in results] == [(10, "sent"), (11, "sent"), (12, "failed")]
    assert len(results) == 3


def test_the_message_of_a_row_is_the_one_that_was_sent(results: SendResults) -> None:
    assert results.message(11)["Message-ID"] == results[11].message_id
    assert results.message(10).get_content() == "Dear Ann\n"
    with pytest.raises(FrameError, match="no row has the label 99"):
        results.message(99)
    with pytest.raises(TemplateError):
        results.message(12)  # it got none
    loaded: SendResults = pickle.loads(pickle.dumps(results))
    with pytest.raises(FrameError, match="do not hold their letters"):
        loaded.message(10)


def test_results_of_a_sandbox_show_its_inbox(results: SendResults) -> None:
    assert repr(results.inbox()) == "<Inbox, 2 messages>"
    with pytest.raises(FrameError, match="no inbox"):
        pickle.loads(pickle.dumps(results)).inbox()


async def test_the_inbox_is_that_of_the_sandbox_that_was_named(tmp_path: Path) -> None:
    async with Sandbox(faults={"bo@example.org": "451 4.7.1 Later"}) as box:
        results = await send_frame(PEOPLE, LETTER, box.server, progress=False)
        assert repr(results.inbox()) == "<Inbox, 1 message>"
    assert repr(results.inbox()) == "<Inbox, 1 message>"  # it has ended, and what it took is there to look at


async def test_a_retry_without_a_server_keeps_what_came_before() -> None:
    results = await send_frame(PEOPLE.head(2), LETTER, progress=False)
    results.reopen([1])
    await results.retry()
    assert repr(results.inbox()) == "<Inbox, 3 messages>"


def test_the_frame_shows_itself_short_and_holds_every_column(results: SendResults) -> None:
    assert tuple(results.frame.columns) == COLUMNS
    page = results.frame._repr_html_()
    assert "<th>hint</th>" in page
    assert "<th>message_id</th>" not in page
    assert "Also there: enhanced_code, category" in page
    assert "Also there" in repr(results.failed)
    assert "reply" not in repr(results.failed).partition("Also there")[0]  # nobody was asked
    asked = results.frame[["to", "message_id"]]
    assert "message_id" in repr(asked)
    assert "Also there" not in repr(asked)


def test_the_frame_is_a_frame_like_any_other(results: SendResults) -> None:
    joined = PEOPLE.join(results.frame)
    assert type(joined) is pd.DataFrame
    assert joined.loc[11, "to"] == "bo@example.org"
    for derived in (
        results.frame.head(1), results.frame.sort_values("to"), results.frame.query("status == 'sent'"),
        pd.concat([results.sent, results.failed]), results.frame.reset_index(), results.frame.copy(),
        results.frame.groupby("status").size(), results.frame["to"], results.frame.loc[10], results.frame.T,
        pickle.loads(pickle.dumps(results.frame)),
    ):  # fmt: skip
        assert len(repr(derived)) > 20
    pd.testing.assert_frame_equal(results.frame, pd.DataFrame(results.frame))


def test_results_are_written_as_csv_and_excel(results: SendResults, tmp_path: Path) -> None:
    results.to_csv(tmp_path / "results.csv", index_label="row")
    read = pd.read_csv(tmp_path / "results.csv", index_col="row")
    assert (tuple(read.columns), read.index.tolist()) == (COLUMNS, [10, 11, 12])
    assert "ann@example.org" in (results.to_csv() or "")
    results.to_excel(tmp_path / "results.xlsx")
    sheet = pd.read_excel(tmp_path / "results.xlsx", sheet_name="Results", index_col=0)
    assert (tuple(sheet.columns), sheet.index.tolist()) == (COLUMNS, [10, 11, 12])
    assert (
        abs(sheet.loc[10, "sent_at"] - results.frame.loc[10, "sent_at"].tz_localize(None)).total_seconds() < 0.01
    )


async def test_a_reply_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    async with Sandbox(faults={"*@example.org": "550 =HYPERLINK(evil)"}) as box:
        results = await send_frame(PEOPLE.head(1), LETTER, box.server, progress=False)
    results.to_excel(tmp_path / "results.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "results.xlsx").active.rows for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any("=HYPERLINK" in str(cell.value) for cell in cells)


def test_completion_offers_what_users_want(results: SendResults) -> None:
    offered = {name for name in dir(results) if not name.startswith("_")}
    assert {"frame", "failed", "retry", "message", "inbox", "to_csv", "explain", "table"} <= offered
    assert offered.isdisjoint({"apply", "begin", "reopen", "note_recipients", "restore", "refresh_tables"})
    assert all(hasattr(results, name) for name in offered)


def test_ipython_completes_no_more_than_that(results: SendResults) -> None:
    completer = pytest.importorskip("IPython.core.completer").Completer
    frontend.complete_by_dir(SendResults)  # IPython may have come after the package
    found = completer(namespace={"results": results}).attr_matches("results.")
    assert {".frame", ".retry"} <= {f".{each.rpartition('.')[2]}" for each in found}
    assert not any(each.endswith(("apply", "reopen")) for each in found)
