"""Programs written for aiosmtplib: their own tests, with this client under that name.

What passes with aiosmtplib must pass here. Some of these tests want the internet; where it is not to be had they
fail with either client, and prove nothing. The programs and an environment for them are fetched by .ci/run.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.peer

VARIABLE: Final = "NOTEBOOKMAIL_PROGRAMS"
ROOT: Final = Path(__file__).parents[1]
ALIAS: Final = Path(__file__).parent / "programs"
PROGRAMS: Final = {"fastapi-mail": "tests", "python-emails": "emails/testsuite"}
"""Where each has its tests."""

LEAST_PASSED: Final = 40
SECONDS: Final = 240


def home() -> Path:
    """Find the folder of programs; skip the test, with the reason, where it is missing."""
    folder = os.environ.get(VARIABLE)
    if not folder or not (Path(folder) / "venv/bin/python").exists():
        pytest.skip(f"{VARIABLE} names no folder with programs and their environment; .ci/run fetches them")
    return Path(folder)


def paths(*folders: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}


def passed(python: Path, folder: Path, tests: str, report: Path, environment: Mapping[str, str]) -> set[str]:
    """Run a program's tests; return the names of those that passed."""
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", f"--junitxml={report}", tests]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert report.exists(), run.stdout + run.stderr
    return {
        f"{case.get('classname')}.{case.get('name')}"
        for case in ET.parse(report).getroot().iter("testcase")
        if len(case) == 0 or all(child.tag in {"system-out", "system-err", "properties"} for child in case)
    }


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_passes_with_aiosmtplib_passes_here(program: str, tmp_path: Path) -> None:
    folder, python = home() / program, home() / "venv/bin/python"
    if not folder.is_dir():
        pytest.skip(f"{program} is not in the folder that {VARIABLE} names; .ci/run fetches it")
    tests = PROGRAMS[program]
    theirs = passed(python, folder, tests, tmp_path / "theirs.xml", paths(folder))
    ours = passed(python, folder, tests, tmp_path / "ours.xml", paths(ALIAS, ROOT, folder))
    assert len(theirs) >= LEAST_PASSED
    assert theirs - ours == set()


def test_the_programs_import_this_client() -> None:
    code = "import aiosmtplib, aiosmtplib.api; print(aiosmtplib.__file__, aiosmtplib.api.send is aiosmtplib.send)"
    run = subprocess.run(
        [home() / "venv/bin/python", "-c", code],
        env=paths(ALIAS, ROOT),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [str(ROOT / "notebookmail/__init__.py"), "True"]
