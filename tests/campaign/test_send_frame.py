"""send_frame, as an analyst calls it, against the embedded server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest
from support.local_server import CANARY, authenticator, real_server

from notebookmail import (
    FrameError,
    Sandbox,
    Server,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPRecipientsRefused,
    Template,
    TemplateError,
    last_results,
    send_frame,
    send_frame_sync,
)
from notebookmail.compose.renderer import Renderer

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail import SendResults
    from notebookmail.compose.rows.frame import Row
    from notebookmail.delivery.progress import Progress
    from notebookmail.mail.message import Mail

LETTER = Template("Hello {{ name }}", sender="Desk <desk@example.org>", markdown="Dear {{ name }},\n\n*all* well?")


@pytest.fixture(autouse=True)
def _no_server_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)


def people(count: int = 3) -> pd.DataFrame:
    names = [f"Name {number}" for number in range(count)]
    emails = [f"n{number}@example.org" for number in range(count)]
    return pd.DataFrame({"name": names, "email": emails}, index=[f"row{number}" for number in range(count)])


async def run(df: Any, template: Template = LETTER, server: Server | None = None, **options: Any) -> SendResults:
    return await send_frame(df, template, server, progress=False, **options)


async def test_every_row_gets_its_own_message() -> None:
    async with Sandbox() as box:
        results = await run(people(20), server=box.server)
        assert results.counts["sent"] == 20
        assert sorted(str(each["Subject"]) for each in box.messages) == sorted(
            f"Hello Name {n}" for n in range(20)
        )
        assert {each.rcpt_to for each in box.received} == {(f"n{n}@example.org",) for n in range(20)}
        assert all(received.mail_from == "desk@example.org" for received in box.received)


async def test_without_a_server_nothing_leaves_this_machine_and_it_says_so() -> None:
    results = await run(people())
    assert results.counts["sent"] == 3
    assert "sandbox" in results.notice
    assert "none left this machine" in results._repr_html_()
    assert "none left this machine" in repr(results)


async def test_the_environments_server_is_used_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox() as box:
        monkeypatch.setenv("NOTEBOOKMAIL_URL", f"smtp://{box.server.endpoint}")
        results = await run(people())
        assert len(box.received) == 3
        assert results.notice == ""


async def test_one_bad_row_never_stops_the_others() -> None:
    df = people(6)
    df.loc["row1", "name"] = None
    df.loc["row2", "email"] = "a@example.org; b@example.org"
    df.loc["row3", "email"] = "closed@example.org"
    async with Sandbox(faults={"closed@example.org": "550 5.1.1 No such user"}) as box:
        results = await run(df, server=box.server)
        assert len(box.received) == 3
    assert list(results.frame["status"]) == ["sent", "failed", "failed", "failed", "sent", "sent"]
    assert isinstance(results.exceptions["row1"], TemplateError)
    assert "name" in str(results.exceptions["row1"])
    assert isinstance(results.exceptions["row2"], TemplateError)
    assert isinstance(results.exceptions["row3"], SMTPRecipientsRefused)
    assert list(results.failed.index) == ["row1", "row2", "row3"]
    assert set(results.explain()["category"]) == {"template", "address"}
    assert df.join(results.frame)["to"]["row0"] == "n0@example.org"


async def test_what_nobody_foresaw_in_one_row_fails_that_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    render_row = Renderer.render

    def render_most(self: Renderer, row: Row, **how: Any) -> Mail:
        if row.label == "row1":
            raise ZeroDivisionError("of a library")
        return render_row(self, row, **how)

    monkeypatch.setattr(Renderer, "render", render_most)
    results = await send_frame(people(), LETTER, progress=False)
    assert results.frame["status"].tolist() == ["sent", "failed", "sent"]
    error = results.exceptions["row1"]
    assert isinstance(error, TemplateError)
    assert str(error) == "row r...: the message could not be made: ZeroDivisionError: of a library"


async def test_the_callers_frame_is_not_changed() -> None:
    df = people()
    before = df.copy(deep=True)
    await run(df)
    pd.testing.assert_frame_equal(df, before)


async def test_a_polars_frame_is_read_too() -> None:
    results = await run(pl.DataFrame({"name": ["Ann", "Bo"], "email": ["a@example.org", "b@example.org"]}))
    assert list(results.frame["status"]) == ["sent", "sent"]


async def test_an_empty_frame_is_no_trouble() -> None:
    results = await run(people(0), server=Server("127.0.0.1", 9))
    assert len(results) == len(results.frame) == 0


WRONG_CALLS: dict[str, tuple[pd.DataFrame, Template, dict[str, Any], str]] = {
    "a missing column": (people().drop(columns="name"), LETTER, {}, "name"),
    "no recipients": (people().drop(columns="email"), LETTER, {}, "email"),
    "no sender": (people(), Template("x", text="y"), {}, "sender"),
    "two of the same": (pd.concat([people(), people()]), LETTER, {}, "second time"),
    "another count": (people(), LETTER, {"confirm": 2}, "confirm=2, but 3 messages"),
    "an unknown choice": (people(), LETTER, {"duplicates": "maybe"}, "duplicates"),
    "a negative limit": (people(), LETTER, {"limit": -1}, "limit"),
    "no connections": (people(), LETTER, {"max_connections": 0}, "max_connections"),
    "a suppress list in one text": (people(), LETTER, {"suppress": "a@example.org"}, "list"),
    "a suppress list of names": (people(), LETTER, {"suppress": ["Ann"]}, "suppress"),
    "no place to rehearse": (people(), LETTER, {"redirect_to": "nobody"}, "redirect_to is not one mailbox"),
}


@pytest.mark.parametrize("case", WRONG_CALLS)
async def test_a_wrong_call_raises_before_anything_is_sent(case: str) -> None:
    df, template, options, words = WRONG_CALLS[case]
    async with Sandbox() as box:
        with pytest.raises((FrameError, TemplateError), match=words):
            await run(df, template, box.server, **options)
        assert box.received == []


async def test_a_server_that_is_not_there_raises() -> None:
    async with Sandbox() as box:
        gone = box.server
    with pytest.raises(SMTPConnectError):
        await run(people(), server=gone)


async def test_a_refused_login_raises_before_anything_is_sent() -> None:
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, handler):
        with pytest.raises(SMTPAuthenticationError) as caught:
            await run(people(), server=Server("127.0.0.1", port, username="me", password=f"not {CANARY}"))
        assert handler.envelopes == []
    assert CANARY not in str(caught.value)


async def test_an_accepted_login_sends() -> None:
    async with real_server(authenticator=authenticator, auth_require_tls=False) as (port, handler):
        results = await run(people(), server=Server("127.0.0.1", port, username="me", password=CANARY))
        assert results.counts["sent"] == len(handler.envelopes) == 3
    assert CANARY not in repr(results) + results._repr_html_()


async def test_confirm_lets_exactly_the_right_number_go() -> None:
    df = people(4)
    df.loc["row1", "name"] = None
    results = await run(df, confirm=3)
    assert results.counts["sent"] == 3


async def test_a_limit_leaves_the_rest_pending() -> None:
    results = await run(people(5), limit=2)
    assert list(results.frame["status"]) == ["sent", "sent", "pending", "pending", "pending"]
    assert results.frame["hint"].iloc[4] == "beyond limit=2"


async def test_a_dry_run_builds_everything_and_sends_nothing() -> None:
    df = people(3)
    df.loc["row1", "name"] = None
    results = await run(df, server=Server("127.0.0.1", 9), dry_run=True)
    assert list(results.frame["status"]) == ["pending", "failed", "pending"]
    assert results.frame["message_id"].iloc[0].endswith("@example.org>")


async def test_a_rehearsal_sends_everything_to_one_address() -> None:
    async with Sandbox() as box:
        results = await run(people(3), server=box.server, redirect_to="me@example.org")
        assert results.counts["sent"] == 3
        assert {each.rcpt_to for each in box.received} == {("me@example.org",)}
        assert {str(each["X-Original-To"]) for each in box.messages} == {f"n{n}@example.org" for n in range(3)}


async def test_suppressed_addresses_are_never_mailed() -> None:
    copied = Template("x", sender="d@example.org", text="{{ name }}", cc="{{ boss }}")
    df = people(3).assign(boss=["boss@example.org", "Quiet@Example.org", ""])
    async with Sandbox() as box:
        results = await run(df, copied, box.server, suppress=["N0@example.org", "Q <quiet@example.org>"])
        assert [each.rcpt_to for each in box.received] == [("n2@example.org",)]
    assert list(results.frame["status"]) == ["skipped", "failed", "sent"]
    assert "suppress" in results.frame["hint"].iloc[1]


@pytest.mark.parametrize(("choice", "sent"), [("skip", 2), ("send", 3)])
async def test_the_same_recipient_twice_is_decided_by_the_caller(choice: str, sent: int) -> None:
    df = pd.DataFrame({"name": ["Ann", "Bo", "Ann"], "email": ["a@example.org", "b@example.org", "A@example.org"]})
    async with Sandbox() as box:
        results = await run(df, server=box.server, duplicates=choice)
        assert len(box.received) == sent
        assert len({str(each["Message-ID"]) for each in box.messages}) == sent
    assert results.counts["sent"] == sent


async def test_a_row_has_the_same_message_id_on_every_run() -> None:
    async with Sandbox() as box:  # each server on this machine is a world of its own
        first = await run(people(), server=box.server)
        again = await run(people().iloc[::-1], server=box.server)
    assert first.frame["message_id"].to_dict() == again.frame["message_id"].to_dict()
    assert first.frame["message_id"].is_unique


async def test_a_message_id_depends_on_every_field_the_template_reads() -> None:
    whole = Template("x", sender="d@example.org", text="{{ row }}")
    df = people(1).assign(extra=1)
    async with Sandbox() as box:
        by_name = [
            await run(frame, server=box.server) for frame in (df, df.assign(extra=2), df.assign(name="Zoe"))
        ]
        by_row = [await run(frame, whole, server=box.server) for frame in (df, df.assign(extra=2))]
    assert [each.frame["message_id"].iloc[0] for each in by_name][0:2] == [
        by_name[0].frame["message_id"].iloc[0]
    ] * 2
    assert by_name[2].frame["message_id"].iloc[0] != by_name[0].frame["message_id"].iloc[0]
    assert by_row[0].frame["message_id"].iloc[0] != by_row[1].frame["message_id"].iloc[0]


async def test_a_dropped_connection_is_unconfirmed_and_not_sent_again() -> None:
    async with Sandbox(faults={"drop_after": 0.3}, seed=1) as box:
        results = await run(people(40), server=box.server, max_connections=2)
        assert len(box.received) == 40
    assert results.counts["unconfirmed"] + results.counts["sent"] == 40
    assert results.counts["unconfirmed"] > 0
    assert len({received.rcpt_to for received in box.received}) == 40


async def test_a_greylisting_server_defers_rows() -> None:
    async with Sandbox(faults={"451": 0.5}, seed=3) as box:
        results = await run(people(20), server=box.server)
        assert results.counts["deferred"] + results.counts["sent"] == 20
        assert results.counts["sent"] == len(box.received)
    assert set(results.deferred["category"]) == {"transient"}
    with pytest.raises(ExceptionGroup) as caught:
        results.raise_for_failures()
    assert len(caught.value.exceptions) == results.counts["deferred"]


async def test_an_interrupted_run_leaves_its_results() -> None:
    async with Sandbox(delay_seconds=0.05) as box:
        sending = asyncio.create_task(run(people(200), server=box.server, max_connections=2))
        await box.arrival(3)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        results = last_results()
        assert results is not None
        assert results.counts["sent"] == len(box.received)
        assert results.counts["pending"] == 200 - len(box.received)
        assert "interrupted" in set(results.pending["hint"])


def test_a_script_sends_without_await() -> None:
    assert send_frame_sync(people(), LETTER, progress=False).counts["sent"] == 3


def test_a_wrong_call_of_a_script_has_a_traceback_of_its_own() -> None:
    with pytest.raises(FrameError) as caught:
        send_frame_sync(people(), LETTER, confirm=1, progress=False)
    assert caught.value.__context__ is None


async def test_rows_left_out_are_not_counted_as_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Progress] = []

    class Recording:
        shows_results = False

        def __init__(self, read: Callable[[], Progress]) -> None:
            self.read = read

        def show(self) -> None:
            seen.append(self.read())

        def refresh(self) -> None:
            seen.append(self.read())

        def close(self, outcomes: object, *, title: str = "") -> None:
            seen.append(self.read())

    monkeypatch.setattr("notebookmail.campaign.display.make_display", lambda _, read, *__: Recording(read))
    await send_frame(people(1000), LETTER, suppress=[f"n{n}@example.org" for n in range(500)], limit=3)
    assert (seen[0].per_second, seen[0].seconds_left) == (0, None)
    assert (seen[-1].counts["sent"], seen[-1].seconds_left) == (3, 0)


async def test_a_cell_sends_without_await_while_its_loop_runs() -> None:
    results = send_frame_sync(people(), LETTER, progress=False)
    assert results.counts["sent"] == 3
    with pytest.raises(FrameError):
        send_frame_sync(people(), LETTER, confirm=1, progress=False)
    assert asyncio.get_running_loop().is_running()


async def test_a_terminal_run_says_where_it_goes_and_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    await send_frame(people(), LETTER, progress="text")
    shown = capsys.readouterr().out
    assert "sandbox" in shown
    assert "3 letters rehearsed" in shown


async def test_a_retry_leaves_what_the_limit_left_however_often() -> None:
    async with Sandbox(faults={"n1@example.org": "451 4.7.1 Later"}) as box:
        results = await send_frame(people(5), LETTER, box.server, limit=2, progress=False)
        again = await results.retry()
        third = await again.retry()

        assert [each.counts["pending"] for each in (results, again, third)] == [3, 3, 3]
        assert {each.rcpt_to[0] for each in box.received} == {"n0@example.org"}


async def test_a_rehearsal_has_nothing_to_try_again() -> None:
    results = await send_frame(people(3), LETTER, dry_run=True)

    assert await results.retry() is results


async def test_a_refused_login_says_what_to_do_about_it() -> None:
    async with Sandbox(faults={"refuse_login": "535 5.7.8 Username and password not accepted"}) as box:
        with pytest.raises(SMTPAuthenticationError) as caught:
            await send_frame(people(3), LETTER, box.server, progress=False)

    assert any("password" in note for note in caught.value.__notes__)
