"""Frames on paper: pandas' tables are as wide as their words are, and what is beside the sheet is lost."""

from __future__ import annotations

from typing import Final

from .escaping import Html, element

# What is long may break anywhere; heads and labels give each column its least width.
_RULES: Final = (
    "@media print{.nbm-frame.nbm-frame table{font-size:9px}"
    ".nbm-frame.nbm-frame :is(th,td){padding:2px 4px;white-space:normal;overflow-wrap:anywhere}"
    ".nbm-frame.nbm-frame th{white-space:nowrap}"
    ".nbm-frame.nbm-frame tr{break-inside:avoid}}"
)
_STYLE: Final = element("style", Html(_RULES))


def fit_for_print(page: str, below: str = "") -> str:
    """Return what pandas shows of a frame, so that it is printed whole.

    Args:
        page: Its markup.
        below: A line to stand below it.
    """
    note = element("p", below, class_="nbm-quiet", style="margin:4px 0 0;font-size:12px") if below else None
    return str(element("div", _STYLE, Html(page), note, class_="nbm-frame"))
