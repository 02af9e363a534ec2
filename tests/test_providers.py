"""The presets: every figure says where it stands."""

from __future__ import annotations

from datetime import date

import pytest

from notebookmail.mail.providers import PROVIDERS


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_preset_names_its_source_and_the_day_it_was_read_there(name: str) -> None:
    assert "." in PROVIDERS[name].source
    if PROVIDERS[name].checked:
        date.fromisoformat(PROVIDERS[name].checked)
