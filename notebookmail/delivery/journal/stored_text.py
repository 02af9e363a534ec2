"""What others say, bounded and made storable before it is kept."""

from __future__ import annotations

from typing import Final

TEXT_LENGTH: Final = 1000
"""Characters kept of what others say."""


def stored_text(said: str, length: int | None = TEXT_LENGTH) -> str:
    """Bound a text, and make it one that can be stored: a reply may hold bytes that are no UTF-8."""
    if length is not None and len(said) > length:
        said = said[:length]
    return said if said.isascii() else said.encode("utf-8", "backslashreplace").decode()
