"""The text version: what a reader of the HTML reads, and nothing else."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Template
from notebookmail.compose.jinja.text_environment import text_of

FILLERS = "&zwnj;&nbsp;&#847;&#8203;&shy;" * 20
SAFE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), max_size=30)


def both(source: str, *, kind: str = "html", css: str | None = None, **row: Any) -> tuple[str, str]:
    message = Template("S", css=css, **{kind: source}).render(row)
    html, text = (message.get_body((each,)).get_content() for each in ("html", "plain"))
    return html, text.replace("\r\n", "\n")


def text(source: str, **more: Any) -> str:
    return both(source, **more)[1].strip("\n")


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "DISPLAY : None !important", "display:none;max-height:0px;overflow:hidden;mso-hide:all",
        "max-height:0", "max-height:0;overflow:hidden", "height:0;overflow:hidden", "visibility:hidden",
        "opacity:0", "opacity:0.0;color:transparent", "font-size:0", "font-size:0px;line-height:0",
        "color:red;font-size:0pt",
    ],
)  # fmt: skip
@pytest.mark.parametrize("element", ["div", "span", "p", "td"])
def test_what_is_hidden_in_every_program_stays_out(style: str, element: str) -> None:
    hidden = f'<{element} style="{style}">Peek {{{{ x }}}} <b>more</b>{FILLERS}</{element}>'
    if element == "td":
        hidden = f"<table><tr>{hidden}</tr></table>"
    assert text(f"{hidden}<h1>Hi {{{{ x }}}}</h1>", x="Ann") == "Hi Ann\n======"


@pytest.mark.parametrize(
    "style",
    [
        "mso-hide:all", "opacity:0.9", "max-height:0;position:relative", "max-height:0;opacity:0.999",
        "font-size:1px", "display:block", "font-size:0.5em", "max-height:none", "height:0", "",
        "color:none", "display:{{ x }}",
        "{% if x %}display:none{% endif %}",
    ],
)  # fmt: skip
def test_what_some_program_shows_stays(style: str) -> None:
    assert text(f'<div style="{style}">Peek</div><p>Body</p>', x="").split() == ["Peek", "Body"]


@pytest.mark.parametrize(
    ("css", "opening"),
    [
        (".pre{display:none}", "<div class=pre>"),
        ("div.pre { max-height: 0; overflow: hidden }", '<div class="pre">'),
        ("#peek{font-size:0;line-height:0}", '<div id="peek">'),
    ],
)
@pytest.mark.parametrize("where", ["css", "style"])
def test_what_a_style_sheet_hides_stays_out(css: str, opening: str, where: str) -> None:
    body = f"{opening}Peek{FILLERS}</div><p>Dear {{{{ x }}}}</p>"
    if where == "css":
        assert text(body, css=css, x="Ann") == "Dear Ann"
    else:
        source = f"<html><head><style>{css}</style></head><body>{body}</body></html>"
        assert text(source, x="Ann") == "Dear Ann"


def test_what_is_hidden_on_some_screens_only_stays() -> None:
    css = "@media (max-width: 400px) { .wide { display: none } }"
    assert text('<p class="wide">Wide</p><p>All</p>', css=css).split() == ["Wide", "All"]


def test_a_size_of_its_own_in_an_element_of_no_size_is_seen() -> None:
    source = '<td style="font-size:0px"><div style="font-size:13px">Seen <b>too</b></div> not <i>this</i></td>'
    assert text(f"<table><tr>{source}</tr></table>") == "Seen too"


@pytest.mark.parametrize(
    "source",
    [
        '<p style="display:none">Peek<p>Body',
        '<ul><li style="display:none">Peek<li>Body</ul>',
        '<table><tr><td style="display:none">Peek<td>Body</table>',
        '<div><p style="display:none">Peek</div>Body',
        '<div style="display:none">Peek<div>deep</div>er<br>x</div>Body',
        "<div hidden>Peek</div>Body",
    ],
)
def test_an_end_tag_left_out_hides_no_more_than_a_browser_does(source: str) -> None:
    assert text(source).strip("- ") == "Body"


def test_a_statement_begun_where_nothing_is_seen_goes_on_where_something_is() -> None:
    source = '<div style="display:none">{% set y = x %}{% if x %}Peek</div>a {{ y }}{% endif %} b'
    assert text(source, x="Ann") == "a Ann b"
    assert text(source, x="").strip() == "b"


def test_runs_of_fillers_go_and_single_ones_between_letters_stay() -> None:
    assert text(f"<div>Peek{FILLERS}</div><p>a\u200cb \U0001f468\u200d\U0001f469 c&nbsp;d</p>") == (
        "Peek\n\na\u200cb \U0001f468\u200d\U0001f469 c\xa0d"
    )


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("x | safe", "<p>One</p><p>Two &amp; <b>three</b></p>", "One\n\nTwo & three"),
        ("x | safe", "a<br>b", "a\nb"),
        ("x | safe", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("x | safe", '<a href="https://e.org">Shop</a>', "Shop (https://e.org)"),
        ("x | safe", "5 &lt; 6", "5 < 6"),
        ("x | safe", '<div style="display:none">Peek</div><p>Seen</p>', "Seen"),
        ("x | e", "a <b> & c", "a <b> & c"),
        ("x | escape | upper", "a <b>", "A <B>"),
        ("x | e | replace('\\n', '<br>' | safe)", "a <b>\nc", "a <b>\nc"),
        ("x | forceescape", "<i>", "<i>"),
        ("x | urlize", "see https://e.org now", "see https://e.org now"),
        ("[x, '<br>' | safe, x] | join", "<i>", "<i>\n<i>"),
        ("'<b>' | safe ~ x ~ '</b>' | safe", "<i>", "<i>"),
        ("x ~ '!'", "<i>", "<i>!"),
        ("x | replace('i', 'b')", "<i>", "<b>"),
        ("x | striptags", "<i>a</i> &amp; b", "a & b"),
        ("x", "&amp; {{ y }} &lt;", "&amp; {{ y }} &lt;"),
    ],
)
@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_html_of_a_value_becomes_text_and_nothing_is_escaped_twice(
    expression: str, value: str, expected: str, kind: str
) -> None:
    source = f"<p>Start</p>{{{{ {expression} }}}}" if kind == "html" else f"Start\n\n{{{{ {expression} }}}}"
    assert text(source, kind=kind, x=value).replace("Start", "", 1).strip("\n") == expected


def test_a_table_of_html_is_a_table_of_the_text() -> None:
    table = pd.DataFrame({"x": [1, 20], "y": ["a & b", "c"]}).to_html(index=False)
    html, shown = both("<p>Report</p>{{ c | safe }}", c=table)
    assert "<table" in html
    assert shown.splitlines() == ["Report", "", "x   y", "--  -----", "1   a & b", "20  c"]


@pytest.mark.parametrize(
    ("kind", "source", "written"),
    [
        ("markdown", "- Tea\n\n- Milk {{ x }}", "- Tea\n\n- Milk 1"),
        ("markdown", "1. Tea\n\n   green\n\n2. {{ x }}", "1. Tea\n\n   green\n\n2. 1"),
        ("markdown", "- Tea {% if x %}\n- Milk\n{% endif %}\n- End", "- Tea\n\n- Milk\n\n- End"),
        ("html", "<ul>\n<li>\n<p>Tea</p>\n<p>green</p>\n</li>\n</ul>", "- Tea\n\n  green"),
        ("html", "<ul><li> <b>Tea</b> {{ x }}</li></ul>", "- Tea 1"),
    ],
)
def test_an_item_of_paragraphs_begins_in_the_line_of_its_marker(kind: str, source: str, written: str) -> None:
    assert text(source, kind=kind, x=1) == written


def test_the_text_an_author_writes_is_his_own() -> None:
    assert Template("S", text="{{ x | safe }}").render({"x": "a <b> &amp;"}).get_content().strip() == "a <b> &amp;"


@given(SAFE)
def test_escaped_and_read_again_a_text_is_itself(value: str) -> None:
    source = "<pre>{{ x | e }}</pre>"
    assert text(source, x=value).strip() == "\n".join(each.rstrip(" \t") for each in [value]).strip()


def test_a_values_html_is_read_once_for_many_rows() -> None:
    template = Template("S", html="{{ x | safe }}")
    text_of.cache_clear()
    for _ in range(3):
        template.render({"x": "<p>same</p>"})
    assert text_of.cache_info().misses == 1


ADDRESS = "Main St 1\n12345 Town <b>"


@pytest.mark.parametrize("value", [ADDRESS, ADDRESS.replace("\n", "\r\n")])
@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("<p>{{ addr }}</p>", "html"),
        ("{{ addr }}", "markdown"),
        ("<p>{{ addr | nl2br }}</p>", "html"),
        ("{% if addr %}- {{ addr }}{% endif %}", "markdown"),
        ("{% macro m(a) %}{{ a }}{% endmacro %}<p>{{ m(addr) }}</p>", "html"),
    ],
)
def test_the_line_breaks_of_a_cell_are_kept(source: str, kind: str, value: str) -> None:
    html, plain = both(source, kind=kind, addr=value)
    assert "Main St 1<br>12345 Town &lt;b&gt;" in html
    assert "Main St 1\n12345 Town <b>" in plain.replace("\r", "")


@pytest.mark.parametrize(
    "source",
    [
        '<p title="{{ addr }}">x</p>',
        "<title>{{ addr }}</title>",
        "<textarea>{{ addr }}</textarea>",
        '<a href="https://e.org/{{ addr }}">x</a>',
        '<a href="{{ link }}">x</a>',
        "<!-- {{ addr }} -->",
        '{% set s %}{{ addr }}{% endset %}<p title="{{ s }}">x</p>',
        "<p {% if addr %}title='{{ addr }}'{% endif %}>x</p>",
    ],
)
def test_no_element_stands_for_a_line_break_where_none_can(source: str) -> None:
    html, _ = both(source, addr=ADDRESS, link="https://e.org/\nx")
    assert "br>" not in html.replace("&lt;b&gt;", "")
    assert "br&gt;" not in html


def test_cells_of_tables_keep_their_line_breaks() -> None:
    html, plain = both("{{ f | table }}", f=pd.DataFrame({"a": [ADDRESS]}))
    assert "Main St 1<br>12345 Town &lt;b&gt;</td>" in html
    assert "Main St 1 12345 Town <b>" in plain
