"""Options: each is what it must be, or is refused by name before anything happens."""

from __future__ import annotations

import dataclasses
import inspect
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import notebookmail
from notebookmail import FrameError, JournalError, Template, TemplateError, plan_frame
from notebookmail.campaign.options import SendOptions, SendSettings

if TYPE_CHECKING:
    from collections.abc import Callable

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
    ("sender", 5, "one mailbox"),
    ("sender", ["a@example.org"], "one mailbox"),
    ("redirect_to", b"a@example.org", "one mailbox"),
    ("dry_run", None, "True or False"),
    ("dry_run", "no", "True or False"),
    ("suppress", 5, "list of addresses"),
    ("duplicates", ["skip"], "one of 'error'"),
    ("key", 5, "name of a column"),
    ("max_connections", 0, "1 or more"),
    ("max_connections", "8", "1 or more"),
    ("max_connections", True, "1 or more"),
    ("max_connections", float("nan"), "1 or more"),
    ("progress", [], "'widget'"),
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


FAMILY = (
    notebookmail.send_frame,
    notebookmail.start_frame,
    notebookmail.send_frame_sync,
    notebookmail.check_frame,
    notebookmail.preview_frame,
    notebookmail.plan_frame,
)


@pytest.mark.parametrize("function", FAMILY)
def test_every_function_of_the_family_shows_every_option_with_its_default(function: Callable[..., Any]) -> None:
    shown = inspect.signature(function).parameters
    defaults = {each.name: each.default for each in dataclasses.fields(SendSettings)}
    assert defaults.keys() == SendOptions.__annotations__.keys()
    assert {name: shown[name].default for name in defaults} == defaults
    assert all(shown[name].kind is inspect.Parameter.KEYWORD_ONLY for name in defaults)


def test_a_notebook_completes_the_names_of_options() -> None:
    from IPython.core.completer import IPCompleter, provisionalcompleter

    completer = IPCompleter(namespace={"send_frame": notebookmail.send_frame, "df": None}, use_jedi=False)
    text = "send_frame(df, dup"
    with provisionalcompleter():
        assert "duplicates=" in [each.text for each in completer.completions(text, len(text))]


@pytest.mark.parametrize("call", ["send_frame_sync", "start_frame", "check_frame", "preview_frame", "plan_frame"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("limmit", r"no option 'limmit': did you mean limit=\?"),
        ("dryrun", r"did you mean dry_run=\?"),
        ("rate", r"rate= belongs to Server\(\.\.\.\), as in Server\('smtp\.example\.org', rate=\.\.\.\)"),
        ("cc", r"cc= belongs to Template\(\.\.\.\)"),
        ("xyzzy", r"there are after, bounce_to, campaign, confirm, .*, suppress"),
    ],
)
def test_a_word_that_is_no_option_is_answered_with_what_was_meant(call: str, name: str, words: str) -> None:
    frame = pd.DataFrame({"email": ["a@example.org"]})
    with pytest.raises(TypeError, match=rf"{call}\(\) has no option '{name}': .*") as caught:
        getattr(notebookmail, call)(frame, Template("Hi", text="x", sender="b@example.org"), **{name: 1})
    assert re.search(words, str(caught.value))


def test_one_choice_is_checked_previewed_planned_and_sent() -> None:
    frame = pd.DataFrame({"email": ["a@example.org", "a@example.org", "c@example.org"]})
    letter = Template("Hi", text="x", sender="b@example.org")
    choice: SendOptions = {"duplicates": "skip", "limit": 1, "progress": False, "dry_run": True, "retry": 5}
    assert notebookmail.check_frame(frame, letter, **choice).messages == 1
    assert len(notebookmail.preview_frame(frame, letter, **choice)) >= 1
    assert notebookmail.plan_frame(frame, letter, **choice).messages == 1
    assert notebookmail.send_frame_sync(frame, letter, **choice).counts["pending"] == 2


ODD = (
    5,
    -1,
    1.5,
    True,
    "x",
    b"x",
    [],
    ["a"],
    {"a": 1},
    object(),
    None,
    float("nan"),
    (1, 2),
    pd.NA,
    pd.Series(["a"]),
)


@pytest.mark.parametrize("name", sorted(SendOptions.__annotations__))
def test_whatever_is_given_is_taken_for_what_it_is_or_refused_by_name(name: str) -> None:
    frame = pd.DataFrame({"email": ["a@example.org"], "x": [1]})
    letter = Template("Hi", text="x", sender="b@example.org")
    for value in ODD:
        refusal = ""
        try:
            plan_frame(frame, letter, **{"progress": False, "dry_run": True, name: value})
        except (FrameError, JournalError, TemplateError) as error:
            refusal = str(error)
        assert name in refusal or not refusal


@pytest.mark.parametrize("function", FAMILY, ids=lambda function: function.__name__)
def test_help_explains_every_option_of_every_function(function: Callable[..., Any]) -> None:
    said = inspect.getdoc(function) or ""
    explained = {line.split(":")[0].strip() for line in said.splitlines() if line[:5].strip() and ":" in line}
    assert set(SendOptions.__annotations__) <= explained
    assert said.count("rows that were sent in it are never sent again") == 1
    assert said.index("Args:") < said.index("campaign:") < said.index("Raises:")
