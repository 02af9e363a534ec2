import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment

from notebookmail.compose.files import ReadFolder
from notebookmail.compose.sources.includes import MOST_CHARACTERS, expand
from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError


@pytest.fixture
def folder(tmp_path):
    """A folder of its own below another, so that there is an outside."""
    path = tmp_path / "letters"
    path.mkdir()
    return ReadFolder(path)


def put(folder, **files):
    """Write files; `a_md` is a.md."""
    for name, text in files.items():
        (folder.path / name.replace("_", ".")).write_text(text, encoding="utf-8")


def filled(source, folder, **values):
    return (
        Environment(autoescape=False, keep_trailing_newline=True)
        .from_string(expand(source, folder, "text"))
        .render(values)
    )


# --- include ----------------------------------------------------------------------------------------------


def test_an_included_files_text_stands_where_the_tag_stood(folder):
    put(folder, footer_md="-- \n{{ company }}\n")
    assert expand('Hello\n{% include "footer.md" %}\nBye', folder, "markdown") == "Hello\n-- \n{{ company }}\nBye"


def test_included_markdown_is_markdown_of_the_letter(folder):
    put(folder, list_md="- **{{ a }}**\n- two\n")
    template = Template("s", markdown=expand('# Hi\n\n{% include "list.md" %}', folder, "markdown"))
    html = template.render({"a": "*x*"}).get_body(("html",)).get_content()
    assert "<strong>*x*</strong>" in html
    assert html.count("<li") == 2


def test_the_columns_of_an_included_file_are_the_templates(folder):
    put(folder, a_txt="{{ city }}")
    assert Template("s", text=expand('{% include "a.txt" %}', folder, "text")).variables == {"city"}


def test_files_include_files(folder):
    (folder.path / "parts").mkdir()
    put(folder, a_md='a{% include "parts/b.md" %}a')
    (folder.path / "parts" / "b.md").write_text('b{% include "c.md" %}b')
    put(folder, c_md="c")
    assert expand('{% include "a.md" %}', folder, "text") == "abcba"


def test_a_file_may_be_included_twice(folder):
    put(folder, a_md="x")
    assert expand('{% include "a.md" %}{% include "a.md" %}', folder, "text") == "xx"


def test_a_tag_trims_white_space_as_jinja_does(folder):
    put(folder, a_md=" x ")
    assert expand('a \n {%- include "a.md" -%} \n b', folder, "text") == "a x b"


def test_a_source_without_files_stays_as_it_is(folder):
    source = "a\r\n{% raw %}{% include 'x' %}{% endraw %}{# {% include 'y' %} #}{{ b }}"
    assert expand(source, folder, "text") == source


def test_raw_blocks_and_comments_are_not_touched(folder):
    put(folder, a_md="x")
    source = "{% raw %}{% include 'no' %}{{ b }}{% endraw %}{# {% include 'no' %} #}{% include 'a.md' %}"
    assert filled(source, folder) == "{% include 'no' %}{{ b }}x"


def test_an_include_may_stand_under_a_condition(folder):
    put(folder, de_txt="Hallo", en_txt="Hello")
    source = '{% if de %}{% include "de.txt" %}{% else %}{% include "en.txt" %}{% endif %}'
    assert [filled(source, folder, de=de) for de in (True, False)] == ["Hallo", "Hello"]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="{}\r"))


@given(inside=TEXT, around=st.tuples(TEXT, TEXT), tag=st.tuples(*[st.sampled_from(["", "-"])] * 2))
def test_including_says_what_jinja_would_say(tmp_path_factory, inside, around, tag):
    path = tmp_path_factory.mktemp("letters")
    (path / "a.md").write_bytes(inside.encode())
    source = f'{around[0]}{{%{tag[0]} include "a.md" {tag[1]}%}}{around[1]}'
    # Jinja, too, drops one line end at the end of the file, and only there.
    jinja = Environment(autoescape=False, loader=DictLoader({"a.md": inside}))
    expected = jinja.from_string(source + "|").render()
    assert expand(source + "|", ReadFolder(path), "text") == expected


# --- macros -----------------------------------------------------------------------------------------------

