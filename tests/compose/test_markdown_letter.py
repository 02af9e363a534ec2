import re

import pytest

from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError


def render(markdown, row=None, **options):
    message = Template("s", markdown=markdown, **options).render(row or {})
    html = message.get_body(("html",)).get_content()
    body = re.search(r'<div class="letter"[^>]*>\n(.*)</div>', html, re.DOTALL)[1]
    plain = re.sub(r' style="[^"]*"', "", body)
    return re.sub(r"\s*\n\s*", "\n", plain).strip(), message.get_body(("plain",)).get_content().strip("\n")


def html(markdown, row=None, **options):
    return render(markdown, row, **options)[0]


def text(markdown, row=None, **options):
    return render(markdown, row, **options)[1]


ROUTES = {"routes": [{"o": "Rome", "n": 7}, {"o": "Oslo", "n": 1234}]}
TABLE = "| origin | flights |\n|---|--:|\n{% for r in routes %}\n| {{ r.o }} | {{ r.n }} |\n{% endfor %}\n"


def test_values_bring_neither_markdown_nor_html():
    assert html("Hi {{ x }}", {"x": "**a** <b> [l](u) `c`"}) == "<p>Hi **a** &lt;b&gt; [l](u) `c`</p>"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**{{ x }}**", "<p><strong>1</strong></p>"),
        ("_{{ x }}_", "<p><em>1</em></p>"),
        ("{% if x %}**a**{% endif %} b", "<p><strong>a</strong> b</p>"),
        ("{% if x %}_a_{% endif %} b", "<p><em>a</em> b</p>"),
        ("`{{ x }}`", "<p><code>1</code></p>"),
        ("# {{ x }}", "<h1>1</h1>"),
        ("{{ x }}\n===", "<h1>1</h1>"),
        ("[{{ x }}](https://example.org/{{ x }})", '<p><a href="https://example.org/1">1</a></p>'),
        ("![{{ x }}](https://a.example/a.png)", '<p><img src="https://a.example/a.png" alt="1"></p>'),
        ("{{ x | replace('1', '|') }}", '<div class="paragraph">|</div>'),
        ("~~{{ x }}~~", "<p><s>1</s></p>"),
        ("{# no #}a", "<p>a</p>"),
        ("${{ x }}", "<p>$1</p>"),
    ],
)
def test_tags_stand_anywhere_in_a_paragraph(source, shown):
    assert html(source, {"x": 1}) == shown


def test_statements_between_paragraphs_are_no_paragraphs():
    source = "a\n{% if x %}\nb\n\nc\n{% else %}\nd\n{% endif %}\ne"
    assert html(source, {"x": True}) == "<p>a</p>\n<p>b</p>\n<p>c</p>\n<p>e</p>"
    assert html(source, {"x": False}) == "<p>a</p>\n<p>d</p>\n<p>e</p>"


def test_a_loop_around_items_is_one_list():
    source = "{% for x in xs %}\n- {{ x }}\n{% endfor %}\n- last"
    assert html(source, {"xs": [1, 2]}) == "<ul>\n<li>1</li>\n<li>2</li>\n<li>last</li>\n</ul>"


def test_a_loop_around_numbered_items_counts_on():
    source = "1. a\n{% for x in xs %}\n2. {{ x }}\n{% endfor %}\n3. z"
    assert render(source, {"xs": "bc"}) == (
        "<ol>\n<li>a</li>\n<li>b</li>\n<li>c</li>\n<li>z</li>\n</ol>",
        "1. a\n2. b\n3. c\n4. z",
    )


def test_indented_statements_stay_around_the_items():
    source = "{% for x in xs %}\n  {% if x %}\n- {{ x }}\n  {% endif %}\n{% endfor %}\n"
    assert html(source, {"xs": [0, 1, 0, 2]}) == "<ul>\n<li>1</li>\n<li>2</li>\n</ul>"


def test_a_loop_around_nested_items_stays_inside_its_item():
    source = "- a\n{% for x in xs %}\n  - {{ x }}\n{% endfor %}\n- b"
    assert (
        html(source, {"xs": [1, 2]})
        == "<ul>\n<li>a\n<ul>\n<li>1</li>\n<li>2</li>\n</ul>\n</li>\n<li>b</li>\n</ul>"
    )


def test_a_list_in_an_if_is_not_there_when_it_is_false():
    assert html("a\n{% if x %}\n- b\n{% endif %}\n", {"x": 0}) == "<p>a</p>"


def test_a_loop_around_table_rows_is_one_table():
    assert html(TABLE, ROUTES) == (
        "<table>\n<thead>\n<tr>\n<th>origin</th>\n<th>flights</th>\n</tr>\n</thead>\n<tbody>\n"
        "<tr>\n<td>Rome</td>\n<td>7</td>\n</tr>\n<tr>\n<td>Oslo</td>\n<td>1234</td>\n</tr>\n</tbody>\n</table>"
    )


def test_number_columns_are_aligned_right():
    assert "text-align:right" in Template("s", markdown=TABLE).render(ROUTES).get_body(("html",)).get_content()


def test_a_table_in_an_if_is_not_there_when_it_is_false():
    source = "a\n{% if routes %}\n" + TABLE + "{% endif %}\n\nb"
    assert html(source, {"routes": []}) == "<p>a</p>\n<p>b</p>"
    assert html(source, ROUTES).endswith("</table>\n<p>b</p>")


