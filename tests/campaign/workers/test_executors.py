"""Messages made by an executor: the same as without one, in the same order, with bounded memory."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail import DKIM, Sandbox, Template, check_frame, plan_frame, preview_frame, send_frame
from notebookmail.campaign.options import settings_of
from notebookmail.campaign.planning import make_plan
from notebookmail.campaign.workers.making import made_one_by_one
from notebookmail.campaign.workers.packing import parcel_of
from notebookmail.errors import FrameError, FunctionError, NotebookmailError
from notebookmail.mail.message import Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOCK = multiprocessing.Lock()  # is not pickled
SENDER = "Shop <shop@example.org>"
PEOPLE = pd.DataFrame(
    {
        "name": ["Ann", "Böb", None, "Dora", "Eve"],
        "email": [f"{each}@example.org" for each in "abcde"],
        "amount": [1.5, None, 3.25, 4.0, 5.0],
        "price": [Decimal("1.10"), Decimal(2), None, Decimal(4), Decimal(5)],
        "when": pd.to_datetime(["2026-01-01", None, "2026-03-01", "2026-04-01", "2026-05-01"]).tz_localize("UTC"),
        "kind": pd.Categorical(["x", "y", "x", None, "y"]),
    }
)


class Here(Executor):
    """Carries every call out at once, and counts what is on its way."""

    def __init__(self) -> None:
        self.answers: list[Future[Any]] = []

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        self.answers.append(future)
        return future


def fails(row: Any) -> Any:
    return 1 / 0 if row.name == "Dora" else [row.name, row.amount]


class Wordless:
    def __str__(self) -> str:
        raise ValueError("no words")


def wordless(row: Any) -> Any:
    return Wordless()


TEMPLATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({"text": "Dear {{ email }}: {{ amount }}", "na": "empty"}, {}),
    "a value is missing": ({"markdown": "Dear {{ name }}"}, {}),
    "dates, decimals, categories": (
        {"markdown": "{{ when | date }} {{ price | money('EUR') }} {{ kind }}", "na": "empty", "locale": "de"},
        {},
    ),
    "functions": ({"text": "Hi", "to": lambda row: row.email, "bcc": lambda row: [f"x{row.email}"]}, {}),
    "a function fails": ({"text": "{{ note }}", "inline": {"note": fails}}, {}),
    "an object that is no letter": ({"html": "{{ note }}", "inline": {"note": wordless}}, {}),
    "shared attachments": (
        {
            "text": "Hi",
            "attachments": [
                ("all.bin", b"octets" * 20_000),
                ("{{ email }}.pdf", b"%PDF" * 20_000),
                ("{{ email }}.csv", PEOPLE),
                ("own.txt", lambda row: row.email.encode() * 10_000),
            ],
        },
        {},
    ),
    "own filters": ({"text": "{{ email | shout }}", "filters": {"shout": lambda text: text.upper()}}, {}),
    "groups": ({"markdown": "{{ rows | table }} {{ rows.amount.sum() }}"}, {"group_by": "kind"}),
    "the whole row": ({"text": "{{ row }}", "na": "empty"}, {"duplicates": "send"}),
    "an invitation": (
        {
            "text": "Come",
            "calendar": {"summary": "Talk", "start": datetime(2026, 5, 4, 9, tzinfo=UTC), "duration": 30},
        },
        {},
    ),
    "one who is suppressed gets a copy": (
        {"text": "Hi", "cc": "{{ 'no@example.org' if name == 'Ann' else 'yes@example.org' }}", "na": "empty"},
        {"suppress": ["no@example.org"]},
    ),
}  # fmt: skip


def both(df: Any, executor: Executor, template: dict[str, Any], options: dict[str, Any]) -> tuple[Any, Any]:
    """Return what a plan makes without workers and with them."""
    letter = Template("Hello {{ email }}", sender=SENDER, **{"to": "{{ email }}", **template})
    plan = make_plan(df, letter, settings_of("send_frame", options))
    with_workers = replace(plan, settings=replace(plan.settings, workers=executor))
    return list(made_one_by_one(plan)), list(made_one_by_one(with_workers))


def said(made: list[tuple[Any, Mail | NotebookmailError]]) -> list[Any]:
    """Return what can be compared: messages, and of errors all that is told."""
    return [
        (task.position, task.key, outcome if isinstance(outcome, Mail) else told(outcome))
        for task, outcome in made
    ]


def told(error: BaseException | None) -> Any:
    if error is None:
        return None
    return type(error), str(error), vars(error), told(error.__cause__)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_messages_and_failures_are_those_that_are_made_without_workers(name: str) -> None:
    template, options = TEMPLATES[name]
    here, there = both(PEOPLE, Here(), template, options)
    assert said(there) == said(here)
    assert len(here) > 1


_CELLS = st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.datetimes(), st.booleans())


@settings(deadline=None, max_examples=20)
@given(cells=st.lists(_CELLS, min_size=1, max_size=12), na=st.sampled_from(["error", "empty"]))
def test_whatever_is_in_the_cells_workers_make_the_same_of_it(cells: list[Any], na: str) -> None:
    df = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(len(cells))], "cell": pd.Series(cells)})
    template = {"markdown": "{{ cell }} {{ made }}", "na": na, "inline": {"made": lambda row: [repr(row.cell)]}}
    here, there = both(df, Here(), template, {})
    assert said(there) == said(here)


def test_what_all_letters_share_is_one_object_and_never_comes_back() -> None:
    executor = Here()
    template = {"text": "Hi", "attachments": [("all.bin", b"octets" * 200_000)]}
    _, there = both(pd.concat([PEOPLE] * 1), executor, template, {})
    shared = [max(mail.segments, key=len) for _, mail in there]
    assert len({id(piece) for piece in shared}) == 1
    assert len(shared[0]) > 1_000_000
    assert sum(len(each.result()) for each in executor.answers) < 20_000


def test_a_signature_is_put_on_here_and_the_key_does_not_travel() -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    options = {"dkim": DKIM("example.org", "spring", pem)}
    here, there = both(PEOPLE, Here(), {"text": "Hi"}, options)
    assert said(there) == said(here)
    assert all(b"DKIM-Signature" in mail.content for _, mail in there)
    letter = Template("Hello", text="Hi", to="{{ email }}", sender=SENDER)
    plan = make_plan(PEOPLE, letter, settings_of("send_frame", options))
    octets = parcel_of(plan.renderer, letter.definition).octets
    assert pem.splitlines()[1] not in octets
    assert b"spring" not in octets


class Slow(Executor):
    """Carries calls out in threads, and knows how many were on their way at once."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers)
        self._max_workers = workers
        self.on_their_way = self.most = self.rows = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.on_their_way += 1
        self.most = max(self.most, self.on_their_way)
        return self._pool.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def test_no_more_is_made_ahead_than_a_few_batches() -> None:
    df = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(3_000)]})
    plan = make_plan(df, Template("Hi", text="Hi", sender=SENDER), settings_of("send_frame", {}))
    asked = 0

    def counted() -> Iterator[Any]:
        nonlocal asked
        for row in type(plan.frame).rows(plan.frame, range(3_000)):
            asked += 1
            yield row

    with Slow(2) as executor:
        object.__setattr__(plan.frame, "rows", lambda _: counted())
        made = made_one_by_one(replace(plan, settings=replace(plan.settings, workers=executor)))
        ahead, order = [], []
        for count, (task, _) in enumerate(made, 1):
            ahead.append(asked - count)
            order.append(task.position)
    assert order == list(range(3_000))
    assert max(ahead) <= (2 + 2) * 256 + 64  # of which 64 are read at once


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"attachments": [("a.txt", b"x"), ("b.txt", lambda row, lock=LOCK: b"")]}, r"attachments\[1\]"),
        ({"inline": {"chart": lambda row, lock=LOCK: ""}}, r"inline\['chart'\]"),
        ({"filters": {"shout": lambda text, lock=LOCK: text}}, r"filters\['shout'\]"),
        ({"cc": lambda row, lock=LOCK: None}, r"cc\[0\]"),
    ],
)  # fmt: skip
async def test_what_cannot_travel_is_named_before_anything_is_sent(part: dict[str, Any], name: str) -> None:
    letter = Template("Hi", text="Hi {{ chart }}" if "inline" in part else "Hi", sender=SENDER, **part)
    async with Sandbox() as box:
        with pytest.raises(FrameError, match=rf"{name} cannot be sent to workers .* nothing was sent"):
            await send_frame(PEOPLE, letter, box.server, workers=Here(), progress=False, journal=False)
        assert not box.received


