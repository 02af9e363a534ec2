"""When faults strike: chances that hang on their subject alone, and limits that hold in every stretch of time."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from notebookmail.sandbox.fault_conditions import (
    Chance,
    Greylist,
    Memory,
    Moment,
    TooFast,
    TooManyMessages,
    TooManySessions,
)
from notebookmail.sandbox.fault_injector import FaultInjector
from notebookmail.sandbox.faults import read_faults

SUBJECTS = st.sampled_from(["a@example.org", "b@example.org", "c@example.org", "d@example.org"])


def moment(subject: str = "a@example.org", number: int = 1, now: float = 0, **facts: int) -> Moment:
    return Moment(now, subject, number, **facts)


def struck(seed: int, key: str, number: int = 1, share: float = 0.5, count: int = 2000) -> list[bool]:
    chance = Chance(share)
    return [chance.strikes(key, moment(f"n{n}@example.org", number), Memory(seed)) for n in range(count)]


def agreement(one: list[bool], other: list[bool]) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def test_a_chance_strikes_its_share() -> None:
    for share in (0.01, 0.1, 0.5, 0.9):
        assert abs(sum(struck(1, "451", share=share)) / 2000 - share) < 0.04
    assert not any(struck(1, "451", share=0))
    assert all(struck(1, "451", share=1))


def test_chances_of_other_seeds_faults_and_tries_have_nothing_to_do_with_each_other() -> None:
    usual = struck(1, "451")
    assert struck(1, "451") == usual
    for other in (struck(2, "451"), struck(1, "550"), struck(1, "451", number=2), struck(11, "51")):
        assert 0.45 < agreement(usual, other) < 0.55


def test_a_larger_share_strikes_those_of_the_smaller_one_and_more() -> None:
    smaller, larger = struck(1, "451", share=0.2), struck(1, "451", share=0.4)
    assert all(b for a, b in zip(smaller, larger, strict=True) if a)
    assert sum(larger) > sum(smaller)


def test_a_pattern_matches_whole_addresses() -> None:
    chance = Chance(1, re.compile(r".*@example\.net"))
    hit = [each for each in ("a@example.net", "a@example.net.org", "a@example-net") if _strikes(chance, each)]
    assert hit == ["a@example.net"]


def _strikes(chance: Chance, subject: str) -> bool:
    return chance.strikes("x", moment(subject), Memory(0))


@given(most=st.integers(1, 4), seconds=st.integers(1, 5), steps=st.lists(st.integers(0, 4), max_size=60))
def test_a_rate_is_full_in_some_stretch_whenever_it_strikes_and_never_overfull(
    most: int, seconds: int, steps: list[int]
) -> None:
    too_fast, memory, now = TooFast(most, seconds), Memory(0), 0
    passed: list[int] = []
    for step in steps:
        now += step
        recent = [each for each in passed if now - each < seconds]
        assert too_fast.strikes("x", moment(now=now), memory) == (len(recent) == most)
        if len(recent) < most:
            too_fast.note_passed("x", moment(now=now), memory)
            passed.append(now)
    assert len(memory.passed["x"]) <= most


def test_a_greylist_lets_a_pair_pass_after_its_time_and_not_at_its_first_try() -> None:
    greylist, memory = Greylist(10), Memory(0)
    seen = [greylist.strikes("x", Moment(now, "r", 1, sender="s"), memory) for now in (5, 14.9, 15, 16)]
    assert seen == [True, True, False, False]
    assert greylist.strikes("x", Moment(16, "r", 1, sender="t"), memory)
    assert greylist.strikes("x", Moment(16, "q", 1, sender="s"), memory)


def test_limits_of_sessions_strike_past_what_they_allow() -> None:
    assert [TooManySessions(2).strikes("x", moment(sessions=n), Memory(0)) for n in (1, 2, 3)] == [
        False,
        False,
        True,
    ]
    assert [TooManyMessages(2).strikes("x", moment(taken=n), Memory(0)) for n in (1, 2, 3)] == [False, True, True]


TROUBLES = {"451": 0.3, "b@example.org": (0.5, "550 no"), "drop_rcpt": 0.2, "c*@*": (0.5, "450 no")}


@given(visits=st.lists(SUBJECTS, max_size=40), seed=st.integers(0, 3), data=st.data())
def test_the_order_of_others_changes_nobodys_fate(visits: list[str], seed: int, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(visits))
    assert _fates(visits, seed) == _fates(shuffled, seed)


def _fates(visits: list[str], seed: int) -> dict[str, list[str | None]]:
    injector = FaultInjector(read_faults(TROUBLES), seed)
    fates: dict[str, list[str | None]] = {}
    for subject in visits:
        fault = injector.fault_at("recipient", subject, now=0)
        fates.setdefault(subject, []).append(fault and fault.key)
    assert injector.counts.total() == sum(each is not None for fate in fates.values() for each in fate)
    return fates


def test_a_phase_without_faults_is_free_of_them() -> None:
    injector = FaultInjector(read_faults({"drop": 1, "a@example.org": "550 no"}), 0)
    assert injector.fault_at("sender", "a@example.org", now=0) is None
    assert injector.fault_at("recipient", "b@example.org", now=0) is None
    assert injector.fault_at("message", "a@example.org", now=0) is not None