def test_an_else_ends_a_table():
    source = "{% if routes %}\n| a |\n|---|\n| 1 |\n{% else %}\nnone\n{% endif %}\n"
    assert html(source, {"routes": []}) == "<p>none</p>"
    assert html(source, ROUTES).endswith("<td>1</td>\n</tr>\n</tbody>\n</table>")


def test_statements_in_a_quotation_stay_in_it():
    source = "> a\n> {% if x %}\n> b\n> {% endif %}\n"
    assert html(source, {"x": 1}) == "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>"
    assert html(source, {"x": 0}) == "<blockquote>\n<p>a</p>\n</blockquote>"


def test_a_block_begun_in_a_paragraph_ends_in_it():
    assert html("a {% if x %}\nb\n{% endif %}\n", {"x": 0}) == "<p>a </p>"


def test_white_space_control_on_lines_of_their_own_changes_nothing():
    trimmed = TABLE.replace("{%", "{%-").replace("%}", "-%}")
    assert render(trimmed, ROUTES) == render(TABLE, ROUTES)


def test_raw_blocks_print_jinja():
    assert render("{% raw %}{{ a }} **b** {% c %}{% endraw %}") == (
        "<p>{{ a }} <strong>b</strong> {% c %}</p>",
        "{{ a }} b {% c %}",
    )


def test_braces_from_entities_are_no_jinja():
    assert render("&#123;&#123; x }} &#123;{{ x }}", {"x": 1}) == ("<p>{{ x }} {1</p>", "{{ x }} {1")


def test_a_fence_shows_values():
    assert html("```\na = {{ x }}\n```", {"x": "<"}) == "<pre><code>a = &lt;\n</code></pre>"


def test_an_expression_in_angle_brackets_is_a_link():
    assert html("<{{ u }}>", {"u": "https://a.example/?b&c"}) == (
        '<p><a href="https://a.example/?b&amp;c">https://a.example/?b&amp;c</a></p>'
    )


def test_raw_html_with_an_unquoted_expression_is_refused():
    with pytest.raises(TemplateError, match="in quotes"):
        Template("s", markdown="<b {{ x }}>a</b>")


def test_the_authors_css_comes_after_the_design():
    shown = Template("s", markdown="# a", css="h1 { color: teal }").render({}).get_body(("html",)).get_content()
    assert re.search(r"<h1 style=\"[^\"]*color: teal", shown)


def test_only_the_dark_design_stays_in_a_style_element():
    shown = Template("s", markdown="# a").render({}).get_body(("html",)).get_content()
    assert shown.count("<style>") == 1
    assert "@media (prefers-color-scheme: dark)" in shown


def test_text_has_underlined_headings():
    assert text("# {{ x }}\n\n## Two\n\n### Three", {"x": "One"}) == "One\n===\n\nTwo\n---\n\nThree"


def test_text_has_links_with_their_addresses():
    source = "[a]({{ u }}) [{{ u }}]({{ u }}) <mailto:x@example.org>"
    assert text(source, {"u": "https://b.example/"}) == (
        "a (https://b.example/) https://b.example/ mailto:x@example.org"
    )


def test_text_values_are_not_escaped():
    assert text("{{ x }} &amp; &lt;", {"x": "<&>"}) == "<&> & <"


def test_text_tables_are_aligned():
    assert text(TABLE, ROUTES) == "origin  flights\n------  -------\nRome          7\nOslo       1234"


def test_text_tables_count_wide_characters_twice():
    assert text(TABLE, {"routes": [{"o": "東京東京", "n": 1}]}).splitlines()[-1] == "東京東京        1"


def test_text_has_quotations_rules_and_images():
    assert text("> a\n>\n> b\n\n---\n\n![pic](https://a.example/x) c") == f"> a\n>\n> b\n\n{'-' * 40}\n\npic c"


def test_text_nests_lists():
    assert text("- a\n  - b\n    1. c\n    2. d\n- e") == "- a\n  - b\n    1. c\n    2. d\n- e"


def test_text_keeps_line_breaks():
    assert text("a  \nb\nc") == "a\nb c"


def test_text_keeps_code_as_it_stands():
    assert text("a\n\n```\nx:\n  y\n\n  z\n```\n\nb") == "a\n\nx:\n  y\n\n  z\n\nb"


def test_text_never_has_two_blank_lines():
    source = "a\n{% for x in xs %}\n{{ x }}\n{% endfor %}\n{% if 0 %}\nb\n{% endif %}\nc"
    assert text(source, {"xs": []}) == "a\n\nc"
    assert text(source, {"xs": [1, 2]}) == "a\n\n1\n\n2\n\nc"


def test_control_characters_in_a_value_do_no_harm_to_tables():
    assert "a" in text(TABLE, {"routes": [{"o": "a\x1d\x1e\x1f\x1cb", "n": "\x1d"}]})


def test_the_authors_text_is_taken_as_it_is():
    assert text("# a", {"x": 1}, text="Own {{ x }}\n\n\n\nend") == "Own 1\n\n\n\nend"


def test_layout_tables_of_html_are_read_cell_by_cell():
    source = "<table><tr><td><h1>A</h1><p>b</p></td></tr><tr><td>c</td></tr></table>"
    message = Template("s", html=source).render({})
    assert message.get_body(("plain",)).get_content() == "A\n=\n\nb\n\nc\n"
