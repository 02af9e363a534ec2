"""Pictures of a letter, wherever HTML and CSS show them: each travels as a part of the letter, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path

pil = pytest.importorskip("PIL.Image")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pil.new("RGB", (4, 2), 3).save(tmp_path / "bg.png")
    pil.new("RGB", (4, 2), 9).save(tmp_path / "a b.png")
    return tmp_path


def shown(html: str, folder: Path, **parts: object) -> tuple[str, list[str]]:
    """Return the HTML and the ids of the pictures that came with it."""
    letter = Template("s", html=html, folder=folder, **parts).render({"x": "red"})
    ids = [part["Content-ID"][1:-1] for part in letter.walk() if part["Content-ID"]]
    return letter.get_body(("html",)).get_content(), ids


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ('<table background="bg.png">', '<table background="cid:{}">'),
        ("<td BACKGROUND=bg.png width=4>", '<td BACKGROUND="cid:{}" width=4>'),
        ('<td style="background: url(bg.png) red">', '<td style="background: url(cid:{}) red">'),
        ("<td style=\"background-image: url( 'bg.png' )\">", '<td style="background-image: url(cid:{})">'),
        ("<td style='background-image: url(&quot;bg.png&quot;)'>", "<td style='background-image: url(cid:{})'>"),
        ("<style>td { background: url(bg.png) }</style>", "<style>td {{ background: url(cid:{}) }}</style>"),
        ("<style>@media all {\n p {\n list-style-image: url('bg.png') }}</style>", "image: url(cid:{}) }}}}"),
        ("<style>td{background:linear-gradient(red,red),url(bg.png)}</style>", ",url(cid:{})}}</style>"),
        ('<td style="background: url(a%20b.png)">', "url(cid:{})"),
        ('<img src="bg.png" width=4>', '<img src="cid:{}" width=4>'),
    ],
)  # fmt: skip
def test_a_picture_travels_with_the_letter(folder: Path, html: str, written: str) -> None:
    body, ids = shown(f"<body>{html}", folder)
    assert len(ids) == 1
    assert written.format(ids[0]) in body


@pytest.mark.parametrize(
    "html",
    [
        '<td background="https://x.example/a.png">',
        '<td style="background: url(https://x.example/a.png)">',
        '<td style="background: url(data:image/png;base64,AA==)">',
        "<style>@import url(a.css); @font-face { font-family: X; src: url(a.woff) }</style>",
        "<style>v\\:* { behavior: url(#default#VML) }</style>",
        "<!--[if mso]><v:fill src='bg.png'><![endif]-->",
        '<p title="url(bg.png)">url(bg.png)',
        "<style>a::before { color: url(bg.png }</style>",
    ],
)
def test_what_is_no_picture_of_the_letter_stays_as_it_is(folder: Path, html: str) -> None:
    body, ids = shown(f"<body>{html}", folder)
    assert html in body
    assert ids == []


def test_a_picture_of_a_style_sheet_is_inlined_like_any_rule(folder: Path) -> None:
    body, ids = shown("<style>td { background: url(bg.png) }</style><body><table><tr><td>{{ x }}", folder)
    assert f'<td style="background: url(cid:{ids[0]});">red' in body


def test_something_inline_is_shown_by_its_name_everywhere(folder: Path) -> None:
    picture = pil.new("RGB", (4, 2), 5)
    html = '<body background="cid:p"><p style="background: url(cid:p)"><img src="cid:p" alt="">'
    body, ids = shown(html, folder, inline={"p": picture})
    assert body.count(f"cid:{ids[0]}") == 3
    assert len(ids) == 1


@pytest.mark.parametrize("html", ['<td background="no.png">', '<p style="background: url(no.png)">'])
def test_a_picture_that_is_not_there_is_said(folder: Path, html: str) -> None:
    with pytest.raises(TemplateError, match=r"'no.png' is not there"):
        shown(html, folder)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{% if y %}https://x.example/{% else %}{{ x }}{% endif %}">',
        '<a href="{% if y %}a{% elif x %}{{ x }}{% endif %}">',
        '<a data-href="{{ x }}">',
        "<td background='{{ x }}'>",
    ],
)
def test_a_link_is_guarded_in_each_branch_it_may_begin_with(html: str) -> None:
    with pytest.raises(TemplateError, match="not a link for a mail"):
        Template("s", html=html).render({"x": "javascript:alert(1)", "y": False})


def test_a_value_behind_the_beginning_of_a_link_is_any_value() -> None:
    template = Template("s", html='<a href="{% if y %}https://x.example/?q={% endif %}{{ x }}">')
    assert '?q=a:b"' in template.render({"x": "a:b", "y": True}).get_body(("html",)).get_content()
