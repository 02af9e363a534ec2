"""A notebook run for each row: what its parameters are, what a row fails with, and what runs share."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import gc
import pickle
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.notebook_files import code, printed, text, written

from notebookmail import Sandbox, Template, check_frame, send_frame
from notebookmail.compose.notebooks.letter import NotebookLetter
from notebookmail.compose.notebooks.results import RunResults
from notebookmail.compose.notebooks.run import plain_value
from notebookmail.errors import FrameError, TemplateError

pytest.importorskip("papermill")

PARAMETERS = code("region = 'North'\nmonth = 5", tags=("parameters",))


def report(folder, *cells):
    return written(folder, text("# Sales"), PARAMETERS, *cells)


@pytest.fixture
def quiet(tmp_path):
    """Return a report that takes no kernel to be looked at."""
    return report(tmp_path, code("print(region)", printed("put out before")))


# --- with kernels ---------------------------------------------------------------------------------------------


async def test_each_row_gets_its_report_and_a_failing_cell_fails_its_row_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOKMAIL_SOMETHING", "secret")
    runs = tmp_path / "runs"
    runs.mkdir()
    path = report(
        tmp_path,
        code(
            "import os, pathlib, uuid\npathlib.Path('runs', uuid.uuid4().hex).touch()\n"
            "if region == 'West': raise ValueError('no rows in ' + region)\n"
            "print(f'{region} {month}', os.environ.get('NOTEBOOKMAIL_SOMETHING'))"
        ),
    )
    letter = Template.from_notebook(
        path, subject="For {{ name }}", parameters={"region": "area"}, sender="desk@example.org"
    )
    people = pd.DataFrame(
        {
            "email": ["ann@example.org", "bo@example.org", "cy@example.org", "di@example.org"],
            "name": ["Ann", "Bo", "Cy", "Di"],
            "area": ["South", "West", "South", None],
        }
    )
    async with Sandbox() as box:
        results = await send_frame(people, letter, box.server, progress=False, journal=False)
        texts = {message["To"]: message.get_body(("plain",)).get_content() for message in box.messages}
    assert list(results.frame["status"]) == ["sent", "failed", "sent", "failed"]
    assert "South 5 None" in texts["ann@example.org"]
    assert texts["ann@example.org"] == texts["cy@example.org"]
    assert len(list(runs.iterdir())) == 2  # equal parameters run once
    assert "cell 3 (In [3]) of report.ipynb ended with ValueError: no rows in West" in str(
        results.frame["error"][1]
    )
    assert "column 'area' is missing (NaN)" in str(results.frame["error"][3])


@pytest.mark.slow
def test_cell_that_takes_too_long_and_kernel_that_dies_are_their_rows_failures(tmp_path):
    path = report(tmp_path, code("import os, time\nif region == 'die': os._exit(1)\ntime.sleep(600)"))
    letter = Template.from_notebook(path, parameters=["region"], timeout=3)
    with pytest.raises(TemplateError, match="took longer than 3 seconds"):
        letter.render({"email": "ann@example.org", "region": "sleep"})
    with pytest.raises(TemplateError, match=r"the kernel of report.ipynb died"):
        letter.render({"email": "ann@example.org", "region": "die"})


# --- parameters -----------------------------------------------------------------------------------------------


def test_columns_that_fill_parameters_are_known_before_anything_is_run(quiet):
    letter = Template.from_notebook(quiet, parameters=True, sender="desk@example.org")
    assert letter.variables == {"region", "month"}
    assert Template.from_notebook(quiet, parameters="region").variables == {"region"}
    people = pd.DataFrame({"email": ["ann@example.org"], "region": ["North"]})
    assert "month" in check_frame(people, letter).frame["message"][0]
    with pytest.raises(FrameError, match="month"):
        letter.check_columns(people.columns)


def test_what_is_no_parameter_is_refused_with_the_nearest(quiet, tmp_path):
    with pytest.raises(TemplateError, match=r"has no parameter 'regoin'; did you mean 'region'\?"):
        Template.from_notebook(quiet, parameters=["regoin"])
    with pytest.raises(TemplateError, match="parameters= wants True, names, or the columns"):
        Template.from_notebook(quiet, parameters=7)
    with pytest.raises(TemplateError, match="timeout= is the seconds"):
        Template.from_notebook(quiet, parameters=True, timeout=0)
    with pytest.raises(TemplateError, match=r"no cell of plain\.ipynb holds parameters"):
        Template.from_notebook(written(tmp_path, text("# R"), name="plain.ipynb"), parameters=True)
    with pytest.raises(TemplateError, match="wants the kernel 'no-such', which is not installed"):
        Template.from_notebook(quiet, parameters=True, kernel="no-such")


def test_saved_outputs_count_for_nothing_in_a_report_that_is_run(quiet):
    letter = Template.from_notebook(quiet, parameters=["region"])
    assert b"put out before" not in pickle.dumps(letter)
    assert repr(letter.definition.inline["notebook"]) == "<NotebookRun report.ipynb region=region>"


def test_report_is_the_same_letter_in_every_process_and_another_with_other_parameters(quiet):
    letter = Template.from_notebook(quiet, parameters=["region"])
    assert pickle.loads(pickle.dumps(letter)).digest == letter.digest
    assert Template.from_notebook(quiet, parameters=["region", "month"]).digest != letter.digest


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(7), 7),
        (np.float64(0.5), 0.5),
        (pd.Timestamp("2026-05-01"), "2026-05-01"),
        (pd.Timestamp("2026-05-01 12:30"), "2026-05-01T12:30:00"),
        (dt.date(2026, 5, 1), "2026-05-01"),
        (decimal.Decimal("2.50"), 2.5),
        (decimal.Decimal(2), 2),
        ((1, np.int64(2)), [1, 2]),
        ({"a": np.bool_(True)}, {"a": True}),
        ("text", "text"),
    ],
)
def test_cells_reach_a_kernel_as_plain_values(value, plain):
    assert plain_value(value) == plain
    assert type(plain_value(value)) is type(plain)


# --- what runs share ------------------------------------------------------------------------------------------


def letter_of(words):
    return NotebookLetter(f"<p>{words}</p>", words, ())


def test_run_is_shared_with_those_that_get_the_results_by_pickle():
    asked = []

    def run():
        asked.append(1)
        return letter_of("once")

    here = RunResults()
    there = pickle.loads(pickle.dumps(here))
    assert here.find("a", run) == there.find("a", run) == here.find("a", run) == letter_of("once")
    assert len(asked) == 1
    assert there.find("b", lambda: letter_of("other")) == letter_of("other")


def test_failure_of_parameters_is_shared_and_ends_with_the_call():
    asked = []

    def run():
        asked.append(1)
        raise TemplateError("cell 3 ended")

    results = RunResults()
    for _ in range(2):
        with pytest.raises(TemplateError, match="cell 3 ended"):
            results.find("a", run)
    assert len(asked) == 1
    folder = results._folder
    assert folder.is_dir()
    del results
    gc.collect()
    assert not folder.exists()


def test_results_of_a_folder_that_is_gone_are_kept_in_memory():
    here = RunResults()
    there = pickle.loads(pickle.dumps(here))
    del here
    assert there.find("a", lambda: letter_of("x")) == there.find("a", lambda: letter_of("y"))


# --- workers --------------------------------------------------------------------------------------------------

KILLING = """\
import os, pathlib, signal, time
pathlib.Path('kernels', str(os.getpid())).touch()
if region == 3:
    try:
        pathlib.Path('killed').touch(exist_ok=False)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
    except FileExistsError:
        pass
print('report of', region)
"""


def is_running(pid):
    try:
        state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def left_running(pids, seconds=60):
    """Return the processes that do not end within so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := list(filter(is_running, pids))) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the thread that started it")
async def test_worker_that_is_killed_loses_no_row_and_leaves_no_kernel(tmp_path):
    kernels = tmp_path / "kernels"
    kernels.mkdir()
    letter = Template.from_notebook(
        report(tmp_path, code(KILLING)), parameters=["region"], sender="desk@example.org"
    )
    people = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(8)], "region": range(8)})
    async with Sandbox() as box:
        results = await send_frame(people, letter, box.server, workers=2, progress=False, journal=False)
        texts = sorted(message.get_body(("plain",)).get_content() for message in box.messages)
    assert (tmp_path / "killed").exists()
    assert list(results.frame["status"]) == ["sent"] * 8
    assert [text.strip().splitlines()[-1] for text in texts] == [f"report of {n}" for n in range(8)]
    left = await asyncio.to_thread(left_running, [pid.name for pid in kernels.iterdir()])
    assert left == []
    assert len(list(kernels.iterdir())) >= 9
