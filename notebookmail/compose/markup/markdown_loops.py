"""Statements around table rows and list items: put where the table or the list stays one.

A Markdown parser takes a line of statements inside a table for a row, and outside of a list for the list's end.
Here the row becomes the bare statement again, and the list takes the statements in, so that
`{% for %}`, `- item`, `{% endfor %}` is one list and numbers count on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.token import Token

if TYPE_CHECKING:
    from .markdown_statements import StatementPositions

_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})


def table_tags(tokens: list[Token], statements: StatementPositions) -> list[Token]:
    """Turn the rows that hold only statements into the statements themselves."""
    settled: list[Token] = []
    place = 0
    table_start = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type == "table_open":
            table_start = len(settled)
        if token.type == "tr_open":
            end = _closing(tokens, place)
            numbers = statements.line_of_statements(
                " ".join(each.content for each in tokens[place:end] if each.content)
            )
            settled += [_statement(number) for number in numbers] or tokens[place : end + 1]
            place = end
        elif token.type == "table_close":
            outside = _take_dangling(settled, table_start, statements)
            settled += [token, *outside]
        else:
            settled.append(token)
        place += 1
    return settled


def _take_dangling(settled: list[Token], start: int, statements: StatementPositions) -> list[Token]:
    """Take away the statements at a table's end whose block reaches beyond the table."""
    inside = {token.meta["number"] for token in settled[start:] if token.type == "jinja"}
    last = len(settled) - (settled[-1].type == "tbody_close")
    first = last
    while settled[first - 1].type == "jinja" and not statements.is_complete(
        settled[first - 1].meta["number"], inside
    ):
        first -= 1
    dangling = settled[first:last]
    del settled[first:last]
    return dangling


def merge_lists(tokens: list[Token], statements: StatementPositions) -> list[Token]:
    """Join neighbouring lists of one kind with the statements around and between their items."""
    merged: list[Token] = []
    place = 0
    while place < len(tokens):
        elements: list[list[Token]] = []
        opening: Token | None = None
        while place < len(tokens) and _continues(tokens[place], opening):
            end = place
            if tokens[place].type in _LISTS:
                opening = opening or tokens[place]
                end = _closing(tokens, place)
            elements.append(tokens[place : end + 1])
            place = end + 1
        if elements:
            merged += _joined(elements, statements)
        if place < len(tokens) and not _continues(tokens[place], None):
            merged.append(tokens[place])
            place += 1
    return merged


def _continues(token: Token, opening: Token | None) -> bool:
    """Tell whether a token goes on with a series of statements and lists of one kind."""
    if token.type in _LISTS:
        return opening is None or (token.type, token.markup) == (opening.type, opening.markup)
    return token.type == "jinja"


def _joined(elements: list[list[Token]], statements: StatementPositions) -> list[Token]:
    numbers = {element[0].meta["number"] for element in elements if element[0].type == "jinja"}
    joined: list[Token] = []
    run: list[list[Token]] = []
    for element in elements:
        if element[0].type == "jinja" and not statements.is_complete(element[0].meta["number"], numbers):
            joined += [*_one_list(run, statements), *element]
            run = []
        else:
            run.append(element)
    return joined + _one_list(run, statements)


def _one_list(run: list[list[Token]], statements: StatementPositions) -> list[Token]:
    """Write a run of lists and whole blocks of statements as one list, if it is more than a list in an `if`."""
    lists = [element for element in run if element[0].type in _LISTS]
    words = {
        statements.masks.tags[element[0].meta["number"]].word for element in run if element[0].type == "jinja"
    }
    inner = [merge_lists(element[1:-1], statements) if element in lists else element for element in run]
    if len(lists) > 1 or (lists and "for" in words):
        return [lists[0][0], *(token for part in inner for token in part), lists[0][-1]]
    return [
        token
        for element, part in zip(run, inner, strict=True)
        for token in ([element[0], *part, element[-1]] if element in lists else element)
    ]


def _closing(tokens: list[Token], opening: int) -> int:
    """Return the place of the token that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(tokens)):
        depth += tokens[place].nesting
        if depth == 0:
            return place
    raise AssertionError("the parser closes what it opens")


def _statement(number: int) -> Token:
    return Token("jinja", "", 0, meta={"number": number}, block=True)
