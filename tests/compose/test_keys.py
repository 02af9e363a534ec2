"""Keys: the same for the same row on every run, another for every other row."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Template
from notebookmail.compose.groups import GroupedFrame
from notebookmail.compose.identity.keys import Keys, key_text, read_keys
from notebookmail.compose.identity.same_value import value_text
from notebookmail.compose.rows.frame import Frame, Row
from notebookmail.compose.tables.group_rows import GroupRows

LETTER = Template("Hello {{ name }}", sender="me@example.org", text="{{ amount }}")
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.integers()),
    st.dates(), st.decimals(allow_nan=False, allow_infinity=False),
)  # fmt: skip


def keys_of(template: Template = LETTER, named: tuple[str, ...] = (), *, is_by_recipient: bool = False) -> Keys:
    return Keys(template.compiled.reads, named, is_by_recipient=is_by_recipient)


def key(fields: dict[str, Any], to: str = "a@example.org", *named: str, number: int = 1, **how: Any) -> bytes:
    keys = keys_of(LETTER, named, **how)
    return keys.key(keys.person(Row(0, 0, fields), to), number)


ROW: dict[str, Any] = {"name": "Ann", "amount": 5, "note": "x", "order": "A-1"}


@given(VALUES, VALUES)
def test_a_row_without_named_columns_is_known_by_what_the_template_reads(one: Any, other: Any) -> None:
    is_same = value_text(one) == value_text(other)
    assert (key(ROW | {"amount": one}) == key(ROW | {"amount": other})) == is_same
    assert key(ROW | {"note": one}) == key(ROW | {"note": other})
    assert key(ROW | {"amount": one}, "b@example.org") != key(ROW | {"amount": one})


@given(st.permutations(list(ROW)), st.text(), VALUES)
def test_the_order_of_columns_and_columns_that_nobody_reads_are_not_in_a_key(
    order: list[str], name: str, value: Any
) -> None:
    known = key(ROW)
    assert key({column: ROW[column] for column in order}) == known
    if name not in {"name", "amount"}:
        assert key(ROW | {name: value}) == known


@pytest.mark.parametrize(("named", "by_recipient"), [((), False), ((), True), (("name", "amount"), False)])
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=5))
def test_many_rows_are_known_by_what_each_is_known_by(
    named: tuple[str, ...], by_recipient: bool, rows: list[tuple[Any, Any]]
) -> None:
    keys = keys_of(LETTER, named, is_by_recipient=by_recipient)
    made = [Row(n, n, {"name": name, "amount": amount}) for n, (name, amount) in enumerate(rows)]
    told = [f"A{n}@Example.org" for n in range(len(made))]
    assert keys.people(made, told) == list(map(keys.person, made, told))


def test_what_stands_in_one_column_is_not_taken_for_what_stands_in_another() -> None:
    assert key(ROW | {"name": "1", "amount": "2"}) != key(ROW | {"name": "2", "amount": "1"})
    assert key(ROW | {"name": "1', '2", "amount": "3"}) != key(ROW | {"name": "1", "amount": "2', '3"})


def test_a_row_of_a_named_campaign_is_known_by_its_recipient_in_any_case() -> None:
    known = key(ROW, "Ann@example.org", is_by_recipient=True)
    assert known == key(ROW | {"name": "Zoe"}, "ann@EXAMPLE.org", is_by_recipient=True)
    assert known != key(ROW, "bob@example.org", is_by_recipient=True)


def test_a_row_is_known_by_the_columns_that_are_named_alone() -> None:
    known = key(ROW, "a@example.org", "order")
    assert known == key(ROW | {"name": "Zoe"}, "b@example.org", "order", is_by_recipient=True)
    assert known != key(ROW | {"order": "A-2"}, "a@example.org", "order")
    assert known != key(ROW, "a@example.org", "order", "name")
    assert key(ROW, "a@example.org", "order", "name") != key(ROW, "a@example.org", "name", "order")


def test_ways_of_being_known_are_never_taken_for_each_other() -> None:
    row = {"name": "a@example.org"}
    assert len({key(row), key(row, "a@example.org", "name"), key(row, is_by_recipient=True)}) == 3


def test_a_whole_number_is_the_same_key_in_a_column_of_floats_or_texts() -> None:
    assert key_text([17]) == key_text([17.0]) == key_text(["17"]) == key_text([Decimal(17)])
    assert len({key_text([value]) for value in (17, 17.5, "017", "17.00", True, dt.date(2026, 5, 17))}) == 6
    assert key(ROW | {"amount": 5.0}) == key(ROW) == key(ROW | {"amount": "5"})


@given(VALUES)
def test_rows_that_are_alike_are_told_apart_by_their_number(value: Any) -> None:
    row = ROW | {"amount": value}
    for how in ((), ("order",)):
        keys = {key(row, "a@example.org", *how, number=number) for number in range(1, 5)}
        assert len(keys) == 4
        assert key(row, "a@example.org", *how) in keys
    assert all(len(each) == 16 for each in keys)


# --- what rows of one person are told apart by ------------------------------------------------------------------


def said(template: Template, fields: dict[str, Any], *touched: str) -> Any:
    keys, row = keys_of(template), Row(0, 0, fields)
    return keys.said(row, "a@x.org", keys.names(row, touched))


def test_a_letter_that_reads_the_whole_row_says_all_of_it() -> None:
    whole = Template("x", sender="m@x.org", text="{{ row }}")
    assert said(whole, ROW) != said(whole, ROW | {"note": "y"})
    assert said(whole, ROW).person == said(whole, ROW | {"note": "y"}).person


def test_what_functions_touch_is_said_and_nothing_else() -> None:
    drawn = Template("x", sender="m@x.org", text="x", attachments=[("a.txt", len)])
    assert said(drawn, ROW, "note") == said(drawn, ROW | {"order": 1}, "note")
    assert said(drawn, ROW, "note") != said(drawn, ROW | {"note": 1}, "note")
    assert said(drawn, ROW, "note") != said(drawn, ROW, "order")


def test_a_column_that_is_not_there_says_nothing() -> None:
    drawn = Template("x", sender="m@x.org", text="x", attachments=[("a.txt", len)])
    assert said(drawn, ROW, "new") == said(drawn, ROW | {"new": None}, "new")
    assert said(drawn, ROW, "new") != said(drawn, ROW | {"new": 1}, "new")


ITEMS = pd.DataFrame({"item": ["pen", "ink"], "price": [1.5, 2], "note": ["x", "y"]})


@pytest.mark.parametrize(
    "text",
    [
        "{% for each in rows %}{{ each.item }} {{ each['price'] }}{% endfor %}",
        "{{ rows | table(columns=['item', 'price']) }}",
        "{{ rows.item.max() }} {{ rows['price'].sum() }} {{ rows | length }}",
    ],
)
def test_a_group_is_known_by_the_columns_that_are_read_of_its_rows_in_any_order(text: str) -> None:
    keys = keys_of(Template("x", sender="m@x.org", text=text))
    known = keys.person(Row(0, 0, {"rows": GroupRows(ITEMS)}), "a@x.org")
    for same in (ITEMS.iloc[::-1], ITEMS[["price", "note", "item"]], ITEMS.assign(note=1), ITEMS.assign(new=1)):
        assert keys.person(Row(0, 0, {"rows": GroupRows(same)}), "a@x.org") == known
    for other in (ITEMS.assign(price=[1.5, 3]), ITEMS.head(1), pd.concat([ITEMS, ITEMS.head(1)])):
        assert keys.person(Row(0, 0, {"rows": GroupRows(other)}), "a@x.org") != known


@pytest.mark.parametrize(
    "text",
    ["{{ rows }}", "{{ rows | table }}", "{% for each in rows %}{{ each }}{% endfor %}", "{{ rows.head() }}"],
)
def test_a_group_that_is_shown_as_a_whole_says_all_of_it(text: str) -> None:
    shown = Template("x", sender="m@x.org", text=text)
    assert said(shown, {"rows": GroupRows(ITEMS)}) == said(shown, {"rows": GroupRows(ITEMS.iloc[::-1])})
    assert said(shown, {"rows": GroupRows(ITEMS)}) != said(shown, {"rows": GroupRows(ITEMS.assign(note=1))})


SAME_EVERYWHERE = """
from notebookmail import Template
from notebookmail.compose.identity.keys import Keys
from notebookmail.compose.rows.frame import Row
for value in (1.5, "\\ud800", {"b", "a"}, {"x": {"z", "w"}}, object(), [1, None]):
    reads = Template("x", sender="m@x.org", text="{{ v }}").compiled.reads
    keys = Keys(reads, (), is_by_recipient=False)
    row = Row(0, 0, {"v": value})
    print(keys.key(keys.person(row, "a@x.org")).hex(), keys.said(row, "a@x.org", keys.names(row)))
