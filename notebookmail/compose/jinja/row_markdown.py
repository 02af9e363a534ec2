"""Markdown that Jinja writes anew for each row: for sources whose statements decide what their lines are.

Jinja comes first here, Markdown second, values last. Every printed value leaves a word in the Markdown and is put
aside; the Markdown, converted, has an expression in place of each word, which prints the value. So a value brings
neither Markdown nor HTML here either, but for a whole number where that of a list item stands. Rows that take the
same ways through the statements share a conversion. Statements alone on their lines leave marks, so that they mean
what they mean elsewhere (see markup/markdown_statements.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from jinja2 import pass_context
from markupsafe import Markup

from notebookmail.compose.markup import markdown_lines
from notebookmail.compose.markup.jinja_tags import Masks, Tag
from notebookmail.errors import TemplateError

from .parts import TemplatePart

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from jinja2 import Environment
    from jinja2.runtime import Context

Kind = Literal["html", "text"]
_PRINTED: Final = "_printed"
"""The name the printed values are put aside under, among the values a template sees."""
_MOST_ITEMS: Final = 10**9  # CommonMark 0.31, 5.2
_KEPT: Final = 64  # conversions; rows of a group differ in number
_CAPTURING: Final = frozenset({"macro", "call", "filter"})
_OPENERS: Final = frozenset({"for", "if", "with", "autoescape", "block"})


class ItemNumber(Markup):
    """The number of a list item, which Markdown is to see."""

    __slots__ = ()


def item_number(value: Any) -> Any:
    """Return a whole number as the number of a list item; anything else is a value like any other."""
    return ItemNumber(value) if type(value) is int and 0 <= value < _MOST_ITEMS else value


class Conversion(NamedTuple):
    """What a source was converted to.

    Attributes:
        html: The document.
        finish: What a filled in document still passes through, if anything.
        text: The text that says the same, if one is derived.
    """

    html: TemplatePart
    finish: Callable[[str], str] | None
    text: TemplatePart | None


class RowPart:
    """One of the two bodies, filled in as a TemplatePart is.

    Args:
        markdown: What writes it.
        kind: Which body it is.
    """

    constant: Final = None
    field: Final = "markdown"
    own: Final = frozenset[str]()
    stretches: Final = ()

    def __init__(self, markdown: RowMarkdown, kind: Kind) -> None:
        self._markdown = markdown
        self._kind: Kind = kind

    def render(self, context: dict[str, Any], row: Hashable = None) -> str:
        """Fill in a row's values; the arguments and errors are those of TemplatePart.render."""
        return self._markdown.rendered(self._kind, context, row)

    def pieces(self, context: dict[str, Any], row: Hashable = None) -> list[str]:
        """Fill in a row's values, as `TemplatePart.pieces` does: here it is one piece, made anew for each row."""
        return list(filter(None, [self.render(context, row)]))


