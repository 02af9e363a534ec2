"""Which cells of a notebook a letter shows, and what of them: by tags, and by the options Quarto reads.

The tags are those of nbconvert and Jupyter Book, and mean what they mean there; `hide-` is read as `remove-`,
because nothing can be unfolded in a letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIDDEN: Final = frozenset({"hide", "hide-cell", "remove", "remove-cell"})
_INJECTED: Final = "injected-parameters"
_NO_INPUT: Final = frozenset({"hide-input", "remove-input", "parameters", _INJECTED})
_NO_OUTPUT: Final = frozenset({"hide-output", "remove-output"})
MEANT_TO_FAIL: Final = "raises-exception"
_OPTION: Final = "#|"


@dataclass(frozen=True, slots=True)
class CellChoices:
    """What a letter shows of the cells.

    Attributes:
        has_code: Whether it shows the code.
        tags: The tags of cells to show; all cells where there are none.
    """

    has_code: bool = False
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, *, code: Any, tags: Any) -> CellChoices:
        """Take what a caller gave.

        Raises:
            TemplateError: It is of the wrong kind.
        """
        given = (tags,) if isinstance(tags, str) else tuple(tags or ())
        if not isinstance(code, bool):
            raise TemplateError(f"code= is True or False, not {code!r:.40}", "code")
        if not all(isinstance(tag, str) and tag.strip() for tag in given):
            raise TemplateError("tags= wants the tags of the cells to show, as in tags=['mail']", "tags")
        return cls(code, tuple(map(_tag, given)))

    def shows(self, cell: Any) -> bool:
        """Tell whether a cell is shown at all."""
        tags = tags_of(cell)
        if self.tags and not tags.intersection(self.tags):
            return False
        return not tags & _HIDDEN and options_of(cell).get("include") != "false"

    def shows_code(self, cell: Any) -> bool:
        """Tell whether a cell's code is shown."""
        is_hidden = cell.metadata.get("jupyter", {}).get("source_hidden") is True
        return self.has_code and not is_hidden and not tags_of(cell) & _NO_INPUT and _is_on(cell, "echo")

    def shows_outputs(self, cell: Any) -> bool:
        """Tell whether a cell's outputs are shown."""
        is_hidden = cell.metadata.get("jupyter", {}).get("outputs_hidden") is True
        return not is_hidden and not tags_of(cell) & _NO_OUTPUT and _is_on(cell, "output")


def _tag(tag: str) -> str:
    return tag.strip().lower().replace("_", "-")


def tags_of(cell: Any) -> frozenset[str]:
    """Return a cell's tags; `remove_cell` is `remove-cell`."""
    return frozenset(map(_tag, cell.metadata.get("tags", ())))


def is_injected(cell: Any) -> bool:
    """Tell whether papermill wrote a cell, for the parameters of a run."""
    return _INJECTED in tags_of(cell)


def options_of(cell: Any) -> dict[str, str]:
    """Return the options a code cell begins with, one a line: `#| echo: false`."""
    options = {}
    for line in _option_lines(cell):
        name, _, value = line.removeprefix(_OPTION).partition(":")
        options[name.strip().lower()] = value.strip().strip("\"'")
    return options


def source_of(cell: Any) -> str:
    """Return a code cell's source without these options."""
    lines: list[str] = cell.source.split("\n")
    return "\n".join(lines[len(_option_lines(cell)) :]).strip("\n")


def _option_lines(cell: Any) -> Sequence[str]:
    lines = cell.source.split("\n") if cell.cell_type == "code" else []
    count = next((place for place, line in enumerate(lines) if not line.startswith(_OPTION)), len(lines))
    return lines[:count]


def _is_on(cell: Any, option: str) -> bool:
    return options_of(cell).get(option, "true").lower() != "false"
