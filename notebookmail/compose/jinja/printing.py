"""How a letter shows what is no text: tables, figures, and values that must not be printed at all.

The same expression stands in the HTML and in the plain text, so each kind of body has its own way to show: a table
of elements here, an aligned one there; an image here, its alternative text there.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Undefined, pass_context
from markupsafe import Markup

from notebookmail.compose.calendar.event import CalendarEvent
from notebookmail.compose.calendar.event_card import event_html, event_text
from notebookmail.compose.images.figures import is_figure
from notebookmail.compose.images.inline_images import check_alt
from notebookmail.compose.markup.line_breaks import broken
from notebookmail.compose.notebooks.letter import NotebookLetter, notebook_html, notebook_text
from notebookmail.compose.rows.missing import (
    PRINTED_TYPES,
    MissingPolicy,
    VaryingValue,
    drop_missing,
    refuse_missing,
)
from notebookmail.compose.tables.group_rows import is_table
from notebookmail.compose.tables.styled import is_styled, styled_html, styled_text
from notebookmail.compose.tables.tables import html_table, text_table
from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jinja2.runtime import Context

    from notebookmail.compose.images.inline_images import UsedImages

INVITATION: Final = "invitation"
"""The name a template knows its invitation by, if it has one."""
USED_IMAGES: Final = "_used_images"
"""The name of what takes in the images a letter shows, among the values a template sees."""
_NO_ALT: Final = (
    'an image is shown with a text for those who do not see it: {{ chart | image(alt="Sales by month") }}'
)
_PRINTED: Final = (float, Markup, Undefined, dt.date, dt.time, dt.timedelta, decimal.Decimal)
"""What prints as it is, as most cells do: nothing else has to be found out about them."""
_OCTETS: Final = (bytes, bytearray, memoryview)


def showing_filters(*, html: bool, locale: str) -> dict[str, Callable[..., Any]]:
    """Return the filters that show tables and images in one kind of body."""
    tables = _table_writer(html=html, locale=locale)

    @pass_context
    def table(
        context: Context,
        value: Any,
        columns: Sequence[str] | None = None,
        *,
        index: bool | None = None,
        decimals: int | None = None,
        caption: Any = "",
    ) -> Any:
        if isinstance(value, Undefined):
            return value
        if not is_table(value) and not is_styled(value):
            raise TemplateError(f"| table shows a frame or a series, not a {type(value).__name__}")
        if isinstance(caption, Undefined):
            str(caption)  # says which value is missing
        names = None if columns is None else tuple(columns)
        return tables(context, value, columns=names, index=index, decimals=decimals, caption=caption)

    @pass_context
    def image(context: Context, value: Any, alt: Any = None, width: int | None = None) -> Any:
        if isinstance(value, Undefined):
            return value
        text = check_alt(alt)
        return _used_images(context).element(value, text, width) if html else text

    @pass_context
    def cid(context: Context, value: Any) -> Any:
        return _used_images(context).reference(value)

    @pass_context
    def cid_and_width(context: Context, value: Any) -> Any:
        return _used_images(context).reference(value, has_width=True)

    return {"table": table, "image": image, "_cid": cid, "_cid_and_width": cid_and_width}


def _used_images(context: Context) -> UsedImages:
    used_images: UsedImages = context[USED_IMAGES]
    return used_images


def _table_writer(*, html: bool, locale: str) -> Callable[..., Any]:
    """Return what writes a table; one that is the same for all rows is written once for each look."""
    plain = html_table if html else text_table
    styled = styled_html if html else styled_text

    def write(context: Context, value: Any, **choices: Any) -> Any:
        if is_styled(value) and any(choice not in (None, "") for choice in choices.values()):
            raise TemplateError(
                f"a {type(value).__name__} is shown as it is: choose its columns and formats where it is styled"
            )
        return _used_images(context).shown(
            value,
            (html, *choices.values()),
            lambda: styled(value) if is_styled(value) else plain(value, **choices, locale=locale),
        )

    return write


def finalizer(
    *, html: bool, na: MissingPolicy, locale: str, text_of: Callable[[str], str] | None = None
) -> Callable[[Context, Any], Any]:
    """Return what every printed value passes through in one kind of body.

    Args:
        html: Whether the body is HTML.
        na: What a missing value is.
        locale: The reader's language and country.
        text_of: Writes HTML as text, where HTML is to be read and not shown.
    """
    settle = refuse_missing if na == "error" else drop_missing
    tables = _table_writer(html=html, locale=locale)

    def whole(context: Context, value: CalendarEvent | NotebookLetter) -> Any:
        if isinstance(value, CalendarEvent):
            return event_html(value, locale) if html else event_text(value, locale)
        return notebook_html(value, _used_images(context)) if html else notebook_text(value)

    @pass_context
    def finalize(context: Context, value: Any) -> Any:
        if type(value) in PRINTED_TYPES:
            return broken(value) if html and type(value) is str and "\n" in value else value
        settled = settle(value)
        if text_of is not None and isinstance(settled, Markup):
            return text_of(settled)
        if isinstance(settled, _PRINTED):
            return settled
        if isinstance(settled, (CalendarEvent, NotebookLetter)):
            return whole(context, settled)
        if is_styled(settled) or is_table(settled):
            return tables(context, settled)
        if isinstance(settled, (PurePath, *_OCTETS)) or is_figure(settled):
            raise TemplateError(_NO_ALT)
        return _carried_out(settled)

    return finalize


def _carried_out(value: Any) -> Any:
    """Return a value that is one: what is still to be called, or to be walked, prints where it is in memory."""
    if callable(value) and getattr(type(value), "__str__", None) is object.__str__:
        name = getattr(value, "__name__", None) or getattr(value, "name", "it")
        raise TemplateError(f"a {type(value).__name__} is no value yet: call it, as in {name}()")
    if isinstance(value, Iterator):
        raise TemplateError(f"a {type(value).__name__} is no value yet: write | list or | join(', ') after it")
    return value


def default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:
    """Return a value, or another in its place: Jinja's `default`.

    Also for None and NaN inside a cell, and never for several values.
    """
    from jinja2.filters import do_default

    from notebookmail.compose.rows.missing import is_missing

    if isinstance(value, VaryingValue):
        return value
    return default_value if is_missing(value) else do_default(value, default_value, boolean)