class RowMarkdown:
    """A body of Markdown, written for each row and converted where its structure is new.

    Args:
        source: The masked source, with the marks of statements alone on their lines.
        masks: The source's tags.
        html: The environment of HTML.
        text: The environment of the text that is derived from it.
        convert: Converts Markdown, cut into text and tags.

    Raises:
        TemplateError: The source cannot be parsed.
    """

    def __init__(
        self,
        source: str,
        masks: Masks,
        *,
        html: Environment,
        text: Environment,
        convert: Callable[[list[str | Tag]], Conversion],
    ) -> None:
        self._masks = masks
        self._prefix = masks.prefix
        self._word = re.compile(rf"{masks.prefix}([a-z])(\d*)z")
        self._vanished = re.compile(rf"(\|[^\n]*\n)[ \t]*(?:{masks.prefix}sz[ \t]*)+\n(?=[ \t]*\|)")
        self._cut = re.compile(rf"{masks.prefix}xz[ \t]*\n?")
        written = self._writing(source)
        environments: dict[Kind, Environment] = {"html": html, "text": text}
        self._writers = {
            kind: TemplatePart(
                env.overlay(finalize=self._recorder()), written, RowPart.field, prints_plainly=False
            )
            for kind, env in environments.items()
        }
        self._converted = lru_cache(maxsize=_KEPT)(lambda markdown: convert(list(self._pieces(markdown))))

    def rendered(self, kind: Kind, context: dict[str, Any], label: Hashable) -> str:
        """Fill in a row's HTML document, or the text that says the same.

        Raises:
            TemplateError: A value is missing, an expression failed, or what Jinja wrote cannot be converted.
        """
        conversion, filled = self._written(kind, context, label)
        if kind == "html":
            document = conversion.html.render(filled, label)
            return conversion.finish(document) if conversion.finish else document
        assert conversion.text is not None  # noqa: S101 - asked for only where it is derived
        return conversion.text.render(filled, label)

    def _written(self, kind: Kind, context: dict[str, Any], label: Hashable) -> tuple[Conversion, dict[str, Any]]:
        """Let Jinja write a row's Markdown; return what it is converted to, and the values that go in."""
        values: list[Any] = []
        filled = {**context, _PRINTED: values}
        markdown = self._writers[kind].render(filled, label)
        markdown = self._vanished.sub(r"\1", self._vanished.sub(r"\1", self._cut.sub("", markdown)))
        try:
            return self._converted(markdown), filled
        except TemplateError as problem:
            raise TemplateError(problem.message, problem.field or RowPart.field, label) from problem

    def _recorder(self) -> Callable[[Context, Any], Any]:
        prefix = self._prefix

        @pass_context
        def record(context: Context, value: Any) -> Any:
            if isinstance(value, ItemNumber):
                return value
            if isinstance(value, str) and prefix in value:  # what a macro or a block has written
                return Markup(value)  # noqa: S704 - the author's own text
            values: list[Any] = context[_PRINTED]
            values.append(value)
            return Markup(f"{prefix}v{len(values) - 1}z")  # noqa: S704 - letters and digits

        return record

    # --- what Jinja is given ------------------------------------------------------------------------------

    def _writing(self, source: str) -> str:
        """Return the source with the words that the conversion needs."""
        captures: list[str] = []

        def write(tag: Tag) -> str:
            if tag.kind == "expression":
                return self._located(tag)
            is_capturing = tag.word in _CAPTURING or (tag.word == "set" and tag.opens)
            is_captured = bool(captures)
            if is_capturing:
                captures.append(tag.word)
            elif captures and tag.word == f"end{captures[-1]}":
                captures.pop()
                is_captured = bool(captures)
            code = markdown_lines.without_trimming(tag)
            if is_capturing:
                code += "" if code.endswith("-%}") else self._mark("k")
            if tag.kind == "alone":
                return self._alone(tag, code, is_captured=is_captured or is_capturing)
            return code

        lines = source.split("\n")
        beginning = re.compile(rf"[ \t>]*\${self._prefix}i\d+z\$")
        for place, line in enumerate(lines[:-1]):
            if beginning.match(line) and "|" in line and not self._is_trimmed(line, lines[place + 1]):
                lines[place] = line + self._mark("s")
        return self._masks.unmask(self._numbered("\n".join(lines)), write)

    def _numbered(self, source: str) -> str:
        """Let the expressions in the places of list items' numbers print numbers that Markdown sees."""

        def number(match: re.Match[str]) -> str:
            inner = self._masks.tags[int(match[3])].expression
            return match[1] + self._masks.add(Tag(f"{{{{ ({inner}) | _item_number }}}}", "expression"))

        return markdown_lines.item_number(self._masks).sub(number, source)

    def _located(self, tag: Tag) -> str:
        """Write an expression with the number of its line, where that does not keep it from trimming."""
        line = f"{self._prefix}l{tag.line}z"
        if "| _item_number }}" in tag.source:
            return tag.source
        if not tag.source.startswith("{{-"):
            return line + tag.source
        return tag.source if tag.source.endswith("-}}") else tag.source + line

    def _alone(self, tag: Tag, code: str, *, is_captured: bool) -> str:
        """Write a statement alone on its line with the mark it leaves there."""
        if is_captured:
            return code + self._mark("x")
        if tag.word in _OPENERS:
            return f"{self._mark('o')}{code}{self._mark('n')}"
        return code + self._mark("c" if tag.closes and tag.word.removeprefix("end") in _OPENERS else "n")

    def _is_trimmed(self, line: str, following: str) -> bool:
        """Tell whether a tag takes away the end of a line."""
        tags, token = self._masks.tags, self._masks.token
        last = self._masks.numbers(line)[-1]
        first = self._masks.numbers(following)[0] if token.match(following.lstrip()) else None
        return tags[last].source[-3:-2] == "-" or (first is not None and tags[first].source[2:3] == "-")

    def _mark(self, letter: str) -> str:
        return f"{self._prefix}{letter}z"

    # --- what Jinja has written ---------------------------------------------------------------------------

    def _pieces(self, markdown: str) -> Iterator[str | Tag]:
        """Cut a row's Markdown into text and tags."""
        cursor = line = 0
        for match in self._word.finditer(markdown):
            if cursor < match.start():
                yield markdown[cursor : match.start()]
            cursor = match.end()
            letter, number = match[1], match[2]
            if letter == "l":
                line = int(number)
            elif letter == "v":
                yield Tag(f"{{{{ {_PRINTED}[{number}] }}}}", "expression", line=line)
            elif letter in _MARKS:
                yield Tag("", "statement", _MARKS[letter], line)
        yield markdown[cursor:]
        if self._prefix in self._word.sub("", markdown).lower():
            raise TemplateError(
                "a filter changes what stands in a block of the template: filter the values instead"
            )


_MARKS: Final = {"o": "if", "c": "endif", "n": "do"}
"""The statements that stand for those alone on their lines; they write nothing."""
