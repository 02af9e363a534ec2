"""Which frames of a traceback are the analyst's."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import FrameError, Template, send_frame
from notebookmail.compose.row_functions import called
from notebookmail.tracebacks.own_frames import own_place, without_ours

if TYPE_CHECKING:
    from types import TracebackType

DF = pd.DataFrame({"email": ["ann@example.org"]})


def names(trace: TracebackType | None) -> list[str]:
    return [each.name for each in traceback.extract_tb(trace)]


async def raised_by(template: Template) -> FrameError:
    with pytest.raises(FrameError) as caught:
        await send_frame(DF, template, journal=False)
    return caught.value


def divided(row: pd.Series) -> float:
    return row.missing / 0


def fails_in_pandas(_row: object) -> object:
    return DF["no such column"]


async def test_of_a_wrong_call_the_callers_frames_are_left() -> None:
    error = await raised_by(Template("hi", text="{{ nobody }}", sender="desk@example.org"))
    whole = names(error.__traceback__)
    assert "make_plan" in whole
    assert names(without_ours(error.__traceback__)) == ["raised_by"]
    assert names(error.__traceback__) == whole


def test_what_the_analysts_code_calls_in_a_library_is_theirs() -> None:
    with pytest.raises(Exception, match="failed") as caught:
        called(fails_in_pandas, None, "attachments", 0)
    cause = caught.value.__cause__
    assert cause is not None
    kept = names(without_ours(cause.__traceback__))
    assert kept[0] == "fails_in_pandas"
    assert "__getitem__" in kept
    assert "called" not in kept
    assert own_place(cause.__traceback__).endswith('in fails_in_pandas: return DF["no such column"]')


def test_a_function_that_fails_says_at_which_line() -> None:
    with pytest.raises(Exception, match="your function `divided` failed") as caught:
        called(divided, pd.Series({"missing": 1}), "attachments", 0)
    [place] = caught.value.__notes__
    assert place.endswith(f"test_own_frames.py, line {divided.__code__.co_firstlineno + 1}, in divided: "
                          "return row.missing / 0")  # fmt: skip


def test_an_error_of_our_own_alone_has_no_place_and_no_frames() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        trace = error.__traceback__
        assert trace is not None
        assert names(without_ours(trace.tb_next)) == []
        assert own_place(trace.tb_next) == ""
    assert without_ours(None) is None


def test_a_folder_whose_name_only_begins_like_ours_is_the_analysts() -> None:
    import notebookmail

    code = compile("def f():\n    raise KeyError(1)\n", f"{notebookmail.__path__[0]}_of_mine/cell.py", "exec")
    place: dict[str, object] = {}
    exec(code, place)
    with pytest.raises(KeyError) as caught:
        place["f"]()  # type: ignore[operator]
    assert names(without_ours(caught.value.__traceback__))[-1] == "f"
