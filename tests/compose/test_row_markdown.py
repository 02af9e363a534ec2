"""Markdown whose statements decide what its lines are: the letter is that of the Markdown Jinja writes."""

from __future__ import annotations

import pickle
import re
from typing import Any

import jinja2
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from notebookmail import Template
from notebookmail.compose.jinja.row_markdown import RowMarkdown
from notebookmail.errors import TemplateError

ITEMS = [{"item": "Tea", "price": "1.50"}, {"item": "Milk", "price": "7.25"}, {"item": "Rye", "price": "3.00"}]
HEAD = "| Item | Price |\n|------|------:|\n"
JINJA = jinja2.Environment(keep_trailing_newline=True)
CONVERTER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def normal(html: str) -> str:
    html = re.sub(r' style="[^"]*"', "", html)
    html = re.sub(r'<div class="paragraph">(.*?)</div>', r"<p>\1</p>", html, flags=re.DOTALL)
    html = re.sub(r"<(hr|br)\s*/>", r"<\1>", html)
    html = re.sub(r"(<(?:td|th|p|li|h\d)[^>]*>)\s+|\s+(?=</(?:td|th|p|li|h\d)>)", r"\1", html)
    html = re.sub(r">\s+<", "><", html).replace("<p></p>", "")  # a paragraph left empty shows nothing
    return re.sub(r"\s+", " ", html).strip()


def body(source: str, **row: Any) -> str:
    html = Template("S", markdown=source).render(row).get_body(("html",)).get_content()
    return normal(re.search(r'<div class="letter"[^>]*>(.*)</div>\s*</body>', html, re.DOTALL)[1])


def text(source: str, **row: Any) -> str:
    return Template("S", markdown=source).render(row).get_body(("plain",)).get_content()


def of_the_markdown(source: str, **row: Any) -> str:
    return normal(CONVERTER.render(JINJA.from_string(source).render(row)))


