"""The scripted server as a fixture; see support/scripted_sessions.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.scripted_sessions import Speaker, scripted

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def serve() -> Callable[[Speaker], object]:
    return scripted
