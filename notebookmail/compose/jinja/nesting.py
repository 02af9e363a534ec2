"""Jinja that says where statements or expressions stand too deep in one another.

Jinja walks a template in steps that call themselves, and writes Python whose blocks stand in one another as its
statements do: beyond some depth either ends in an error of Python's about neither the template nor its line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from jinja2 import nodes

_DEEPEST: Final = 150
"""How many nodes of a template may stand in one another; Python's stack of 1,000 calls holds some 250."""

_TOO_DEEP: Final = (
    "statements or expressions stand too deep in one another: split them, or use a function of the row"
)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, which refuses what is too deep for it as it refuses what is no Jinja."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        try:
            tree = super()._parse(source, name, filename)
        except RecursionError:
            raise TemplateSyntaxError(_TOO_DEEP, 1, name, filename) from None
        line = _line_too_deep(tree)
        if line is not None:
            raise TemplateSyntaxError(_TOO_DEEP, line, name, filename)
        return tree

    def _compile(self, source: str, filename: str) -> Any:
        try:
            return super()._compile(source, filename)
        except (SyntaxError, RecursionError) as problem:  # a hundred indentations, or twenty loops
            raise TemplateSyntaxError(_TOO_DEEP, 1) from problem


def _line_too_deep(tree: nodes.Template) -> int | None:
    """Return the line of the first node that stands too deep, level by level."""
    level: list[nodes.Node] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return None
    return level[0].lineno
