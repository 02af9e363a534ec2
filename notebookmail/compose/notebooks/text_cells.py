"""The Markdown of a notebook's cells, with its formulas: what Jupyter reads in it, and no Jinja."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from notebookmail.errors import TemplateError

from .formulas import formula_html

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    from .pictures import NotebookPictures

_TITLES = frozenset({"h1", "h2", "h3"})
_PICTURES = "pictures"
_SIGNS = frozenset("\\^_=")


def markdown_html(source: str, pictures: NotebookPictures) -> str:
    """Convert a cell's Markdown to HTML.

    Args:
        source: The Markdown; HTML in it stays.
        pictures: Takes in what its formulas become.
    """
    return str(_converter().render(source, {_PICTURES: pictures}))


def first_heading(source: str) -> str:
    """Return the text of the first heading, or ""; a small one is none."""
    tokens = _converter().parse(source)
    for opening, inner in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag in _TITLES:
            return " ".join("".join(_texts(inner.children or ())).split())
    return ""


def _texts(tokens: Sequence[Token]) -> list[str]:
    return [" " if each.type in {"softbreak", "hardbreak"} else each.content for each in tokens if _is_text(each)]


def _is_text(token: Token) -> bool:
    return token.type in {"text", "code_inline", "math_inline", "softbreak", "hardbreak"}


@lru_cache(maxsize=1)
def _converter() -> MarkdownIt:
    from markdown_it import MarkdownIt

    try:
        from mdit_py_plugins.amsmath import amsmath_plugin
        from mdit_py_plugins.dollarmath import dollarmath_plugin
        from mdit_py_plugins.dollarmath.index import math_inline_dollar
    except ImportError as problem:
        raise TemplateError('notebooks need mdit-py-plugins: pip install "notebookmail[notebook]"') from problem
    converter = MarkdownIt("commonmark", {"html": True, "xhtmlOut": False}).enable(["table", "strikethrough"])
    # A dollar beside a figure is money, in a report; one beside a blank is, unless a formula follows.
    converter.use(dollarmath_plugin, allow_digits=False, allow_space=False, double_inline=True).use(amsmath_plugin)
    spaced = math_inline_dollar(allow_space=True, allow_digits=False)
    converter.inline.ruler.after("math_inline", "math_spaced", _if_formula(spaced))
    for rule, is_block in (("math_inline", False), ("math_inline_double", True), ("math_block", True)):
        converter.add_render_rule(rule, _math(is_block=is_block))
    for rule in ("math_block_label", "amsmath"):
        converter.add_render_rule(rule, _math(is_block=True))
    return converter


def _if_formula(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    def read(state: StateInline, silent: bool) -> bool:
        end = state.src.find("$", state.pos + 1) if state.src[state.pos] == "$" else -1
        return end > 0 and any(sign in _SIGNS for sign in state.src[state.pos : end]) and rule(state, silent)

    return read


def _math(*, is_block: bool) -> Any:
    def write(_renderer: Any, tokens: Sequence[Token], place: int, _options: Any, env: Any) -> str:
        return formula_html(tokens[place].content, env[_PICTURES], is_block=is_block)

    return write
