"""check_frame, as an analyst calls it: everything is made, nothing goes out, every finding has its row."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from support.good_rows import people
from support.local_server import CANARY, authenticator, real_server

import notebookmail.checks.summary
from notebookmail import FrameError, Report, Sandbox, Server, Template, check_frame, send_frame_sync
from notebookmail.checks.findings import KINDS, warning
from notebookmail.checks.summary import CheckSummary
from notebookmail.view.terminal.report import report_text

if TYPE_CHECKING:
    from pathlib import Path

LETTER = Template("News for {{ name }}", sender="Desk <desk@acme.org>", markdown="Dear {{ name }},\n\n*all* well?")


@pytest.fixture(autouse=True)
def _no_server_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)


def found(report: Report) -> list[tuple[Any, str, str]]:
    return list(report.frame[["row", "severity", "kind"]].itertuples(index=False, name=None))


def test_a_good_frame_has_no_findings() -> None:
    report = check_frame(people(), LETTER)
    assert (found(report), report.ok, len(report), report.messages) == ([], True, 0, 4)
    assert list(report.frame.columns) == ["row", "severity", "kind", "field", "message", "remedy"]


def test_a_row_that_cannot_be_rendered_is_an_error_with_its_field_and_remedy() -> None:
    report = check_frame(people(name_1=None), LETTER)
    (finding,) = report.errors.to_dict("records")
    assert (finding["row"], finding["kind"], finding["field"]) == ("row1", "template", "subject")
    assert "'name' is missing" in finding["message"]
    assert finding["remedy"]
    assert not report.ok


def test_a_file_that_is_missing_for_one_row_is_an_error_of_that_row(tmp_path: Path) -> None:
    (tmp_path / "n0.pdf").write_bytes(b"%PDF-1.7")
    template = Template("x", sender="a@acme.org", text="x", attachments=["{{ email[:2] }}.pdf"], folder=tmp_path)
    report = check_frame(people(2), template)
    assert found(report) == [("row1", "error", "template")]
    assert "'n1.pdf' is not there" in report.errors["message"].iloc[0]


def test_two_addresses_in_a_cell_are_an_error_of_the_address() -> None:
    report = check_frame(people(email_2="a@acme.org, b@acme.org"), LETTER)
    assert found(report) == [("row2", "error", "address")]
    assert "several addresses" in report.errors["message"].iloc[0]


def test_slips_are_warnings_of_their_rows_and_the_report_is_still_ok() -> None:
    report = check_frame(people(name_0="nan", email_3="n3@gmial.com"), LETTER)
    assert set(found(report)) == {("row0", "warning", "missing-value"), ("row3", "warning", "typo")}
    assert report.ok
    assert len(report.errors) == 0
    assert len(report.warnings) == len(report) == 3  # subject, body, address


def test_what_every_message_has_is_said_once_of_no_row() -> None:
    report = check_frame(people(), Template("x", sender="a@acme.org", markdown="[here](http://acme.org)"))
    assert found(report) == [(None, "warning", "insecure-link")]


def test_what_some_messages_have_is_said_of_their_rows() -> None:
    body = "{% if name == 'Name 2' %}[here](http://acme.org){% else %}Hello{% endif %}"
    assert found(check_frame(people(), Template("x", sender="a@acme.org", markdown=body))) == [
        ("row2", "warning", "insecure-link")
    ]


def test_a_row_counts_by_its_gravest_finding() -> None:
    report = check_frame(people(name_1=None, email_1="n1@gmial.com", name_2="nan"), LETTER)
    assert report.row_counts == {"error": 1, "warning": 1}


def test_the_only_message_keeps_its_row() -> None:
    report = check_frame(people(1), Template("x", sender="a@acme.org", markdown="[here](http://acme.org)"))
    assert found(report) == [("row0", "warning", "insecure-link")]


# --- the call as a whole ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "options", "words"),
    [
        (Template("{{ nam }}", sender="a@acme.org", text="x"), {}, "did you mean 'name'"),
        (Template("x", text="x"), {}, "no sender"),
        (LETTER, {"sender": "nobody"}, "no @"),
        (LETTER, {"redirect_to": "a@acme.org, b@acme.org"}, "redirect_to"),
        (LETTER, {"suppress": ["nobody"]}, "suppress"),
    ],
)
def test_a_call_that_send_frame_would_refuse_is_a_finding_of_no_row(
    template: Template, options: dict[str, Any], words: str
) -> None:
    report = check_frame(people(), template, **options)
    assert found(report) == [(None, "error", "call")]
    assert words in report.errors["message"].iloc[0]
    assert report.messages == 0


@pytest.mark.parametrize(
    ("df", "options"),
    [("people.csv", {}), (people(), {"duplicates": "maybe"}), (people(), {"suppress": "a@acme.org"})],
)
def test_a_wrong_argument_raises(df: Any, options: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        check_frame(df, LETTER, **options)


def test_a_key_in_place_of_a_dkim_object_is_refused_and_not_shown() -> None:
    for call in (check_frame, send_frame_sync):
        with pytest.raises(FrameError, match="dkim is a str: give DKIM") as caught:
            call(people(), LETTER, dkim=CANARY)
        assert CANARY not in str(caught.value)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="no option 'rate': rate= belongs to Server"):
        check_frame(people(), LETTER, rate="30/min")


def test_another_number_than_confirmed_is_an_error() -> None:
    df = people(name_1=None)
    assert check_frame(df, LETTER, confirm=4).errors["kind"].tolist() == ["confirm", "template"]
    assert check_frame(df, LETTER, confirm=3).errors["kind"].tolist() == ["template"]


def test_rows_that_are_left_out_are_counted_and_not_checked() -> None:
    report = check_frame(people(name_0="nan", name_3="nan"), LETTER, suppress=["N0@acme.org"], limit=2)
    assert (found(report), report.messages, report.left_out) == ([], 2, 2)


def test_a_row_that_is_left_out_is_no_other_rows_warning() -> None:
    report = check_frame(people(4, email_3="n0@acme.org"), LETTER, duplicates="skip")
    assert (report.row_counts, report.left_out) == ({"error": 0, "warning": 0}, 1)
    assert "3 fine" in str(report)


def test_a_group_is_called_a_group_and_a_row_without_a_key_is_named() -> None:
    df = people(5, email_1="n0@acme.org", email_2="N0@acme.org", email_4=None)
    report = check_frame(df, Template("x", sender="a@acme.org", markdown="{{ rows | table }}"), group_by="email")
    first, keyless = report.errors["message"]
    assert "same recipient as group n...@acme.org (number 1)" in first
    assert "row r..." in keyless
    assert "2 errors in 4 groups" in str(report)
    assert report.row_counts["error"] + report.left_out == 2


def test_a_limit_hides_no_duplicate_that_send_frame_would_refuse() -> None:
    df = people(4, email_3="n0@acme.org", email_2="n1+x@acme.org")
    report = check_frame(df, LETTER, limit=2)
    assert found(report) == [("row3", "error", "duplicate")]
    with pytest.raises(FrameError, match="second time"):
        send_frame_sync(df, LETTER, limit=2, dry_run=True)


def test_an_empty_frame_is_good() -> None:
    report = check_frame(people(0), LETTER)
    assert (report.ok, len(report), report.sizes.largest, len(report.domains)) == (True, 0, 0, 0)


# --- duplicates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duplicates", "severity"), [("error", "error"), ("skip", "warning"), ("send", "warning")]
)
def test_the_same_recipient_is_found_as_often_as_it_comes(duplicates: str, severity: str) -> None:
    report = check_frame(people(email_2="N0@acme.org", email_3="n0@ACME.org"), LETTER, duplicates=duplicates)
    assert found(report) == [("row2", severity, "duplicate"), ("row3", severity, "duplicate")]
    assert "row r... (number 1)" in report.frame["message"].iloc[0]
    assert report.messages == (2 if duplicates == "skip" else 4)


def test_addresses_that_lead_to_one_mailbox_are_a_warning() -> None:
    report = check_frame(people(email_1="ann.lee@gmail.com", email_2="annlee+x@gmail.com"), LETTER)
    assert found(report) == [("row2", "warning", "same-mailbox")]


def test_a_suppressed_row_is_nobodys_duplicate() -> None:
    assert found(check_frame(people(email_1="n0@acme.org"), LETTER, suppress=["n0@acme.org"])) == []


def test_where_a_rehearsal_goes_is_nobodys_slip() -> None:
    assert found(check_frame(people(2), LETTER, redirect_to="me@example.org")) == []


def test_somebody_to_suppress_is_found_among_several_recipients() -> None:
    template = Template("x", sender="a@acme.org", text="Text", to=["{{ email }}", "boss@acme.org"])
    report = check_frame(people(2), template, suppress=["N1@acme.org"], duplicates="send")
    assert (report.messages, report.left_out, found(report)) == (1, 1, [])


def test_addresses_of_copies_are_looked_at_too() -> None:
    template = Template("x", sender="a@acme.org", text="Text", cc="boss@gmial.com")
    report = check_frame(people(1), template)
    assert (report.warnings["kind"].tolist(), report.warnings["field"].tolist()) == (["typo"], ["cc"])


# --- the server ------------------------------------------------------------------------------------------


async def test_a_message_above_the_servers_size_is_an_error() -> None:
    async with real_server(data_size_limit=2000) as (port, taking):
        server = Server("127.0.0.1", port)
        report = await asyncio.to_thread(check_frame, people(name_1="x" * 3000), LETTER, server)
        assert ("row1", "error", "too-large") in found(report)
        assert f"127.0.0.1:{port}" in report.errors["message"].iloc[0]
        assert taking.envelopes == []


async def test_an_address_the_server_cannot_carry_is_an_error() -> None:
    async with real_server(enable_SMTPUTF8=False) as (port, _):
        df = people(email_1="jörg@acme.org")
        report = await asyncio.to_thread(check_frame, df, LETTER, Server("127.0.0.1", port))
        assert found(report) == [("row1", "error", "not-supported")]


async def test_the_environments_server_is_asked_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    async with real_server(data_size_limit=100) as (port, _):
        monkeypatch.setenv("NOTEBOOKMAIL_URL", f"smtp://127.0.0.1:{port}")
        assert set((await asyncio.to_thread(check_frame, people(2), LETTER)).errors["kind"]) == {"too-large"}


def test_a_server_that_cannot_be_reached_is_a_warning(unused_tcp_port: int) -> None:
    report = check_frame(people(), LETTER, Server("127.0.0.1", unused_tcp_port))
    assert found(report) == [(None, "warning", "server")]
    assert report.messages == 4


async def test_a_refused_login_is_an_error_without_the_password() -> None:
    settings: dict[str, Any] = {"authenticator": authenticator, "auth_require_tls": False}
    async with real_server(**settings) as (port, _):
        server = Server("127.0.0.1", port, username="you", password=CANARY)
        report = await asyncio.to_thread(check_frame, people(), LETTER, server)
        assert found(report) == [(None, "error", "server")]
        assert CANARY not in str(report) + report._repr_html_()


async def test_a_token_generator_that_fails_is_a_warning() -> None:
    async def token() -> str:
        raise KeyError("no token")

    async with Sandbox() as box:
        server = Server("127.0.0.1", box.server.port, username="me", oauth_token_generator=token)
        report = await asyncio.to_thread(check_frame, people(), LETTER, server)
    assert report.warnings["kind"].tolist() == ["server"]


IN_A_LOOP = """
import asyncio
import pandas as pd
from notebookmail import Sandbox, Template, check_frame, send_frame_sync

