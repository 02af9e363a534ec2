"""Style sheets read for inlining: rules, declarations, how surely a rule is in force (CSS Syntax 3, Cascade 5).

tinycss2 reads the syntax and cssselect2 the selectors. A rule is *always* in force if nothing but its selectors
decides; *sometimes*, if a media query, a state of the reader's client or a client's own vocabulary does. What
nobody can place in the cascade (layers, scopes, nesting) is taken to win. Nothing is thrown away: what is not
understood is a text of the sheet, and stays in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

import tinycss2
from cssselect2 import parser as selector_parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Force = Literal["always", "sometimes", "unordered"]

_KNOWN_STATES: Final = frozenset({
    "active", "any-link", "checked", "default", "disabled", "empty", "enabled", "first-child", "first-of-type",
    "focus", "focus-visible", "focus-within", "hover", "indeterminate", "invalid", "last-child", "last-of-type",
    "link", "only-child", "only-of-type", "optional", "read-only", "read-write", "required", "root", "target",
    "valid", "visited",
})  # fmt: skip
_KNOWN_FUNCTIONS: Final = frozenset(
    {"nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type", "lang", "dir"}
)
_KNOWN_PARTS: Final = frozenset(
    {"before", "after", "first-line", "first-letter", "selection", "placeholder", "marker"}
)
_CONDITIONS: Final = frozenset({"media", "supports"})
_NO_RULES: Final = frozenset({
    "charset", "counter-style", "font-face", "font-feature-values", "font-palette-values", "import", "keyframes",
    "namespace", "page", "property", "view-transition", "viewport",
})  # fmt: skip
_MOST_NODES: Final = 200
"""Of a selector; a longer one is nobody's, and cost too much to match."""
_DEEPEST: Final = 16
"""How many blocks may stand in one another."""
_FAMILIES: Final = {
    "line-height": "font", "word-wrap": "overflow", "word-break": "overflow", "top": "inset", "right": "inset",
    "bottom": "inset", "left": "inset", "column": "column", "columns": "column", "min-inline-size": "size",
    "max-inline-size": "size", "min-block-size": "size", "max-block-size": "size", "inline-size": "size",
    "block-size": "size", "min-width": "size", "max-width": "size", "min-height": "size", "max-height": "size",
    "width": "size", "height": "size", "row-gap": "gap", "column-gap": "gap", "grid-gap": "gap",
    "rotate": "transform", "scale": "transform", "translate": "transform",
}  # fmt: skip
_LAYOUT: Final = frozenset({"flex", "grid", "align", "justify", "place", "order"})
_PREFIXES: Final = frozenset({"webkit", "moz", "ms", "o", "epub", "khtml"})
EVERYTHING: Final = "all"
"""The family of what resets every property."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A property and its value.

    Attributes:
        name: The property, in lower case unless it is a custom one.
        value: Its value as it is written.
        is_important: Whether it is marked `!important`.
        family: What other properties it may share a longhand with; a guess on the large side.
    """

    name: str
    value: str
    is_important: bool
    family: str

    def __str__(self) -> str:
        return f"{self.name}: {self.value}{' !important' if self.is_important else ''};"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Declarations, and the elements they are for.

    Attributes:
        selectors: The selectors (cssselect2's) that can match an element itself.
        declarations: What it says, in order.
        force: How surely it is in force where a selector matches.
        matches_anything: Whether nobody can tell what it matches.
        is_for_elements: Whether all its selectors are for elements themselves, none for a part such as ::before.
    """

    selectors: tuple[Any, ...]
    declarations: tuple[Declaration, ...]
    force: Force
    matches_anything: bool = False
    is_for_elements: bool = True

    @property
    def is_held_by_elements(self) -> bool:
        """Whether nothing of it is lost if all elements it matches hold its declarations."""
        return self.force == "always" and self.is_for_elements and not self.matches_anything


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet.

    Attributes:
        statements: Its top-level pieces as they are written, each with its rule if it is one that can be inlined.
        rules: All its rules, those inside of others too, in order.
    """

    statements: tuple[tuple[str, Rule | None], ...]
    rules: tuple[Rule, ...]


@lru_cache(maxsize=256)
def read_sheet(css: str, media: str = "", *, is_kept_back: bool = False) -> Sheet:
    """Read a style sheet; a broken one is read as a browser does, up to where it can be.

    Args:
        css: The style sheet.
        media: The media it is for, as in `<style media=...>`.
        is_kept_back: Whether nothing of it is to be inlined.
    """
    query = media.strip().lower()
    force: Force = "always" if query in {"", "all"} and not is_kept_back else "sometimes"
    statements: list[tuple[str, Rule | None]] = []
    rules: list[Rule] = []
    for node in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        found = list(_rules(node, force, 0))
        is_one = node.type == "qualified-rule" and len(found) == 1 and found[0].is_held_by_elements
        statements.append((_written(node), found[0] if is_one else None))
        rules += found
    return Sheet(tuple(statements), () if _is_print(query) else tuple(rules))


@lru_cache(maxsize=512)
def read_declarations(css: str) -> dict[str, bool]:
    """Return the properties a `style` attribute sets, and whether each is marked `!important`."""
    nodes = tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True)
    return {each.lower_name: bool(each.important) for each in nodes if each.type == "declaration"}


