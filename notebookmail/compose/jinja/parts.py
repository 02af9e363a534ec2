"""The pieces of a template, compiled: a text, a line, an HTML body, one mailbox each.

A part is parsed once and filled for every row. Whatever goes wrong while it is filled becomes a TemplateError that
names the field and the row: an expression is the user's code, and a row that cannot be rendered is a result.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from markupsafe import escape

from notebookmail.compose.markup.link_schemes import LinkError, is_link
from notebookmail.compose.mime.plain_body import Stretch
from notebookmail.compose.rows.column_names import check_calls, names_through_row, syntax_error
from notebookmail.errors import INTERRUPTS, FunctionError, TemplateError

from .plain_values import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Hashable

    from jinja2 import Environment

_OF_JINJA = frozenset({"self", "super", "loop", "caller", "varargs", "kwargs"})  # names that it fills in itself
_ONE_VARIABLE = re.compile(r"\{\{ *([a-z_A-Z]\w*) *\}\}")
_ESCAPED = re.compile("[&<>\"']")
_LINK = "_link"
_GUARDS = frozenset({_LINK, "_attribute"})


class TemplatePart:
    """One piece of a template.

    Args:
        env: The environment it is rendered in.
        source: Jinja source.
        field: The template field it belongs to, for messages.
        prints_plainly: False where the environment does not print a text as what it says.

    Attributes:
        constant: The text, if it is the same for every row; else None.
        own: The stretches of text that are the template's own.
        stretches: What it is made of, if that is nothing but text and names, one after the other.

    Raises:
        TemplateError: The source cannot be parsed; the message has the line.
    """

    __slots__ = ("_blocks", "_env", "_root", "_variable", "constant", "field", "own", "stretches")

    def __init__(self, env: Environment, source: str, field: str, *, prints_plainly: bool = True) -> None:
        self.field = field
        try:
            template = env.from_string(source)
        except TemplateSyntaxError as problem:
            raise syntax_error(env, problem, source, field) from problem
        self._env = env
        self._blocks = template.blocks
        self._root = template.root_render_func
        alone = None if env.autoescape else _ONE_VARIABLE.fullmatch(source)
        self._variable = alone[1] if alone else ""
        self.constant: str | None = None
        if not any(mark in source for mark in ("{{", "{%", "{#")):
            self.constant = "".join(self._filled({}))
        tree = env.parse(source)
        self.own = frozenset(node.data for node in tree.find_all(nodes.TemplateData))
        self.stretches = _stretches(tree, is_html=bool(env.autoescape)) if prints_plainly else ()

    def render(self, context: dict[str, Any], row: Hashable = None) -> str:
        """Fill in a row's values.

        Args:
            context: The values by name; not changed.
            row: The row's label, for messages.

        Raises:
            TemplateError: A value is missing or unknown, or an expression failed.
        """
        if self.constant is not None:
            return self.constant
        value = context.get(self._variable) if self._variable else None
        if type(value) is str:  # `{{ email }}` and the like, the most frequent of all: nothing to be rendered
            return value
        return "".join(self.pieces(context, row))

    def pieces(self, context: dict[str, Any], row: Hashable = None) -> list[str]:
        """Fill in a row's values, and return the text in pieces; none is empty.

        Args:
            context: As for `render`.
            row: As for `render`.

        Raises:
            TemplateError: As for `render`.
        """
        return self._filled_plainly(context) or self._rendered(context, row)

    def _filled_plainly(self, context: dict[str, Any]) -> list[str]:
        """Fill in texts and numbers as Jinja prints them; return nothing where it takes Jinja to do it."""
        done: list[str] = []
        escapes = self._env.autoescape
        for text, name, begins_link in self.stretches:
            if text:
                done.append(text)
                continue
            value = context.get(name)
            if type(value) in NUMBERS and value == value:  # noqa: PLR0124 -- NaN differs from itself
                done.append(str(value))
            elif type(value) is str and not (escapes and "\n" in value):  # its lines become lines of HTML
                if begins_link and not is_link(value):
                    return []  # Jinja says what is wrong
                if escapes and _ESCAPED.search(value):
                    value = str.__str__(escape(value))
                if value:
                    done.append(value)
            else:
                return []
        return done

    def _rendered(self, context: dict[str, Any], row: Hashable) -> list[str]:
        try:
            return self._filled(context)
        except INTERRUPTS:
            raise
        except FunctionError as problem:
            raise FunctionError(problem.message, self.field, row, problem.function) from problem.__cause__
        except (UndefinedError, SecurityError, LinkError) as problem:
            raise TemplateError(str(problem), self.field, row) from problem
        except TemplateError as problem:
            raise TemplateError(problem.message, self.field, row) from problem
        except BaseException as problem:  # an expression is the user's code and may raise anything
            raise TemplateError(f"{type(problem).__name__}: {problem}", self.field, row) from problem

    def _filled(self, context: dict[str, Any]) -> list[str]:
        # Not Template.render: it copies the values and the globals for every part; here all parts share them.
        return list(filter(None, self._root(self._env.context_class(self._env, context, None, self._blocks))))


def _stretches(tree: nodes.Template, *, is_html: bool) -> tuple[Stretch, ...]:
    """Read a template of nothing but text and names; return nothing if it is more than that.

    In attributes of HTML names stand in a filter of ours, which changes no text that has no line ends.
    """
    found: list[Stretch] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return ()
        for node in output.nodes:
            guard = node.name if is_html and isinstance(node, nodes.Filter) and node.name in _GUARDS else ""
            name = node.node if isinstance(node, nodes.Filter) and guard else node
            if isinstance(node, nodes.TemplateData):
                found.append(Stretch(node.data))
            elif isinstance(name, nodes.Name) and name.name not in _OF_JINJA:
                found.append(Stretch("", name.name, guard == _LINK))
            else:
                return ()
    return tuple(found)


def names_in(env: Environment, source: str, field: str) -> frozenset[str]:
    """Return the names a source reads: columns, also those it reads through `row`, and "row" itself.

    Raises:
        TemplateError: It cannot be parsed, calls what is not there, or wants to load another template.
    """
    return parsed(env, source, field)[1]


def parsed(env: Environment, source: str, field: str) -> tuple[nodes.Template, frozenset[str]]:
    """Return a source's tree, which nobody changes, and the names it reads.

    Raises:
        TemplateError: As for names_in.
    """
    try:
        return _parsed(env, source)
    except TemplateSyntaxError as problem:
        raise syntax_error(env, problem, source, field) from problem
    except TemplateError as problem:
        raise TemplateError(problem.message, field) from problem


@lru_cache(maxsize=64)  # a template's sources are looked at for its fields, its recipients, and its keys
def _parsed(env: Environment, source: str) -> tuple[nodes.Template, frozenset[str]]:
    tree = env.parse(source)
    if next(meta.find_referenced_templates(tree), False) is not False:
        raise TemplateError("only a body can take in another file: write it out")
    check_calls(env, tree)
    names = _undeclared(env, tree)
    if "row" in names:
        names |= set(names_through_row(tree))
    return tree, frozenset(names)


def _undeclared(env: Environment, tree: nodes.Template) -> set[str]:
    """Return the names a tree reads, as jinja2.meta.find_undeclared_variables, which would change the tree."""
    reader = meta.TrackingCodeGenerator(env)
    reader.optimizer = None
    reader.visit(tree)
    return reader.undeclared_identifiers