async def main():
    async with Sandbox() as box:
        df = pd.DataFrame({"email": ["a@acme.org"]})
        report = check_frame(df, Template("x", sender="b@acme.org", text="x"), box.server)
        print(len(report), report.messages, len(box.received))

asyncio.run(main())
"""


def test_it_works_inside_a_running_loop_also_against_that_loops_sandbox() -> None:
    # In a process of its own: the loop is entered a second time, which changes asyncio for a whole process.
    shown = subprocess.run(
        [sys.executable, "-c", IN_A_LOOP], capture_output=True, text=True, check=True, timeout=60
    )
    assert shown.stdout.split() == ["0", "1", "0"]


# --- what the report holds -------------------------------------------------------------------------------


def test_recipients_are_counted_by_domain() -> None:
    report = check_frame(people(email_3="n3@gmail.com"), LETTER)
    assert report.domains.to_dict() == {"acme.org": 3, "gmail.com": 1}
    assert report.domains.index.tolist() == ["acme.org", "gmail.com"]


def test_sizes_are_those_of_the_messages() -> None:
    sizes = check_frame(people(3, name_2="x" * 5000), LETTER).sizes
    assert 0 < sizes.smallest <= sizes.median < 5000 < sizes.largest
    assert 5000 < sizes.largest_html < sizes.largest


@pytest.mark.parametrize("labels", [[10, 20, 30, 40], [1, 1, 2, 2], pd.date_range("2026-01-01", periods=4)])
def test_rows_are_named_by_the_frames_own_labels(labels: Any) -> None:
    df = people(name_3="nan").set_axis(pd.Index(labels))
    assert check_frame(df, LETTER).frame["row"].tolist() == [df.index[3]] * 2


def test_other_frames_are_checked_too_and_rows_are_their_positions() -> None:
    assert check_frame(pl.from_pandas(people(name_2="nan")), LETTER).frame["row"].tolist() == [2, 2]


def test_the_frame_is_not_changed() -> None:
    df = people(name_1=np.nan, email_2="a@acme.org, b@acme.org")
    before = df.copy(deep=True)
    check_frame(df, LETTER)
    pd.testing.assert_frame_equal(df, before)


def test_a_hostile_row_is_a_finding_and_never_an_exception() -> None:
    cells = ["a\r\nBcc: x@y.z", "\x00", "\ud800", "<script>", "{{ 7*7 }}", "a" * 100_000, "=?utf-8?Q?=0D=0ABcc:?="]
    df = pd.DataFrame(
        {"name": [*cells, *["x"] * 7], "email": [*[f"n{n}@acme.org" for n in range(7)], *cells]}, dtype=object
    )
    report = check_frame(df, LETTER)
    assert set(range(7, 14)) <= set(report.errors["row"])
    assert str(report)
    assert report._repr_html_()


def test_every_kind_of_finding_says_what_to_do() -> None:
    assert all(kind.heading and kind.remedy for kind in KINDS.values())


def test_many_different_findings_are_counted_and_only_so_many_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebookmail.checks.summary, "LISTED", 10)
    inspection = CheckSummary(range(30))
    for position in range(30):
        inspection.note(warning("typo", "to", f"{position}"), position)
    assert (len(list(inspection.findings())), inspection.unlisted, inspection.counts["warning"]) == (10, 20, 30)
    assert inspection.groups()[0].rows == 30


def test_findings_come_row_by_row_those_of_no_row_first() -> None:
    inspection = CheckSummary(range(3))
    for kind, position in (("typo", 2), ("role", 0), ("typo", 1), ("server", None)):
        inspection.note(warning(kind, None, "x"), position)
    assert [each.position for each in inspection.findings()] == [None, 0, 1, 2]


def test_a_report_is_true_and_says_itself_in_a_line() -> None:
    report = check_frame(people(name_1=None), LETTER)
    assert report
    assert repr(report) == "<Report: 1 error in 4 rows>"


def test_a_saved_report_masks_a_cell_that_is_no_address() -> None:
    report = check_frame(people(email_1="pavel.dvorak(at)acme.org"), LETTER)

    for page in (report._repr_html_(), report_text(report)):
        assert "has no @" in page
        assert "dvorak" not in page
