"""What a template may reach: values, and of tables what only reads.

Jinja's sandbox keeps templates from Python's insides, but not from a method a value happens to have: a frame can
write files (`to_csv`), a figure too (`savefig`). So a method is called only on plain values and on what Jinja
itself provides, and on tables only if it is known to leave everything as it was. Another is not even read: a table
would call it for the template, as in `frame.rename(index=figure.savefig)`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import uuid
from typing import TYPE_CHECKING, Any, Final

from jinja2.exceptions import SecurityError

from notebookmail.compose.rows.column_names import RowValues

from .nesting import BoundedEnvironment

if TYPE_CHECKING:
    from jinja2 import Undefined
    from jinja2.runtime import Context

_DICT_ATTRIBUTES: Final = frozenset(dir(dict))
_PLAIN: Final = (
    str, int, float, complex, list, tuple, dict, set, frozenset, range,
    dt.date, dt.time, dt.timedelta, dt.tzinfo, decimal.Decimal, fractions.Fraction, uuid.UUID,
)  # fmt: skip
_JINJA: Final = frozenset({"jinja2", "markupsafe"})
_TABLE_ROOMS: Final = frozenset({"pandas", "polars", "pyarrow", "narwhals", "numpy", "modin", "cudf"})
TABLE_METHODS: Final = frozenset({
    "abs", "all", "any", "astype", "at", "capitalize", "contains", "corr", "count", "cumsum", "date",
    "day_name", "diff", "drop", "drop_duplicates", "dropna", "endswith", "ffill", "fillna", "first", "get",
    "get_column", "group_by", "groupby", "head", "iat", "idxmax", "idxmin", "iloc", "is_empty", "isin",
    "isna", "isoformat", "item", "items", "iter_rows", "iterrows", "itertuples", "keys", "last", "len", "loc",
    "lower", "max", "mean", "median", "min", "mode", "month_name", "n_unique", "nlargest", "notna",
    "nsmallest", "nunique", "pct_change", "product", "quantile", "rank", "rename", "reset_index", "reverse",
    "round", "row", "rows", "select", "set_index", "size", "slice", "sort", "sort_index", "sort_values",
    "startswith", "std", "strftime", "strip", "sum", "tail", "title", "to_dicts", "to_frame", "to_list",
    "to_period", "to_pydatetime", "to_timestamp", "tolist", "total_seconds", "unique", "upper",
    "value_counts", "values", "var",
})  # fmt: skip

_IN_PLACE: Final = ("inplace", "in_place", "out")
_ARRAY_WRITERS: Final = frozenset({"sort", "fillna"})


class LetterEnvironment(BoundedEnvironment):
    """The sandbox, with a short path to what templates read most: `item.name` of a dict."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read an attribute, or an item of that name (Jinja's order), if the sandbox allows it.

        Of a row it is the column first: one named items or keys is what the author means.
        """
        if type(obj) is RowValues and attribute in obj:
            return obj[attribute]
        if type(obj) is dict and attribute in obj and attribute not in _DICT_ATTRIBUTES:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Tell whether an attribute may be read: what is no method, or a method that may be called."""
        if not super().is_safe_attribute(obj, attr, value):
            return False
        is_accessor = attr in TABLE_METHODS and _room(value) in _TABLE_ROOMS  # loc and its like
        return not callable(value) or is_accessor or self._is_reachable(value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return what fails where it is used, and says why; it names the attribute, never the object's data."""
        return self.undefined(_refusal(f"{attribute} of a {type(obj).__name__}"), exc=SecurityError)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls, if it may be.

        Raises:
            SecurityError: It may not; the message names the method alone, never the object and its data.
        """
        if not self._is_reachable(obj) or _is_writing(obj, args, kwargs):
            raise SecurityError(_refusal(f"{getattr(obj, '__name__', type(obj).__name__)}()"))
        return super().call(context, obj, *args, **kwargs)

    def _is_reachable(self, obj: Any) -> bool:
        if _room(obj) in _JINJA or any(obj is each for each in self.globals.values()):
            return True
        # Jinja wraps str.format and its like in a function; what it wraps is the method.
        method = obj if hasattr(obj, "__self__") else getattr(obj, "__wrapped__", obj)
        owner = getattr(method, "__self__", None)
        if owner is None or isinstance(owner, type):
            return False
        if isinstance(owner, _PLAIN) or _room(owner) in _JINJA:
            return True
        return _room(owner) in _TABLE_ROOMS and getattr(method, "__name__", "") in TABLE_METHODS


def _is_writing(method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether a call would change the table or array the method belongs to, or one that is given to it."""
    owner = getattr(method, "__self__", None)
    if _room(owner) not in _TABLE_ROOMS:
        return False
    if any(kwargs.get(key) is not None and kwargs[key] is not False for key in _IN_PLACE):
        return True
    # An array sorts itself, and takes by position what it is to write into.
    is_array = hasattr(owner, "dtype") and not hasattr(owner, "to_frame")
    return is_array and (method.__name__ in _ARRAY_WRITERS or len(args) > 1)


def _refusal(what: str) -> str:
    return f"a template may not reach {what}: compute it in the frame, or give a function with inline="


def _room(value: object) -> str:
    return type(value).__module__.partition(".")[0]