@pytest.mark.parametrize(
    "source",
    [
        HEAD + "{% for i in items %}| {{ i.item }} | {{ i.price }} |\n{% endfor %}| **Total** | 9 |\n",
        HEAD + "| a | 0 |{% for i in items %}\n| {{ i.item }} | {{ i.price }} |{% endfor %}\n| b | 1 |\n",
        HEAD + "{%- for i in items %}\n| {{ i.item }} | {{ i.price }} |\n{%- endfor %}\n\nEnd.",
        HEAD + "{% for i in items -%}\n| {{ i.item }} | {{ i.price }} |\n{% endfor %}",
        HEAD + "{% for i in items %}{% if not loop.first %}| {{ i.item }} | x |\n{% endif %}{% endfor %}",
        HEAD + "{% for i in items %}{{ i.item }} | {{ i.price }}\n{% endfor %}",
        HEAD + "| a | {% for i in items %}{{ i.price }} {% endfor %}|\n",
        HEAD + "| a {% if yes %}| 1 |{% else %}| *none* |{% endif %}\n",
        "| a |{% for i in items %} {{ i.item }} |{% endfor %}\n|---|{% for i in items %}---|{% endfor %}\n| 1 |\n",
        "{% for i in items %}- {{ i.item }}\n{% endfor %}",
        "{% for i in items %}{{ loop.index }}. {{ i.item }}\n{% endfor %}",
        "- first{% for i in items %}\n- {{ i.item }}{% endfor %}\n",
        "- {% if yes %}# heading{% else %}text{% endif %}\n",
        "{% for i in items %}- {{ i.item }}\n  - {{ i.price }}\n{% endfor %}lazy\n",
        "{% for i in items %}# {{ i.item }}\n\n{{ i.price }}\n\n{% endfor %}end",
        "{% if yes %}# Hello{% else %}Plain{% endif %} {{ word }}\n\nText",
        "{% if no %}# Hello{% else %}Plain{% endif %} {{ word }}\n\nText",
        "Title {{ word }}\n{% if yes %}====={% else %}-----{% endif %}\n",
        "{% if yes %}> quoted {{ word }}\n> on{% endif %}\n\nnot",
        "> {% if yes %}- {{ word }}{% endif %}\n> - b\n",
        "{% if yes %}```\n{{ word }}\n```{% endif %}\n\nafter",
        "{% if yes %}    code {{ word }}{% endif %}\n\nafter",
        "a\n{% if yes %}---{% endif %}\nb",
        "{% if no %}**{% endif %}word{% if no %}**{% endif %} *{{ word }}*",
        "one {% if yes %}\n\ntwo{% endif %} three",
        "{% if yes %}<div>\n\n*{{ word }}*\n\n</div>{% endif %}\n\nend",
        "{% set x = 'a' %}- {{ x }}\n- {{ word }}\n",
        "{% macro row(i) %}| {{ i.item }} | {{ i.price }} |\n{% endmacro %}\n"
        + HEAD
        + "{% for i in items %}{{ row(i) }}{% endfor %}",
        "{% set list %}{% for i in items %}- {{ i.item }}\n{% endfor %}{% endset %}{{ list }}",
        "{% for i in items recursive %}- {{ i.item }}\n{% endfor %}",
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_letter_is_that_of_the_markdown_jinja_writes(source: str, count: int) -> None:
    row = {"items": ITEMS[:count], "yes": True, "no": False, "word": "word"}
    assert body(source, **row) == of_the_markdown(source, **row)


LINES = st.sampled_from([
    "{}text {}", "- {}item{}", "1. {}item", "# {}head{}", "> {}quote", "| {}a | b{} |", "{}| a | b |", "|---|---|",
    "", "{}", "{}- item", "{}# head", "    {}code", "{}*a* {}", "**{}b** ", "{}---", "```", "{}a | b",
    "  - {}deep", "{}1. one", "[{}l](https://e.org/{})", "`{}c` {}", "{}> quote{}",
])  # fmt: skip
TAGS = st.sampled_from([
    ("{% if yes %}", "{% endif %}"), ("{% if no %}", "{% endif %}"), ("{% for i in three %}", "{% endfor %}"),
    ("{% if no %}x{% else %}", "{% endif %}"), ("{% if yes %}- y\n{% else %}", "{% endif %}"),
    ("{% for i in nothing %}", "{% endfor %}"), ("", "{{ word }}"), ("{{ word }}", ""),
])  # fmt: skip


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Lines of Markdown with the tags of up to three blocks anywhere among them, rightly nested."""
    text = "\n".join(draw(st.lists(LINES, min_size=1, max_size=6)))
    places = [match.start() for match in re.finditer(re.escape("{}"), text)]
    inserted: list[tuple[int, str]] = []
    spans: list[tuple[int, int]] = []
    for _ in range(draw(st.integers(0, 3))):
        if len(places) < 2:
            break
        first, last = sorted(draw(st.lists(st.sampled_from(places), min_size=2, max_size=2, unique=True)))
        if any(first < one[0] < last < one[1] or one[0] < first < one[1] < last for one in spans):
            continue
        places = [place for place in places if place not in {first, last}]
        spans.append((first, last))
        opening, closing = draw(TAGS)
        inserted += [(first, opening), (last, closing)]
    for place, tag in sorted(inserted, reverse=True):
        text = text[:place] + tag + text[place + 2 :]
    return text.replace("{}", "")


def is_alone(source: str) -> bool:
    return any(re.fullmatch(r"[ \t>]*(\{%[^%]*%\}[ \t]*)+", line) for line in source.split("\n"))


@given(sources())
@example("{% if no %}1{% else %}2{% endif %}. one")
@example("{% for i in three %}| a | b |\n|---|---|\n{% endfor %}")
def test_whatever_jinja_renders_gives_the_letter_of_that_markdown(source: str) -> None:
    row = {"yes": True, "no": False, "three": [1, 2, 3], "nothing": [], "word": "word"}
    if is_alone(source):
        return  # what stands alone on its line has a meaning of its own: see test_markdown_letter
    try:
        found = body(source, **row)
    except TemplateError as problem:
        assert "line " in problem.message  # noqa: PT017 - refused, with the line
        return
    expected = of_the_markdown(source, **row)
    if re.search(r"\|\s*\n\s*\n\s*\|", JINJA.from_string(source).render(row)):
        return  # a row left out leaves a blank line to Jinja, and here none: the table goes on
    assert found == expected


@pytest.mark.parametrize("word", ["yes", ""])
def test_a_row_on_one_line_under_a_condition_is_there_or_not_and_the_table_goes_on(word: str) -> None:
    source = HEAD + "| a | 1 |\n{% if word %}| {{ word }} | 2 |{% endif %}\n| b | 3 |\n"
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in [("a", 1), (word, 2), ("b", 3)] if a)
    assert f"<tbody>{rows}</tbody>" in body(source, word=word)


@pytest.mark.parametrize(
    "line",
    [
        "{% for i in items %}| {{ i.item }} | {{ i.price }} |{% endfor %}",
        "{% for i in items %}- {{ i.item }}{% endfor %}",
        "{% for i in items %}{{ loop.index }} {% endfor %}{% for i in items %}1. {{ i.item }}{% endfor %}",
        "{% for i in items %}# {{ i.item }}{% endfor %}",
        "{% if items %}{% for i in items %}* {{ i.item }}{% endfor %}{% endif %}",
    ],
)
def test_a_loop_whose_rounds_are_rows_on_one_line_is_refused_with_the_line(line: str) -> None:
    if "loop.index" in line:
        Template("S", markdown=line)  # not at the beginning of its line
        return
    with pytest.raises(TemplateError, match="line 2: the loop writes all its rounds on one line"):
        Template("S", markdown=f"Text\n{line}\n")


@pytest.mark.parametrize(
    "loop", ["{% for i in items %}\n{}\n{% endfor %}", "{% for i in items %}{}\n{% endfor %}"]
)
def test_a_row_with_more_cells_than_columns_is_refused_with_the_line(loop: str) -> None:
    source = HEAD + loop.replace("{}", "| {{ i.item }} | 1 | {{ i.price }} |")
    with pytest.raises(TemplateError, match=r"line \d: the row has more cells than its table has columns"):
        body(source, items=ITEMS)


def test_values_bring_no_markdown_and_no_html() -> None:
    source = "{% for i in items %}- {{ i }}\n{% endfor %}"
    hostile = ["# *a*", "</li><script>", "| a | b |", "zq0v0z", "{{ secret }}", "a\n\n- b"]
    html = body(source, items=hostile)
    assert html.count("<li>") == len(hostile)
    assert not any(tag in html for tag in ("<script", "<em>", "<table"))
    assert "{{ secret }}" in html


def test_the_text_says_what_the_html_does() -> None:
    source = HEAD + "{% for i in items %}| {{ i.item }} | {{ i.price }} |\n{% endfor %}"
    assert [line.split() for line in text(source, items=ITEMS).splitlines() if line.strip()] == [
        ["Item", "Price"], ["----", "-----"], ["Tea", "1.50"], ["Milk", "7.25"], ["Rye", "3.00"],
    ]  # fmt: skip


def test_links_pictures_and_filters_work_as_elsewhere() -> None:
    source = "{% for i in items %}- [{{ i.item }}]({{ link }}) {{ n | number(1) }}\n{% endfor %}"
    html = body(source, items=ITEMS[:1], link="https://e.org/?a=1&b=2", n=1234.56)
    assert '<a href="https://e.org/?a=1&amp;b=2">Tea</a> 1,234.6' in html
    with pytest.raises(TemplateError, match="javascript"):
        body(source, items=ITEMS[:1], link="javascript:alert(1)", n=1)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{% for i in items %}- <a href={{ i }}>x</a>\n{% endfor %}", "stands inside an HTML tag without quotes"),
        ("{% for i in items %}- ![x](cid:nope)\n{% endfor %}", "names nothing inline"),
        ("{% for i in items %}- {{ i | nope }}\n{% endfor %}", "there is no filter"),
        ("{% for i in items %}- {{ i }\n{% endfor %}", "line 1"),
    ],
)
def test_what_is_wrong_in_every_row_is_found_when_the_template_is_made(source: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template("S", markdown=source)
    assert said in str(caught.value)
    assert "_printed" not in str(caught.value)


def test_tables_style_sheets_and_preheaders_come_as_elsewhere() -> None:
    template = Template(
        "S",
        markdown="{% for i in items %}- {{ i.item }}\n{% endfor %}\n\n{{ frame | table }}\n",
        css="td { color: navy } li { color: teal }",
        preheader="Before {{ word }}",
    )
    message = template.render({"items": ITEMS, "word": "all", "frame": pd.DataFrame({"a": [1, 2]})})
    html, plain = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert len(re.findall(r"<td[^>]*navy", html)) == 2
    assert len(re.findall(r"<li[^>]*teal", html)) == 3
    assert "Before all" in html
    assert plain.replace("\r", "") == "- Tea\n- Milk\n- Rye\n\na\n-\n1\n2\n"


def test_a_missing_value_fails_the_row_and_names_the_field() -> None:
    template = Template("S", markdown="{% for i in [1] %}- {{ name }}\n{% endfor %}")
    with pytest.raises(TemplateError, match="'name' is missing") as caught:
        template.render({"name": None})
    assert caught.value.field == "markdown"


def test_statements_alone_on_their_lines_mean_what_they_mean_elsewhere() -> None:
    alone = (
        "{% for i in items %}\n- {{ i.item }}\n{% endfor %}\n\n> {% if yes %}\n> a\n> {% endif %}\n> b\n\nEnd\n"
    )
    difficult = "{% if yes %}# Head{% endif %}\n\n"
    row = {"items": ITEMS, "yes": True}
    assert body(difficult + alone, **row) == "<h1>Head</h1>" + body(alone, **row)


def test_rows_of_one_structure_share_a_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    template = Template("S", markdown="{% for i in items %}- {{ i }}\n{% endfor %}")
    by_row = template.compiled.html._markdown
    assert isinstance(by_row, RowMarkdown)
    for items in ([1, 2], [3, 4], ["a", "b"], [1]):
        template.render({"items": items})
    assert by_row._converted.cache_info().misses == 2


@pytest.mark.parametrize(
    "source",
    [
        "# Dear {{ name }}\n\n{% if a %}more{% else %}*less*{% endif %}, [l]({% if a %}x{% else %}y{% endif %})",
        "{% if a %}Dear{% else %}Hello{% endif %} {{ name }},\n{{ name }}\n- a\n- b {% if a %}(late){% endif %}\n",
        HEAD + "{% for i in items %}\n| {{ i.item }} | {% if a %}x{% endif %} |\n{% endfor %}\n",
        '{% macro b(t) %}<a href="https://e.org">{{ t }}</a>{% endmacro %}\n\nText {{ b("x") }}',
    ],
)
def test_what_decides_no_structure_is_converted_once(source: str) -> None:
    template = pickle.loads(pickle.dumps(Template("S", markdown=source)))
    assert not hasattr(template.compiled.html, "_markdown")
