"""Where the runs are: one process for all tests, because what takes long is loading the libraries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from crashes.nursery import nursery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crashes.nursery import Nursery


@pytest.fixture(scope="session")
def place() -> Iterator[Nursery]:
    if sys.platform != "linux":
        pytest.skip("runs are forked, and killed by their pidfd: Linux only")
    with nursery() as found:
        yield found
