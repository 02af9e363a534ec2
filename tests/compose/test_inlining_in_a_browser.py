"""What Chromium computes for every element of a letter is the same before and after its style sheets are inlined.

Documents are made of what letters are made of, whole and broken: nested and unclosed elements, comments that only
Outlook reads, style sheets with and without media, rules that overlap in shorthands, importance and specificity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.letter_screenshots import LOOKS, Camera

from notebookmail.compose.markup.css_inlining import inline
from notebookmail.compose.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SELECTORS = st.sampled_from([
    "p", ".a", ".b", ".A", "#i", "*", "div > p", "div p", "p + p", "p ~ .b", "li:nth-child(odd)", "p:last-child",
    "p:first-of-type", "p:not(.a)", "td", "tr td", "table > tr", "tbody > tr:nth-child(2) .b", "a:hover", "a:link",
    ":root", ".ExternalClass *", "[title]", "[title^=x]", "body p", "u + #i", "p::before", ".600w", "a, .a",
    "body",
    "p, a:visited", "p:is(.a, .b)", "p:-moz-any-link", "div:has(p)", "p:empty", "html", "span.a.b", "p:only-child",
])  # fmt: skip
DECLARATIONS = st.sampled_from([
    "color: red", "color: blue", "color: nonsense", "background: silver", "background-color: yellow",
    "padding: 3px",
    "padding-left: 7px", "padding-inline: 9px", "margin: 0", "margin-top: 5px", "border: 1px solid red",
    "border-left: 4px dotted blue", "border-color: green", "border-width: 2px", "font: bold 12px/2 serif",
    "font-size: 20px", "line-height: 3", "display: block", "display: none", "display: inline", "text-align: right",
    "width: 90px", "max-width: 50%", "min-width: 30px", "all: unset", "color: inherit", "--v: 3px",
    "margin: var(--v)",
    "content: '}'", "background: url(https://x.example/a;b.png)", "*zoom: 1", "text-decoration: underline",
    "border-radius: 3px", "border-top-left-radius: 9px", "color: red; color: oklch(0 0 0)",
    "overflow-wrap: anywhere",
])  # fmt: skip
RULE = st.builds(
    lambda selector, declarations: f"{selector} {{ {'; '.join(declarations)} }}",
    SELECTORS,
    st.lists(
        st.builds(lambda text, mark: text + mark, DECLARATIONS, st.sampled_from(["", "", " !important"])),
        min_size=1,
        max_size=3,
    ),
)
AROUND = st.sampled_from([
    "{}", "{}", "{}", "{}", "@media (max-width: 500px) {{ {} }}", "@media (prefers-color-scheme: dark) {{ {} }}",
    "@media screen {{ @media (min-width: 0px) {{ {} }} }}", "@supports (display: grid) {{ {} }}",
    "@layer x {{ {} }}", "@media all {{ {} }}", "/* {} */", "@import url(https://x.example/a;b); {}", "p {{ {} }}",
    "@font-face {{ font-family: X; src: url(x) }} {}", "<!-- {} -->",
])  # fmt: skip
SHEET = st.lists(st.builds(lambda around, rule: around.format(rule), AROUND, RULE), max_size=6).map("\n".join)
STYLE = st.builds(
    lambda around, sheet: around.format(sheet),
    st.sampled_from([
        "<style>{}</style>", "<style>{}</style>", "<style type='text/css'>{}</style>",
        "<style media='(max-width: 500px)'>{}</style>", "<style media=all>{}</style>",
        "<style data-embed>{}</style>",
        "<!--[if mso]><style>{}</style><![endif]-->", "<!--[if !mso]><!--><style>{}</style><!--<![endif]-->",
        "<style type=text/x>{}</style>", "<noscript><style>{}</style></noscript>",
    ]),
    SHEET,
)  # fmt: skip
ATTRIBUTES = st.sampled_from([
    "", "", " class=a", ' class="b a"', " id=i", ' title="xy"', ' style="color: green"', " style=padding:1px",
    " class='A' style='margin: 1px !important; font-size: 9px'", ' href="https://x.example"', " CLASS=b ",
])  # fmt: skip
PIECES = st.sampled_from([
    "text", " ", "<p{}>", "<p{}>x</p>", "</p>", "<div{}>", "</div>", "<span{}>x</span>", "<a{}>", "</a>",
    "<b{}>", "</b>",
    "<table{}>", "<tr{}>", "<td{}>", "<th{}>x</th>", "</td>", "</tr>", "</table>", "<tbody{}>", "<ul{}>",
    "<li{}>x",
    "</ul>", "<u></u>", "<br>", "<img{}>", "<!-- <body> -->", "<![if !mso]>", "<![endif]>", "<h1{}>x</h1>",
    "<center{}>",
    "<!--[if mso]><table><tr><td class=a><![endif]-->", "<p/>", "<svg{}><p>x</p></svg>",
    "<select><p></select>", "<font{}>",
    "<!-->", "</x>", "<o:p{}>x</o:p>",
])  # fmt: skip
BODY = st.lists(st.builds(lambda piece, more: piece.replace("{}", more), PIECES, ATTRIBUTES), max_size=14).map(
    "".join
)
DOCTYPE = st.sampled_from(
    ["<!DOCTYPE html>", "", '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "x">']
)
DOCUMENT = st.builds(
    lambda doctype, styles, body: f"{doctype}<html><head>{styles}</head><body>{body}</body></html>",
    DOCTYPE,
    st.lists(STYLE, min_size=1, max_size=3).map("".join),
    BODY,
)
# The same few properties of the same few elements, again and again: rules that contradict each other.
CONTRADICTION = st.builds(
    lambda around, selector, declaration, mark: around.format(f"{selector} {{ {declaration}{mark} }}"),
    st.sampled_from([
        "{}", "{}", "@media (max-width: 500px) {{ {} }}", "@media (prefers-color-scheme: dark) {{ {} }}",
        "@supports (display: grid) {{ {} }}", "@layer x {{ {} }}",
    ]),
    st.sampled_from(["p", ".a", "p.a", "body p", "#i", "p:not(.b)", "p:nth-child(2)"]),
    st.sampled_from(["color: red", "color: blue", "padding: 3px", "padding-left: 7px", "all: unset"]),
    st.sampled_from(["", "", "", " !important"]),
)  # fmt: skip
CONTRADICTORY = st.lists(CONTRADICTION, min_size=2, max_size=8).map(
    lambda rules: (
        f"<!DOCTYPE html><style>{' '.join(rules)}</style><body><p>x<p class=a>y<p class=a id=i>z"
        "<p class=b style='color: green'>u<p class='a b' style='padding: 1px !important'>v"
    )
)
UNHURRIED = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=20)


@pytest.fixture(scope="module")
def camera(chromium: Browser) -> Iterator[Camera]:
    camera = Camera(chromium)
    yield camera
    camera.close()


def assert_computed_alike(camera: Camera, before: str, after: str) -> None:
    pairs = zip(LOOKS, camera.computed(before), camera.computed(after), strict=True)
    for look, one, other in pairs:
        assert len(one) == len(other), (look, after)
        for element, (first, second) in enumerate(zip(one, other, strict=True)):
            if first != second:
                differing = set(first.split("; ")) ^ set(second.split("; "))
                pytest.fail(f"{look}, element {element}: {sorted(differing)[:6]}\n{before}\n{after}")


@UNHURRIED
@given(DOCUMENT | CONTRADICTORY)
def test_every_element_is_computed_as_before(camera: Camera, document: str) -> None:
    assert_computed_alike(camera, document, inline(document, None).html)


@pytest.mark.slow
@settings(UNHURRIED, max_examples=300)
@example("<style>p { padding: 3px } p { all: unset } @media (max-width: 500px) { p { color: red } }</style><p>x")
@given(DOCUMENT | CONTRADICTORY)
def test_every_element_of_many_letters_is_computed_as_before(camera: Camera, document: str) -> None:
    assert_computed_alike(camera, document, inline(document, None).html)


@UNHURRIED
@given(STYLE, st.tuples(BODY, BODY), st.lists(st.sampled_from("ab"), max_size=3), st.booleans())
def test_a_filled_in_letter_is_computed_as_if_nothing_was_inlined(
    camera: Camera, style: str, bodies: tuple[str, str], values: list[str], is_shown: bool
) -> None:
    """The template's Jinja is carried out by hand here: a loop, a condition, a class by value."""
    each, rest = (body.replace("class=a", 'class="@"').replace(" href=", " data-x=") for body in bodies)
    rest = rest.replace("@", "a")
    jinja = each.replace("@", "{{ value }}")
    source = f"{style}<body>{{% for value in values %}}{jinja}{{% endfor %}}{{% if shown %}}{rest}{{% endif %}}"
    letter = Template("s", html=source, text="x").render({"values": values, "shown": is_shown})
    by_hand = "".join(each.replace("@", value) for value in values)
    before = f"{style}<body>{by_hand}{rest if is_shown else ''}"
    assert_computed_alike(camera, before, letter.get_body(("html",)).get_content().removesuffix("\n"))
