"""Columns as people name them, and what a template that misses them is told to write."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Template
from notebookmail.compose.rows.column_names import printed
from notebookmail.compose.rows.frame import Frame, email_column
from notebookmail.errors import FrameError, TemplateError

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)


def rendered(source: str, row: dict[str, Any]) -> str:
    return Template("S", text=source, to="a@example.org").render(row).get_content().strip()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{{ First Name }}", "First Name"),
        ("Dear {{First Name}},", "First Name"),
        ("{{ First Name | title }}", "First Name"),
        ("{% if First Name %}x{% endif %}", "First Name"),
        ("{% for each in My Rows %}x{% endfor %}", "My Rows"),
        ("{{ 2nd address }}", "2nd address"),
        ("{{ Name? }}", "Name?"),
        ("{{ Preis € }}", "Preis €"),
        ("{{ Order # }}", "Order #"),
    ],
)
@pytest.mark.parametrize("field", ["text", "html", "markdown"])
def test_a_name_jinja_cannot_read_is_answered_with_what_to_write(source: str, name: str, field: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template("S", **{field: f"Line\n{source}"})
    assert f'row["{name}"]' in str(caught.value)
    assert "line 2" in str(caught.value)


def test_another_error_of_syntax_is_no_matter_of_columns() -> None:
    with pytest.raises(TemplateError) as caught:
        Template("S", text="{{ name | }} {% if %}")
    assert "row[" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("{% if a %}x{% else if b %}y{% endif %}", "{% elif "),
        ("{% if a %}x{% elseif b %}y{% endif %}", "{% elif "),
        ("Hi {{{ name }}}", "two braces, {{ name }}"),
        ("{{#if name}}x{{/if}}", "{% if name %}"),
    ],
)
@pytest.mark.parametrize("field", ["text", "html", "markdown"])
def test_what_other_template_languages_write_is_answered_with_what_jinja_writes(
    source: str, answer: str, field: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        Template("S", **{field: f"Line\n{source}"})
    assert "line 2" in str(caught.value)
    assert answer in str(caught.value)
    assert "row[" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("{{ E-Mail }}", "E-Mail"),
        ("{{ First.Name }}", "First.Name"),
        ("{{ name }}", " name"),
        ("{{ A/B }}", "A/B"),
    ],
)
def test_a_name_jinja_reads_as_something_else_is_answered_with_what_to_write(source: str, column: str) -> None:
    with pytest.raises(FrameError) as caught:
        Template("S", text=source).check_columns([column, "email"])
    assert printed(column) in str(caught.value)


def test_a_number_printed_where_a_column_has_that_name_is_refused() -> None:
    template = Template("S", text="{{ 2024 | money('EUR') }} of {{ 7 }}")
    with pytest.raises(FrameError, match=r'\{\{ row\["2024"\] \}\}'):
        template.check_columns(["email", "2024"])
    template.check_columns(["email", "2025"])


@given(NAMES)
def test_every_column_can_be_printed_as_the_messages_say(column: str) -> None:
    assert rendered(printed(column), {column: "value"}) == "value"


@pytest.mark.parametrize("source", ["{{ row.items }}", "{{ row['items'] }}", "{{ items }}"])
def test_a_column_with_the_name_of_a_method_is_the_column(source: str) -> None:
    assert rendered(source, {"items": "three"}) == "three"
    with pytest.raises(TemplateError):
        rendered("{{ row.keys }}", {"items": "three"})
    assert rendered("{% for k, v in row.items() %}{{ k }}={{ v }}{% endfor %}", {"a": 1}) == "a=1"


def test_a_number_as_a_name_is_read_as_the_frame_has_it() -> None:
    assert rendered("{{ row[2024] }} {{ row['2024'] }}", {"2024": 5}) == "5 5"
    df = pd.DataFrame({"email": ["a@example.org"], 2024: [5]})
    template = Template("S", text="{% for each in rows %}{{ each[2024] }}{% endfor %}")
    assert template.render({"rows": df}).get_content().strip() == "5"
    with pytest.raises(FrameError, match="there is no column '2025'"):
        Template("S", text="{{ row[2025] }}").check_columns(["2024"])


@pytest.mark.parametrize("field", ["to", "cc", "bcc", "sender", "reply_to"])
def test_a_columns_name_in_place_of_an_address_is_answered_with_what_to_write(field: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template("S", text="x", **{field: "E-Mail"})
    assert '{{ row["E-Mail"] }}' in str(caught.value)


def test_a_column_that_is_not_the_recipients_by_its_name_is_named_in_the_advice() -> None:
    with pytest.raises(FrameError) as caught:
        email_column(["Name", "Email Address"])
    assert """to='{{ row["Email Address"] }}'""" in str(caught.value)
    with pytest.raises(FrameError) as caught:
        email_column(["E-Mail", "Mail"])
    assert """to='{{ row["E-Mail"] }}'""" in str(caught.value)


def test_the_advice_for_several_levels_and_for_doubles_can_be_followed() -> None:
    df = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("email", ""), (2024, "sum")]))
    with pytest.raises(FrameError, match="several levels") as caught:
        Frame(df)
    code = str(caught.value)[str(caught.value).index("df.columns = ") :]
    exec(code, {"df": df})  # the advice itself
    assert Frame(df).columns == ("email", "2024_sum")
    double = pd.DataFrame([[1, 2]], columns=["n", "n"])
    with pytest.raises(FrameError, match="several columns are named 'n'") as caught:
        Frame(double)
    scope = {"df": double}
    exec(str(caught.value).partition("(")[2].partition(" keeps")[0], scope)
    assert Frame(scope["df"]).columns == ("n",)


@pytest.mark.parametrize("field", ["subject", "text", "html", "markdown", "to", "preheader"])
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ name | titel }}", "there is no filter 'titel'; did you mean 'title'"),
        ("{% if name %}{{ name | uper }}{% endif %}", "there is no filter 'uper'; did you mean 'upper'"),
        ("{{ 'x' if name is defind else 'y' }}", "there is no test 'defind'; did you mean 'defined'"),
        ("{% filter qqqqqqqqq %}x{% endfilter %}", "there is no filter 'qqqqqqqqq'"),
    ],
)
def test_an_unknown_filter_or_test_is_found_when_the_template_is_made(field: str, source: str, said: str) -> None:
    parts = {"subject": "S", "html": "x"} | {field: source}
    if field == "markdown":
        del parts["html"]
    with pytest.raises(TemplateError) as caught:
        Template(parts.pop("subject"), **parts)
    assert said in str(caught.value)
    assert caught.value.field == field
