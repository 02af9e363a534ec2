"""Which statements of a masked Markdown source stand alone on their lines, and at which indentation.

A statement counts as standing alone only if all tags of its block do: `text {% if x %}` in a paragraph is ended in
that paragraph, even by an `{% endif %}` on a line of its own. A line of statements takes the indentation of what
it encloses, so that authors may indent nested statements as in code without ending up inside a list item.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from .jinja_tags import Masks


class StatementPositions:
    """A masked Markdown source, its lines of statements marked and indented.

    Attributes:
        masks: The tags and their tokens.
        text: The source, ready for the Markdown parser.
    """

    def __init__(self, masks: Masks, masked: str) -> None:
        self.masks = masks
        prefix = masks.prefix
        self._statement = re.compile(rf"\${prefix}[ib](\d+)z\$")
        self._alone = re.compile(rf"([ \t>]*)((?:\${prefix}i\d+z\$[ \t]*)+)")
        self._marked = re.compile(rf"(?:\${prefix}b\d+z\$[ \t]*)+")
        self._groups: dict[int, set[int]] = {}
        for number, tag in enumerate(masks.tags):
            self._groups.setdefault(tag.group, set()).add(number)
        lines = masked.split("\n")
        self._line_of = self._find_lines(lines)
        self.text = "\n".join(self._mark(lines))

    def line_of_statements(self, line: str) -> list[int]:
        """Return the numbers of the statements in a line that holds nothing else, or an empty list."""
        return self.masks.numbers(line) if self._marked.fullmatch(line) else []

    def is_complete(self, number: int, among: Collection[int]) -> bool:
        """Tell whether the whole block a statement belongs to is among the given ones."""
        return self._groups[self.masks.tags[number].group].issubset(among)

    def ends_what_began_before(self, numbers: list[int], line: int) -> bool:
        """Tell whether one of the statements belongs to a block opened before the line."""
        return any(self._line_of[self.masks.tags[number].group] < line for number in numbers)

    def _find_lines(self, lines: list[str]) -> dict[int, int]:
        """Map the statements that stand alone to their lines."""
        found: dict[int, int] = {}
        for place, line in enumerate(lines):
            match = self._alone.fullmatch(line)
            if match:
                found |= dict.fromkeys(map(int, self._statement.findall(match[2])), place)
        # A line counts only with all its tags, and taking one away may strand others: repeat until it is settled.
        while stranded := {place for number, place in found.items() if not self.is_complete(number, found)}:
            found = {number: place for number, place in found.items() if place not in stranded}
        return found

    def _mark(self, lines: list[str]) -> list[str]:
        alone = set(self._line_of.values())
        indentations: dict[int, str] = {}
        for place in sorted(alone):
            first = int(self._statement.findall(lines[place])[0])
            group = self.masks.tags[first].group
            if group == first:
                indentations[group] = _next_indentation(lines, place, alone)
            lines[place] = self._mark_line(lines[place], indentations.get(group, ""))
        return lines

    def _mark_line(self, line: str, indentation: str) -> str:
        def mark(match: re.Match[str]) -> str:
            number = int(match[1])
            tag = self.masks.tags[number]
            self.masks.tags[number] = replace(tag, kind="alone")
            return f"${self.masks.prefix}b{number}z$"

        marked = self._statement.sub(mark, line)
        return marked if marked.lstrip().startswith(">") else indentation + marked.lstrip()


def _next_indentation(lines: list[str], place: int, alone: set[int]) -> str:
    for following in range(place + 1, len(lines)):
        line = lines[following]
        if following not in alone and line.strip():
            return line[: len(line) - len(line.lstrip())]
    return ""
