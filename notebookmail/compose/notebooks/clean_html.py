"""What of a cell's HTML may stand in a letter: nothing that acts, nothing that a mail program would not show.

Style sheets go into the elements, drawings and pictures become parts of the letter, and then only known elements,
attributes and styles stay. Notebooks hold HTML from wherever their data came, so none of it is trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Final

from markupsafe import escape

from notebookmail.compose.markup.html_tokens import edited, read_tokens
from notebookmail.compose.tables.styled import attributes_in_order, harmless_style
from notebookmail.errors import TemplateError

from .pictures import drawing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookmail.compose.markup.html_tokens import Token

    from .pictures import NotebookPictures

_TAGS: Final = frozenset({
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
    "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
    "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
})  # fmt: skip
_LIVE: Final = frozenset({
    "audio", "button", "canvas", "embed", "form", "iframe", "input", "object", "script", "select", "textarea",
    "video",
})  # fmt: skip
_DROPPED: Final = frozenset({
    "applet", "audio", "button", "canvas", "embed", "head", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "title", "video", "xmp",
})  # fmt: skip
_ATTRIBUTES: Final = {
    "*": {"align", "style"},
    "a": {"href"},
    "col": {"span"},
    "font": {"color"},
    "img": {"alt", "height", "src", "width"},
    "ol": {"start", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_OF_PICTURES: Final = frozenset({"align", "height", "style", "width"})
_LINKS: Final = frozenset({"cid", "http", "https", "mailto", "tel"})
_WHITE: Final = "table { background-color:#ffffff;color:#24292f }"


@dataclass(slots=True)
class FoundHTML:
    """HTML of a cell, looked at before anything of it is used.

    Attributes:
        html: The HTML.
        tokens: What it consists of.
        is_live: Whether it needs scripts, frames or controls.
        has_table: Whether it holds a table.
    """

    html: str
    tokens: tuple[Token, ...] = field(repr=False)
    is_live: bool
    has_table: bool

    @classmethod
    def read(cls, html: str) -> FoundHTML:
        """Look at HTML."""
        found = read_tokens(html)
        names = {each.name for each in found if each.kind == "start"}
        return cls(html, found, bool(names & _LIVE), "td" in names)


def clean_html(
    found: FoundHTML,
    pictures: NotebookPictures,
    *,
    attachments: Mapping[str, Mapping[str, str]] | None = None,
    left_out: list[str] | None = None,
    has_styles: bool = True,
) -> str:
    """Return what of a cell's HTML may stand in a letter.

    Args:
        found: The HTML.
        pictures: Takes in its pictures.
        attachments: What is attached to the cell.
        left_out: Takes in what could not be kept, and why.
        has_styles: Whether its style sheets count.
    """
    import nh3

    notes = [] if left_out is None else left_out
    css = "\n".join(_style_sheets(found)) if has_styles else ""
    html = edited(found.html, list(_edits(found, pictures, attachments or {}, notes)))
    if css.strip():
        html = _inlined(html, css)
    clean = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes=set(_LINKS),
        link_rel=None,
    )
    return attributes_in_order(clean)


def says_something(html: str) -> bool:
    """Tell whether cleaned HTML shows a text or a picture."""
    return any(
        each.name == "img" or (each.kind == "text" and html[each.start : each.end].strip())
        for each in read_tokens(html)
    )


def _inlined(html: str, css: str) -> str:
    import css_inline

    has_colours = "color" in css or "background" in css
    inliner = css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False)
    try:
        return str(inliner.inline_fragment(html, f"{_WHITE}{css}" if has_colours else css))
    except Exception:  # noqa: BLE001 -- a style sheet that is none styles nothing
        return html


def _style_sheets(found: FoundHTML) -> Iterator[str]:
    """Walk the style sheets; a scoped one is pandas', for the pages of Jupyter."""
    for tag, raw in zip(found.tokens, found.tokens[1:], strict=False):
        if tag.kind == "start" and tag.name == "style" and raw.kind == "raw" and tag.attribute("scoped") is None:
            yield found.html[raw.start : raw.end]


def _edits(
    found: FoundHTML,
    pictures: NotebookPictures,
    attachments: Mapping[str, Mapping[str, str]],
    left_out: list[str],
) -> Iterator[tuple[int, int, str]]:
    """Walk what is written anew before the rest is judged: style sheets, drawings, pictures."""
    skipped_to = 0
    for place, tag in enumerate(found.tokens):
        if tag.start < skipped_to or tag.kind != "start":
            continue
        if tag.name in _DROPPED:
            skipped_to = end_of(found.tokens, place)
            written = ""
            if tag.name == "svg":
                written = _drawn(found.html[tag.start : skipped_to], pictures, left_out)
            yield tag.start, skipped_to, written
        elif tag.name == "img":
            yield from _picture(tag, pictures, attachments, left_out)


def end_of(tokens: tuple[Token, ...], place: int) -> int:
    """Return where the element ends that begins at a place; an element that never ends is its tag."""
    depth = 0
    name = tokens[place].name
    for each in tokens[place:]:
        if each.name == name and each.kind == "start":
            depth += 1
        elif each.name == name and each.kind == "end":
            depth -= 1
            if not depth:
                return each.end
    return tokens[place].end


def _drawn(svg: str, pictures: NotebookPictures, left_out: list[str]) -> str:
    try:
        return pictures.element(drawing(svg), "Drawing")
    except TemplateError as problem:
        left_out.append(problem.message)
        return ""


def _picture(
    tag: Token,
    pictures: NotebookPictures,
    attachments: Mapping[str, Mapping[str, str]],
    left_out: list[str],
) -> Iterator[tuple[int, int, str]]:
    source = tag.attribute("src")
    alt = tag.attribute("alt")
    text = unescape(alt.value) if alt is not None else ""
    if source is None or not source.value.strip():
        yield tag.start, tag.end, str(escape(text))
        return
    try:
        url, width = pictures.source(unescape(source.value).strip(), attachments)
    except TemplateError as problem:
        left_out.append(f"a picture: {problem.message}")
        yield tag.start, tag.end, str(escape(text))
        return
    kept = {each.name: unescape(each.value) for each in tag.attributes if each.name in _OF_PICTURES}
    sizes = {"width": str(width)} if width and not kept.keys() & {"width", "height", "style"} else {}
    attributes = {"src": url, "alt": text or "Picture", **sizes, **kept}
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    yield tag.start, tag.end, f"<img {written}>"


def _filtered(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return harmless_style(value) or None
    if tag == "a" and name == "href":  # another file, or a place in this one, is nowhere in a letter
        return value if value.partition(":")[1] and not value.startswith(("#", "/", ".", "cid:")) else None
    if tag == "img" and name == "src":
        return value if value.startswith(("cid:", "http://", "https://")) else None
    return value
