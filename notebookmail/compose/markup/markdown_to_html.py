"""Markdown with Jinja in it, converted once for all rows.

The tags are masked (see jinja_tags.py), the Markdown becomes HTML, and the tags are put back into the HTML.
Statements that stand alone on their lines are blocks of their own: they may stand between paragraphs, around list
items and around the rows of a table, and the list or table stays one. Raw HTML is the template author's and
allowed; values come later and bring neither Markdown nor HTML.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import paragraph

from notebookmail.errors import TemplateError

from .markdown_loops import merge_lists, table_tags
from .markdown_statements import StatementPositions

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    from .jinja_tags import Masks, Tag

_TERMINATES: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


def to_html(pieces: list[str | Tag], masks: Masks) -> str:
    """Convert Markdown to HTML with the tags as tokens: an expression as a word, a statement as a comment."""
    statements = StatementPositions(masks, masks.mask(pieces))
    html = marked_to_html(statements)
    refuse_lost_cells(statements, html)
    return html


def marked_to_html(statements: StatementPositions) -> str:
    """Convert a source whose statements have their marks already."""
    return str(_converter().render(statements.text, {"jinja": statements}))


def refuse_lost_cells(statements: StatementPositions, html: str) -> None:
    """Check that every tag of a table's source is in its HTML.

    Raises:
        TemplateError: A row has more cells than the table has columns; Markdown leaves them out.
    """
    masks = statements.masks
    kept = set(masks.numbers(html))
    for line in statements.text.split("\n"):
        if "|" in line and not kept.issuperset(masks.numbers(line)):
            lost = next(number for number in masks.numbers(line) if number not in kept)
            raise TemplateError(
                f"line {masks.tags[lost].line}: the row has more cells than its table has columns, and what stands"
                " in them would vanish: give the head as many, or write \\| for a bar in a text"
            )


@lru_cache(maxsize=1)
def _converter() -> MarkdownIt:
    converter = MarkdownIt("commonmark", {"html": True, "xhtmlOut": False}).enable(["table", "strikethrough"])
    converter.block.ruler.before("table", "jinja", _statement_line, _TERMINATES)
    converter.block.ruler.before("html_block", "jinja_link_line", _autolink_line)
    converter.inline.ruler.before("autolink", "jinja_link", _autolink)
    converter.core.ruler.after("block", "jinja_rows", _settle)
    converter.add_render_rule("jinja", _write_statement)
    return converter


def _statement_line(state: StateBlock, start: int, _end: int, silent: bool) -> bool:
    """Take a line of nothing but statements as a block; inside a table it is one of its rows."""
    statements: StatementPositions = state.env["jinja"]
    numbers = statements.line_of_statements(
        state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    )
    if not numbers:
        return False
    if silent and state.parentType == "table":
        table = next(token for token in reversed(state.tokens) if token.type == "table_open")
        return table.map is not None and statements.ends_what_began_before(numbers, table.map[0])
    if not silent:
        for number in numbers:
            token = state.push("jinja", "", 0)
            token.meta = {"number": number}
            token.map = [start, start + 1]
        state.line = start + 1
    return True


def _autolink_line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a line of nothing but `<{{ url }}>` as a paragraph; Markdown takes it for a block of HTML."""
    statements: StatementPositions = state.env["jinja"]
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    return re.fullmatch(rf"<{statements.masks.prefix}e\d+z>\s*", line) is not None and (
        silent or paragraph(state, start, end, silent)
    )


def _autolink(state: StateInline, silent: bool) -> bool:
    """Read `<{{ url }}>` as a link; as HTML, the value would become the name of an element."""
    masks: Masks = state.env["jinja"].masks
    match = re.compile(rf"<({masks.prefix}e\d+z)>").match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("link_open", "a", 1).attrs = {"href": match[1]}
        state.push("text", "", 0).content = match[1]
        state.push("link_close", "a", -1)
    state.pos = match.end()
    return True


def _settle(state: StateCore) -> None:
    statements: StatementPositions = state.env["jinja"]
    state.tokens = merge_lists(table_tags(state.tokens, statements), statements)
    _free_lone_values(state.tokens, statements.masks)


def _free_lone_values(tokens: list[Token], masks: Masks) -> None:
    """Let a value that is a whole paragraph be a table or a figure too, which no `<p>` may hold."""
    lone = re.compile(rf"\s*{masks.prefix}e\d+z\s*")
    for opening, inner, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "paragraph_open" and not opening.hidden and lone.fullmatch(inner.content):
            opening.tag = closing.tag = "div"
            opening.attrSet("class", "paragraph")


def _write_statement(_renderer: RendererHTML, tokens: Any, place: int, _options: Any, env: Any) -> str:
    return f"<!--{env['jinja'].masks.prefix}b{tokens[place].meta['number']}z-->"
