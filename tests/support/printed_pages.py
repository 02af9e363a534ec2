"""What is read on paper: the words of a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdf

if TYPE_CHECKING:
    from pathlib import Path

LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}


def printed_words(path: Path) -> str:
    """Return the words of all pages, a space between any two."""
    with pypdf.PdfReader(path) as document:
        text = " ".join(page.extract_text() for page in document.pages)
    for one, letters in LIGATURES.items():
        text = text.replace(one, letters)
    return " ".join(text.split())
