"""A previewed row as HTML: which it is, what was found in it, the values it was made of; and whole pages of rows.

A page stands alone: no scripts, nothing loaded, and a policy that forbids both. Its letters are a stranger's HTML
and stand in frames that can do nothing (letter_frame.framed). It names people and holds their letters, so it is
only made when somebody asks for it.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Final

from notebookmail.view.words.message import read_letter
from notebookmail.view.words.preview import (
    HUES,
    findings,
    nothing_to_show,
    title,
    values,
    values_left_out,
    verdict,
)
from notebookmail.view.words.report import SIGNS
from notebookmail.view.words.visible_text import clip

from .escaping import BREAK, Html, element, join
from .message import attachments_html, heading_html, page_html, text_html
from .reader_style import READER_STYLE
from .style import LIVE_STYLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebookmail.checks.previewed_row import PreviewedRow
    from notebookmail.view.words.preview import FindingWords

_REASON: Final = 400  # characters
_DEEP = f".{ROOT}.{ROOT}.{ROOT}"
_RULES: Final = f"""
.{ROOT}.nbm-preview{{max-width:1180px;gap:0}}
.{ROOT}.nbm-preview .nbm-walk{{flex-flow:row wrap;align-items:center;gap:8px 10px;margin:0;padding:2px 0}}
.{ROOT}.nbm-preview .nbm-walk .jupyter-button{{flex:none}}
.{ROOT}.nbm-preview .nbm-walk .widget-slider{{flex:1 1 0;min-width:100px;width:auto;height:30px;margin:0}}
.{ROOT}.nbm-preview .nbm-walk .widget-slider .slider-container{{margin:0 4px}}
.{ROOT}.nbm-preview .nbm-walk .widget-label{{width:auto;margin-right:10px}}
.{ROOT}.nbm-preview .nbm-walk .noUi-handle{{visibility:hidden}}
.{ROOT}.nbm-preview .nbm-walk .noUi-touch-area{{visibility:visible;border-radius:50%;box-sizing:border-box;
border:1px solid var(--nbm-edge);background:var(--jp-layout-color1,Canvas);cursor:grab}}
.{ROOT}.nbm-preview .nbm-walk .widget-text{{flex:none;width:auto}}
.{ROOT}.nbm-preview .nbm-walk .widget-text input{{width:6.5em}}
.{ROOT}.nbm-preview .nbm-choose{{justify-content:space-between;padding:8px 0 12px;gap:8px 20px}}
.{ROOT}.nbm-preview .nbm-choose>.widget-box{{padding:0;align-items:center}}
.{ROOT}.nbm-preview .widget-html,.{ROOT}.nbm-preview .widget-html-content{{margin:0;width:100%;min-width:0;
line-height:1.5}}
.{ROOT}.nbm-preview .nbm-choose .widget-html,
.{ROOT}.nbm-preview .nbm-choose .widget-html-content{{width:auto}}
.{ROOT}.nbm-preview .nbm-place{{padding-top:12px;border-top:1px solid var(--nbm-line)}}
.{ROOT}.nbm-preview .nbm-split{{flex-flow:row wrap;align-items:flex-start;gap:14px 28px;margin:10px 0 0}}
.{ROOT} .nbm-split>.nbm-reader{{flex:1000 1 430px;min-width:0;width:auto}}
.{ROOT} .nbm-split>.nbm-beside{{flex:1 1 260px;min-width:0;width:auto}}
.{ROOT}.{ROOT} .nbm-beside .nbm-section:first-child{{margin-top:0}}
.{ROOT}.{ROOT} .nbm-beside .nbm-section{{margin:18px 0 6px}}
.{ROOT} .nbm-beside .nbm-causes li{{overflow-wrap:anywhere}}
{_DEEP} .nbm-values th,{_DEEP} .nbm-values td{{padding:4px 12px 4px 0;overflow-wrap:anywhere}}
{_DEEP} .nbm-values tbody tr:last-child th{{border-bottom:0}}
{_DEEP} .nbm-values th{{font-weight:400;color:var(--jp-ui-font-color2,inherit);width:34%}}
"""
_STYLE: Final = Html(element("style", Html(_RULES.replace("\n", ""))))
PREVIEW_STYLE: Final = join(LIVE_STYLE, _STYLE)
"""What a page with a preview's parts needs."""


