"""Texts in a temporary file are what was written last, each by its number."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.recipients import Recipients
from notebookmail.compose.rows.frame import Frame
from notebookmail.compose.rows.spooled_texts import SpooledTexts

TEXTS = st.text(st.characters(exclude_categories=()))


@given(st.lists(TEXTS, min_size=1), st.lists(st.tuples(st.integers(0, 9), TEXTS)))
def test_texts_are_those_of_a_list(added: list[str], changes: list[tuple[int, str]]) -> None:
    kept = SpooledTexts()
    for text in added:
        kept.append(text)
    for place, text in changes:
        kept[place % len(added)] = added[place % len(added)] = text
    assert [kept[number] for number in range(len(kept))] == added
    assert pickle.loads(pickle.dumps(kept)) == added


def test_recipients_in_a_file_are_pickled_whole() -> None:
    recipients = Recipients(texts=SpooledTexts())
    recipients.add_cells("\n".join(["Ann <ann@example.org>"] * 4096), 4096)
    recipients.add(["bo@example.org", ""])
    assert [recipients[0], recipients[4096], recipients[4097]] == ["ann@example.org", "bo@example.org", ""]
    assert list(pickle.loads(pickle.dumps(recipients))) == list(recipients)


def test_only_what_is_known_of_a_stream_is_kept_in_a_file() -> None:
    import polars as pl

    columns = {"email": ["ann@example.org"]}
    assert isinstance(Frame(pl.LazyFrame(columns)).new_texts(), SpooledTexts)
    assert Frame(pl.DataFrame(columns)).new_texts() == []
