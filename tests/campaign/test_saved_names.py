"""What is saved with a notebook names no one: outputs, and the tracebacks of errors about rows."""

from __future__ import annotations

import json
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from notebookmail import NotebookmailError, Sandbox, Template, check_frame, plan_frame, send_frame, start_frame

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("ann.smith", "bo.jones", "Ann Smith", "Bo Jones")
ESCAPE = "\x1b"
FRAME = pd.DataFrame(
    {
        "name": ["Ann Smith", "Bo Jones", "Cy"],
        "email": ["ann.smith@example.org", "bo.jones@example.org", "cy@example.org"],
        "points": ["1", None, "<script>alert(1)</script>"],
    },
    index=["ann.smith@example.org", "Bo Jones", f"{ESCAPE}[31m<script>x</script>"],
)
LETTER = Template("Hi {{ name }}", text="Dear {{ name }} {{ points }}", sender="s@example.org")
SAID = (
    "550 5.1.1 <ann.smith@example.org>: ANN.SMITH@EXAMPLE.ORG rejected; user ann.smith unknown, "
    "ann.smith=40example.org, not Bo Jones <script>x</script>"
)


def assert_names_no_one(text: str, *, is_html: bool = False) -> None:
    for name in NAMES:
        assert name.lower() not in text.lower()
    assert ESCAPE not in text
    assert not (is_html and "<script>" in text)


def shown(value: Any) -> str:
    """Everything a notebook saves of a value."""
    texts = [repr(value), str(value)]
    if hasattr(value, "_repr_html_"):
        html = value._repr_html_() or ""
        assert_names_no_one(html, is_html=True)
        texts.append(html)
    if hasattr(value, "_repr_mimebundle_"):
        texts.append(json.dumps(value._repr_mimebundle_(), default=str))
    return "\n".join(texts)


async def refused() -> Any:
    async with Sandbox(faults=dict.fromkeys(FRAME["email"], SAID)) as box:
        return await send_frame(FRAME, LETTER, box.server, progress=False, journal=False)


async def test_results_reports_and_plans_name_no_one() -> None:
    results = await refused()
    assert results.counts["failed"] == 3
    assert_names_no_one(shown(results))
    assert_names_no_one(shown(results.redacted()))
    assert_names_no_one(shown(check_frame(FRAME, LETTER)))
    assert_names_no_one(shown(plan_frame(FRAME, LETTER)))


VIEWS_OF_CAUSES: list[Callable[[Any], Any]] = [
    lambda why: why,
    lambda why: why[["rows", "example", "labels"]].head(1),
    lambda why: why.sort_values("rows").T,
    lambda why: why["example"],
    lambda why: why.labels,
    lambda why: why.iloc[0],
    lambda why: why.labels.explode(),
    lambda why: why.explode("labels").set_index("labels"),
    lambda why: why.explode("labels").set_index(["labels", "example"])["rows"],
    lambda why: why.explode("labels").groupby("labels")["rows"].sum(),
    lambda why: pickle.loads(pickle.dumps(why)),
    lambda why: why.copy(),
]


@pytest.mark.parametrize("view", VIEWS_OF_CAUSES)
async def test_causes_are_exact_and_show_no_one(view: Callable[[Any], Any]) -> None:
    causes = (await refused()).explain()
    assert set(causes["labels"].sum()) == set(FRAME.index)
    assert "ann.smith@example.org" in causes.to_csv()
    assert_names_no_one(shown(view(causes)))
    with pd.option_context("display.html.table_schema", True, "display.max_colwidth", None):
        assert_names_no_one(json.dumps(causes._repr_data_resource_()) + shown(view(causes)))


async def test_numbers_of_rows_are_shown_as_they_are() -> None:
    frame, letter = FRAME.reset_index(drop=True), Template("Hi", text="Dear {{ name }}", sender="s@example.org")
    async with Sandbox(faults={"*@example.org": "550 5.1.1 no"}) as box:
        results = await send_frame(frame, letter, box.server, progress=False, journal=False)
    assert "[0, 1, 2]" in repr(results.explain())


async def test_the_exceptions_of_rows_are_raised_without_names() -> None:
    results = await refused()
    with pytest.raises(ExceptionGroup) as caught:
        results.raise_for_failures()
    assert_names_no_one("".join(traceback.format_exception(caught.value)))
    assert "ann.smith" in str(results.exceptions["ann.smith@example.org"])
    assert [type(each) for each in caught.value.exceptions] == [type(each) for each in results.exceptions.values()]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"duplicates": "skip", "suppress": [FRAME["email"].iloc[0].replace("@", " at ")]},
        {"duplicates": "skip", "redirect_to": FRAME["email"].iloc[0].partition("@")[0]},
        {"duplicates": "error", "key": "name"},
    ],
)
async def test_a_wrong_call_names_no_one(options: dict[str, Any]) -> None:
    twice = pd.concat([FRAME, FRAME])
    with pytest.raises(NotebookmailError) as caught:
        await send_frame(twice, LETTER, dry_run=True, progress=False, **options)
    chain = [caught.value, caught.value.__cause__]
    assert_names_no_one("".join("".join(traceback.format_exception_only(each)) for each in chain if each))


async def test_a_job_names_no_one() -> None:
    async with Sandbox(faults=dict.fromkeys(FRAME["email"], SAID)) as box:
        job = start_frame(FRAME, LETTER, box.server, progress=False, journal=False)
        await job
        assert_names_no_one(repr(job))