_HEAD: Final = Html(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "style-src 'unsafe-inline'\"><title>Preview</title>"
)
_PAPER: Final = Html(
    element(
        "style",
        Html(
            "body{margin:24px auto;padding:0 16px;max-width:1180px;background:#fff;color:#1c2128}"
            f".{ROOT}.{ROOT}{{max-width:none;margin:0 0 24px}}.{ROOT} .nbm-split{{display:flex}}"
            f".{ROOT} .nbm-split>.nbm-reader{{flex:1000 1 430px;min-width:0}}"
        ),
    )
)


def preview_page(rows: Iterable[tuple[PreviewedRow, str]], count: int) -> str:
    """Write one page that holds letters and what was found in them.

    Args:
        rows: The rows, each with why it was picked, or "".
        count: How many there are.
    """
    cards = (_card(row, place, count, reason) for place, (row, reason) in enumerate(rows))
    return join(_HEAD, PREVIEW_STYLE, READER_STYLE, _PAPER, element("main", *cards))


def _card(row: PreviewedRow, place: int, count: int, reason: str) -> Html:
    letter = element("div", _letter(row), class_="nbm-reader")
    beside = element("div", beside_html(row), class_="nbm-beside")
    split = element("div", letter, beside, class_="nbm-split")
    return element("section", where_html(row, place, count, reason), split, class_=f"{ROOT} nbm-preview")


def _letter(row: PreviewedRow) -> Html:
    if row.mail is None:
        return element("p", nothing_to_show(row), class_="nbm-quiet")
    message = message_from_bytes(row.mail.content, policy=policy.default)
    letter = read_letter(message)
    shown = page_html(letter, "The letter") if letter.page is not None else text_html(letter.text or "(no text)")
    return join(heading_html(message), element("div", shown), attachments_html(letter))


def where_html(row: PreviewedRow, place: int, count: int, reason: str) -> Html:
    """Say which row is shown and why it was picked.

    Args:
        row: The row.
        place: Its place among those shown, from 0.
        count: How many there are.
        reason: Why it was picked, or "".
    """
    name = title(row)
    heading = element(
        "p", element("strong", name[:1].upper() + name[1:]),
        element("span", f" \u00b7 {place + 1:,} of {count:,}", class_="nbm-quiet"),
        class_="nbm-headline", role="heading", aria_level=3,
    )  # fmt: skip
    said = clip(reason, _REASON)
    return join(heading, element("p", said[:1].upper() + said[1:], class_="nbm-quiet") if reason else None)


def beside_html(row: PreviewedRow) -> Html:
    """Show what was found in a row, and the values its letter was made of."""
    state, words = verdict(row)
    sign = element("span", SIGNS[state], class_="nbm-sign", aria_hidden="true")
    items = [_item(each) for each in findings(row)]
    return join(
        element("p", element("strong", "Findings"), class_="nbm-section", role="heading", aria_level=4),
        element("p", sign, " ", words, class_=f"nbm-{HUES[state]}"),
        element("ul", *items, class_="nbm-causes", style="margin-top:8px") if items else None,
        _values(row),
    )


def _item(said: FindingWords) -> Html:
    sign = element("span", SIGNS[said.state], class_="nbm-sign", aria_hidden="true")
    heading = join(sign, " ", element("strong", said.heading))
    remedy = element("span", said.remedy, class_="nbm-quiet")
    return element("li", heading, BREAK, said.message, BREAK, remedy, class_=f"nbm-{HUES[said.state]}")


def _values(row: PreviewedRow) -> Html | None:
    listed = values(row)
    if not listed:
        return None
    lines = [
        element("tr", element("th", name, scope="row"),
                element("td", value if value is not None else element("em", "missing", class_="nbm-quiet")))
        for name, value in listed
    ]  # fmt: skip
    rest = values_left_out(row)
    return join(
        element(
            "p", element("strong", "Values in this letter"), class_="nbm-section", role="heading", aria_level=4
        ),
        element("table", element("tbody", *lines), class_="nbm-values"),
        element("p", f"and {rest:,} more", class_="nbm-quiet") if rest else None,
    )
