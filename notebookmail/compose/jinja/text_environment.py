"""The environment of the text that is derived from the HTML: what is HTML in one is text in the other.

The same expressions stand in both. One that gives HTML (`| safe`, `| e`, `| urlize`, a function's Markup) is read
as HTML and written as text, so that nothing is escaped twice and no tag is shown. To know what is HTML, filters
and `~` treat it as they do where autoescaping is on; a plain text is never escaped.
"""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Final

from jinja2 import pass_eval_context
from jinja2.compiler import CodeGenerator
from jinja2.nodes import EvalContext

from notebookmail.compose.markup.html_to_text import is_block, to_text
from notebookmail.compose.markup.html_tokens import read_tokens
from notebookmail.compose.markup.jinja_tags import Masks
from notebookmail.compose.markup.text_layout import tidy

from .sandbox import LetterEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment, nodes
    from jinja2.compiler import Frame

_ESCAPING: Final = ("replace", "join", "urlize", "xmlattr")
"""Jinja's filters that ask whether autoescaping is on."""


class _Generator(CodeGenerator):
    """Writes `~` so that HTML stays HTML."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self.write("markup_join((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class DerivedEnvironment(LetterEnvironment):
    """The sandbox for texts that are derived."""

    code_generator_class = _Generator


def escaping_filters(env: Environment) -> dict[str, Callable[..., Any]]:
    """Return the filters that are to know HTML from text, as they do where autoescaping is on."""
    context = EvalContext(env)
    context.autoescape = True

    def knowing(filter_: Callable[..., Any]) -> Callable[..., Any]:
        @pass_eval_context
        @wraps(filter_)
        def filtered(_context: EvalContext, *arguments: Any, **options: Any) -> Any:
            return filter_(context, *arguments, **options)

        return filtered

    return {name: knowing(env.filters[name]) for name in _ESCAPING}


@lru_cache(maxsize=256)
def text_of(html: str) -> str:
    """Return what HTML of a value says, as text; a block of it on lines of its own."""
    if "<" not in html and "&" not in html:
        return html
    masks = Masks(html)
    text = tidy(to_text(html, masks)).strip("\n")
    is_apart = any(token.kind == "start" and is_block(token.name) for token in read_tokens(html))
    return f"\n{text}\n" if is_apart else text
