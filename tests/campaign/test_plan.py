"""Plans: which rows go, by what they are known, and what of an earlier run counts, without a look at each row."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import FrameError, Template, TemplateError
from notebookmail.campaign.confirming import check_confirm
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.compose.rows.frame import Frame
from notebookmail.delivery.events import RowFailed, RowPending, RowSkipped
from notebookmail.delivery.making import MakingHere

if TYPE_CHECKING:
    from notebookmail.campaign.plan import Plan

LETTER = Template("Hello {{ name }}", sender="me@example.org", text="Dear {{ name }}")


class Known(NamedTuple):
    """What a journal knows of a row, as far as a plan asks."""

    state: Any


def people(count: int = 5, **columns: Any) -> pd.DataFrame:
    base = {"email": [f"p{n}@example.org" for n in range(count)], "name": [f"N{n}" for n in range(count)]}
    return pd.DataFrame(base | columns)


def plan(df: Any, template: Template = LETTER, **options: Any) -> Plan:
    return make_plan(df, template, SendSettings(**options))


def keys(made: Plan) -> dict[int, bytes]:
    return {task.position: task.key for task in made.tasks()}


def message_ids(made: Plan, **how: Any) -> list[str]:
    return [task.build().message_id for task in made.tasks(**how)]


def test_what_is_no_template_is_refused_by_name() -> None:
    with pytest.raises(FrameError, match=r"template is a str: give Template\('Subject'"):
        plan(people(), "Dear all")  # type: ignore[arg-type] # what people type


# --- which rows go ---------------------------------------------------------------------------------------------

ADDRESSES = st.sampled_from(["a@x.org", "A@x.org", "b@x.org", "c@x.org", "Ann <a@x.org>", "bad", None, "d@x.org"])


@given(
    emails=st.lists(ADDRESSES, max_size=8),
    suppress=st.lists(st.sampled_from(["a@x.org", "C@X.ORG", "other@x.org"])),
    limit=st.none() | st.integers(0, 5),
    duplicates=st.sampled_from(["skip", "send"]),
)
def test_every_row_goes_or_stays_with_a_reason(
    emails: list[str | None], suppress: list[str], limit: int | None, duplicates: Any
) -> None:
    df = pd.DataFrame({"email": pd.Series(emails, dtype=object), "name": "n"})
    made = plan(df, suppress=tuple(suppress), limit=limit, duplicates=duplicates)
    left_out = {event.position: event for event in made.left_out}
    assert list(left_out) == sorted(left_out)
    assert len(made.left_out) == len(left_out)
    assert sorted([*made.going, *left_out]) == list(range(len(df)))
    unwanted, met, expected = {each.lower() for each in suppress}, set(), []
    for position, to in enumerate(made.recipients):
        if to.lower() in unwanted:
            assert left_out[position] == RowSkipped(position, "on the suppress list", to)
        elif duplicates == "skip" and to and to.lower() in met:
            assert left_out[position].reason.startswith("duplicate: the same recipient as row")
        else:
            expected.append(position)
        met.add(to.lower())
    cut = len(expected) if limit is None else limit
    assert list(made.going) == expected[:cut]
    assert [left_out[each] for each in expected[cut:]] == [
        RowPending(each, f"beyond limit={limit}", made.recipients[each]) for each in expected[cut:]
    ]
    assert [task.position for task in made.tasks()] == list(made.going)
    assert all(type(position) is int for position in made.going)


def test_a_suppressed_international_address_is_known_in_either_form() -> None:
    for one, other in (
        ("a@müller.example", "A@xn--mller-kva.example"),
        ("a@xn--mller-kva.example", "a@MÜLLER.example"),
    ):
        made = plan(people(2, email=[one, "b@example.org"]), suppress=(other,))
        assert list(made.going) == [1]


def test_one_of_several_recipients_on_the_suppress_list_keeps_the_row_back() -> None:
    template = Template("x", sender="me@example.org", text="y", to=["{{ email }}", "{{ boss }}"])
    made = plan(people(2, boss=["x@example.org", "BOSS@example.org"]), template, suppress=("boss@example.org",))
    assert list(made.going) == [0]


def test_an_unwanted_copy_fails_its_row() -> None:
    template = Template("x", sender="me@example.org", text="y", cc="{{ boss }}")
    made = plan(people(2, boss=["x@example.org", "BOSS@example.org"]), template, suppress=("boss@example.org",))
    first, second = made.tasks()
    assert first.build().envelope.recipients == ("p0@example.org", "x@example.org")
    with pytest.raises(TemplateError, match="suppress list"):
        second.build()


def test_the_same_person_twice_is_told_of_with_the_rows() -> None:
    df = people(4, email=["a@x.org", "b@x.org", "A@X.org", "Ann <a@x.org>"]).set_index(pd.Index(list("wxyz")))
    words = "2 rows would mail somebody a second time: rows 'w' and 'y' .a...@x.org., rows 'w' and 'z'"
    with pytest.raises(FrameError, match=words):
        plan(df)


def test_one_repetition_is_told_of_in_the_singular() -> None:
    with pytest.raises(FrameError, match=r"^1 row would mail somebody a second time: rows 0 and 1"):
        plan(people(3, email=["a@x.org", "a@x.org", "b@x.org"]))


def test_of_many_repetitions_a_few_are_shown() -> None:
    with pytest.raises(FrameError, match=r"rows 0 and 3 \(a...@x.org\) and 6 more;.*group_by=COLUMN"):
        plan(people(10, email="a@x.org"))


def test_addresses_that_are_none_are_not_the_same_person() -> None:
    assert list(plan(people(3, email=["n/a", "n/a", None])).going) == [0, 1, 2]


# --- what rows are known by ------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6), st.data())
def test_a_row_has_its_key_whichever_rows_go_with_it(names: list[str], data: st.DataObject) -> None:
    df = pd.DataFrame({"email": [f"{name}@x.org" for name in names], "name": names})
    for options in ({}, {"campaign": "may"}, {"key": "name"}):
        whole = plan(df, duplicates="send", **options)
        known = keys(whole)
        assert len(set(known.values())) == len(names)
        some = data.draw(st.lists(st.sampled_from(range(len(names))), unique=True))
        part = whole.only(some)
        assert keys(part) == {position: known[position] for position in sorted(some)}
        limited = plan(df, duplicates="send", limit=2, **options)
        assert keys(limited) == {position: known[position] for position in range(min(2, len(names)))}


@given(st.permutations(range(5)))
def test_a_unique_row_has_its_key_wherever_it_stands(order: list[int]) -> None:
    df = people()
    known = keys(plan(df))
    assert keys(plan(df.iloc[order])) == {place: known[position] for place, position in enumerate(order)}


def test_a_row_has_its_key_whatever_is_wrong_with_others() -> None:
    df = people()
    known = keys(plan(df))
    worse = df.assign(email=["p0@example.org", None, "bad", "p0@example.org", "p4@example.org"])
    found = keys(plan(worse, duplicates="send"))
    assert (found[0], found[4]) == (known[0], known[4])
    assert len(set(found.values())) == 5


def test_a_named_campaign_knows_rows_by_their_recipient_whatever_the_letter() -> None:
    other = Template("Other {{ x }}", sender="you@example.org", text="{{ x }}", to="Mx <{{ email }}>")
    first = plan(people(), campaign="may")
    second = plan(people(x=1), other, campaign="may")
    assert keys(first) == keys(second)
    assert first.digest("") == second.digest("")


def test_key_columns_know_rows_whatever_else_changes() -> None:
    df = people(order=[1, 2, 3, 4, 5])
    changed = df.assign(email=[f"new{n}@example.org" for n in range(5)], name="N", order=df["order"].astype(float))
    for name in (None, "may"):
        assert keys(plan(df, key="order", campaign=name)) == keys(plan(changed, key=("order",), campaign=name))


def test_a_row_without_a_key_is_refused_and_says_which_column_lacks() -> None:
    df = people(order=["A", None, "", "D", "E"]).set_index(pd.Index(list("vwxyz")))
    made = plan(df, key="order")
    assert list(made.going) == [0, 3, 4]
    failures = list(made.left_out)
    assert all(isinstance(each, RowFailed) for each in failures)
    assert str(failures[0].error) == (
        "row 'w': the row has no value in 'order', a column of key, so a later run could not know it again: "
        "fill it in, or drop the row"
    )


def test_a_key_that_comes_twice_is_told_of_with_the_rows() -> None:
    df = people(order=["A", "B", "A", "D", "B"])
    with pytest.raises(
        FrameError, match=r"2 rows have the key of an earlier one: rows 0 and 2 \('A'\), rows 1 and 4"
    ):
        plan(df, key="order")
    skipped = plan(df, key="order", duplicates="skip")
    assert list(skipped.going) == [0, 1, 3]
    assert [event.reason for event in skipped.left_out] == [
        "duplicate: the same key as row 0", "duplicate: the same key as row 1",
    ]  # fmt: skip
    assert len(set(keys(plan(df, key="order", duplicates="send")).values())) == 5
    assert list(plan(df, key=("order", "email")).going) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("group_by", [None, "email"])
@pytest.mark.parametrize("column", ["ordr", "rows"])
def test_a_key_column_that_is_not_there_is_refused(column: str, group_by: str | None) -> None:
    with pytest.raises(FrameError, match=f"key='{column}': there is no such column; there are: 'email', 'name'$"):
        plan(people(), key=column, group_by=group_by)


def test_groups_have_keys_and_recipients_too() -> None:
    df = pd.DataFrame(
        {"email": ["a@x.org", "b@x.org", "a@x.org"], "name": "n", "order": [1, 2, 1], "item": [1, 2, 3]}
    )
    made = plan(df, group_by="email", key="order")
    assert list(made.recipients) == ["a@x.org", "b@x.org"]
    assert list(made.going) == [0, 1]
    varying = plan(df, group_by="email", key="item")
    assert list(varying.going) == [1]
    assert "or has several" in str(next(iter(varying.left_out)).error)


# --- digests and Message-IDs -----------------------------------------------------------------------------------


def test_a_campaign_is_another_for_another_letter_sender_world_or_rehearsal() -> None:
    other = Template("Hi {{ name }}", sender="me@example.org", text="Dear {{ name }}")
    digests = [
        plan(people()).digest(""),
        plan(people(), other).digest(""),
        plan(people()).digest("127.0.0.1:25"),
        plan(people(), sender="you@example.org").digest(""),
        plan(people(), redirect_to="me@example.org").digest(""),
        plan(people(), campaign="may").digest(""),
        plan(people(), campaign="june").digest(""),
        plan(people(), campaign="may").digest("127.0.0.1:25"),
    ]
    assert len(set(digests)) == len(digests)
    assert plan(people(2)).digest("") == digests[0]


def test_a_message_id_is_made_of_campaign_key_and_generation() -> None:
    made = plan(people(2))
    ids = [message_ids(made, campaign=name, generation=number) for name in ("aa", "bb") for number in (0, 1)]
    assert len({each for pair in ids for each in pair}) == 8
    assert message_ids(made, campaign="aa", generation=1) == ids[1]
    assert message_ids(made) == message_ids(made, campaign=made.digest(""))


def test_rows_that_are_alike_get_message_ids_of_their_own() -> None:
    made = plan(people(3, email=["a@x.org"] * 3, name="n"), duplicates="send")
    assert len(set(message_ids(made))) == 3
    assert message_ids(made.only([2])) == message_ids(made)[2:]


# --- earlier runs ----------------------------------------------------------------------------------------------


def earlier(made: Plan, states: dict[int, str]) -> dict[bytes, Any]:
    known = keys(made)
    return {known[position]: Known(state) for position, state in states.items()}


def confirmed(made: Plan, known: Any, *, resend: bool = False) -> Plan:
    """Return a plan as a run begins it, once the number that was confirmed is the one that would go."""

    async def begun() -> Plan:
        resumed = made.resumed(known, resend_unconfirmed=resend)
        await check_confirm(resumed, known, MakingHere(), resend_unconfirmed=resend)
        return resumed

    return asyncio.run(begun())


STATES = st.sampled_from(["sent", "committing", "unconfirmed", "failed", "deferred", "pending"])


@given(st.dictionaries(st.integers(0, 5), STATES), st.integers(0, 7), st.booleans())
def test_a_limit_counts_only_what_would_really_go(states: dict[int, str], limit: int, resend: bool) -> None:
    whole = plan(people(6))
    made = plan(people(6), limit=limit).resumed(earlier(whole, states), resend_unconfirmed=resend)
    settled = {"sent"} if resend else {"sent", "committing", "unconfirmed"}
    done = [position for position in range(6) if states.get(position) in settled]
    fresh = [position for position in range(6) if position not in done]
    assert list(made.going) == sorted(done + fresh[:limit])
    assert list(made.beyond) == fresh[limit:]
    assert [event.position for event in made.left_out] == fresh[limit:]
    assert keys(made) == {position: key for position, key in keys(whole).items() if position in made.going}


def test_a_plan_without_limit_and_confirm_is_resumed_without_a_look_at_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = plan(people())
    known = earlier(made, {0: "sent"})
    monkeypatch.setattr(Frame, "rows", None)
    assert made.resumed(known).going is made.going


@given(st.dictionaries(st.integers(0, 5), STATES), st.booleans())
def test_confirm_counts_only_what_would_really_go(states: dict[int, str], resend: bool) -> None:
    df = people(6, name=["a", None, "c", "d", "e", "f"])
    settled = {"sent"} if resend else {"sent", "committing", "unconfirmed"}
    would_go = sum(position != 1 and states.get(position) not in settled for position in range(6))
    known = earlier(plan(df), states)
    confirmed(plan(df, confirm=would_go), known, resend=resend)
    with pytest.raises(FrameError, match=f"confirm={would_go + 1}, but {would_go} messages would go: 6 rows[;,]"):
        confirmed(plan(df, confirm=would_go + 1), known, resend=resend)


def test_a_refused_count_says_what_became_of_the_rows() -> None:
    df = people(6, name=["a", None, "c", "d", "e", "f"])
    made = plan(df, confirm=6, suppress=("p5@example.org",))
    with pytest.raises(FrameError) as caught:
        confirmed(made, earlier(plan(df), {0: "sent", 2: "unconfirmed"}))
    assert str(caught.value) == (
        "confirm=6, but 2 messages would go: 6 rows, of which 2 were sent before, 1 is left out and 1 cannot be "
        "rendered; nothing was sent"
    )


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, "6 rows; nothing"),
        ({"suppress": ("p5@example.org",)}, "6 rows, of which 1 is left out; nothing"),
        ({"suppress": ("p4@example.org", "p5@example.org")}, "6 rows, of which 2 are left out; nothing"),
    ],
)
def test_a_refused_count_says_only_what_happened(options: Any, rows: str) -> None:
    made = plan(people(6), confirm=7, **options)
    with pytest.raises(FrameError, match=f"messages would go: {rows} was sent"):
        confirmed(made, {})


def test_confirm_counts_what_is_within_the_limit() -> None:
    made = plan(people(), limit=2, confirm=2)
    resumed = confirmed(made, earlier(made, {0: "sent", 1: "sent"}))
    assert list(resumed.going) == [0, 1, 2, 3]


# --- subsets ---------------------------------------------------------------------------------------------------


def test_a_plan_for_some_rows_never_mails_those_who_may_not_be() -> None:
    df = people(5, email=["a@x.org", "A@x.org", "no@x.org", "b@x.org", "c@x.org"])
    whole = plan(df, duplicates="skip", suppress=("no@x.org",), limit=1, confirm=1)
    part = whole.only(np.array([4, 1, 2, 0]))
    assert list(part.going) == [0, 4]
    assert list(part.left_out) == []
    assert (part.settings.limit, part.settings.confirm) == (None, None)
    assert [task.build().envelope.recipients for task in part.tasks()] == [("a@x.org",), ("c@x.org",)]
    assert list(whole.going) == [0]
    assert list(part.only([4]).going) == [4]
    assert list(part.only([]).tasks()) == []


# --- a million rows --------------------------------------------------------------------------------------------


def test_making_a_plan_renders_no_row_and_converts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    df = people(5000)
    monkeypatch.setattr(Frame, "rows", None)
    made = plan(df, suppress=("p7@example.org",), limit=4000)
    assert len(made.going) == 4000
    assert len(made.left_out) == 1000
    assert made.recipients[4999] == "p4999@example.org"


def test_the_first_task_converts_one_chunk_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: Counter[str] = Counter()
    chunk = Frame._chunk

    def counted(self: Frame, positions: Any, selection: Any) -> Any:
        walked["rows"] += len(positions)
        return chunk(self, positions, selection)

    monkeypatch.setattr(Frame, "_chunk", counted)
    made = plan(people(5000))
    assert next(made.tasks()).to == "p0@example.org"
    assert walked["rows"] <= 1024


@pytest.mark.parametrize("positions", [range(3, 4000), [3, 2, 4999], range(10, 0, -3), np.array([5, 6, 4000])])
def test_rows_are_read_at_the_positions_asked_for_in_their_order(positions: Any) -> None:
    df = people(5000)
    rows = list(Frame(df).rows(positions))
    assert [row.position for row in rows] == list(positions)
    assert [row.fields["name"] for row in rows] == [f"N{position}" for position in positions]
