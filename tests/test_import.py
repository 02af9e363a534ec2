"""Importing the package: cheap, complete, and without what is not used yet."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import notebookmail

HEAVY = {
    "ipywidgets",
    "IPython",
    "jinja2",
    "aiosmtpd",
    "pandas",
    "numpy",
    "rich",
    "asyncio",
    "ssl",
    "email_validator",
}
LIMIT_SECONDS = 0.030
_TIMED = """
import json, sys, time
before = set(sys.modules)
started = time.process_time()
import notebookmail
seconds = time.process_time() - started
print(json.dumps([seconds, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]))
"""


def import_once() -> tuple[float, set[str]]:
    run = subprocess.run([sys.executable, "-c", _TIMED], capture_output=True, text=True, check=True)
    seconds, modules = json.loads(run.stdout)
    return seconds, set(modules)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not import_once()[1] & HEAVY


def test_importing_the_package_takes_at_most_30_milliseconds() -> None:
    # A bound, not a measurement: it takes about 3 ms of the processor, so a noisy machine has room.
    assert min(import_once()[0] for _ in range(5)) <= LIMIT_SECONDS


@pytest.mark.parametrize("name", notebookmail.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(notebookmail, name) is getattr(notebookmail, name)
    assert name in dir(notebookmail)
    assert name == "SMTPTokenGenerator" or getattr(notebookmail, name).__doc__  # a type alias has no docstring


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        notebookmail.nothing  # noqa: B018 -- looked up on purpose
