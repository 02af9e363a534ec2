"""The macros and variables a file defines, cut out of it with all they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from notebookmail.compose.markup.jinja_tags import split_tags
from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Environment

    from notebookmail.compose.markup.jinja_tags import Tag

_DEFINING: Final = frozenset({"macro", "set"})


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro, or a variable macros use, as a file defines it.

    Attributes:
        source: Its Jinja source.
        names: What it defines.
        needs: The names it reads: other definitions, or columns.
    """

    source: str
    names: frozenset[str]
    needs: frozenset[str]


def macros_of(env: Environment, text: str, asked: Sequence[str | tuple[str, str]], file: str) -> list[Macro]:
    """Return the macros asked for and all they use, in the order of the file.

    Args:
        env: An environment, for its lexer and parser.
        text: What the file says; it can be parsed.
        asked: The names; a pair of them for `name as other`.
        file: The file's name, for messages.

    Raises:
        TemplateError: A name is not defined, or shall become another.
    """
    macros = [_macro(env, source) for source in defining_sources(split_tags(env, text))]
    wanted = _wanted(asked, macros, file)
    return [macro for macro in macros if macro.names & wanted]


def defining_sources(pieces: Sequence[str | Tag]) -> Iterator[str]:
    """Cut out what defines something, from the tag that begins it to the one that ends it."""
    parts: list[str] = []
    depth = 0
    for piece in pieces:
        if isinstance(piece, str):
            parts += [piece] if depth else []
        elif depth or piece.word in _DEFINING:
            parts.append(piece.source)
            depth += piece.opens - piece.closes
            if not depth:
                yield "".join(parts)
                parts = []


def _macro(env: Environment, source: str) -> Macro:
    tree = env.parse(source)
    node = tree.body[0]
    if isinstance(node, nodes.Macro):
        names = {node.name}
    else:
        assert isinstance(node, (nodes.Assign, nodes.AssignBlock))  # noqa: S101 - the others are not cut out
        target = node.target
        names = {target.name} if isinstance(target, nodes.Name) else {n.name for n in target.find_all(nodes.Name)}
    return Macro(source, frozenset(names), frozenset(find_undeclared_variables(tree)))


def _wanted(asked: Sequence[str | tuple[str, str]], macros: list[Macro], file: str) -> frozenset[str]:
    """Return the names asked for, with those they need.

    Raises:
        TemplateError: One is not defined, or shall have another name.
    """
    known = frozenset[str]().union(*(each.names for each in macros))
    for name in asked:
        if not isinstance(name, str):
            raise TemplateError(f"{name[0]!r} keeps its name: leave out 'as {name[1]}', or rename it in {file}")
        if name not in known:
            raise TemplateError(f"{file} does not define {name!r}; it has {', '.join(sorted(known)) or 'nothing'}")
    wanted, before = frozenset(name for name in asked if isinstance(name, str)), frozenset[str]()
    while wanted != before:
        before = wanted
        wanted |= frozenset[str]().union(*(each.needs for each in macros if each.names & wanted)) & known
    return wanted
