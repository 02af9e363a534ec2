"""Tables somebody has styled already (a pandas Styler, a great_tables GT), made fit for mail.

Their HTML is meant for a browser: a style sheet, ids, scripts a cell may hold. Mail wants styles in the elements
and nothing that acts, so the style sheet is inlined, and then only what is known to be harmless stays: elements of
tables and of text, styles from a list, links to pages and addresses. No cell is trusted. A Styler does not escape
its texts, so that is done for it (see styler_escaping.py); HTML comes from its formats alone.

Colours are chosen on white, and on a dark ground they could not be read: a table that has colours brings white
with it and the ink the letter has on white. One without takes the letter's, and reads on both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from notebookmail.compose.markup.html_nesting import check_depth
from notebookmail.compose.markup.html_tokens import edited, read_tokens
from notebookmail.compose.markup.text_layout import aligned
from notebookmail.errors import INTERRUPTS, TemplateError

from .cells import NUMBER
from .grid import Grid
from .styler_escaping import escaping
from .tables import CELL, HEAD, TABLE, check_length, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.compose.markup.html_tokens import Token

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
_END: Final = "<i>end</i>"
"""What a cell leaves open, or closes, changes what stands between the table and this."""
_PLACES: Final = ("tr", "td", "th")
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
        check_depth(html)
        # What else looks like a style sheet comes from a cell: it is neither honoured nor kept.
        inliner = css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False)
        inlined = inliner.inline_fragment(html + _END, css)
    except TemplateError:
        raise
    except INTERRUPTS:
        raise
    except BaseException as problem:  # a format is the user's code and may raise anything
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
    found = read_tokens(clean)
    tables = [each for each in found if each.name == "table"]
    is_whole = [each.kind for each in tables] == ["start", "end"] and clean[tables[1].end :].strip() == _END
    # As often as they were written, which a cell's open quote would hide from whoever reads the source.
    if not is_whole or any(html.count(f"<{name}") != _count(found, name) for name in _PLACES):
        raise TemplateError(
            f"a cell of the {type(value).__name__} holds HTML that breaks the table, so others would be lost: let "
            'its format write whole elements, or texts alone, for instance with .format(escape="html")'
        )
    ordered = attributes_in_order(clean)
    return ordered[tables[0].start :].rstrip().removesuffix(_END).rstrip()


def _count(found: Sequence[Token], beginning: str) -> int:
    return sum(each.kind == "start" and each.name.startswith(beginning) for each in found)


def _html_and_css(value: Any) -> tuple[str, str]:
    """Return a table's HTML and its style sheet, which stands before the table."""
    if hasattr(value, "as_raw_html"):
        raw, before = value.as_raw_html(), ""
    else:
        check_length(len(value.data.index) - len(value.hidden_rows))
        raw, before = escaping(value).to_html(table_uuid="t"), _STYLER_CSS + _numbers_css(value.data)
    found = read_tokens(raw)
    sheet = next((place for place, each in enumerate(found) if each.name == "style"), None)
    html, own = (raw, "") if sheet is None else _apart(raw, found[sheet : sheet + 3])
    check_length(sum(each.kind == "start" and each.name == "tr" for each in found))
    has_colours = "color" in own or "background" in own
    return html, f"{before}{_WHITE_CSS if has_colours else ''}{own}"


def _apart(raw: str, sheet: Sequence[Token]) -> tuple[str, str]:
    """Return the HTML without its style element, and the style sheet."""
    own = "".join(raw[each.start : each.end] for each in sheet if each.kind == "raw")
    last = [each for each in sheet if each.name == "style"][-1]
    return raw[: sheet[0].start] + raw[last.end :], own


def _numbers_css(frame: Any) -> str:
    """Set the columns of numbers at the right, as in other tables; what the Styler says of them comes after."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    places = [
        place for place, dtype in enumerate(frame.dtypes) if is_numeric_dtype(dtype) and not is_bool_dtype(dtype)
    ]
    return "".join(f"td.col{place}, th.col{place} {{ text-align:{NUMBER} }}" for place in places)


def _filtered(tag: str, name: str, value: str) -> str | None:  # noqa: ARG001 - called with all three
    return value if name != "style" else harmless_style(value) or None


def harmless_style(style: str) -> str:
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


def attributes_in_order(html: str) -> str:
    """Write the attributes of each element in order: the inliner writes them in one of chance."""
    found = read_tokens(html)
    return edited(html, [edit for each in found if each.kind == "start" for edit in _in_order(html, each)])


def _in_order(html: str, tag: Token) -> list[tuple[int, int, str]]:
    if not tag.attributes:
        return []
    written = " ".join(sorted(html[each.start : each.end] for each in tag.attributes))
    return [(tag.attributes[0].start, tag.attributes[-1].end, written)]
