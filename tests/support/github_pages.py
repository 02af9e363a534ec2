"""What GitHub shows of a page in a notebook."""

from __future__ import annotations

import re
from typing import Final

import nh3

# What GitHub lets through of a page, by the allow list of its html-pipeline: no style, class, role or svg.
GITHUB_TAGS: Final = (
    "h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p picture ol ul table thead tbody "
    "tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details caption figure "
    "figcaption abbr bdo cite dfn mark small source span time wbr"
)
GITHUB_ATTRIBUTES: Final = {"a": {"href"}, "img": {"src", "longdesc", "alt"}, "*": {"align", "title", "width"}}
BLOCKS: Final = re.compile(r"</?(?:p|div|li|ul|tr|td|th|table|br|summary|details)\b[^>]*>")


def on_github(page: str) -> list[str]:
    """The lines that a reader sees there."""
    kept = nh3.clean(page, tags=set(GITHUB_TAGS.split()), attributes=GITHUB_ATTRIBUTES, link_rel=None)
    assert "style" not in kept
    assert "class" not in kept
    lines = re.sub(r"<[^>]*>", "", BLOCKS.sub("\n", kept)).splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]
