"""The bodies of a template: Markdown to HTML, the document around it, and the text that says the same.

Done once for a template where it can be, and once for each structure where statements decide what the Markdown is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jinja2 import nodes
from markupsafe import escape

from notebookmail.errors import TemplateError

from .definition import environment_of
from .jinja.parts import TemplatePart
from .jinja.printing import INVITATION
from .jinja.row_markdown import Conversion, RowMarkdown, RowPart
from .markup.css_inlining import inline
from .markup.html_document import hidden, letter, page
from .markup.html_to_text import to_text
from .markup.html_tokens import read_tokens
from .markup.html_value_guards import guard, pictures, statements_to_comments
from .markup.html_visibility import may_hide
from .markup.jinja_tags import Masks, split_tags
from .markup.markdown_lines import decide_structure, without_trimming
from .markup.markdown_statements import StatementPositions
from .markup.markdown_to_html import marked_to_html, refuse_lost_cells, to_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import Environment

    from .definition import Definition
    from .markup.jinja_tags import Tag

Body = TemplatePart | RowPart
"""What fills in one of the bodies."""

_ELEMENT_FILTERS: Final = frozenset({"safe", "table", "urlize", "xmlattr"})
"""The filters that make HTML of a value."""


def converted(definition: Definition) -> tuple[Body | None, Callable[[str], str] | None, Body | None]:
    """Make the HTML document, what inlines a row's, and the text that says the same if the author wrote none.

    Args:
        definition: What the template was made of.

    Raises:
        TemplateError: The source cannot be parsed or converted; the message says why and where.
    """
    source = definition.html if definition.markdown is None else definition.markdown
    if source is None:
        return None, None, None
    env = environment_of(definition, html=True)
    masks = Masks(source + (definition.preheader or ""))
    masked = masks.mask(split_tags(env, source))
    has_open_elements = _brings_elements(env, masks.tags, definition)
    convert = _Converter(definition, env, has_open_elements=has_open_elements)
    if definition.markdown is None:
        return convert(masked, masks)
    statements = StatementPositions(masks, masked)
    html = marked_to_html(statements)
    if not decide_structure(statements.text, masks):
        refuse_lost_cells(statements, html)
        return convert(html, masks)
    convert.check(html, masks)
    by_row = RowMarkdown(statements.text, masks, html=env, text=convert.text_env, convert=convert.of_row)
    return RowPart(by_row, "html"), None, RowPart(by_row, "text") if definition.text is None else None


class _Converter:
    """Makes documents and texts of masked bodies.

    Args:
        definition: What the template was made of.
        env: The environment of HTML.
        has_open_elements: Whether an expression is known to print elements.

    Attributes:
        text_env: The environment of the text that is derived.
    """

    def __init__(self, definition: Definition, env: Environment, *, has_open_elements: bool) -> None:
        self._definition = definition
        self._env = env
        self.text_env = environment_of(definition, html=False, is_derived=True)
        self._has_open_elements = has_open_elements
        self._field = "html" if definition.markdown is None else "markdown"

    def __call__(self, body: str, masks: Masks) -> Conversion:
        """Make the document and the text of a masked body.

        Raises:
            TemplateError: It cannot be converted.
        """
        try:
            return self._converted(body, masks)
        except TemplateError as problem:
            raise TemplateError(problem.message, problem.field or self._field) from problem

    def _converted(self, body: str, masks: Masks) -> Conversion:
        definition = self._definition
        body = pictures(statements_to_comments(body, masks), masks, definition.inline)
        text = None
        if definition.text is None:
            derived = masks.unmask(to_text(_styled(body, definition.css, masks), masks), without_trimming)
            text = TemplatePart(self.text_env, derived, self._field)
        make = letter if self._field == "markdown" else page
        document = make(
            guard(body, masks),
            definition.css,
            masks,
            _preheader(self._env, definition.preheader, masks),
            has_open_elements=self._has_open_elements,
        )
        html = TemplatePart(self._env, masks.unmask(document.html, without_trimming), self._field)
        return Conversion(html, document.inline_row, text)

    def check(self, body: str, masks: Masks) -> None:
        """Find what is wrong with a body's links and pictures however its statements go.

        Raises:
            TemplateError: An expression stands where no value is safe, or a picture is not there.
        """
        guard(pictures(statements_to_comments(body, masks), masks, self._definition.inline), masks)

    def of_row(self, pieces: list[str | Tag]) -> Conversion:
        """Make the document and the text of the Markdown of a row."""
        texts = "".join(piece for piece in pieces if isinstance(piece, str))
        masks = Masks(texts + (self._definition.preheader or ""))
        return self(to_html(pieces, masks), masks)


def _styled(body: str, css: str | None, masks: Masks) -> str:
    """Write the style sheets into a body where they may hide something, for the text that leaves it out."""
    if not css and "<style" not in body.lower():
        return body
    found = read_tokens(body)
    sheets = [css or "", *(body[each.start : each.end] for each in found if each.kind == "raw")]
    if not any(map(may_hide, sheets)):
        return body
    return inline(f"{body}<style>{css}</style>" if css else body, None, masks).html


def _brings_elements(env: Environment, tags: Iterable[Tag], definition: Definition) -> bool:
    """Tell whether an expression is known to print elements, which a style sheet may be for."""
    shown = {*definition.inline, *([INVITATION] if definition.calendar is not None else [])}
    for tag in tags:
        if tag.kind == "expression" and ("|" in tag.source or any(name in tag.source for name in shown)):
            tree = env.parse(tag.source)
            if any(each.name in _ELEMENT_FILTERS for each in tree.find_all(nodes.Filter)):
                return True
            if any(each.name in shown for each in tree.find_all(nodes.Name)):
                return True
    return False


def _preheader(env: Environment, source: str | None, masks: Masks) -> str:
    """Write the line an inbox shows beside the subject."""
    if not source:
        return ""
    pieces = [str(escape(piece)) if isinstance(piece, str) else piece for piece in split_tags(env, source)]
    return hidden(statements_to_comments(masks.mask(pieces), masks))
