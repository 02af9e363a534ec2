"""The window: Postfix's feedback, against a plain model of it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from notebookmail.smtp.pool.concurrency import ConnectionWindow

CAPS = st.integers(1, 40)
EVENTS = st.lists(st.booleans(), max_size=300)


@given(most=CAPS, events=EVENTS)
def test_it_grows_and_shrinks_as_postfix_does(most: int, events: list[bool]) -> None:
    window = ConnectionWindow(most)
    size, credit, failed = min(2, most), Fraction(0), Fraction(0)
    for is_success in events:
        share = Fraction(1, size)
        if is_success:
            window.succeeded()
            failed = Fraction(0)
            if size < most:
                credit += share
            if size < most and credit >= 1:
                size, credit = size + 1, Fraction(0)
        else:
            window.failed()
            failed += share
            credit -= share
            if credit < 0:
                size, credit = max(1, size - 1), Fraction(0)
        assert (window.size, window.is_down) == (size, failed >= 3)
        assert 1 <= window.size <= most


@given(most=CAPS)
def test_it_is_down_after_three_windows_of_failures_and_up_after_one_success(most: int) -> None:
    window = ConnectionWindow(most)
    failures = 0
    while not window.is_down:
        window.failed()
        failures += 1
    assert failures <= 3 * 2 + 1
    window.succeeded()
    assert not window.is_down


def grown(most: int) -> ConnectionWindow:
    window = ConnectionWindow(most)
    while window.size < most:
        window.succeeded()
    return window


@given(most=CAPS, before=EVENTS, after=st.lists(st.booleans(), max_size=200))
def test_lowered_it_does_not_grow_beyond_half_for_a_while(
    most: int, before: list[bool], after: list[bool]
) -> None:
    window = ConnectionWindow(most)
    for is_success in before:
        (window.succeeded if is_success else window.failed)()
    half = max(1, window.size // 2)
    assert window.lower()
    for is_success in after:
        (window.succeeded if is_success else window.failed)()
        assert 1 <= window.size <= half


@given(most=CAPS)
def test_what_all_connections_hear_at_once_lowers_it_once(most: int) -> None:
    window = grown(most)
    assert [window.lower() for _ in range(most)] == [True] + [False] * (most - 1)
    assert window.size == max(1, most // 2)
    assert window.lower()


@given(most=st.integers(2, 40))
def test_those_that_went_well_after_all_are_not_waited_for(most: int) -> None:
    window = grown(most)
    window.lower()
    for _ in range(most - 1):
        window.succeeded()
    assert window.lower()


def test_after_many_messages_it_grows_again_up_to_its_most() -> None:
    window = grown(8)
    window.lower()
    sizes = []
    for _ in range(10_000):
        window.succeeded()
        sizes.append(window.size)
    assert sizes[200] == 4
    assert sizes == sorted(sizes)
    assert sizes[-1] == 8


def messages_until_raised(window: ConnectionWindow) -> int:
    size, messages = window.size, 0
    while window.size <= size:
        window.succeeded()
        messages += 1
    return messages


def test_each_time_it_is_told_so_it_is_more_patient() -> None:
    window, waits = ConnectionWindow(2), []
    for _ in range(5):
        window.lower()
        waits.append(messages_until_raised(window))
        window.succeeded()
    assert all(later > 1.8 * earlier for earlier, later in pairwise(waits))


class AgainstPostfix(RuleBasedStateMachine):
    """A window and its caps, against the rules said in fractions."""

    @initialize(most=CAPS)
    def begin(self, most: int) -> None:
        self.window = ConnectionWindow(most)
        self.most = most
        self.failed_cohorts = Fraction(0)

    @rule()
    def succeed(self) -> None:
        self.window.succeeded()
        self.failed_cohorts = Fraction(0)

    @rule()
    def fail(self) -> None:
        self.failed_cohorts += Fraction(1, self.window.size)
        self.window.failed()

    @rule()
    def lower(self) -> None:
        size = self.window.size
        counted = self.window.lower()
        assert self.window.size == (max(1, size // 2) if counted else size)

    @invariant()
    def it_stays_within_its_bounds(self) -> None:
        assert 1 <= self.window.size <= self.most

    @invariant()
    def it_is_down_after_three_failed_cohorts(self) -> None:
        assert self.window.is_down is (self.failed_cohorts >= 3)


TestAgainstPostfix = AgainstPostfix.TestCase
TestAgainstPostfix.settings = settings(max_examples=40)
