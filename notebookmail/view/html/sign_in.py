"""A sign-in as static HTML: what to do, a link that opens beside the notebook, a code that one click selects.

No script, nothing loaded. The page that the link opens is told nothing of where it was opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .escaping import Html, element
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from notebookmail.view.words.sign_in import SignInCard

_HUES: Final = {"waiting": "unconfirmed", "done": "sent", "failed": "failed"}
_SIGNS: Final = {"waiting": "→", "done": "✓", "failed": "✕"}
_FIRM: Final = f".{ROOT}" * 4
_RULES: Final = f"""
.{ROOT}.{ROOT} .nbm-do{{list-style:decimal;margin:12px 0 0;padding:0 0 0 20px}}
.{ROOT}.{ROOT} .nbm-do li{{margin:0 0 8px;list-style:decimal;overflow-wrap:anywhere}}
{_FIRM} .nbm-open a{{display:inline-block;padding:4px 14px;border:1px solid var(--nbm-edge);border-radius:6px;
background:var(--nbm-soft);color:var(--nbm-link);text-decoration:none;font-weight:600}}
{_FIRM} .nbm-open a:hover{{text-decoration:underline}}
{_FIRM} .nbm-open a:focus-visible{{outline:2px solid var(--nbm-focus);outline-offset:1px}}
.{ROOT}.{ROOT} .nbm-open{{margin:12px 0 0}}
{_FIRM} .nbm-code{{display:inline-block;padding:6px 14px;border:1px dashed var(--nbm-edge);border-radius:6px;
font-size:20px;letter-spacing:.12em;user-select:all;-webkit-user-select:all}}
"""
_STYLE: Final = Html(element("style", Html(_RULES.replace("\n", ""))))


def sign_in_html(card: SignInCard) -> str:
    """Show how a sign-in stands, and what to do."""
    sign = element("span", _SIGNS[card.status], class_="nbm-sign", aria_hidden="true")
    headline = element("p", sign, " ", element("strong", card.headline), class_="nbm-headline", role="heading",
                       aria_level=3)  # fmt: skip
    return element(
        "div",
        STYLE,
        _STYLE,
        element("div", headline, class_=f"nbm-{_HUES[card.status]}"),
        element("ol", *(element("li", step) for step in card.steps), class_="nbm-do") if card.steps else None,
        _opener(card.link) if card.link else None,
        element("p", "Code: ", element("code", card.code, class_="nbm-code"), class_="nbm-open")
        if card.code
        else None,
        *(element("p", note, class_="nbm-note nbm-quiet") for note in card.notes),
        class_=ROOT,
    )


def _opener(link: str) -> Html:
    opened = element("a", "Open the sign-in page", href=link, target="_blank", rel="noopener noreferrer")
    return element("p", opened, class_="nbm-open")