async def test_a_cell_that_cannot_travel_is_made_here() -> None:
    df = PEOPLE.assign(lock=[multiprocessing.Lock() for _ in range(5)])
    here, there = both(df, Here(), {"text": "Hi", "bcc": lambda row: row.email}, {})
    assert said(there) == said(here)


@pytest.mark.slow
def test_a_process_pool_of_the_callers_makes_functions_of_the_notebook_and_stays() -> None:
    part = {"text": "{{ email }} {{ note }}", "inline": {"note": lambda row: [row.name]}}
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        here, there = both(PEOPLE, pool, part, {})
        assert pool.submit(abs, -1).result() == 1
    assert said(there) == said(here)


async def test_a_run_with_threads_is_resumed_without_and_nobody_is_mailed_twice(tmp_path: Any) -> None:
    letter = Template("Hi {{ name }}", text="Hi", sender=SENDER, na="empty", inline={"x": lambda row: row.name})
    options: dict[str, Any] = {"journal": tmp_path / "j.sqlite", "progress": False, "campaign": "may"}
    with ThreadPoolExecutor(2) as pool:
        async with Sandbox() as box:
            await send_frame(PEOPLE, letter, box.server, limit=2, workers=pool, **options)
            await send_frame(PEOPLE, letter, box.server, limit=1, **options)
            results = await send_frame(PEOPLE, letter, box.server, workers=pool, **options)
            again = await send_frame(PEOPLE, letter, box.server, **options)
            sent = sorted(each.rcpt_to[0] for each in box.received)
    assert sent == sorted(PEOPLE.email)
    assert results.counts["sent"] == 2
    assert again.counts["skipped"] == 5


