"""Options: each is what it must be, or is refused by name before anything happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from notebookmail import FrameError
from notebookmail.campaign.options import SendSettings

WRONG: list[tuple[str, Any, str]] = [
    ("duplicates", "maybe", "one of 'error'"),
    ("limit", -1, "0 or more"),
    ("limit", 1.5, "0 or more"),
    ("limit", True, "0 or more"),
    ("confirm", -1, "0 or more"),
    ("confirm", "5", "0 or more"),
    ("dkim", "secret", "DKIM"),
    ("campaign", "", "may-letters"),
    ("campaign", "  ", "may-letters"),
    ("campaign", 7, "may-letters"),
    ("campaign", "a\nb", "do not show"),
    ("campaign", "x" * 201, "at most 200"),
    ("key", ["id", "id"], "each once"),
    ("key", [1], "name of a column"),
    ("journal", True, "path of a file"),
    ("journal", "", "path of a file"),
    ("journal", 7, "path of a file"),
    ("retry", -1, "minutes"),
    ("retry", float("nan"), "minutes"),
    ("retry", "5", "minutes"),
    ("retry", True, "minutes"),
    ("resend", 1, "True or False"),
    ("resend_unconfirmed", None, "True or False"),
    ("not_before", "tomorrow", "datetime"),
    ("not_before", pd.NaT, "datetime"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_an_option_that_is_not_what_it_must_be_is_refused_by_name(name: str, value: Any, words: str) -> None:
    with pytest.raises(FrameError, match=words) as caught:
        SendSettings(**{name: value})
    assert name in str(caught.value)


def test_a_key_that_stands_where_dkim_does_is_not_shown() -> None:
    with pytest.raises(FrameError) as caught:
        SendSettings(dkim="secret")  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_a_campaign_wants_a_journal() -> None:
    with pytest.raises(FrameError, match="remembered in the journal"):
        SendSettings(campaign="may", journal=False)


@pytest.mark.parametrize(("given", "kept"), [("id", ("id",)), (["a", "b"], ("a", "b")), ((), ()), (None, ())])
def test_a_key_is_one_column_or_several(given: Any, kept: tuple[str, ...]) -> None:
    assert SendSettings(key=given).key == kept


@pytest.mark.parametrize("journal", [None, False, "j.sqlite", Path("j.sqlite")])
def test_a_journal_is_a_path_or_none_at_all(journal: Any) -> None:
    assert SendSettings(journal=journal).journal == journal


@pytest.mark.parametrize("retry", [0, 1.5, 90, float("inf")])
def test_minutes_to_stay_are_any_number_from_nought(retry: float) -> None:
    assert SendSettings(retry=retry).retry == retry


@pytest.mark.parametrize("limit", [0, 1])
def test_no_messages_are_a_number_of_messages(limit: int) -> None:
    assert SendSettings(limit=limit, confirm=limit).limit == limit


def test_a_time_without_a_zone_is_local_time_whoever_made_it() -> None:
    wall = datetime(2026, 7, 4, 9, 30)  # noqa: DTZ001 -- what people write
    for moment in (wall, pd.Timestamp(wall)):
        kept = SendSettings(not_before=moment).not_before
        assert kept is not None
        assert kept.tzinfo is not None
        assert kept == wall.astimezone()
        assert kept.timestamp() == wall.timestamp()


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-7))])
def test_a_time_with_a_zone_is_that_moment(zone: timezone) -> None:
    moment = datetime(2026, 7, 4, 9, 30, tzinfo=zone)
    assert SendSettings(not_before=moment).not_before == moment
    assert SendSettings(not_before=pd.Timestamp(moment)).not_before == moment