def _rules(node: Any, force: Force, depth: int) -> Iterator[Rule]:
    """Walk the rules in a statement."""
    if depth > _DEEPEST:
        yield Rule((), (Declaration(EVERYTHING, "", is_important=True, family=EVERYTHING),), "unordered", True)
    elif node.type == "qualified-rule":
        yield from _qualified(node, force, depth)
    elif node.type == "at-rule" and node.content is not None:
        name = _unprefixed(node.lower_at_keyword)
        if name in _NO_RULES or (name == "media" and _is_print(tinycss2.serialize(node.prelude).strip().lower())):
            return
        inner: Force = "sometimes" if name in _CONDITIONS and force != "unordered" else "unordered"
        for each in tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True):
            yield from _rules(each, inner, depth + 1)


def _qualified(node: Any, force: Force, depth: int) -> Iterator[Rule]:
    declarations = []
    for each in tinycss2.parse_blocks_contents(node.content, skip_comments=True, skip_whitespace=True):
        if each.type == "declaration":
            declarations.append(_declaration(each))
        elif each.type != "error":  # nested: what it matches depends on what it stands in
            for inner in _rules(each, "unordered", depth + 1):
                yield Rule((), inner.declarations, "unordered", matches_anything=True)
    parsed = _Selectors(node.prelude)
    if parsed.is_valid and declarations:
        certain: Force = force if parsed.is_known or force == "unordered" else "sometimes"
        found = tuple(parsed.found)
        yield Rule(found, tuple(declarations), certain, parsed.matches_anything, not parsed.has_parts)


class _Selectors:
    """A rule's list of selectors.

    Attributes:
        found: Those that can match an element itself.
        is_valid: Whether a browser takes the list; it drops the rule for one selector it does not know.
        is_known: Whether every browser takes it.
        matches_anything: Whether nobody can tell what one of them matches.
        has_parts: Whether one is for a part of an element, such as ::before.
    """

    def __init__(self, prelude: Sequence[Any]) -> None:
        self.found: list[Any] = []
        self.is_valid = self.is_known = True
        self.matches_anything = self.has_parts = False
        for part in _split_at_commas(prelude):
            self._take(part)

    def _take(self, part: list[Any]) -> None:
        if len(part) > _MOST_NODES or any(node in ("&", "|") for node in part):
            self.matches_anything, self.is_known = True, False
            return
        try:
            (selector,) = selector_parser.parse(part)
        except (selector_parser.SelectorError, ValueError):
            self._refuse(part)
            return
        if selector.pseudo_element is None:
            self.found.append(selector)
        else:
            self.has_parts = True
        self.is_known &= selector.pseudo_element in {None, *_KNOWN_PARTS} and all(map(_is_known, _names(part)))

    def _refuse(self, part: list[Any]) -> None:
        if any(one == two == ":" for one, two in pairwise(part)):
            self.is_known, self.has_parts = False, True  # a part, of some client's own vocabulary
        else:
            self.is_valid = False


def _names(part: Sequence[Any]) -> Iterator[str]:
    """Walk the pseudo-classes of a selector, those in :not() and its like too; a function's name ends in "("."""
    for before, node in zip([None, *part], part, strict=False):
        if before == ":" and node.type == "ident":
            yield node.lower_value
        elif before == ":" and node.type == "function":
            if node.lower_name in {"is", "where", "not", "has"}:
                yield from _names(node.arguments)
            else:
                yield f"{node.lower_name}("


def _is_known(name: str) -> bool:
    if name.endswith("("):
        return name[:-1] in _KNOWN_FUNCTIONS
    return name in _KNOWN_STATES or name in _KNOWN_PARTS


def _split_at_commas(nodes: Sequence[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for node in nodes:
        if node == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


def _declaration(node: Any) -> Declaration:
    name = node.name if node.name.startswith("--") else node.lower_name
    value = "".join(" " if each.type == "whitespace" else _written(each) for each in node.value).strip()
    return Declaration(name, value, bool(node.important), _family(name))


def _family(name: str) -> str:
    """Return a name for all properties that may share a longhand with this one."""
    if name.startswith(("--", "mso-")):
        return name
    bare = _unprefixed(name)
    family = _FAMILIES.get(bare) or bare.partition("-")[0]
    return "layout" if family in _LAYOUT else family


def _unprefixed(name: str) -> str:
    if not name.startswith("-"):
        return name
    prefix, _, rest = name[1:].partition("-")
    return rest if prefix in _PREFIXES and rest else name


def _is_print(query: str) -> bool:
    """Tell whether a media query is for paper alone: a letter is read on a screen."""
    return bool(query) and all(part.split()[:1] == ["print"] for part in query.split(","))


def _written(node: Any) -> str:
    """Write a node as it stood in its source; one nested deeper than Python walks is left out."""
    if node.type == "error":
        return ""
    try:
        return str(tinycss2.serialize([node]))
    except RecursionError:
        return ""