async def test_a_message_is_the_same_when_it_is_asked_for_later_and_a_retry_works_with_workers_too() -> None:
    letter = Template("Hi", text="Hi {{ email }}", sender=SENDER)
    with ThreadPoolExecutor(1) as pool:
        async with Sandbox({"451": 1.0}) as box:
            results = await send_frame(PEOPLE, letter, box.server, workers=pool, progress=False, journal=False)
            assert results.counts["deferred"] == 5
            await results.retry()
        async with Sandbox() as box:
            results = await send_frame(PEOPLE, letter, box.server, workers=pool, progress=False, journal=False)
            received = {each.rcpt_to[0]: each.message["Message-ID"] for each in box.received}
    assert [received[to] for to in PEOPLE.email] == list(results.frame.message_id)


async def test_an_executor_that_is_shut_down_is_refused_before_anything_is_sent() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    async with Sandbox() as box:
        with pytest.raises(FrameError, match="cannot make these messages"):
            await send_frame(PEOPLE, Template("Hi", text="Hi", sender=SENDER), box.server, workers=pool,
                             progress=False, journal=False)  # fmt: skip
        assert not box.received


class Breaking(Here):
    """Takes some batches, and then no more."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if len(self.answers) > 4:
            raise RuntimeError("cannot schedule new futures after shutdown")
        return super().submit(function, *args, **kwargs)


async def test_an_executor_that_breaks_in_the_middle_leaves_its_rows_pending_with_the_reason() -> None:
    df = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(2_000)]})
    letter = Template("Hi", text="Hi", sender=SENDER, attachments=[lambda row: ("a.txt", b"x" * 100_000)])
    async with Sandbox() as box:
        results = await send_frame(df, letter, box.server, workers=Breaking(), progress=False, journal=False)
        assert results.counts["sent"] == len(box.received)
    assert 0 < results.counts["sent"] < 2_000
    assert results.counts["sent"] + results.counts["pending"] == 2_000
    assert "executor given as workers= cannot go on" in results.frame.hint.iloc[-1]


async def test_an_exit_that_a_function_asks_for_reaches_the_caller_as_without_workers() -> None:
    def ends(row: Any) -> str:
        raise SystemExit(3)

    letter = Template("Hi", text="{{ x }}", sender=SENDER, inline={"x": ends})
    async with Sandbox() as box:
        for workers in (None, Here()):
            with pytest.raises(SystemExit):
                await send_frame(PEOPLE, letter, box.server, workers=workers, progress=False, journal=False)
        assert not box.received


def test_check_preview_and_plan_say_the_same_with_workers_as_without() -> None:
    letter = Template("Hi {{ name }}", text="{{ note }}", sender=SENDER, inline={"note": fails})
    with ThreadPoolExecutor(2) as pool:
        with_workers, without = check_frame(PEOPLE, letter, workers=pool), check_frame(PEOPLE, letter)
        assert list(with_workers.frame.message) == list(without.frame.message)
        assert len(with_workers.frame) > 1
        sizes = {plan_frame(PEOPLE, letter, workers=each).bytes for each in (pool, None)}
        assert len(sizes) == 1
        odd = [len(preview_frame(PEOPLE, letter, pick="extremes", workers=each)) for each in (pool, None)]
        assert odd[0] == odd[1] > 0


async def test_a_dry_run_is_made_by_workers_and_the_loop_goes_on() -> None:
    letter = Template("Hi", text="{{ note }}", sender=SENDER, inline={"note": fails})
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    with ThreadPoolExecutor(1) as pool:
        results = await send_frame(PEOPLE, letter, dry_run=True, workers=pool)
    counting.cancel()
    assert results.counts["failed"] == 1
    assert isinstance(results.exceptions[3], FunctionError)
    assert turns > 3


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "two", object()])
def test_workers_are_a_number_of_processes_or_an_executor(workers: Any) -> None:
    with pytest.raises(FrameError, match="it is a number of processes, 1 or more, or a concurrent"):
        check_frame(PEOPLE, Template("Hi", text="Hi", sender=SENDER), workers=workers)
