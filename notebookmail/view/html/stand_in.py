"""What stands where a live view would: in a front end that shows no Jupyter widgets, or in a notebook's file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .escaping import Html, element, join
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_LISTED: Final = 20
"""Letters that are listed where none can be opened."""


def without_jupyter(words: str, listed: Html | None = None) -> str:
    """Return a page of a sentence and a list, and that there would be more: some front ends take only `str`."""
    said = element("p", words), listed, element("p", "In Jupyter this is a live view.", class_="nbm-quiet")
    return str(join(STYLE, element("div", *said, class_=ROOT)))


def letters_listed(heads: Sequence[str], lines: Sequence[Sequence[str]], count: int) -> Html | None:
    """List letters, a line each, as it may be saved; None where there are none.

    Args:
        heads: What stands above the columns.
        lines: Of each letter what names no one; the first are enough.
        count: How many letters there are.
    """
    if not lines:
        return None
    shown = lines[:MOST_LISTED]
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    body = element("tbody", *(element("tr", *(element("td", each) for each in line)) for line in shown))
    rest = count - len(shown)
    more = element("p", f"and {rest:,} more", class_="nbm-quiet") if rest > 0 else None
    return join(element("table", head, body, class_="nbm-listed", style="width:auto;margin:8px 0"), more)


def plain(bundle: Mapping[str, object]) -> dict[str, object]:
    """Return what is shown with its markup as plain `str`, which is all that some front ends take."""
    return {kind: str(shown) if isinstance(shown, Html) else shown for kind, shown in bundle.items()}
