"""Whether the statements of a Markdown source decide what its lines are, or only what stands in them.

`Dear {% if vip %}friend{% else %}customer{% endif %}` is a paragraph whichever way it goes: Markdown can be
converted once for all rows. `{% for each in rows %}- {{ each.item }}` is not: what begins a line makes it an item,
a row of a table or a heading, and so do cells, emphasis and lines that a statement leaves out. Such a source is
converted row by row (see compose/jinja/row_markdown.py), and so is one with `{{ loop.index }}. ` at the beginning
of a line. Where this module cannot be sure it says so: that costs time, never a letter.

A loop that has a whole row, item or heading on one line is refused: Jinja writes no line ends between its rounds,
so that two rows of a table become one, and the values of the second vanish.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .jinja_tags import Masks, Tag

DEFINITIONS: Final = frozenset({"macro"})
"""What prints nothing where it stands, whatever it holds."""

_CONTAINERS: Final = re.compile(r"[ \t]*(?:(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])[ \t]*)*")
_INLINE: Final = (
    "a|abbr|b|big|br|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|time|u|var|wbr"
)
# What makes a line more than a line of a paragraph (CommonMark 0.31, 4 and 5), if the line begins with it.
_BLOCK_START: Final = re.compile(
    rf"[#>|=~\t]|```|[ ]{{4}}|[-+*](?:[ \t\n]|$)|(?:[-_*][ \t]*)+(?:\n|$)|\d{{1,9}}(?:[.)]|$)|\[[^\]\n]*\]:"
    rf"|<(?!/?(?:{_INLINE})\b)",
    re.IGNORECASE,
)
_ROW_START: Final = re.compile(r"[ \t]*(?:\||#{1,6}[ \t]|[-+*][ \t]|\d{1,9}[.)][ \t])")
_ESCAPED: Final = re.compile(r"\\.")
_INSIDE_WORDS: Final = re.compile(r"(?<=\w)_(?=\w)")
_LINK_TARGET: Final = re.compile(r"\]\([^()\s]*\)")


@dataclass(frozen=True, slots=True)
class _StatementBlock:
    """A statement, or the statements of one block, with what stands between them.

    Attributes:
        tags: They, in order.
        start: Where the first begins in the source.
        end: Where the last ends.
        segments: The texts between them.
    """

    tags: tuple[Tag, ...]
    start: int
    end: int
    segments: tuple[str, ...]


def decide_structure(text: str, masks: Masks) -> bool:
    """Tell whether a statement of a masked source may decide what a line, a cell or an emphasis is.

    Args:
        text: The source; statements alone on their lines have their marks.
        masks: The source's tags.

    Raises:
        TemplateError: A loop has a whole row, item or heading on one line.
    """
    statement = re.compile(rf"\${masks.prefix}[ib]\d+z\$")
    blocks = list(_blocks(text, masks))
    definitions = [block for block in blocks if block.tags[0].word in DEFINITIONS]
    others = [
        block
        for block in blocks
        if block.tags[0].kind != "alone" and not any(each.start <= block.start < each.end for each in definitions)
    ]
    for block in others:
        _refuse_rows_on_one_line(text, block, statement)
    return (
        item_number(masks).search(text) is not None
        or any(_defines_rows(block, statement) for block in definitions)
        or any(_decides(text, block, statement) for block in others)
        or _leaves_lines_empty(text, others)
    )


def item_number(masks: Masks) -> re.Pattern[str]:
    """Match an expression in the place of a list item's number: `{{ loop.index }}. `."""
    return re.compile(
        rf"^((?:[ \t>]|[-+*][ \t]|\d{{1,9}}[.)][ \t]|\${masks.prefix}[ib]\d+z\$)*)"
        rf"({masks.prefix}e(\d+)z)(?=[.)][ \t])",
        re.MULTILINE,
    )


def without_trimming(tag: Tag) -> str:
    """Write a statement that stood alone on its line without `-`: its line is gone, there is nothing to trim."""
    if tag.kind != "alone" or not tag.source:
        return tag.source
    return f"{{%{tag.source[2:-2].strip('-+')}%}}"


def _blocks(text: str, masks: Masks) -> Iterator[_StatementBlock]:
    """Walk the blocks of statements, each with what stands between its tags."""
    groups: defaultdict[int, list[tuple[int, int, Tag]]] = defaultdict(list)
    for match in re.finditer(rf"\${masks.prefix}[ib](\d+)z\$", text):
        tag = masks.tags[int(match[1])]
        groups[tag.group].append((match.start(), match.end(), tag))
    for found in groups.values():
        segments = tuple(text[one[1] : other[0]] for one, other in pairwise(found))
        yield _StatementBlock(tuple(tag for _, _, tag in found), found[0][0], found[-1][1], segments)


