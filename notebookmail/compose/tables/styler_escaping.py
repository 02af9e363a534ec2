"""A pandas Styler whose texts are texts: pandas writes a cell's `<` as it is, and a browser reads it as markup.

A text is escaped before its format sees it, as with `.format(escape="html")`: what a format adds is the author's
HTML and stays HTML, the value in it is shown letter by letter. A format that escapes by itself is left to it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FORMATS: Final = (
    "_display_funcs",
    "_display_funcs_index",
    "_display_funcs_columns",
    "_display_funcs_index_names",
    "_display_funcs_column_names",
)
_MARKS: Final = frozenset("<>&\"'")


def escaping(styler: Any) -> Any:
    """Return a Styler that shows the same table with every text of it escaped; the given one is not changed."""
    shown = copy.copy(styler)
    for name in _FORMATS:
        if hasattr(styler, name):
            setattr(shown, name, _EscapingFormats(getattr(styler, name)))
    shown.concatenated = [escaping(each) for each in styler.concatenated]
    return shown


class _EscapingFormats:
    """The formats of a Styler's cells by their places.

    Args:
        formats: The Styler's own; it knows one for every place.
    """

    def __init__(self, formats: Mapping[Any, Callable[[Any], Any]]) -> None:
        self._formats = formats

    def __getitem__(self, place: Any) -> Callable[[Any], Any]:
        return _escaping_format(self._formats[place])


def _escaping_format(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def escaped(value: Any) -> Any:
        if not isinstance(value, str) or isinstance(value, Markup) or _MARKS.isdisjoint(value):
            return write(value)
        once = str(escape(value))
        shown = write(once)
        return write(value) if str(escape(once)) in str(shown) else shown  # it escapes by itself

    return escaped
