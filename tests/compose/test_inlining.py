"""Style sheets written into elements: what stays where it is, what the sheet keeps, what a row decides."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.markup.css_inlining import inline
from notebookmail.compose.markup.html_document import page
from notebookmail.compose.markup.jinja_tags import Masks
from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError


def inlined(html: str) -> str:
    return inline(html, None).html


def filled(row: dict[str, object] | None = None, **parts: object) -> str:
    return Template("s", **parts).render(row or {}).get_body(("html",)).get_content()


# What stays


@pytest.mark.parametrize(
    "kept",
    [
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/x.dtd">',
        "<!--[if mso]><style>* { color: blue !important }</style><body><![endif]-->",
        "<!--[if !mso]><!--><p>x</p><!--<![endif]-->",
        "<![if !mso]><p>x</p><![endif]>",
        '<link rel="stylesheet" href="https://fonts.example.org/a.css">',
        '<style media="only screen and (max-width:600px)">p { display: none }</style>',
        '<style type="text/css" data-embed>p { display: none }</style>',
        "<style>@import url(https://fonts.example.org/css2?family=Inter:wght@400;700&display=swap);</style>",
        "<style>@font-face { font-family: X; src: url(https://x.example/x.woff) }</style>",
        '<style>.q::before { content: "}</p>" }</style>',
        "<style>a:hover, :root { color: red } .ExternalClass * { line-height: 100% }</style>",
        "<style>#MessageViewBody a { color: inherit }</style>",
        "<style>a[x-apple-data-detectors] { color: inherit !important } u + #body a { color: inherit }</style>",
        "<style>@media screen { @media (min-width: 0px) { .m { display: block } } } .600w { width: 100% }</style>",
        "<style>p { color: red; &:hover { color: blue } }</style>",
        "<style>/* p { display: none } */</style>",
        "<!-- a <body> in a comment -->",
        "<P  CLASS=x>\r\n<br/>&nbsp;</P >",
        "<svg><style>p { color: red }</style></svg>",
        "<p <b>",
        "<a ",
    ],
)
def test_what_stood_in_a_letter_stands_there_still(kept: str) -> None:
    before, after = "<html><body><p>one</p>", "<table><tr><td class=c>two</table>"
    source = f"{kept}{before}{kept}{after}" if kept.startswith("<!D") else f"{before}{kept}{after}"
    html = inlined(f"<style>td {{ margin: 0 }}</style>{source}")
    assert kept in html
    assert "display: none;" not in html


def test_only_style_attributes_are_added() -> None:
    source = (
        "<style>.a { color: red } p { margin: 0 }</style><p class=\"a\">x</p><P CLASS=a\n>y</P><p style='top: 0'>z"
    )
    html = inlined(source)
    assert html == source.replace('class="a">', 'class="a" style="margin: 0; color: red;">').replace(
        "CLASS=a\n>", 'CLASS=a style="margin: 0; color: red;"\n>'
    ).replace("style='", "style='margin: 0; ")


@given(
    st.lists(
        st.sampled_from([
            "<p>", "</p>", "<!--", "-->", "<style>", "</style>", "p{color:red}", "<b class='", "'>", "x", "<td",
            "}", ";", "@media print{", "<table>", "<![if a]>", '"', "/*", "*/", "<svg>", "</svg>", "<title>", "{",
            "url(", "</svg>", "=",
        ])
    ).map("".join)
)  # fmt: skip
def test_no_document_loses_a_byte(source: str) -> None:
    html = inlined(source)
    rest = iter(html)
    assert all(sign in rest for sign in source)  # the source is what is left without what was put in


@pytest.mark.parametrize(
    "css",
    [
        '.a { content: "}" } p { color: red }',
        "@import url(https://x.example/a;b); p { color: red }",
        ".a { background: url(data:image/png;base64,x}=) } p { color: red }",
        "/* } */ p { color: red }",
        "@charset 'utf-8'; <!-- p { color: red } -->",
        ".600w { x: y } p { color: red }",
        "a { b: c;;; } p { color: red; *zoom: 1 }",
    ],
)
def test_a_style_sheet_is_read_as_a_browser_reads_it(css: str) -> None:
    assert '<p style="color: red;">' in inlined(f"<style>{css}</style><p>x</p>")


# What an element can hold


@pytest.mark.parametrize(
    ("css", "element", "held"),
    [
        ("p { color: red } .a { color: blue }", '<p class="a">', "color: blue;"),
        (".a { color: blue } p { color: red }", '<p class="a">', "color: blue;"),
        ("#i { color: blue } p.a.a { color: red }", '<p id="i" class="a">', "color: blue;"),
        ("p { color: red !important } .a { color: blue }", '<p class="a">', "color: red !important;"),
        ("p { margin: 0 } p { margin-top: 1px } p { margin: 2px }", "<p>", "margin-top: 1px; margin: 2px;"),
        ("p { color: red; color: color(srgb 1 0 0) }", "<p>", "color: red; color: color(srgb 1 0 0);"),
        ('p { font-family: "A & B" }', "<p>", "font-family: &quot;A &amp; B&quot;;"),
        ("p:not(.b):first-child { color: red }", "<p>", "color: red;"),
        ("body > p:nth-of-type(2n + 1):last-child { color: red }", "<p>", "color: red;"),
        ("[title^=x] { color: red }", '<p title="xy">', "color: red;"),
    ],
)
def test_the_cascade_decides_what_an_element_holds(css: str, element: str, held: str) -> None:
    html = inlined(f"<style>{css}</style><body>{element}")
    assert html.endswith(f'{element[:-1]} style="{held}">')


@pytest.mark.parametrize(
    "doubtful",
    [
        "@media (max-width: 600px) { p { padding-top: 1px } }",
        "@media (prefers-color-scheme: dark) { * { all: unset } }",
        "@supports (display: grid) { p { padding: 1px } }",
        "@layer x { p { padding: 1px } }",
        "p:hover { padding: 1px }",
        "p { & { padding: 1px } }",
        "body { p { padding: 1px } }",
        "p:-moz-focusring { padding: 1px }",
    ],
)
def test_what_a_rule_that_is_sometimes_in_force_could_override_is_left_to_the_style_sheet(doubtful: str) -> None:
    html = inlined(f"<style>p {{ color: red; padding: 0 }} {doubtful}</style><p>x")
    if "all:" in doubtful:  # it has no specificity, and never wins
        assert html.endswith('<p style="color: red; padding: 0;">x')
    else:
        assert html.endswith('<p style="color: red;">x')


@pytest.mark.parametrize(
    "certain",
    [
        "@media (max-width: 600px) { p { padding: 1px !important } }",
        "@media (max-width: 600px) { p { padding: 1px } }",
        "@media print { #i { padding: 1px } }",
        "p::before { padding: 1px }",
    ],
)
def test_what_none_could_override_otherwise_than_before_is_written_into_the_element(certain: str) -> None:
    html = inlined(f"<style>{certain} body p {{ padding: 0 }}</style><body><p>x")
    assert html.endswith('<p style="padding: 0;">x')


@pytest.mark.parametrize(
    ("css", "written"),
    [
        ("p { padding: 3px } p { all: unset } @media (max-width: 9px) { p { color: red } }", "<p>"),
        (
            "p { padding: 3px } p { all: unset !important } @media (max-width: 9px) { p { color: red } }",
            "padding: 3px; all",
        ),
        ("p { all: unset } p { padding: 3px } @media (max-width: 9px) { p { color: red } }", "padding: 3px;"),
    ],
)
def test_what_a_reset_undoes_is_not_written_into_an_element_that_cannot_hold_the_reset(
    css: str, written: str
) -> None:
    assert written in inline(f"<style>{css}</style><p>text", None).html.partition("</style>")[2]


def test_what_the_element_says_itself_comes_last() -> None:
    html = inlined("<style>p { color: red; margin: 0; top: 0 !important }</style><p style=color:blue>")
    assert html.endswith('<p style="margin: 0; top: 0 !important; color:blue">')


# What a row decides


@pytest.mark.parametrize(
    ("source", "row", "expected"),
    [
        ('<p class="{{ x }}">a</p>', {"x": "late"}, '<p class="late" style="color: red;">a</p>'),
        ('<p class="{% if x %}late{% else %}ok{% endif %}">a</p>', {"x": 0}, '<p class="ok">a</p>'),
        ('<p class="a {% if x %}late{% endif %}">a</p>', {"x": 1}, '<p class="a late" style="color: red;">a</p>'),
        ('<p {% if x %}class="late"{% endif %}>a</p>', {"x": 1}, '<p class="late" style="color: red;">a</p>'),
        ('<p id="{{ x }}">a</p>', {"x": "i"}, '<p id="i" style="color: blue;">a</p>'),
        ("{% for i in x %}<li>a</li>{% endfor %}", {"x": [1, 2]}, '<li>a</li><li style="top: 0;">a</li>'),
        ("{{ x }}<p>a</p>", {"x": 1}, "1<p>a</p>"),
        ("{% if x %}<div>{% endif %}<i>a</i>{% if x %}</div>{% endif %}", {"x": 1}, '<i style="left: 0;">a</i>'),
        ("{% macro m() %}<i>a</i>{% endmacro %}<div>{{ m() }}</div>", {}, '<i style="left: 0;">a</i>'),
        ("{{ x | safe }}", {"x": "<p class=late>"}, '<p class=late style="color: red;">'),
    ],
)
def test_a_rule_reaches_the_elements_a_row_makes(source: str, row: dict[str, object], expected: str) -> None:
    css = ".late { color: red } #i { color: blue } li + li { top: 0 } div > i { left: 0 }"
    assert expected in filled(row, html=f"<style>{css}</style><body>{source}")
    assert expected in filled(row, html=f"<body>{source}", css=css)


def test_css_reaches_the_table_of_a_group() -> None:
    rows = pd.DataFrame({"item": ["A", "B"]})
    html = filled(
        {"rows": rows}, markdown="{{ rows | table }}", css="td { color: navy } tr:nth-child(2) td { top: 0 }"
    )
    assert html.count("color: navy;") == 2
    assert html.count("top: 0;") == 1


def test_what_no_row_decides_is_inlined_once() -> None:
    source = '<style>p { color: red }</style><p class="x">{{ a }}{% for b in c %}<p>{{ b }}</p>{% endfor %}'
    masks = Masks(source)
    document = page(
        source.replace("{{ a }}", "").replace("{% for b in c %}", "").replace("{% endfor %}", ""), None, masks
    )
    assert document.inline_row is None
    assert document.html.count('style="color: red;"') == 2


def test_a_condition_in_a_style_sheet_is_carried_out() -> None:
    source = (
        "<style>{% if vip %}p { color: gold }{% else %}p { color: gray }{% endif %} i { color: {{ c }} }</style>"
    )
    html = filled({"vip": True, "c": "#ff0000"}, html=f"{source}<p>a<i>b</i></p>")
    assert '<p style="color: gold;">a<i style="color: #ff0000;">b</i></p>' in html
    assert "gray" not in html


@pytest.mark.parametrize("value", ["#0b5fa5", "12px", "rgb(1, 2, 3)", '"Helvetica Neue", Arial', 7, 1.5])
def test_a_plain_value_of_css_goes_into_a_style_sheet(value: object) -> None:
    assert f"p{{x:{value}}}" in filled({"v": value}, html="<style>p{x:{{ v }}}</style>")


@pytest.mark.parametrize(
    "value",
    ["red} body{display:none", "red;x:y", "url(https://x.example)", "</style><script>", "\\75rl(x)", "/* x", "a{b",
     "image-set('a' 1x)", "!important", "'"],
)  # fmt: skip
def test_a_value_brings_no_css_of_its_own(value: str) -> None:
    with pytest.raises(TemplateError, match="no plain value for a style sheet"):
        filled({"v": value}, html="<style>p{x:{{ v }}}</style>")


def test_css_that_the_author_calls_safe_goes_in() -> None:
    assert "<style>p{top:0}</style>" in filled({"v": "p{top:0}"}, html="<style>{{ v | safe }}</style>")


# The style sheet that comes with the letter


def test_the_authors_sheet_keeps_what_values_may_bring_elements_for() -> None:
    html = filled({"x": 1}, html="<p>{{ x }}</p>", css="@import url(a.css); td { color: red } p { color: blue }")
    assert "<style>\n@import url(a.css);\ntd { color: red }\np { color: blue }\n</style>" in html


def test_the_authors_sheet_is_not_said_twice_where_nothing_needs_it() -> None:
    assert "<style" not in filled(html="<p>a</p>", css="p { color: blue }")


def test_rules_that_no_element_can_hold_stay_in_the_authors_sheet() -> None:
    html = filled(html="<p>a</p>", css="p::before { color: red } p:hover { color: red } .m { color: red }")
    assert "p::before { color: red }\np:hover { color: red }\n</style>" in html
    assert ".m" not in html


def test_a_quoted_brace_is_no_jinja() -> None:
    source = (
        "{% raw %}<style>@media print{#a{top:0}} p{color:red}</style><p title='{{ x }}'>{{{ y }}}</p>{% endraw %}"
    )
    assert "<p title='{{ x }}' style=\"color: red;\">{{{ y }}}</p>" in filled(html=source)
    assert "@media print{#a{top:0}}" in filled(html=source)


@pytest.mark.parametrize(
    "css",
    [
        "@media print{#a{top:0}}",
        "@media print{#a{top:0}#b{top:1px}}@media all{#c{top:2px}}",
        "p{color:#fff}@media x{#a{}}",
    ],
)
def test_a_brace_before_a_name_is_css_and_no_comment(css: str) -> None:
    assert f"<style>{css}</style>" in filled({"x": 1}, html=f"<style>{css}</style><p>{{{{ x }}}}</p>")
    assert f"<style>{css}</style>" in filled(
        {"x": 1}, markdown=f"<style>{css}</style>\n\n{{% if x %}}y{{% endif %}}"
    )


def test_a_comment_in_a_style_sheet_is_left_out() -> None:
    html = filled(html="<style>{# p { top: 0 } #}i { top: 1px }@media x{#a{top:2px}}</style><p>a</p>")
    assert "<style>i { top: 1px }@media x{#a{top:2px}}</style>" in html


def test_a_brace_of_a_style_sheet_swallows_nothing_up_to_a_later_comment() -> None:
    html = filled(html="<style>@media x{#a{top:2px}}</style><p>a</p>{# a comment #}<p>b</p>")
    assert "<style>@media x{#a{top:2px}}</style><p>a</p><p>b</p>" in html