def _defines_rows(block: _StatementBlock, statement: re.Pattern[str]) -> bool:
    """Tell whether a macro writes rows of a table."""
    lines = statement.sub("", "".join(block.segments)).split("\n")
    return any(line.lstrip().startswith("|") for line in lines)


def _decides(text: str, block: _StatementBlock, statement: re.Pattern[str]) -> bool:
    before = statement.sub("", text[text.rfind("\n", 0, block.start) + 1 : block.start])
    rest = statement.sub("", text[block.end :].partition("\n")[0])
    segments = [statement.sub("", segment) for segment in block.segments]
    is_long = any("\n" in segment for segment in segments)
    begun = _CONTAINERS.sub("", before, count=1)
    if is_long and ("|" in begun or _BLOCK_START.match(begun) is not None):
        return True
    if not begun:
        if any(_BLOCK_START.match(each) is not None for each in (*segments, rest)):
            return True
        if is_long and not (before == "" and _is_apart(text, block)):
            return True
    if segments and not rest.strip():  # the end of the block's last line is the line's
        segments[-1] = segments[-1].rstrip("\n")
    return not all(map(_is_plain, segments))


def _is_apart(text: str, block: _StatementBlock) -> bool:
    """Tell whether there are blank lines around the lines of a block."""
    line_start = text.rfind("\n", 0, block.start) + 1
    above = text[: max(0, line_start - 1)].rpartition("\n")[2]
    below = text[block.end :].partition("\n")[2].partition("\n")[0]
    return not above.strip() and not below.strip()


def _leaves_lines_empty(text: str, blocks: Iterable[_StatementBlock]) -> bool:
    """Tell whether a line among others, or an item, may have nothing left in it."""
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    within: defaultdict[int, list[_StatementBlock]] = defaultdict(list)
    for block in blocks:
        line = bisect_right(starts, block.start) - 1
        if block.end <= starts[line + 1]:
            within[line].append(block)
    for number, found in within.items():
        left, cursor = "", starts[number]
        for block in found:
            left, cursor = left + text[cursor : max(cursor, block.start)], max(cursor, block.end)
        left += text[cursor : starts[number + 1]]
        neighbours = lines[max(0, number - 1) : number] + lines[number + 1 : number + 2]
        if _CONTAINERS.fullmatch(left.strip("\n")) and (left.strip() or any(map(str.strip, neighbours))):
            return True
    return False


def _is_plain(segment: str) -> bool:
    """Tell whether a text stays what it is wherever it stands in a paragraph, and its neighbours do, too."""
    following = segment.split("\n")[1:]
    if "|" in segment or any(not line.strip() or _BLOCK_START.match(line.lstrip(" ")) for line in following):
        return False
    marks = _INSIDE_WORDS.sub("", _LINK_TARGET.sub("]", _ESCAPED.sub("", segment)))
    return (
        all(marks.count(opening) == marks.count(closing) for opening, closing in ("[]", "()", "<>"))
        and "](" not in marks
        and marks.count("`") % 2 == 0
        and all(_is_paired(marks, mark) for mark in "*_~" if mark in marks)
    )


def _is_paired(text: str, mark: str) -> bool:
    """Tell whether each run of a mark that opens emphasis has its own that closes it (CommonMark 0.31, 6.2)."""
    runs = [(match.start(), match.end()) for match in re.finditer(rf"{re.escape(mark)}+", text)]
    if len(runs) % 2:
        return False
    for (start, inner), (outer, end) in zip(runs[::2], runs[1::2], strict=True):
        is_opening = not text[start - 1 : start].isalnum() and text[inner : inner + 1].strip() != ""
        is_closing = not text[end : end + 1].isalnum() and text[outer - 1 : outer].strip() != ""
        if not (is_opening and is_closing and inner - start == end - outer):
            return False
    return True


def _refuse_rows_on_one_line(text: str, block: _StatementBlock, statement: re.Pattern[str]) -> None:
    """Refuse a loop each of whose rounds is a whole row, item or heading, without a line end between them."""
    opening, body = block.tags[0], statement.sub("", "".join(block.segments[:1]))
    before = statement.sub("", text[text.rfind("\n", 0, block.start) + 1 : block.start])
    if opening.word != "for" or before.strip() or "\n" in body or _ROW_START.match(body) is None:
        return
    if body.lstrip().startswith("|") and not body.rstrip().endswith("|"):
        return  # cells of a row
    raise TemplateError(
        f"line {opening.line}: the loop writes all its rounds on one line, so that only the first would be a row, "
        "an item or a heading: put {% endfor %} at the beginning of the next line"
    )
