"""A run owns its rows: nothing done to the frame after the call changes what is sent, to whom, or shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest

from notebookmail import Sandbox, Template, send_frame, start_frame
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.campaign.plan import Plan

# What the newest pandas advises against, and older ones warn of, is what people do.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

COUNT = 6
LETTER = Template(
    "Hello {{ name }}",
    text="{{ row['name'] }} owes {{ amount }}: {{ tags | join('+') }}",
    sender="Shop <shop@example.org>",
)


def people(**columns: Any) -> pd.DataFrame:
    base: dict[str, Any] = {
        "email": [f"p{n}@example.org" for n in range(COUNT)],
        "name": [f"N{n}" for n in range(COUNT)],
        "amount": range(COUNT),
        "points": [n / 4 for n in range(COUNT)],
        "kind": pd.Categorical(["a", "b"] * (COUNT // 2)),
        "when": pd.date_range("2026-05-04", periods=COUNT),
        "tags": [["new", str(n)] for n in range(COUNT)],
        "more": [{"at": [n]} for n in range(COUNT)],
    }
    return pd.DataFrame(base | columns)


def plan(df: Any, template: Template = LETTER, **options: Any) -> Plan:
    return make_plan(df, template, SendSettings(**options))


def letters(made: Plan) -> list[tuple[bytes, str, bytes]]:
    return [(task.key, task.to, task.build().content) for task in made.tasks()]


def assign_column(df: pd.DataFrame) -> None:
    df["name"] = "somebody else"


def assign_locations(df: pd.DataFrame) -> None:
    df.loc[:, "email"] = "other@example.org"
    df.loc[df["amount"] > 2, ["name", "amount"]] = ["Zoe", 99]


def assign_places(df: pd.DataFrame) -> None:
    df.iloc[:] = df.iloc[::-1].to_numpy()
    df.iat[0, 1] = "Zoe"
    df.at[1, "amount"] = 77


def change_cells(df: pd.DataFrame) -> None:
    df.loc[0, "tags"].append("changed")
    df.loc[1, "more"]["at"].append("changed")


def change_index(df: pd.DataFrame) -> None:
    df.index = df.index[::-1]
    df.index.name = "other"


def write_behind_pandas(df: pd.DataFrame) -> None:
    for name in ("email", "name", "amount", "points", "when", "kind"):
        df[name].array[:] = df[name].array[::-1].copy()


def drop_everything(df: pd.DataFrame) -> None:
    df.drop(index=list(df.index), inplace=True)


CHANGES: list[Callable[[pd.DataFrame], Any]] = [
    lambda df: df.sort_values("name", ascending=False, inplace=True),
    lambda df: df.drop(index=[0, 1], inplace=True),
    lambda df: df.drop(columns="name", inplace=True),
    lambda df: df.rename(columns={"name": "email", "email": "name"}, inplace=True),
    lambda df: df.insert(0, "row", "new"),
    lambda df: df.reset_index(inplace=True),
    lambda df: df.replace("N0", "N9", inplace=True),
    assign_column,
    assign_locations,
    assign_places,
    change_cells,
    change_index,
    write_behind_pandas,
    drop_everything,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_done_to_the_frame_after_the_call_changes_no_letter(
    change: Callable[[pd.DataFrame], Any], whole: bool
) -> None:
    text = (
        "{{ row }}"
        if whole
        else "{{ name }} {{ amount }} {{ points }} {{ kind }} {{ when }} {{ tags }} {{ more }}"
    )
    template = Template("x", sender="me@example.org", text=text)
    df = people()
    made = plan(df, template)
    before = letters(made)
    change(df)
    assert letters(made) == before
    assert made.frame.labels.tolist() == list(range(COUNT))
    assert made.frame.labels.name is None


def test_a_column_of_objects_is_not_changed_behind_pandas() -> None:
    df = people(email=pd.Series([f"p{n}@example.org" for n in range(COUNT)], dtype=object))
    df = df.astype({"name": object})
    made = plan(df)
    before = letters(made)
    write_behind_pandas(df)
    assert letters(made) == before


def test_a_group_keeps_its_rows() -> None:
    template = Template("x", sender="me@example.org", text="{% for each in rows %}{{ each }}{% endfor %}")
    df = people(email=["a@example.org", "b@example.org", "c@example.org"] * 2)
    made = plan(df, template, group_by="email")
    before = letters(made)
    change_cells(df)
    assign_places(df)
    df.sort_values("name", ascending=False, inplace=True)
    assert letters(made) == before


def test_a_frame_of_another_library_keeps_its_rows() -> None:
    df = pl.DataFrame({"email": ["a@example.org", "b@example.org"], "name": ["A", "B"], "amount": [1, 2]})
    template = Template("{{ name }}", sender="me@example.org", text="{{ amount }}")
    made = plan(df, template)
    before = letters(made)
    df[0, "name"] = "Z"
    df.replace_column(2, pl.Series("amount", [7, 7]))
    df.extend(df)
    df.drop_in_place("name")
    assert letters(made) == before


def _spoil(row: Any) -> bytes:
    row.tags.append("spoilt")
    row["more"]["at"].clear()
    return b"x"


def test_what_a_function_does_to_a_rows_values_is_not_done_to_the_row() -> None:
    template = Template(
        "x",
        sender="me@example.org",
        text="{{ tags | join('+') }} {{ more }} {{ spoilt }}",
        inline={"spoilt": lambda row: pd.DataFrame({"octets": [len(_spoil(row))]})},
        attachments=[("x.txt", _spoil)],
    )
    df = people()
    made = plan(df, template)
    before = letters(made)
    assert b"new+0 {'at': [0]}" in before[0][2]
    assert letters(made) == before
    assert df.loc[0, "tags"] == ["new", "0"]


def test_what_a_function_does_to_a_groups_frame_is_not_done_to_the_group() -> None:
    def spoil(row: Any) -> bytes:
        row.rows.frame["name"] = "spoilt"
        row.rows.frame.iloc[0, 1] = "spoilt"
        row.rows.frame.sort_values("name", inplace=True)
        return b"x"

    template = Template(
        "x",
        sender="me@example.org",
        text="{% for each in rows %}{{ each.name }} {% endfor %}{{ first }}",
        inline={"first": lambda row: pd.DataFrame({"octets": [len(spoil(row))]})},
    )
    made = plan(people(email="a@example.org"), template, group_by="email")
    assert b"N0 N1 N2 N3 N4 N5" in letters(made)[0][2]


def test_a_function_that_changes_the_frame_changes_no_letter() -> None:
    df = people()

    def meddle(row: Any) -> bytes:
        df.sort_values("name", ascending=not df["name"].is_monotonic_increasing, inplace=True)
        df.loc[:, "name"] = "somebody else"
        return str(row.name).encode()

    made = plan(df, Template("{{ name }}", sender="me@example.org", text="x", attachments=[("x.txt", meddle)]))
    contents = [content for _, _, content in letters(made)]
    assert [f"Subject: N{n}".encode() in content for n, content in enumerate(contents)] == [True] * COUNT


def test_columns_that_are_not_read_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[Any] = []
    copy = pd.Series.copy
    df = people()
    monkeypatch.setattr(
        pd.Series, "copy", lambda self, *a, **k: (copied.append(self.name), copy(self, *a, **k))[1]
    )
    plan(df, Template("{{ name }}", sender="me@example.org", text="x"))
    assert set(copied) <= {"email", "name"}


async def test_a_job_sends_the_rows_of_its_call_whatever_the_next_cell_does() -> None:
    df = people()
    async with Sandbox() as box:
        job = start_frame(df, LETTER, box.server, progress=False)
        df.sort_values("name", ascending=False, inplace=True)
        df.loc[:, "name"] = "somebody else"
        df.drop(columns="email", inplace=True)
        results = await job
        shown = [results._sending.letter(position) for position in range(COUNT)]  # type: ignore[union-attr]
    assert results.counts["sent"] == COUNT
    assert results.frame["to"].tolist() == [f"p{n}@example.org" for n in range(COUNT)]
    assert {message["To"]: message["Subject"] for message in box.messages} == {
        f"p{n}@example.org": f"Hello N{n}" for n in range(COUNT)
    }
    assert all(f"N{n} owes {n}: new+{n}".encode() in content for n, content in enumerate(shown))


@pytest.mark.parametrize("change", [CHANGES[0], CHANGES[1], assign_locations, drop_everything])
async def test_a_retry_sends_the_rows_of_the_first_call(change: Callable[[pd.DataFrame], Any]) -> None:
    df = people()
    async with Sandbox(faults={"p5@example.org": "451 4.2.0 later"}) as box:
        port = box.server.port
        results = await send_frame(df, LETTER, box.server, progress=False)
        assert results.counts["deferred"] == 1
    change(df)
    async with Sandbox(port=port or 0) as box:
        retried = await results.retry()
        assert [(message["To"], message["Subject"]) for message in box.messages] == [
            ("p5@example.org", "Hello N5")
        ]
    assert (retried.counts["sent"], retried.outcome(5).to) == (6, "p5@example.org")
