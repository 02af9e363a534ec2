"""Every form of message that comes back is what it is, speaks of the right letter, and of the right people."""

from __future__ import annotations

import pytest
from support.notices import MACHINES, PEOPLE, PLAIN_REPORTS, SAMPLES, STANDARD_REPORTS, Sample

from notebookmail.feedback import read_notice


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.kind}: {sample.name}")
def test_a_message_is_what_it_is(sample: Sample) -> None:
    notice = read_notice(sample.content)
    assert (notice.kind, notice.is_permanent) == (sample.kind, sample.is_permanent)
    assert notice.recipients == sample.recipients
    assert notice.code == sample.code
    assert notice.refers_to[:1] == ((sample.letter,) if sample.letter else ())
    assert sample.reason in notice.reason


def test_there_are_enough_forms_and_each_says_where_it_is_from() -> None:
    assert len(SAMPLES) >= 90
    assert len({sample.content for sample in SAMPLES}) == len(SAMPLES)
    assert all(sample.source for sample in SAMPLES)


def test_no_answer_is_taken_for_a_bounce_and_no_bounce_for_an_answer() -> None:
    of_people = {read_notice(sample.content).kind for sample in PEOPLE}
    of_machines = {read_notice(sample.content).kind for sample in MACHINES}
    of_systems = {read_notice(sample.content).kind for sample in (*STANDARD_REPORTS, *PLAIN_REPORTS)}
    assert of_people == {"reply", "other"}
    assert of_machines == {"auto_reply", "unsubscribe", "other"}
    assert of_systems == {"bounce", "delay", "delivered"}
