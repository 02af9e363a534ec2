"""send_frame with group_by: one message for the rows of each, as an analyst sends it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest

from notebookmail import FrameError, Sandbox, Template, TemplateError, send_frame
from notebookmail.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notebookmail import SendResults

LETTER = Template(
    "{{ name }}, your {{ rows | length }} orders",
    sender="Desk <desk@example.org>",
    text="{% for each in rows %}{{ loop.index }}. {{ each.item }}\n{% endfor %}",
)


@pytest.fixture(autouse=True)
def _no_server_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTEBOOKMAIL_URL", raising=False)


def orders(**columns: Any) -> pd.DataFrame:
    """Three people's orders, six rows that alternate."""
    people = ["ann", "bo", "ann", "cy", "bo", "ann"]
    data = {
        "email": [f"{name}@example.org" for name in people],
        "name": [name.title() for name in people],
        "item": ["apples", "bread", "cheese", "dates", "eggs", "figs"],
    }
    return pd.DataFrame(data | columns, index=[f"order{number}" for number in range(6)])


async def run(df: Any, template: Template = LETTER, *, group_by: Any = "email", **options: Any) -> SendResults:
    return await send_frame(df, template, group_by=group_by, progress=False, **options)


async def delivered(box: Sandbox, df: Any, *words: Any, **options: Any) -> tuple[SendResults, Mapping[str, str]]:
    """Send, and return the results and what each address got."""
    results = await run(df, *words, server=box.server, **options)
    got = {address: each for each in box.received for address in each.rcpt_to}
    assert len(got) == sum(len(each.rcpt_to) for each in box.received)
    return results, {address: _read(each.message) for address, each in got.items()}


def _read(message: Any) -> str:
    return f"{message['Subject']}\n{message.get_content()}".replace("\r\n", "\n")


EACH_GOT = {
    "ann@example.org": "Ann, your 3 orders\n1. apples\n2. cheese\n3. figs\n",
    "bo@example.org": "Bo, your 2 orders\n1. bread\n2. eggs\n",
    "cy@example.org": "Cy, your 1 orders\n1. dates\n",
}


async def test_each_gets_one_message_with_their_own_rows() -> None:
    async with Sandbox() as box:
        results, got = await delivered(box, orders())
    assert got == EACH_GOT
    assert results.counts["sent"] == 3


async def test_a_polars_frame_is_grouped_alike() -> None:
    async with Sandbox() as box:
        _, got = await delivered(box, pl.from_pandas(orders()))
    assert got == EACH_GOT


async def test_the_results_join_the_frame_on_the_group_column() -> None:
    df = orders()
    results = await run(df, dry_run=True)
    assert results.frame.index.tolist() == ["ann@example.org", "bo@example.org", "cy@example.org"]
    joined = df.join(results.frame, on="email")
    assert joined.index.equals(df.index)
    assert (joined["to"] == df["email"]).all()


@pytest.mark.parametrize(
    "dtype", ["category", "object", "datetime64[ns]", "Int64", "int64", "bool", "timedelta64[ns]"]
)
async def test_the_results_join_on_columns_of_every_type(dtype: str) -> None:
    customers = pd.Series([0, 1, 0, 1, 0, 0]).astype(dtype).array
    df = orders(email="one@example.org", name="One", customer=customers)
    results = await run(df, group_by="customer", duplicates="send", dry_run=True)
    assert (df.join(results.frame, on="customer")["status"] == "pending").tolist() == [True] * 6
    assert len(results) == 2


async def test_a_column_that_varies_in_a_group_fails_that_group_alone_with_the_hint() -> None:
    df = orders(city=["Rome", "Oslo", "Rome", "Bern", "Oslo", "Paris"])
    template = Template("To {{ city }}", sender="desk@example.org", text="x")
    async with Sandbox() as box:
        results, got = await delivered(box, df, template)
    assert sorted(got) == ["bo@example.org", "cy@example.org"]
    error = results.exceptions["ann@example.org"]
    assert isinstance(error, TemplateError)
    assert "'city' has several values in this group: loop over them" in str(error)


async def test_where_the_address_varies_in_a_group_nobodys_is_used() -> None:
    df = orders(customer=[1, 2, 1, 3, 2, 1])
    df.loc["order5", "email"] = "ann.other@example.org"
    async with Sandbox() as box:
        results, got = await delivered(box, df, group_by="customer")
    assert sorted(got) == ["bo@example.org", "cy@example.org"]
    assert results.frame["status"].to_dict() == {1: "failed", 2: "sent", 3: "sent"}
    assert results.frame.loc[1, "to"] == ""
    assert "'email' has several values" in str(results.exceptions[1])


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
async def test_rows_without_a_key_fail_each_and_are_in_nobodys_message(missing: Any) -> None:
    df = orders(customer=pd.Series(["a", missing, "a", missing, "b", "a"], dtype=object).to_numpy())
    async with Sandbox() as box:
        results, got = await delivered(box, df, group_by="customer")
    assert got == {
        "ann@example.org": EACH_GOT["ann@example.org"],
        "bo@example.org": "Bo, your 1 orders\n1. eggs\n",
    }
    assert results.frame["status"].tolist() == ["sent", "failed", "failed", "sent"]
    errors = results.failed["error"].tolist()
    assert [error.row for error in errors] == ["order1", "order3"]
    assert "no value in 'customer'" in results.failed["hint"].iloc[0]


