"""Small charts beside a result: bars by domain, columns over time; each says in words what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notebookmail.view.words.headlines import rate_in_words
from notebookmail.view.words.quantities import span_in_utc
from notebookmail.view.words.visible_text import clip

from .escaping import Html, element
from .style import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookmail.delivery.tallies import DomainTally, TakenOverTime

_DOMAINS: Final = 6
_DOMAIN: Final = 40
_FEWEST: Final = 10
"""Rows under which a chart says less than the rows themselves."""
_WIDTH, _HEIGHT = 300, 48  # of the drawing, in units of its own
_RULES: Final = f"""
.{ROOT} .nbm-facts{{display:flex;flex-wrap:wrap;gap:0 48px}}
.{ROOT} .nbm-facts>div{{flex:1 1 280px;min-width:0;break-inside:avoid}}
.{ROOT} .nbm-track{{display:flex;height:6px;margin:4px 0 6px;border-radius:3px;overflow:hidden;
background:var(--nbm-track)}}
.{ROOT} .nbm-track span{{flex:none;background:var(--nbm-hue)}}
.{ROOT}.{ROOT} .nbm-domains{{display:grid;grid-template-columns:minmax(90px,45%) 1fr auto;gap:2px 12px}}
.{ROOT} .nbm-domains li{{display:grid;grid-template-columns:subgrid;grid-column:1/-1;align-items:center}}
.{ROOT} .nbm-domains .nbm-track{{margin:0}}
.{ROOT} .nbm-domains strong{{min-width:3.6em;text-align:right;font-weight:400}}
.{ROOT} .nbm-domains .nbm-name{{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}}
.{ROOT} .nbm-columns{{display:block;width:100%;height:{_HEIGHT}px;border-bottom:1px solid var(--nbm-edge);
fill:var(--nbm-hue)}}
"""
CHART_STYLE: Final = Html(element("style", Html(_RULES.replace("\n", ""))))
"""The style element of charts, to stand once in a page that holds any."""


def charts_html(domains: Sequence[DomainTally], taken: TakenOverTime | None, hue: str) -> Html | None:
    """Show how rows stand by domain, and when messages were taken.

    Args:
        domains: Rows by domain, the most frequent first.
        taken: Messages over time; None for no such chart.
        hue: What the messages that were taken look like: "sent" or "ready".
    """
    rows = sum(sum(each.counts.values()) for each in domains)
    parts = []
    if rows >= _FEWEST and sum(bool(each.domain) for each in domains) > 1:
        parts.append(_domains_of_rows(domains, hue))
    if taken is not None and sum(taken.counts) >= _FEWEST:
        parts.append(_over_time(taken, hue))
    return element("div", CHART_STYLE, *parts, class_="nbm-facts") if parts else None


def _domains_of_rows(domains: Sequence[DomainTally], hue: str) -> Html:
    most = sum(domains[0].counts.values())
    items = []
    for each in domains[:_DOMAINS]:
        parts = [(hue if status == "sent" else status, count) for status, count in each.counts.items()]
        total = sum(each.counts.values())
        taken = each.counts.get("sent", 0)
        words = f"{total:,}" if taken in {0, total} else f"{taken:,} of {total:,}"
        items.append(
            bar_item(each.domain or "(no address)", [(name, count / most) for name, count in parts], words)
        )
    return bars_html("By domain", items, sum(sum(each.counts.values()) for each in domains[_DOMAINS:]))


def bars_html(title: str, items: Sequence[Html], others: int) -> Html:
    """Show a list of bars.

    Args:
        title: What they count.
        items: As `bar_item` makes them.
        others: How many are not among them.
    """
    more = element("p", f"and {others:,} at other domains", class_="nbm-quiet") if others else None
    return element("div", _heading(title), element("ul", *items, class_="nbm-domains"), more)


def bar_item(name: str, parts: Sequence[tuple[str, float]], words: str) -> Html:
    """Show a name, a bar and its number.

    Args:
        name: What is counted.
        parts: Hue and share of each part of the bar; the shares are at most 1 in all.
        words: The number.
    """
    return element(
        "li", element("span", clip(name, _DOMAIN), class_="nbm-name"), " ", track_html(parts, None), " ",
        element("strong", words),
    )  # fmt: skip


def track_html(parts: Sequence[tuple[str, float]], words: str | None) -> Html:
    """Show shares of a whole as a bar; where no words say the same, the text beside it does."""
    filled = (
        element("span", class_=f"nbm-{hue}", style=f"width:{max(1, round(100 * share))}%") for hue, share in parts
    )
    hidden = "true" if words is None else None
    return element("span", *filled, class_="nbm-track", role=words and "img", aria_label=words, aria_hidden=hidden)


def _over_time(taken: TakenOverTime, hue: str) -> Html:
    most, step = max(taken.counts), _WIDTH / len(taken.counts)
    columns = (
        element(
            "rect", x=f"{place * step:.1f}", y=f"{_HEIGHT - _HEIGHT * count / most:.1f}",
            width=f"{step * 0.8:.1f}", height=f"{_HEIGHT * count / most:.1f}",
        )
        for place, count in enumerate(taken.counts)
        if count
    )  # fmt: skip
    words = f"{span_in_utc(taken.began_at, taken.ended_at)}, at most {rate_in_words(taken.most_per_second)}"
    drawing = element(
        "svg", *columns, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", preserveAspectRatio="none", role="img",
        aria_label=f"Messages taken over time: {words}", class_=f"nbm-columns nbm-{hue}",
    )  # fmt: skip
    return element("div", _heading("Over time"), drawing, element("p", words, class_="nbm-quiet"))


def _heading(words: str) -> Html:
    return element("p", element("strong", words), class_="nbm-section", role="heading", aria_level=4)