"""


def test_a_key_is_the_same_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SAME_EVERYWHERE], capture_output=True, text=True, check=True, timeout=60,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert [len(set(each.splitlines())) for each in said] == [6]


def test_rows_without_a_key_are_found_with_the_column_that_lacks_it() -> None:
    df = pd.DataFrame({"order": ["A", None, " ", "B", "C"], "item": [1.0, 2.0, 3.0, None, 5.0]})
    hashes, keyless = read_keys(Frame(df), ("order", "item"))
    assert keyless == {1: "order", 2: "order", 3: "item"}
    assert len(hashes) == 5


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097])
def test_the_same_key_has_the_same_hash_wherever_it_stands(count: int) -> None:
    df = pd.DataFrame({"order": [f"A{n}" for n in range(count)] + ["A0"], "item": 1})
    hashes, keyless = read_keys(Frame(df), ("order", "item"))
    assert (len(hashes), keyless) == (count + 1, {})
    assert hashes[0] == hashes[count]
    assert len(set(hashes.tolist())) == count


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=6))
def test_rows_of_one_key_have_one_hash(rows: list[list[Any]]) -> None:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    df = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in zip("ab", columns, strict=True)})
    hashes, _ = read_keys(Frame(df), ("a", "b"))
    for one, first in enumerate(rows):
        for other, second in enumerate(rows):
            if key_text(first) == key_text(second):
                assert hashes[one] == hashes[other]


def test_a_whole_number_has_the_same_hash_in_whatever_chunk_it_stands() -> None:
    values: list[Any] = [*range(4096), *map(str, range(4096)), *map(float, range(4096))]
    hashes, _ = read_keys(Frame(pd.DataFrame({"order": pd.Series(values, dtype=object)})), ("order",))
    assert hashes[:4096].tolist() == hashes[4096:8192].tolist() == hashes[8192:].tolist()


def test_a_group_is_known_by_what_all_its_rows_say() -> None:
    df = pd.DataFrame({"email": ["a", "a", "b", "c"], "order": [1, 1, 2, 1], "item": [1, 2, 3, 4]})
    hashes, keyless = read_keys(GroupedFrame(df, "email"), ("order",))
    assert keyless == {}
    assert hashes[0] == hashes[2] != hashes[1]
    assert read_keys(GroupedFrame(df, "email"), ("item",))[1] == {0: "item"}
