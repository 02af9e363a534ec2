"""Functions of the row: what one raises fails its row; an interrupt goes on, with exact results behind it."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest

from notebookmail import (
    Sandbox,
    Template,
    check_frame,
    last_results,
    send_frame,
    send_frame_sync,
    start_frame,
)
from notebookmail.delivery.explain import explain
from notebookmail.errors import FunctionError, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 10
FRAME = pd.DataFrame({"name": [f"N{i}" for i in range(ROWS)], "email": [f"u{i}@example.org" for i in range(ROWS)]})


class PanicException(BaseException):
    """What pyo3 raises where Rust code panics."""


FAILURES: list[type[BaseException]] = [
    PanicException, asyncio.CancelledError, GeneratorExit, StopIteration, StopAsyncIteration, RecursionError,
    MemoryError, ValueError,
]  # fmt: skip


def failing(kind: type[BaseException], value: Any = b"x") -> Callable[[Any], Any]:
    def chart(row: Any) -> Any:
        if row.name == "N5":
            raise kind("boom")
        return value

    return chart


def lazily_failing(kind: type[BaseException]) -> Callable[[Any], Any]:
    def chart(row: Any) -> Any:
        yield row.email
        if row.name == "N5":
            raise kind("boom")

    return chart


def letter(**further: Any) -> Template:
    return Template("Hi {{ name }}", **({"text": "Hi", "sender": "s@example.org"} | further))


def with_attachment(kind: type[BaseException]) -> Template:
    return letter(attachments=[("x.bin", failing(kind))])


def with_inline(kind: type[BaseException]) -> Template:
    return letter(text="{{ chart }}", inline={"chart": failing(kind, 5)})


def with_recipient(kind: type[BaseException]) -> Template:
    return letter(to=failing(kind, "a@example.org"))


def with_recipients(kind: type[BaseException]) -> Template:
    return letter(to=lazily_failing(kind))


def with_invitation(kind: type[BaseException]) -> Template:
    return letter(calendar=failing(kind, {"summary": "s", "start": "2026-04-09"}))


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("make", [with_attachment, with_inline, with_recipient, with_recipients, with_invitation])
async def test_whatever_a_function_raises_fails_its_row_under_its_own_name(
    make: Callable[[type[BaseException]], Template], kind: type[BaseException]
) -> None:
    async with Sandbox() as box:
        results = await send_frame(FRAME, make(kind), box.server, progress=False, journal=False, duplicates="send")
        assert (len(box.received), results.counts["sent"], results.counts["failed"]) == (9, 9, 1)
    error = results.exceptions[5]
    raised = kind.__name__ if kind is not StopIteration or make is not with_recipients else "RuntimeError"
    assert isinstance(error, FunctionError)
    assert error.function == "chart"
    assert f"row 5, {error.field}: your function `chart` failed: {raised}: " in str(error)
    (cause,) = results.explain().itertuples()
    assert (cause.category, cause.cause) == ("function", "your function `chart` failed in this row")


def test_an_exception_that_cannot_say_why_fails_its_row_as_any_other() -> None:
    class SpeechlessError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    results = send_frame_sync(FRAME, with_attachment(SpeechlessError), dry_run=True, progress=False)
    assert "your function `chart` failed: SpeechlessError: (it cannot say why: RuntimeError)" in str(
        results.exceptions[5]
    )


@pytest.mark.parametrize("kind", FAILURES)
def test_a_dry_run_and_a_check_find_the_same(kind: type[BaseException]) -> None:
    results = send_frame_sync(FRAME, with_attachment(kind), dry_run=True, progress=False)
    assert results.counts["failed"] == 1
    report = check_frame(FRAME, with_attachment(kind))
    assert report.frame["message"].str.contains("your function `chart` failed").sum() == 1


def test_a_failure_in_an_expression_is_the_rows_too() -> None:
    class Odd:
        def __str__(self) -> str:
            raise PanicException("boom")

    with pytest.raises(TemplateError, match="text: PanicException: boom"):
        letter(text="{{ odd }}", to="a@b.org").render({"name": "Ann", "odd": Odd()})


# --- interrupts -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def started() -> Iterator[Sandbox]:
    """A sandbox on a loop of its own: the caller's is torn down, or stands still."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    box = asyncio.run_coroutine_threadsafe(Sandbox().start(), loop).result(10)
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(box.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


INTERRUPTS = (KeyboardInterrupt, SystemExit)


@pytest.mark.parametrize("kind", INTERRUPTS)
async def test_an_interrupt_reaches_who_awaits(kind: type[BaseException]) -> None:
    async with Sandbox() as box:
        await assert_told(box, kind, send_frame(FRAME, with_attachment(kind), box.server, progress=False))


@pytest.mark.parametrize("kind", INTERRUPTS)
async def test_an_interrupt_reaches_who_waits_in_a_cell_without_await(kind: type[BaseException]) -> None:
    async def wait() -> None:
        send_frame_sync(FRAME, with_attachment(kind), box.server, progress=False, journal=False)

    with started() as box:
        await assert_told(box, kind, wait())


@pytest.mark.parametrize("kind", INTERRUPTS)
def test_an_interrupt_reaches_a_script(kind: type[BaseException]) -> None:
    with started() as box:
        with pytest.raises(kind, match="boom"):
            send_frame_sync(FRAME, with_attachment(kind), box.server, progress=False, journal=False)
        assert_exact(box)


@pytest.mark.parametrize("kind", INTERRUPTS)
def test_an_interrupt_reaches_who_waits_for_a_job(kind: type[BaseException]) -> None:
    with started() as box:
        job = start_frame(FRAME, with_attachment(kind), box.server, progress=False, journal=False)
        with pytest.raises(kind, match="boom"):
            job.wait(30)
        assert job.state == "failed"
        assert_exact(box)


@pytest.mark.parametrize("kind", INTERRUPTS)
def test_an_interrupt_reaches_who_checks(kind: type[BaseException]) -> None:
    for call in (
        lambda: send_frame_sync(FRAME, with_attachment(kind), dry_run=True, progress=False),
        lambda: check_frame(FRAME, with_attachment(kind)),
        lambda: send_frame_sync(FRAME, with_recipient(kind), dry_run=True, progress=False),
    ):
        with pytest.raises(kind, match="boom"):
            call()


async def assert_told(box: Sandbox, kind: type[BaseException], work: Any) -> None:
    try:
        await work
    except INTERRUPTS as interrupt:
        assert type(interrupt) is kind  # noqa: PT017 -- pytest.raises would not let the loop see it
    else:
        pytest.fail("it did not go on")
    assert_exact(box)


def assert_exact(box: Sandbox) -> None:
    """What the results say is what arrived, and the row that was interrupted is pending."""
    results = last_results()
    assert results is not None
    counts = results.counts
    assert counts["sent"] <= len(box.received) <= counts["sent"] + counts["unconfirmed"]
    assert counts["failed"] == 0
    assert results.frame["status"][5] == "pending"


# --- what a function sees ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "gap"),
    [
        ([1.5, float("nan")], "nan"),
        ([1, None], "nan"),
        (pd.Series([1, None], dtype="Int64"), "<NA>"),
        (pd.Series([pd.Timestamp(2026, 1, 1), None]), "NaT"),
        (pd.Series(["a", None], dtype=object), "None"),
        (pd.Series(["a", float("nan")], dtype=object), "nan"),
    ],
)
def test_a_gap_reaches_a_function_as_the_frame_has_it(column: Any, gap: str) -> None:
    seen: list[Any] = []
    frame = pd.DataFrame({"email": ["a@example.org", "b@example.org"], "points": column})
    send_frame_sync(frame, letter_seeing(seen), dry_run=True, progress=False)
    letter_seeing(seen).render(frame.iloc[1])
    letter_seeing(seen).render({"email": "x@example.org", "points": frame["points"].iloc[1]})
    assert list(map(str, seen[1:])) == [gap] * 3
    assert type(seen[1]).__module__ != "numpy"