MACROS = """\
Macros for letters.
{% set colour = "teal" %}{% set unused = 1 %}
{% macro button(text, url) -%}
<a href="{{ url }}" style="color:{{ _tone(colour) }}">{{ text }}</a>
{%- endmacro %}
{% macro _tone(name) -%}{{ name }}!{%- endmacro %}
{% macro other() %}{{ missing }}{% endmacro %}
"""


def test_a_macro_brings_what_it_uses_and_nothing_else(folder):
    put(folder, macros_html=MACROS)
    source = expand('{% from "macros.html" import button %}', folder, "html")
    assert all(word in source for word in ("set colour", "macro button", "macro _tone"))
    assert not any(word in source for word in ("unused", "other", "Macros for letters"))


def test_an_imported_macro_works_and_prints_nothing_by_itself(folder):
    put(folder, macros_html=MACROS)
    source = '{% from "macros.html" import button, other %}{{ button("Go", "https://example.org") }}'
    assert filled(source, folder) == '<a href="https://example.org" style="color:teal!">Go</a>'


def test_a_macro_sees_the_columns_and_they_are_the_templates(folder):
    put(folder, m_html="{% macro hi() %}Hi {{ name }}{% endmacro %}")
    template = Template("s", text=expand('{% from "m.html" import hi %}{{ hi() }}', folder, "text"))
    assert template.variables == {"name"}
    assert template.render({"name": "Ada"}).get_content() == "Hi Ada\n"


def test_a_macro_of_markdown_is_markdown_of_the_letter(folder):
    put(
        folder,
        m_md="{% macro a(x) %}\n**{{ x }}**\n{% endmacro %}\n{% macro b(x) %}\n- {{ a(x) }}\n{% endmacro %}\n",
    )
    source = expand('{% from "m.md" import b %}\n\n{{ b(name) }}\n', folder, "markdown")
    html = Template("s", markdown=source).render({"name": "<Ada>"}).get_body(("html",)).get_content()
    assert "<strong>&lt;Ada&gt;</strong>" in html


def test_a_block_set_is_a_definition(folder):
    put(folder, m_html="{% set sign %}Yours{% if x %}!{% endif %}{% endset %}")
    assert filled('{% from "m.html" import sign %}{{ sign }}', folder, x=1) == "Yours!"


def test_a_macro_file_may_import_and_include(folder):
    put(folder, base_html="{% macro a() %}A{% endmacro %}", mark_txt="!\n")
    put(
        folder,
        m_html='{% from "base.html" import a %}{% macro b() %}{{ a() }}{% include "mark.txt" %}{% endmacro %}',
    )
    assert filled('{% from "m.html" import b %}{{ b() }}', folder) == "A!"


def test_the_same_macro_may_come_from_a_file_twice(folder):
    put(folder, m_html="{% macro a() %}A{% endmacro %}")
    assert filled('{% from "m.html" import a %}{% from "m.html" import a %}{{ a() }}', folder) == "A"


def test_two_macros_of_one_name_are_refused(folder):
    put(folder, a_html="{% macro x() %}1{% endmacro %}", b_html="{% macro x() %}2{% endmacro %}")
    with pytest.raises(TemplateError, match=r"'x' is defined by both a.html and b.html"):
        expand('{% from "a.html" import x %}{% from "b.html" import x %}', folder, "html")


def test_an_unknown_macro_is_refused_with_those_there_are(folder):
    put(folder, m_html=MACROS)
    with pytest.raises(
        TemplateError, match=r"m.html does not define 'buton'; it has _tone, button, colour, other"
    ):
        expand('{% from "m.html" import buton %}', folder, "html")


def test_a_macro_keeps_its_name(folder):
    put(folder, m_html=MACROS)
    with pytest.raises(TemplateError, match="leave out 'as b'"):
        expand('{% from "m.html" import button as b %}', folder, "html")


