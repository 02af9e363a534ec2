"""What stands where a live view would: in a front end that shows no Jupyter widgets, or in a notebook's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .escaping import Html, element, join
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping


def without_jupyter(words: str) -> str:
    """Return a page of one sentence, and that there would be more: some front ends take a plain `str` alone."""
    said = element("p", words), element("p", "In Jupyter this is a live view.", class_="nbm-quiet")
    return str(join(STYLE, element("div", *said, class_=ROOT)))


def plain(bundle: Mapping[str, object]) -> dict[str, object]:
    """Return what is shown with its markup as plain `str`, which is all that some front ends take."""
    return {kind: str(shown) if isinstance(shown, Html) else shown for kind, shown in bundle.items()}