def letter_seeing(seen: list[Any]) -> Template:
    def look(row: Any) -> None:
        seen.append(row["points"])

    return Template("x", text="y", sender="s@example.org", attachments=[look])


def test_a_gap_of_another_library_reaches_a_function_as_it_is() -> None:
    seen: list[Any] = []
    frame = pl.DataFrame({"email": ["a@example.org", "b@example.org"], "points": [None, float("nan")]})
    send_frame_sync(frame, letter_seeing(seen), dry_run=True, progress=False)
    assert list(map(str, seen)) == ["None", "nan"]


def test_a_gap_of_a_group_and_of_an_index_level_reaches_a_function() -> None:
    seen: list[Any] = []
    frame = pd.DataFrame({"email": ["b@example.org"] * 2, "points": [float("nan")] * 2})
    send_frame_sync(frame, letter_seeing(seen), group_by="email", dry_run=True, progress=False)
    frame = pd.DataFrame({"email": ["b@example.org"]}, index=pd.Index([float("nan")], name="points"))
    send_frame_sync(frame, letter_seeing(seen), dry_run=True, progress=False)
    assert list(map(str, seen)) == ["nan", "nan"]


def test_a_functions_error_pickles_and_is_explained_by_its_name() -> None:
    error = FunctionError("your function `chart` failed: ValueError: x", "inline", 3, "chart")
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.message, copied.field, copied.row, copied.function) == error.args
    assert "`chart`" in explain(copied).cause
