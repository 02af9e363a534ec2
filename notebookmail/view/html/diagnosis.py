"""A diagnosis as static HTML: the steps as a list from top to bottom, as far as the session came.

No scripts, nothing loaded, masked like all that a notebook saves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notebookmail.privacy.masking import mask_text
from notebookmail.view.words.diagnosis import HUES, SIGNS, headline, step_lines
from notebookmail.view.words.visible_text import clip

from .escaping import Html, element, join
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from notebookmail.verify.steps import VerifiedSteps
    from notebookmail.view.words.diagnosis import StepLine

_LONGEST = 200
_RULES: Final = f"""
.{ROOT}.{ROOT} .nbm-steps{{margin-top:14px}}
.{ROOT}.{ROOT} .nbm-steps li{{display:grid;grid-template-columns:1.4em 8.4em minmax(0,1fr) auto;gap:0 8px;
padding:7px 0;border-top:1px solid var(--nbm-line)}}
.{ROOT}.{ROOT} .nbm-steps li:last-child{{padding-bottom:0}}
.{ROOT} .nbm-steps .nbm-name{{font-weight:600}}
.{ROOT} .nbm-steps .nbm-found{{overflow-wrap:anywhere;unicode-bidi:isolate}}
.{ROOT} .nbm-steps .nbm-remedy{{margin:3px 0 1px;padding-left:10px;border-left:3px solid var(--nbm-hue)}}
.{ROOT} .nbm-steps .nbm-pending .nbm-name{{font-weight:400;color:var(--jp-ui-font-color2,inherit)}}
.{ROOT} .nbm-steps .nbm-failed .nbm-words{{color:var(--nbm-hue);font-weight:600}}
.{ROOT} .nbm-steps .nbm-time{{color:var(--jp-ui-font-color2,inherit);font-size:12px;white-space:nowrap}}
@media (max-width:560px){{.{ROOT}.{ROOT} .nbm-steps li{{grid-template-columns:1.4em minmax(0,1fr) auto}}
.{ROOT} .nbm-steps .nbm-found{{grid-column:2/-1;grid-row:2}}
.{ROOT} .nbm-steps .nbm-time{{grid-column:3;grid-row:1}}}}
"""
_STYLE: Final = Html(element("style", Html(_RULES.replace("\n", ""))))


def diagnosis_html(verified: VerifiedSteps) -> str:
    """Show what was found of a server, and of those it falls back on."""
    return element("div", STYLE, _STYLE, _server(verified), class_=ROOT)


def _server(verified: VerifiedSteps, title: str = "Looked at; no mail was sent") -> Html:
    words = clip(mask_text(headline(verified)), _LONGEST)
    said = element("p", element("strong", words), class_="nbm-headline", role="heading", aria_level=3)
    parts: list[Html] = [
        element("p", title, class_="nbm-title"),
        element("div", said, class_="nbm-head"),
        element("ul", *map(_item, step_lines(verified)), class_="nbm-steps"),
    ]
    for each in verified.failover:
        parts.append(element("div", _server(each, "Falls back on"), style="margin-top:24px"))  # noqa: PERF401 -- mixed
    return join(*parts)


def _item(step: StepLine) -> Html:
    sign = element("span", SIGNS[step.status], class_="nbm-sign", role="img", aria_label=step.status)
    found = element(  # of blocks: where styles are stripped, each stands on a line of its own
        "div",
        element("div", step.words, class_="nbm-quiet" if step.status == "not reached" else "nbm-words"),
        *(element("div", fact, class_="nbm-quiet") for fact in step.facts),
        element("div", step.remedy, class_="nbm-remedy") if step.remedy else None,
        class_="nbm-found",
    )
    return element(
        "li", sign, " ", element("strong", step.name, class_="nbm-name"), " ", found, " ",
        element("span", step.seconds, class_="nbm-time") if step.seconds else None,
        class_=f"nbm-{HUES[step.status]}",
    )  # fmt: skip
