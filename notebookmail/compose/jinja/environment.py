"""The Jinja environment every template part is compiled in: sandboxed, strict, without a file system.

Three things differ from plain Jinja, so that nothing half-filled is ever mailed. A missing value is no value (see
compose/rows/missing.py). An unknown name fails likewise. And a link made from a value must be one a mail may hold:
no javascript:, no data:. Templates load nothing while they are rendered, and can neither reach into the user's
objects nor change them (see sandbox.py).
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import ChainableUndefined, StrictUndefined
from jinja2.tests import test_defined, test_none

from notebookmail.compose.filters.filters import filters
from notebookmail.compose.markup.css_values import guard_style_value
from notebookmail.compose.markup.line_breaks import in_attribute, nl2br
from notebookmail.compose.markup.link_schemes import guard_link
from notebookmail.compose.rows.missing import MissingPolicy, MissingValue, VaryingValue

from .printing import default, finalizer, showing_filters
from .row_markdown import item_number
from .sandbox import LetterEnvironment
from .text_environment import DerivedEnvironment, escaping_filters, text_of

if TYPE_CHECKING:
    from jinja2 import Environment


UndefinedPolicy = Literal["strict", "empty"]


@lru_cache(maxsize=32)
def environment(
    *, html: bool, undefined: UndefinedPolicy, na: MissingPolicy, locale: str = "en", is_derived: bool = False
) -> Environment:
    """Return the environment for HTML or for text; it is shared and never changed afterwards.

    Args:
        html: Whether it is for HTML.
        undefined: What an unknown name is.
        na: What a missing value is.
        locale: The reader's language and country.
        is_derived: For text that is made from HTML, with the same expressions.
    """
    kind = DerivedEnvironment if is_derived else LetterEnvironment
    env = kind(
        autoescape=html,
        undefined=StrictUndefined if undefined == "strict" else ChainableUndefined,
        finalize=finalizer(html=html, na=na, locale=locale, text_of=text_of if is_derived else None),
        keep_trailing_newline=True,
    )
    del env.globals["lipsum"]
    env.filters |= filters(locale) | showing_filters(html=html, locale=locale) | {"default": default, "d": default}
    env.filters["nl2br"] = nl2br
    # For what we write ourselves.
    env.filters |= {"_item_number": item_number, "_css": guard_style_value, "_attribute": in_attribute}
    env.filters |= {"_count": itertools.count, "_next": next, "_link": _link}
    if is_derived:
        env.filters |= escaping_filters(env)
    env.tests["none"] = lambda value: isinstance(value, MissingValue) or test_none(value)
    env.tests["defined"] = _is_defined
    return env


def _link(value: Any) -> Any:
    return in_attribute(guard_link(value))


def _is_defined(value: Any) -> bool:
    return isinstance(value, VaryingValue) or test_defined(value)
