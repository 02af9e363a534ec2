"""What may stand in a command as an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.errors import AddressError
from notebookmail.smtp.wire import paths

_PARTS = st.sampled_from([
    "ann", "@", ".", "example.org", " ", "\t", "\n", "\r", "<", ">", '"', "\\", ",", ";", "\x00", "\x7f", "\u2028",
    "\xa0", "\ud800", "straße", "+tag", "'", "`", "=", ":", "[", "]", "(",
])  # fmt: skip
_TEXTS = st.lists(_PARTS, max_size=6).map("".join) | st.text(max_size=12)


@given(_TEXTS)
def test_what_is_plain_is_taken_as_the_long_way_takes_it(address: str) -> None:
    is_plain = paths._PLAIN.fullmatch(address) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "_PLAIN", paths.re.compile("(?!)"))
        try:
            judged = paths.check_path(address)
        except AddressError:
            judged = None
    assert not is_plain or judged == address
