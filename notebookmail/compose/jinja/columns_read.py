"""What a letter reads of a row: the columns its templates name, and what only making it shows.

Columns that are named (`{{ name }}`, `row["First name"]`, `each.item` in a loop over the rows of a group) are
found in the template. What a function of the row touches is noted while it is called; a template that passes on
the whole row, or the whole frame of a group, reads all columns there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jinja2 import nodes

from notebookmail.compose.groups import ROWS
from notebookmail.compose.rows.column_names import names_through_row

from .parts import parsed
from .sandbox import TABLE_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

_DICT_METHODS: Final = frozenset(dir(dict))
_NEIGHBOURS: Final = frozenset({"previtem", "nextitem"})
_COUNTING: Final = frozenset({"length", "count"})


@dataclass(frozen=True, slots=True)
class Reads:
    """What templates and functions read.

    Attributes:
        columns: The names they read, columns among them.
        items: The columns they read of the rows of a group.
        is_whole: Whether a template reads the row as a whole.
        is_whole_group: Whether a template reads the frame of a group as a whole.
        has_functions: Whether there are functions of the row.
    """

    columns: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    is_whole: bool = False
    is_whole_group: bool = False
    has_functions: bool = False

    def __or__(self, other: Reads) -> Reads:
        return Reads(
            self.columns | other.columns,
            self.items | other.items,
            self.is_whole or other.is_whole,
            self.is_whole_group or other.is_whole_group,
            self.has_functions or other.has_functions,
        )

    @property
    def is_open(self) -> bool:
        """Whether more is read than what the templates name."""
        return self.is_whole or self.is_whole_group or self.has_functions


FUNCTION: Final = Reads(has_functions=True)


def all_reads(found: Iterable[Reads]) -> Reads:
    """Put together what several parts read."""
    together = Reads()
    for each in found:
        together |= each
    return together


def reads_of(env: Environment, source: Any, field: str) -> Reads:
    """Return what a template reads, or a function of the row.

    Raises:
        TemplateError: It cannot be parsed.
    """
    if not isinstance(source, str):
        return FUNCTION
    tree, names = parsed(env, source, field)
    items, is_whole_group = _items(tree) if ROWS in names else (frozenset[str](), False)
    return Reads(
        names - {"row", ROWS}, items, is_whole="row" in names and _is_whole(tree), is_whole_group=is_whole_group
    )


def _is_whole(tree: nodes.Template) -> bool:
    """Tell whether `row` stands anywhere but before the name of a column."""
    everywhere = sum(name.name == "row" for name in tree.find_all(nodes.Name))
    return everywhere > sum(1 for _ in names_through_row(tree))


def _items(tree: nodes.Template) -> tuple[frozenset[str], bool]:
    """Return the columns read of the rows of a group, and whether more of them may be read."""
    search = _Items(tree)
    return frozenset(search.items), search.is_whole


class _Items:
    """Looks for what a template reads of `rows`: every use that is not understood reads it all."""

    def __init__(self, tree: nodes.Template) -> None:
        self.items: set[str] = set()
        understood = sum(self._use(node) for node in tree.find_all(nodes.Node))
        everywhere = sum(name.name == ROWS for name in tree.find_all(nodes.Name))
        looks_aside = any(each.attr in _NEIGHBOURS for each in tree.find_all(nodes.Getattr))
        self.is_whole = everywhere > understood or looks_aside

    def _use(self, node: nodes.Node) -> bool:
        """Take note of what a node reads of `rows`; True where it is understood."""
        match node:
            case nodes.For(target=nodes.Name(name=each), iter=nodes.Name(name="rows")):
                return self._in_loop(node, each)
            case nodes.Filter(node=nodes.Name(name="rows"), name=name) if name in _COUNTING:
                return True
            case nodes.Filter(node=nodes.Name(name="rows"), name="table", kwargs=kwargs):
                return self._shown(kwargs)
            case nodes.Getattr(node=nodes.Name(name="rows"), attr=attr) if not _is_of_table(attr):
                return self._note(attr)
            case nodes.Getitem(node=nodes.Name(name="rows"), arg=nodes.Const(value=str(column))):
                return self._note(column)
        return False

    def _in_loop(self, loop: nodes.For, each: str) -> bool:
        """Look at what a loop reads of each row: True if it is only columns by their names."""
        inside = [*loop.body, *([loop.test] if loop.test is not None else [])]
        named = everywhere = 0
        for part in inside:
            for node in _walk(part):
                match node:
                    case nodes.Getattr(node=nodes.Name(name=name), attr=column) if name == each:
                        named += column not in _DICT_METHODS and self._note(column)
                    case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(column))) if (
                        name == each
                    ):
                        named += self._note(column)
                    case nodes.Name(name=name) if name == each:
                        everywhere += 1
        return everywhere == named

    def _shown(self, kwargs: Iterable[Any]) -> bool:
        for keyword in kwargs:
            if keyword.key == "columns" and isinstance(keyword.value, (nodes.List, nodes.Tuple)):
                columns = keyword.value.items
                if all(isinstance(column, nodes.Const) for column in columns):
                    return all(self._note(str(column.as_const())) for column in columns)
        return False

    def _note(self, column: str) -> bool:
        self.items.add(column)
        return True


def _walk(node: nodes.Node) -> Iterable[nodes.Node]:
    yield node
    yield from node.find_all(nodes.Node)


def _is_of_table(attribute: str) -> bool:
    return attribute == "frame" or attribute in TABLE_METHODS
