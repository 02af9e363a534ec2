"""Tables somebody has styled already (a pandas Styler, a great_tables GT), made fit for mail.

Their HTML is meant for a browser: a style sheet, ids, scripts a cell may hold. Mail wants styles in the elements
and nothing that acts, so the style sheet is inlined, and then only what is known to be harmless stays: elements of
tables and of text, styles from a list, links to pages and addresses. No cell is trusted: a Styler does not escape.

Colours are chosen on white, and on a dark ground they could not be read: a table that has colours brings white
with it and the ink the letter has on white. One without takes the letter's, and reads on both.
"""

from __future__ import annotations

import re
from typing import Any, Final

from markupsafe import Markup

from notebookmail.compose.markup.plaintext import aligned
from notebookmail.errors import TemplateError

from .cells import NUMBER
from .grid import Grid
from .tables import CELL, HEAD, TABLE, check_length, wrapped

_KINDS: Final = {("pandas", "Styler"), ("great_tables", "GT")}
_TAGS: Final = frozenset({
    "a", "abbr", "b", "br", "caption", "code", "col", "colgroup", "del", "em", "i", "ins", "kbd", "li", "mark",
    "ol", "p", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "u", "ul",
})  # fmt: skip
# Elements whose text is not meant to be read.
_DROPPED: Final = frozenset({
    "iframe", "math", "noembed", "noframes", "noscript", "object", "script", "select", "style", "svg", "template",
    "textarea", "title", "xmp",
})  # fmt: skip
_ATTRIBUTES: Final = {
    "*": {"align", "style"},
    "a": {"href"},
    "col": {"span"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_LINKS: Final = frozenset({"http", "https", "mailto"})
_PROPERTY: Final = re.compile(
    r"background(?:-color|-image)?|border(?:-[a-z]+)*|color|display|(?:max-|min-)?(?:height|width)|font(?:-[a-z]+)*|"
    r"letter-spacing|line-height|padding(?:-[a-z]+)?|text-(?:align|decoration|indent|transform)|vertical-align|"
    r"visibility|white-space|word-break|overflow-wrap"
)
# Without "(" but after these names there is no url() that tells who reads, and no expression() (old Outlooks).
_VALUE: Final = re.compile(r"(?:[-#%.,'\"!/+\w\s)]|\b(?:rgba?|hsla?|linear-gradient)\()+", re.ASCII)
_NO_BORDER: Final = re.compile(r"border-(top|right|bottom|left)-style")
_TAG: Final = re.compile(r'<(\w+)((?: [\w-]+="[^"]*")+)>')
_ATTRIBUTE: Final = re.compile(r'[\w-]+="[^"]*"')
_END: Final = "<i>end</i>"
# What a cell leaves open, or closes, changes what stands between the table and the end.
_WHOLE: Final = re.compile(rf"(<table.*</table>)\s*{_END}\s*\Z", re.DOTALL)
_PLACES: Final = ("<tr", "<td", "<th")
_SHEET: Final = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_STYLER_CSS: Final = (
    f"table {{ {TABLE} }} td {{ {CELL}left }} th {{ {HEAD}left }} tbody th {{ {CELL}left;font-weight:600 }} "
    "caption { text-align:left;font-weight:600;padding:0 0 6px }"
)
_WHITE_CSS: Final = "table { background-color:#ffffff;color:#24292f }"


def is_styled(value: object) -> bool:
    """Tell whether a value is a table that brings its own looks: a pandas Styler or a great_tables GT."""
    return any((kind.__module__.partition(".")[0], kind.__name__) in _KINDS for kind in type(value).__mro__)


def styled_html(value: Any) -> Markup:
    """Write a styled table for mail clients; the same table is always the same bytes.

    Args:
        value: A pandas Styler or a great_tables GT.

    Raises:
        TemplateError: Its library cannot write it, it has more rows than a letter can hold, or a cell breaks it.
    """
    return Markup(wrapped(_sanitised(value)))  # noqa: S704 - sanitised


def styled_text(value: Any) -> str:
    """Write a styled table as an aligned table of a text: its formats, without its colours.

    Raises:
        TemplateError: As for styled_html.
    """
    grid = Grid.read(_sanitised(value))
    table = aligned(grid.rows, grid.sides, has_head=grid.has_head)
    return "\n\n".join(filter(None, ["\n".join(grid.titles), table, "\n".join(grid.notes)]))


def _sanitised(value: Any) -> str:
    """Return the table element, its styles inlined, with nothing in it that acts."""
    import css_inline
    import nh3

    try:
        html, css = _html_and_css(value)
        # What else looks like a style sheet comes from a cell: it is neither honoured nor kept.
        inliner = css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False)
        inlined = inliner.inline_fragment(html + _END, css)
    except TemplateError:
        raise
    except Exception as problem:  # a format is the user's code and may raise anything
        raise TemplateError(f"the {type(value).__name__} cannot be written: {problem}") from problem
    clean = nh3.clean(
        inlined,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes=set(_LINKS),
        link_rel=None,
    )
    whole = _WHOLE.search(clean)
    if whole is None or clean.count("<table") != 1 or any(clean.count(tag) != html.count(tag) for tag in _PLACES):
        raise TemplateError(
            f"a cell of the {type(value).__name__} holds HTML that breaks the table, so others would be lost: "
            'escape the cells, for instance with .format(escape="html")'
        )
    return _TAG.sub(_in_order, whole[1])  # the inliner writes attributes in an order of chance


def _html_and_css(value: Any) -> tuple[str, str]:
    """Return a table's HTML and its style sheet, which stands before the table."""
    if hasattr(value, "as_raw_html"):
        raw, before = value.as_raw_html(), ""
    else:
        check_length(len(value.data.index) - len(value.hidden_rows))
        raw, before = value.to_html(table_uuid="t"), _STYLER_CSS + _numbers_css(value.data)
    sheet = _SHEET.search(raw)
    html = raw if sheet is None else raw[: sheet.start()] + raw[sheet.end() :]
    own = "" if sheet is None else sheet[1]
    check_length(html.count("<tr"))
    has_colours = "color" in own or "background" in own
    return html, f"{before}{_WHITE_CSS if has_colours else ''}{own}"


def _numbers_css(frame: Any) -> str:
    """Set the columns of numbers at the right, as in other tables; what the Styler says of them comes after."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    places = [
        place for place, dtype in enumerate(frame.dtypes) if is_numeric_dtype(dtype) and not is_bool_dtype(dtype)
    ]
    return "".join(f"td.col{place}, th.col{place} {{ text-align:{NUMBER} }}" for place in places)


def _filtered(tag: str, name: str, value: str) -> str | None:  # noqa: ARG001 - called with all three
    return value if name != "style" else _harmless(value) or None


def _harmless(style: str) -> str:
    """Keep the declarations of a style that are known to do no harm; borders that are none are left out."""
    kept: dict[str, str] = {}
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if _PROPERTY.fullmatch(name.lower()) and _VALUE.fullmatch(value):
            kept.pop(name.lower(), None)  # the last one holds, from its own place
            kept[name.lower()] = value
    for name in list(kept):
        side = _NO_BORDER.fullmatch(name)
        if side and kept[name] == "none" and not {"border", f"border-{side[1]}"} & kept.keys():
            for what in ("style", "width", "color"):
                kept.pop(f"border-{side[1]}-{what}", None)
    return ";".join(f"{name}:{value}" for name, value in kept.items())


def _in_order(match: re.Match[str]) -> str:
    return f"<{match[1]} {' '.join(sorted(_ATTRIBUTE.findall(match[2])))}>"
