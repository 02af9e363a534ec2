"""The HTML document around a letter: its shell, its style sheet, and styles written into the elements.

Mail clients honour styles in elements best, so the style sheet is inlined, once for the template, by css-inline;
only what cannot be inlined (`@media`, for dark mode and print) stays in a style element. The design is restrained
on purpose: a letter, not a flyer. Nothing is loaded from anywhere: no fonts, no images, no remote style sheets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebookmail.errors import TemplateError

from .html_parts import has_statement_in_tag

if TYPE_CHECKING:
    from .tags import Masks

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
_KEPT = "<!--kept-styles-->"
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_HAS_DOCUMENT = re.compile(r"<(?:!doctype|html|body)\b", re.IGNORECASE)
_BODY = re.compile(r"<body\b(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)


def letter(body: str, css: str | None, masks: Masks, preheader: str = "") -> str:
    """Make a document of a Markdown letter's body, in the default design and the author's `css` after it."""
    head = f"{_META}{_COLOR_SCHEMES}<style>{LETTER_CSS}{DARK_CSS}{css or ''}</style>\n</head>\n"
    return _inlined(f'{head}<body>\n{preheader}<div class="letter">\n{body}</div>\n</body>\n</html>\n', masks)


def page(html: str, css: str | None, masks: Masks, preheader: str = "") -> str:
    """Make a document of the author's own HTML; without style sheets it stays as it is, byte for byte."""
    if not _HAS_DOCUMENT.search(html):
        html = f"{_META}</head>\n<body>\n{html}\n</body>\n</html>\n"
    if preheader:
        body = _BODY.search(html)
        html = f"{html[: body.end()]}\n{preheader}{html[body.end() :]}" if body else preheader + html
    if css:
        style = f"<style>{css}</style>"
        head_end = _HEAD_END.search(html)
        html = f"{html[: head_end.start()]}{style}{html[head_end.start() :]}" if head_end else style + html
    return _inlined(html, masks) if _STYLE.search(html) else html


def hidden(text: str) -> str:
    """Write a preheader: an inbox shows it beside the subject, the letter does not."""
    return (
        '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;color:transparent;'
        f'font-size:1px;line-height:1px;mso-hide:all" aria-hidden="true">{text}</div>\n'
    )


def _inlined(html: str, masks: Masks) -> str:
    """Write the rules of all style elements into the elements they fit."""
    import css_inline

    kept: list[str] = []

    def split(match: re.Match[str]) -> str:
        rules, at_rules = _split_at_rules(match[1])
        kept.append(at_rules)
        return f"<style>{rules}</style>{_KEPT if len(kept) == 1 else ''}"

    marked = _STYLE.sub(split, html)
    inliner = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)
    try:
        inlined = inliner.inline(marked)
    except (css_inline.InlineError, ValueError) as problem:
        raise TemplateError(f"the style sheet cannot be inlined: {problem}", "css") from problem
    if has_statement_in_tag(marked, masks) or _lost_tags(_STYLE.sub("", marked), inlined, masks):
        raise TemplateError(
            "the style sheet cannot be inlined around this HTML: a Jinja tag stands inside an element's tag, or "
            "between elements that cannot hold it; move it into an attribute's value, or between whole elements",
            "css",
        )
    at_rules = "".join(kept).strip()
    return inlined.replace(_KEPT, f"<style>\n{at_rules}\n</style>" if at_rules else "", 1)


def _lost_tags(before: str, after: str, masks: Masks) -> bool:
    """Tell whether inlining moved a statement or dropped an expression; attributes may change places."""
    (statements, expressions), (kept_statements, kept_expressions) = map(masks.numbers_by_kind, (before, after))
    return statements != kept_statements or not set(expressions) <= set(kept_expressions)


def _split_at_rules(css: str) -> tuple[str, str]:
    """Set apart the rules that begin with an @ (media queries, ...), which no element can hold."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    plain, at_rules = [], []
    cursor = 0
    while (start := css.find("@", cursor)) >= 0:
        if css.count("{", 0, start) != css.count("}", 0, start):  # an @ inside a rule's value
            plain.append(css[cursor : start + 1])
            cursor = start + 1
            continue
        end = _rule_end(css, start)
        plain.append(css[cursor:start])
        at_rules.append(css[start:end] + "\n")
        cursor = end
    return "".join([*plain, css[cursor:]]), "".join(at_rules)


def _rule_end(css: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"[{};]").finditer(css, start):
        depth += {"{": 1, "}": -1, ";": 0}[match[0]]
        if depth <= 0:
            return match.end()
    return len(css)