def test_a_broken_macro_is_found_with_its_file_and_line(folder):
    put(folder, m_html="\n{% macro a() %}{% endif %}")
    with pytest.raises(TemplateError, match=r"^html: m.html, line 2: .*endif"):
        expand('{% from "m.html" import a %}', folder, "html")


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "remedy"),
    [
        ('{% if x %}{% extends "a.md" %}{% endif %}', "stands first in its file"),
        ('x{% extends "a.md" %}', "stands first in its file"),
        ("{% extends name %}", "constant text"),
        ('{% extends "nope.md" %}', "not there"),
        ('{% import "a.md" as x %}', r"no \{% import %\}: .*from"),
        ("{% include name %}", "constant text"),
        ('{% include "a" ~ ".md" %}', "constant text"),
        ('{% include ["a.md", "b.md"] %}', "constant text"),
        ("{% from name import a %}", "constant text"),
        ('{% include "a.md" ignore missing %}', "leave out"),
        ('{% include "a.md" without context %}', "leave out"),
        ("{% include %}", "line 2"),
        ('{% include "nope.md" %}', "not there"),
        ('{% include "../out.md" %}', "outside"),
        ('{% include "" %}', "not the name"),
        ('{% include "." %}', "not a file"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_with_its_line_and_the_remedy(folder, tag, remedy):
    put(folder, a_md="x")
    (folder.path.parent / "out.md").write_text("secret")
    with pytest.raises(TemplateError, match=rf"^markdown: line 2: .*{remedy}|{remedy}") as caught:
        expand(f"\n{tag}", folder, "markdown")
    assert caught.value.field == "markdown"
    assert caught.value.message.startswith("line 2: ")


def test_a_link_out_of_the_folder_is_not_followed(folder):
    (folder.path.parent / "out.md").write_text("secret")
    (folder.path / "link.md").symlink_to(folder.path.parent / "out.md")
    with pytest.raises(TemplateError, match="outside"):
        expand('{% include "link.md" %}', folder, "text")


def test_an_error_further_down_names_its_own_file_and_line(folder):
    put(folder, a_md='\n\n{% include "b.md" %}', b_md="\n{% import 'x' as y %}")
    with pytest.raises(TemplateError, match=r"^text: b.md, line 2: a letter has no") as caught:
        expand('{% include "a.md" %}', folder, "text")
    assert caught.value.message.count("line") == 1


def test_a_tag_left_open_does_not_reach_beyond_its_file(folder):
    put(folder, a_md="\n{{ x")
    with pytest.raises(TemplateError, match=r"a.md, line 2"):
        expand('{% include "a.md" %} }}', folder, "text")


def test_a_circle_is_refused_with_its_way(folder):
    put(folder, a_md='{% include "b.md" %}', b_md='{% include "c.md" %}', c_md='{% include "b.md" %}')
    with pytest.raises(TemplateError, match=r"itself: b.md includes c.md includes b.md"):
        expand('{% include "a.md" %}', folder, "text")


def test_a_chain_of_files_has_an_end(folder):
    put(folder, **{f"f{n}_md": f'{{% include "f{n + 1}.md" %}}' for n in range(2000)})
    with pytest.raises(TemplateError, match="in a chain"):
        expand('{% include "f0.md" %}', folder, "text")


def test_doubling_files_do_not_grow_without_end(folder):
    put(folder, **{f"f{n}_md": f'{"x" * 2000}{{% include "f{n + 1}.md" %}}' * 2 for n in range(30)}, f30_md="x")
    with pytest.raises(TemplateError, match="includes files of more than 1,048,576 characters"):
        expand('{% include "f0.md" %}', folder, "text")


def test_a_file_too_large_for_a_letter_is_refused(folder):
    put(folder, a_md="x" * (MOST_CHARACTERS + 1))
    with pytest.raises(TemplateError, match="more than 1,048,576 bytes"):
        expand('{% include "a.md" %}', folder, "text")


def test_a_byte_order_mark_is_no_text(folder):
    (folder.path / "a.md").write_bytes(b"\xef\xbb\xbfx\r\ny")
    assert expand('{% include "a.md" %}', folder, "text") == "x\ny"


def test_a_file_in_another_encoding_is_refused(folder):
    (folder.path / "a.md").write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(TemplateError, match=r"line 1: the file 'a.md' is not UTF-8 \(at byte 2\)"):
        expand('{% include "a.md" %}', folder, "text")


def test_without_a_folder_there_are_no_files():
    with pytest.raises(TemplateError, match=r"folder=.*from_file"):
        expand('{% include "a.md" %}', None, "text")


def test_without_a_folder_a_template_needs_none():
    assert expand("{% if x %}a{% endif %}", None, "text") == "{% if x %}a{% endif %}"
