"""The benchmark of composing runs with tiny numbers, compares the same letters, and its tables have every row."""

from __future__ import annotations

import email
import email.policy

import pytest

from benchmarks import composing
from notebookmail import Template


@pytest.mark.slow
def test_every_kind_of_work_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    found = composing.main(["--rows", "4", "--times", "1", "--rounds", "2"])
    assert len(found) == 5
    assert all(len(each.theirs) == len(each.ours) == 2 and min(each.ours) > 0 for each in found)
    heading, *rows, title, few, many = capsys.readouterr().out.splitlines()
    assert heading.endswith("times less")
    assert [row[:20] for row in rows] == [each.work[:20] for each in found]
    assert title.startswith("memory")
    assert [float(line.split()[-1]) > 0 for line in (few, many)] == [True, True]


def test_both_ways_build_the_same_letters() -> None:
    df = composing.frame_of(60)
    template = Template(composing.SUBJECT, markdown=composing.SOURCE, **composing.PARTS)
    pairs = zip(composing.built(df, template), composing.obvious(df, template, None), strict=True)
    for ours, theirs in pairs:
        letters = [email.message_from_bytes(each, policy=email.policy.default) for each in (ours.content, theirs)]
        one, other = ([each[name] for name in ("Date", "From", "To", "Subject")] for each in letters)
        assert one == other
        for kind in ("plain", "html"):
            one, other = (words(each.get_body((kind,)).get_content()) for each in letters)
            assert one == other


def words(text: str) -> list[str]:
    """The words of a body, without lines drawn under them: ours are as long as what stands above."""
    return [word for word in text.split() if not set(word) <= set("-=")]
