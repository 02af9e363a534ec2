"""A letter that extends a layout is the one Jinja renders, and is read like one that was written in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment

from notebookmail.compose.sources.extends import inherited
from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path

LAYOUT = """<!DOCTYPE html>
<html><head><style>p { color: red }</style></head>
<body>{% block body %}<p>nothing</p>{% endblock %}<p>{% block foot %}Yours{% endblock foot %}</p></body></html>
"""
LONE = "{% block a %}{% endblock %}"
CASES = [
    ["{% block a %}1{% endblock %}", "x{% block a %}0{% endblock %}y"],
    ["{% block b %}1{% endblock %}", "x{% block a %}0{% block b %}-{% endblock %}{% endblock %}y"],
    ["{% block a %}1 {{ super() }} 2{% endblock %}", "x{% block a %} 0 {% endblock %}y"],
    [
        "{% block a %}<{{ super() }}>{% endblock %}", "{% block a %}[{{ super() }}]{% endblock %}",
        "{% block a %}0{% endblock %}",
    ],
    ["lost {% block a %}1{% endblock %} lost", "x{% block a %}{% endblock %}"],
    ["{% set v = 5 %}{% block a %}{{ v }}{% endblock %}", "x{% block a %}{% endblock %}"],
    ["{% macro m(x) %}<{{ x }}>{% endmacro %}{% block a %}{{ m(n) }}{% endblock %}", LONE],
    ["{% block a -%} 1 {%- endblock %}", "x  {%- block a %}0{% endblock -%}  y"],
    ["{%- block a %}{{- super() -}} z{% endblock %}", "x {% block a %} 0 {% endblock %} y"],
    ["{% block a %}{% if n %}1{% endif %}{% endblock %}", "x{% block a required %}{% endblock %}"],
    ["{# no #}{% block a %}{# no #}1{% raw %}{{ x }}{% endraw %}{% endblock %}", "x{% block a %}{% endblock %}"],
    ["", "x{% block a %}{{ n }}{% endblock %}"],
]  # fmt: skip


def by_jinja(levels: list[str]) -> str:
    names = [f"{number}.html" for number in range(len(levels))]
    sources = {
        name: (f'{{% extends "{after}" %}}' if after else "") + source
        for name, after, source in zip(names, [*names[1:], ""], levels, strict=True)
    }
    env = Environment(loader=DictLoader(sources), keep_trailing_newline=True, autoescape=False)
    return env.get_template(names[0]).render(n=7)


def by_text(levels: list[str]) -> str:
    env = Environment(keep_trailing_newline=True, autoescape=False)
    return env.from_string(inherited(env, levels)).render(n=7)


@pytest.mark.parametrize("levels", CASES, ids=range(len(CASES)))
def test_a_letter_is_the_one_jinja_renders(levels: list[str]) -> None:
    assert by_text(levels) == by_jinja(levels)


PIECES = st.sampled_from(["1", " ", "\n", "{{ n }}", "{% if n %}y{% endif %}", "{# c #}"])


@st.composite
def sources(draw: st.DrawFn, *, has_super: bool) -> str:
    """Make a source with the blocks a and b, in each other or one after the other, or without them."""

    def content() -> str:
        parts = draw(st.lists(PIECES, max_size=3))
        if has_super and draw(st.booleans()):
            parts.append("{{ super() }}")
        return "".join(parts)

    dash = st.sampled_from(["", "-"])

    def block(name: str, inner: str) -> str:
        marks = [draw(dash) for _ in range(4)]
        return f"{{%{marks[0]} block {name} {marks[1]}%}}{inner}{{%{marks[2]} endblock {marks[3]}%}}"

    one, two = block("a", content()), block("b", content())
    free = "" if has_super else "".join(draw(st.lists(PIECES, max_size=2)))
    return free + draw(st.sampled_from([one, two, one + free + two])) + free


@settings(max_examples=60)
@given(sources(has_super=True), sources(has_super=True))
def test_any_letter_is_the_one_jinja_renders(letter: str, middle: str) -> None:
    root = "<{% block a %} A {% endblock %}|{% block b %} B {% endblock %}>"
    assert by_text([letter, middle, root]) == by_jinja([letter, middle, root])


@settings(max_examples=60)
@given(sources(has_super=False))
def test_any_layout_is_the_one_jinja_renders(layout: str) -> None:
    letter = "{% block a %}1{% endblock %}{% block b %}2{% endblock %}"
    assert by_text([letter, layout]) == by_jinja([letter, layout])


def test_a_template_extends_a_layout_below_its_folder(tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "base.html").write_text(LAYOUT, encoding="utf-8")
    source = '{% extends "layouts/base.html" %}{% block body %}<p>Dear {{ name }}</p>{% endblock %}'
    template = Template("s", html=source, folder=tmp_path)
    assert template.variables == {"name"}
    html = template.render({"name": "Ann"}).get_body(("html",)).get_content()
    assert '<body><p style="color: red;">Dear Ann</p><p style="color: red;">Yours</p></body>' in html
    assert "nothing" not in html


def test_a_markdown_letter_extends_a_markdown_layout(tmp_path: Path) -> None:
    (tmp_path / "base.md").write_text("# Hello\n\n{% block body %}\n{% endblock %}\n\nYours", encoding="utf-8")
    (tmp_path / "letter.md").write_text(
        "---\nsubject: s\n---\n{% extends 'base.md' %}\n{% block body %}\n- {{ x }}\n- *b*\n{% endblock %}\n",
        encoding="utf-8",
    )
    text = Template.from_file(tmp_path / "letter.md").render({"x": "a"}).get_body(("plain",)).get_content()
    assert text == "Hello\n=====\n\n- a\n- b\n\nYours\n"


def test_a_required_block_that_is_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base.html").write_text("{% block body required %}{% endblock %}", encoding="utf-8")
    with pytest.raises(TemplateError, match=r"line 1: the layout wants a block 'body'"):
        Template("s", html="{% extends 'base.html' %}", folder=tmp_path)


@pytest.mark.parametrize("tag", ["{{ super() | upper }}", "{{ super().super() }}", "{{ super() }}"])
def test_what_text_cannot_say_of_a_replaced_block_is_refused(tmp_path: Path, tag: str) -> None:
    (tmp_path / "base.html").write_text("{% block body %}{% endblock %}", encoding="utf-8")
    name = "other" if tag == "{{ super() }}" else "body"
    source = (
        f"{{% extends 'base.html' %}}{{% block body %}}{{% block {name}2 %}}{tag}{{% endblock %}}{{% endblock %}}"
    )
    with pytest.raises(TemplateError, match="alone, in a block that the layout has too"):
        Template("s", html=source, folder=tmp_path)


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{% extends 'b.html' %}", encoding="utf-8")
    (tmp_path / "b.html").write_text("{% extends 'a.html' %}", encoding="utf-8")
    with pytest.raises(TemplateError, match="cannot include itself"):
        Template("s", html="{% extends 'a.html' %}", folder=tmp_path)