async def test_a_row_without_a_key_fails_also_where_the_template_never_reads_it() -> None:
    df = orders(customer=[None] * 6)
    template = Template("To all", sender="desk@example.org", text="x", to="team@example.org")
    results = await run(df, template, group_by="customer")
    assert results.counts["failed"] == 6


async def test_keys_that_differ_in_case_are_two_groups_and_the_same_person_twice() -> None:
    df = orders()
    df.loc["order5", "email"] = "Ann@example.org"
    with pytest.raises(
        FrameError, match=r"1 group would .*groups a...@example.org .number 1. and A...@example.org .number 4."
    ):
        await run(df)


async def test_limit_confirm_suppress_and_duplicates_count_groups() -> None:
    async with Sandbox() as box:
        results, got = await delivered(box, orders(), suppress=["BO@example.org"], limit=1, confirm=1)
    assert list(got) == ["ann@example.org"]
    assert results.frame["status"].tolist() == ["sent", "skipped", "pending"]


async def test_another_number_of_groups_than_confirmed_is_refused() -> None:
    with pytest.raises(FrameError, match="confirm=6, but 3 messages would go: 3 groups"):
        await run(orders(), confirm=6)


async def test_a_second_group_of_the_same_recipient_is_skipped_if_asked() -> None:
    df = orders(customer=[1, 2, 3, 4, 2, 3])
    async with Sandbox() as box:
        results, got = await delivered(box, df, group_by="customer", duplicates="skip")
    assert results.frame["status"].tolist() == ["sent", "sent", "skipped", "sent"]
    assert got["ann@example.org"] == "Ann, your 1 orders\n1. apples\n"
    assert "group 1" in results.frame.loc[3, "hint"]


async def test_without_group_by_the_same_person_twice_is_told_of_it() -> None:
    template = Template("Hi", sender="desk@example.org", text="x")
    with pytest.raises(FrameError, match="group_by=COLUMN"):
        await run(orders(), template, group_by=None)


WRONG: dict[str, tuple[pd.DataFrame, Any, str]] = {
    "an unknown column": (orders(), "mail", "there is no such column"),
    "several columns": (orders(), ["email", "name"], "name of one column"),
    "a column of lists": (orders(tags=[[1]] * 6), "tags", "cannot be told apart"),
    "a column named rows": (orders(rows=1), "email", "rename the column"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_call_raises_before_anything_is_sent(case: str) -> None:
    df, group_by, words = WRONG[case]
    async with Sandbox() as box:
        with pytest.raises(FrameError, match=words):
            await run(df, group_by=group_by, server=box.server)
        assert box.received == []


async def message_ids(df: pd.DataFrame, template: Template = LETTER) -> list[str]:
    results = await run(df, template, dry_run=True)
    assert results.counts["pending"] == len(results)
    return results.frame["message_id"].tolist()


async def test_another_row_in_a_group_changes_its_message_id_alone() -> None:
    before = await message_ids(orders())
    after = await message_ids(orders(item=["apples", "bread", "cheese", "dates", "EGGS", "figs"]))
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]


async def test_rows_the_template_does_not_read_leave_the_message_id_as_it_is() -> None:
    template = Template("Hello {{ name }}", sender="desk@example.org", text="x")
    assert await message_ids(orders(), template) == await message_ids(orders(item="other"), template)


SAME_EVERYWHERE = """
import asyncio, pandas as pd
from notebookmail import Template, send_frame
df = pd.DataFrame({"email": ["a@example.org"] * 2, "tags": [{"x": 1, "y": {"z", "w"}}, {"y": {"w", "z"}, "x": 1}],
                   "thing": [object(), object()]})
template = Template("Hi {{ rows | length }}", sender="desk@example.org", text="{{ row.email }}")
results = asyncio.run(send_frame(df, template, group_by="email", dry_run=True, progress=False))
print(*results.frame["message_id"])
"""


def test_a_group_has_the_same_message_id_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SAME_EVERYWHERE],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert "@example.org" in said.pop()


def test_the_command_line_groups_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders().to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "letter.txt").write_text("{% for each in rows %}{{ each.item }}\n{% endfor %}")
    words = ["--subject", "Hello {{ name }}", "--from", "desk@example.org", "--group-by", "email"]
    assert main(["send", str(tmp_path / "orders.csv"), str(tmp_path / "letter.txt"), *words]) == 0
    assert "3 letters rehearsed" in capsys.readouterr().out


async def test_a_group_knows_nothing_of_what_other_groups_hold() -> None:
    df = pd.DataFrame({"email": ["a@example.org", "b@example.org"], "who": pd.Categorical(["Ann", "Bob"])})
    names = "{{ rows.who.value_counts().index.tolist() | join(' ') }}"
    async with Sandbox() as box:
        await send_frame(
            df, Template("s", text=names, sender="me@example.com"), box.server, group_by="email", progress=False
        )
    assert sorted(each.message.get_content().strip() for each in box.received) == ["Ann", "Bob"]
    assert df["who"].cat.categories.tolist() == ["Ann", "Bob"]
