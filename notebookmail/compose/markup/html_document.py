"""The HTML document around a letter: its shell, its style sheet, and styles written into the elements.

Mail clients honour styles in elements best, so the style sheet is inlined, once for the template where that is
possible (see css_inlining.py); of the design only what cannot be inlined (`@media`, for dark mode) stays in a
style element. The design is restrained on purpose: a letter, not a flyer. Nothing is loaded from anywhere: no
fonts, no images, no remote style sheets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .css_inlining import OWN_PLACE, OwnSheet, inline
from .html_tokens import edited, read_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from .jinja_tags import Masks

LETTER_CSS = """\
body { margin: 0; padding: 0; background-color: #ffffff; color: #24292f; }
.letter { max-width: 600px; margin: 0 auto; padding: 36px 24px 44px; font-size: 16px; line-height: 1.6;
overflow-wrap: break-word; font-family: -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
h1 { margin: 0 0 20px; font-size: 27px; line-height: 1.25; font-weight: 650; }
h2 { margin: 36px 0 12px; font-size: 20px; line-height: 1.3; font-weight: 650; }
h3 { margin: 28px 0 8px; font-size: 16px; line-height: 1.4; font-weight: 650; }
p, .paragraph { margin: 0 0 16px; }
ul, ol { margin: 0 0 16px; padding: 0 0 0 24px; }
li { margin: 0 0 4px; }
a { color: #0b5fa5; }
img { max-width: 100%; height: auto; border: 0; }
hr { border: 0; border-top: 1px solid #d8dee4; margin: 32px 0; }
blockquote { margin: 0 0 16px; padding: 0 0 0 16px; border-left: 3px solid #d8dee4; color: #57606a; }
blockquote p:last-child { margin: 0; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 14px; }
pre { margin: 0 0 16px; padding: 12px 16px; border-radius: 6px; background-color: #f6f8fa; overflow-x: auto; }
table { width: 100%; margin: 8px 0 24px; border-collapse: collapse; font-size: 15px; line-height: 1.45; }
th { padding: 8px 10px; border-bottom: 2px solid #d0d7de; text-align: left; font-weight: 600; }
td { padding: 8px 10px; border-bottom: 1px solid #e6eaee; vertical-align: top; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
"""
DARK_CSS = """\
@media (prefers-color-scheme: dark) {
body, .letter { background-color: #15181c !important; color: #e6e9ec !important; }
a { color: #7cb8ee !important; }
blockquote { color: #a9b3bd !important; border-color: #3a424b !important; }
hr, th, td { border-color: #343b43 !important; }
pre { background-color: #20252b !important; }
}
"""
_META = """\
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
"""
_COLOR_SCHEMES = """\
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
"""
_DOCUMENT_TAGS = frozenset({"html", "body"})


@dataclass(frozen=True, slots=True)
class Document:
    """A letter's HTML, its Jinja tags masked.

    Attributes:
        html: The document.
        inline_row: Inlines the style sheets of a letter that is filled in, where only a row decides what they
            match; None where they are inlined already, or there are none.
    """

    html: str
    inline_row: Callable[[str], str] | None


def letter(
    body: str, css: str | None, masks: Masks, preheader: str = "", *, has_open_elements: bool = False
) -> Document:
    """Make a document of a Markdown letter's body, in the default design and the author's `css` after it.

    Args:
        body: The letter's body, the Jinja tags in it masked.
        css: The author's style sheet.
        masks: The Jinja tags.
        preheader: What an inbox shows beside the subject, as HTML.
        has_open_elements: Whether values are known to bring elements.
    """
    head = f"{_META}{_COLOR_SCHEMES}{OWN_PLACE}\n</head>\n"
    html = f'{head}<body>\n{preheader}<div class="letter">\n{body}</div>\n</body>\n</html>\n'
    own = OwnSheet(LETTER_CSS + DARK_CSS, css or "", keeps_css=bool(masks.tags))
    return _inlined(html, own, masks, has_open_elements=has_open_elements)


def page(
    html: str, css: str | None, masks: Masks, preheader: str = "", *, has_open_elements: bool = False
) -> Document:
    """Make a document of the author's own HTML; without style sheets it stays as it is, byte for byte.

    Args:
        html: The author's HTML, the Jinja tags in it masked.
        css: The author's style sheet, which comes after those in the HTML.
        masks: The Jinja tags.
        preheader: What an inbox shows beside the subject, as HTML.
        has_open_elements: Whether values are known to bring elements.
    """
    found = read_tokens(html)
    if not any(each.kind == "doctype" or (each.kind == "start" and each.name in _DOCUMENT_TAGS) for each in found):
        html = f"{_META}</head>\n<body>\n{html}\n</body>\n</html>\n"
        found = read_tokens(html)
    body = next((each.end for each in found if each.kind == "start" and each.name == "body"), 0)
    head = next((each.start for each in found if each.kind == "end" and each.name == "head"), 0)
    edits = [(body, body, f"\n{preheader}" if body else preheader)] if preheader else []
    if css:
        edits.append((head, head, OWN_PLACE))
    own = OwnSheet("", css, keeps_css=bool(masks.tags)) if css else None
    return _inlined(edited(html, edits), own, masks, has_open_elements=has_open_elements)


def hidden(text: str) -> str:
    """Write a preheader: an inbox shows it beside the subject, the letter does not."""
    return (
        '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;color:transparent;'
        f'font-size:1px;line-height:1px;mso-hide:all" aria-hidden="true">{text}</div>\n'
    )


def _inlined(html: str, own: OwnSheet | None, masks: Masks, *, has_open_elements: bool) -> Document:
    """Write the rules of all style sheets into the elements they fit, now or once a row is filled in."""
    done = inline(html, own, masks, has_open_elements=has_open_elements)
    return Document(done.html, None if done.is_settled else lambda filled: inline(filled, own).html)
