"""Whether a selector matches an element, where a template, or a client's state, may leave that open (Selectors 4).

Four answers, from no to yes: NO; BY_STATE, for what only the reader's client knows (:hover, :visited); BY_ROW, for
what only a row's values decide (`class="{{ status }}"`, :nth-child over a loop); YES. What needs several takes the
least of them, what needs one of several the greatest. Capital letters that differ are left open too: in quirks
mode they make no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cssselect2 import parser
from tinycss2.nth import parse_nth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .html_elements import Element

NO: Final = 0
BY_STATE: Final = 1
BY_ROW: Final = 2
YES: Final = 3
_OPPOSITE: Final = {NO: YES, BY_STATE: BY_STATE, BY_ROW: BY_ROW, YES: NO}
_LINK_STATES: Final = frozenset({"link", "any-link", "visited", "-webkit-any-link", "-moz-any-link"})
_LINKS: Final = frozenset({"a", "area"})
_PLACES: Final = {
    "first-child": (False, False), "last-child": (True, False),
    "first-of-type": (False, True), "last-of-type": (True, True),
    "nth-child": (False, False), "nth-last-child": (True, False),
    "nth-of-type": (False, True), "nth-last-of-type": (True, True),
}  # fmt: skip
_ONLY: Final = {"only-child": ("first-child", "last-child"), "only-of-type": ("first-of-type", "last-of-type")}


def match(tree: Any, element: Element) -> int:
    """Tell whether a parsed selector matches an element: NO, BY_STATE, BY_ROW or YES."""
    if not isinstance(tree, parser.CombinedSelector):
        return _compound(tree, element)
    right = _compound(tree.right, element)
    if right == NO:
        return NO
    return min(right, _combined(tree, element))


def key(tree: Any) -> tuple[str, str]:
    """Return what an element must have to match: ("#", id), (".", class), ("", name), or ("*", "") for nothing."""
    simple = (tree.right if isinstance(tree, parser.CombinedSelector) else tree).simple_selectors
    for each in simple:
        if isinstance(each, parser.IDSelector):
            return "#", each.ident.lower()
        if isinstance(each, parser.ClassSelector):
            return ".", each.class_name.lower()
    for each in simple:
        if isinstance(each, parser.LocalNameSelector):
            return "", each.lower_local_name
    return "*", ""


def _combined(tree: Any, element: Element) -> int:
    """Tell whether what stands left of a combinator matches one of those it leads to."""
    if tree.combinator in {" ", ">"}:
        found = NO
        for ancestor in _ancestors(element):
            found = max(found, BY_ROW if ancestor is None else match(tree.left, ancestor))
            if found == YES or tree.combinator == ">":
                break
        return found
    earlier = element.siblings[: element.index] if tree.combinator == "~" else _previous(element)
    found = max((match(tree.left, each) for each in earlier), default=NO)
    return BY_ROW if element.has_open_siblings else found


def _ancestors(element: Element) -> Iterator[Element | None]:
    """Walk up from an element; None where the template leaves open what it stands in."""
    while True:
        if element.is_detached:
            yield None
            return
        if element.parent is None:
            return
        yield element.parent
        element = element.parent


def _previous(element: Element) -> list[Element]:
    return element.siblings[element.index - 1 : element.index] if element.index else []


def _compound(tree: Any, element: Element) -> int:
    found = YES
    for simple in tree.simple_selectors:
        found = min(found, _simple(simple, element))
        if found == NO:
            break
    return found


def _simple(simple: Any, element: Element) -> int:
    match simple:
        case parser.LocalNameSelector():
            return YES if simple.lower_local_name == element.name else NO
        case parser.ClassSelector():
            return _listed(simple.class_name, element)
        case parser.IDSelector():
            return _compared("=", simple.ident, element.attributes.get("id"), is_open=element.is_open("id"))
        case parser.AttributeSelector():
            return _attribute(simple, element)
        case _:
            return _grouped(simple, element)


def _grouped(simple: Any, element: Element) -> int:
    match simple:
        case parser.PseudoClassSelector():
            return _state(simple.name, element)
        case parser.FunctionalPseudoClassSelector():
            return _placed(simple, element) if simple.name in _PLACES else BY_STATE
        case parser.NegationSelector():
            return _OPPOSITE[_any(simple.selector_list, element)]
        case parser.MatchesAnySelector() | parser.SpecificityAdjustmentSelector():
            return _any(simple.selector_list, element)
        case _:  # :has(), namespaces
            return BY_STATE


def _any(selectors: Iterable[Any], element: Element) -> int:
    chosen = list(selectors)
    if not chosen:  # it held something that no browser takes, or only some
        return BY_STATE
    return max(match(each.parsed_tree, element) for each in chosen)


def _listed(name: str, element: Element) -> int:
    if name in element.classes:
        return YES
    if element.is_open("class"):
        return BY_ROW
    return BY_STATE if name.lower() in (each.lower() for each in element.classes) else NO


def _attribute(simple: Any, element: Element) -> int:
    name = simple.lower_name
    if simple.operator is None:
        return YES if name in element.attributes else BY_ROW if element.is_open(name) else NO
    value = element.attributes.get(name)
    return _compared(simple.operator, simple.value, value, is_open=element.is_open(name))


def _compared(operator: str, wanted: str, value: str | None, *, is_open: bool) -> int:
    if is_open:
        return BY_ROW
    if value is None:
        return NO
    if _fits(operator, wanted, value):
        return YES
    return BY_STATE if _fits(operator, wanted.lower(), value.lower()) else NO


def _fits(operator: str, wanted: str, value: str) -> bool:
    if operator == "=":
        return value == wanted
    if operator == "~=":
        return wanted in value.split()
    if operator == "|=":
        return value == wanted or value.startswith(f"{wanted}-")
    if not wanted:
        return False
    return {"^=": value.startswith, "$=": value.endswith, "*=": value.__contains__}[operator](wanted)


def _state(name: str, element: Element) -> int:
    if name in _ONLY:
        return min(_state(each, element) for each in _ONLY[name])
    if name in _PLACES:
        return _nth(name, 0, 1, element)
    if name == "root":
        return BY_STATE if element.parent is None else NO
    if name in _LINK_STATES and not (element.name in _LINKS and "href" in element.attributes):
        return BY_ROW if element.name in _LINKS and element.is_open("href") else NO
    return BY_STATE


def _placed(simple: Any, element: Element) -> int:
    numbers = parse_nth(simple.arguments)
    return BY_STATE if numbers is None else _nth(simple.name, numbers[0], numbers[1], element)


def _nth(name: str, step: int, offset: int, element: Element) -> int:
    """Tell whether an element's place among its siblings, from 1, is offset + n * step for an n >= 0."""
    if element.parent is None:
        return BY_STATE
    if element.has_open_siblings:
        return BY_ROW
    is_from_end, is_of_type = _PLACES[name]
    siblings, index = element.siblings, element.index
    place = len(siblings) - index if is_from_end else index + 1
    if is_of_type:
        counted = siblings[index:] if is_from_end else siblings[: index + 1]
        place = sum(each.name == element.name for each in counted)
    rest = place - offset
    return YES if (rest == 0 if step == 0 else rest % step == 0 and rest // step >= 0) else NO
