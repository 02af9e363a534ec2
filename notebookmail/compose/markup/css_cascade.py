"""What the rules of a document come to for each element, and what of it the element can hold (CSS Cascade 5).

A declaration is written into an element if it is sure to be in force there, and nothing that is only sometimes in
force could win against it. Those of one name replace each other; what the author has written into the element
comes after all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .css_selectors import BY_ROW, NO, YES, key, match
from .css_style_sheet import EVERYTHING, read_declarations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .css_style_sheet import Declaration, Rule
    from .html_elements import Element, Tree
    from .html_tokens import Token

_UNSEEN: Final = frozenset({
    "base", "br", "head", "link", "meta", "noscript", "param", "script", "source", "style", "template", "title",
    "track", "wbr",
})  # fmt: skip
"""What is nowhere to be seen needs no style."""

Precedence = tuple[tuple[int, ...], int]
"""Specificity, and the rule's place among all rules."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A rule that is, or may be, in force for an element."""

    precedence: Precedence
    rule: Rule
    is_sure: bool


class Cascade:
    """The rules of a document, ready to be matched.

    Args:
        rules: All rules, in order.

    Attributes:
        kept: The rules that elements do not, or not alone, hold.
        is_open: Whether only a row decides what some rule matches.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.kept: set[Rule] = set()
        self.is_open = False
        self._by_key: dict[tuple[str, str], list[tuple[int, Rule, Any]]] = {}
        self._everywhere: list[tuple[int, Rule]] = []
        for order, rule in enumerate(rules):
            if rule.matches_anything:
                self._everywhere.append((order, rule))
            for selector in rule.selectors:
                wanted = key(selector.parsed_tree)
                self._by_key.setdefault(wanted, []).append((order, rule, selector))

    def edits(self, tree: Tree) -> list[tuple[int, int, str]]:
        """Return what is to be written into the start tags of a document."""
        edits: list[tuple[int, int, str]] = []
        for element in tree.elements:
            matches = self._matches(element)
            if self.is_open:
                return []
            declarations = self._chosen(element, matches)
            if declarations and element.tag is not None:
                edits += _edit(element, element.tag, declarations)
        return edits

    def _candidates(self, element: Element) -> Iterator[tuple[int, Rule, Any]]:
        keys = [("*", ""), ("", element.name)]
        for sign, name, values in (
            (".", "class", element.classes),
            ("#", "id", [element.attributes.get("id", "")]),
        ):
            if element.is_open(name):
                keys += [each for each in self._by_key if each[0] == sign]
            else:
                keys += {(sign, value.lower()) for value in values}
        for each in keys:
            yield from self._by_key.get(each, ())

    def _matches(self, element: Element) -> list[_Match]:
        """Return what is or may be in force for an element, in the order of the cascade."""
        best: dict[tuple[int, bool], _Match] = {}
        for order, rule, selector in self._candidates(element):
            how = match(selector.parsed_tree, element)
            if how == NO:
                continue
            self.is_open |= how == BY_ROW and rule.force == "always"
            found = _Match((selector.specificity, order), rule, how == YES and rule.force == "always")
            other = best.setdefault((order, found.is_sure), found)
            if other.precedence < found.precedence:
                best[order, found.is_sure] = found
        everywhere = [_Match(((0, 0, 0), order), rule, is_sure=False) for order, rule in self._everywhere]
        return sorted([*best.values(), *everywhere], key=lambda each: each.precedence)

    def _chosen(self, element: Element, matches: list[_Match]) -> list[Declaration]:
        """Return the declarations an element can hold, and keep the rules of all others."""
        doubtful = [each for each in matches if not each.is_sure]
        self.kept.update(each.rule for each in doubtful)
        can_hold = element.tag is not None and not element.is_split and element.name not in _UNSEEN
        held: dict[str, tuple[Rule, list[Declaration]]] = {}
        for each in matches:
            for declaration in each.rule.declarations if each.is_sure else ():
                if not can_hold or any(_could_win(other, each, declaration) for other in doubtful):
                    self.kept.add(each.rule)
                    if declaration.family == EVERYTHING:
                        self.kept |= _let_go(held, is_important=declaration.is_important)
                else:
                    _hold(held, each.rule, declaration)
        return [declaration for _, declarations in held.values() for declaration in declarations]


def _could_win(other: _Match, sure: _Match, declaration: Declaration) -> bool:
    """Tell whether a rule that may be in force says something that would beat a declaration in a style sheet."""
    if other.rule.force != "unordered" and other.precedence < sure.precedence:
        return False
    return any(
        each.is_important == declaration.is_important
        and (each.family == declaration.family or EVERYTHING in {each.family, declaration.family})
        for each in other.rule.declarations
    )


def _hold(held: dict[str, tuple[Rule, list[Declaration]]], rule: Rule, declaration: Declaration) -> None:
    """Let a declaration take the place of an earlier one of its name; a rule's own fallbacks stay together."""
    earlier_rule, earlier = held.get(declaration.name, (rule, []))
    if any(each.is_important for each in earlier) and not declaration.is_important:
        return
    if earlier_rule is not rule or (declaration.is_important and not all(each.is_important for each in earlier)):
        earlier = []
    held.pop(declaration.name, None)  # the later one holds from its own place
    held[declaration.name] = rule, [*earlier, declaration]


def _let_go(held: dict[str, tuple[Rule, list[Declaration]]], *, is_important: bool) -> set[Rule]:
    """Hold nothing any more that a reset in a style sheet could not win against; return the rules it is of."""
    names = [
        name for name, (_, held_by) in held.items() if any(each.is_important == is_important for each in held_by)
    ]
    return {held.pop(name)[0] for name in names}


def _edit(element: Element, tag: Token, declarations: list[Declaration]) -> list[tuple[int, int, str]]:
    """Write declarations into a start tag, before what the author has written there."""
    style = tag.attribute("style")
    if style is None:
        place = tag.insertion_place
        return [(place, place, f' style="{_quoted(" ".join(map(str, declarations)), chr(34))}"')]
    if not element.is_open("style"):
        declarations = _without_overridden(declarations, element.attributes["style"])
    if not declarations:
        return []
    quote = style.quote or '"'
    written = _quoted(" ".join(map(str, declarations)), quote) + (" " if style.value.strip() else "")
    if style.quote:
        return [(style.value_start, style.value_start, written)]
    return [(style.start, style.end, f'style="{written}{style.value.replace(quote, "&quot;")}"')]


def _without_overridden(declarations: list[Declaration], style: str) -> list[Declaration]:
    """Leave out what the element says itself."""
    own = read_declarations(style)
    return [each for each in declarations if each.name not in own or (each.is_important and not own[each.name])]


def _quoted(text: str, quote: str) -> str:
    return text.replace("&", "&amp;").replace(quote, "&quot;" if quote == '"' else "&#39;")
