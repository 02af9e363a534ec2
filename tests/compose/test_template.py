import datetime as dt
import pickle

import pandas as pd
import pytest

from notebookmail.compose.template import Template
from notebookmail.errors import FrameError, TemplateError


def text_of(template, row):
    return template.render(row).get_body(("plain",)).get_content()


def html_of(template, row):
    return template.render(row).get_body(("html",)).get_content()


def test_variables_are_the_columns_of_all_parts():
    template = Template(
        "{{ a }}",
        text="{% for x in b %}{{ x }}{% endfor %}{{ row['First Name'] }}{{ row.c }}",
        to="{{ d }} <{{ e }}>",
        cc=["{{ f }}"],
        headers={"X-A": "{{ g }}"},
        reply_to="{{ h }}",
        sender="{{ i }}",
    )
    assert template.variables == {"a", "b", "First Name", "c", "d", "e", "f", "g", "h", "i"}


def test_a_missing_column_is_named_with_its_field_and_a_close_match():
    template = Template("Hi {{ nmae }}", text="{{ city }}")
    with pytest.raises(
        FrameError, match=r"'nmae', which the template uses in subject \(did you mean 'name'\?\)\. .*are: 'name'"
    ):
        template.check_columns(["name", "city"])


def test_unknown_names_print_nothing_if_asked():
    assert text_of(Template("s", text="a{{ nope }}b", undefined="empty"), {}) == "ab\n"


def test_a_missing_value_fails_the_row_and_names_the_column():
    template = Template("s", text="Dear {{ city }}")
    with pytest.raises(TemplateError, match=r"row 'r'.*column 'city' is missing.*default") as caught:
        template.render(pd.Series({"city": None}, name="r"))
    assert (caught.value.field, caught.value.row) == ("text", "r")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ city | default('there') }}", "there"),
        ("{{ city | d('there') }}", "there"),
        ("{% if city %}x{% else %}none{% endif %}", "none"),
        ("{{ city is defined }}", "False"),
        ("{{ city is none }}", "True"),
        ("{{ row.city | default('there') }}", "there"),
    ],
)
def test_a_missing_value_can_be_asked_for(source, shown):
    assert text_of(Template("s", text=source), {"city": float("nan")}) == f"{shown}\n"


@pytest.mark.parametrize(
    "source", ["{{ row.city }}", "{{ row['city'] }}", "{{ city ~ '!' }}", "{{ city == 'x' }}"]
)
def test_a_missing_value_is_an_error_however_it_is_used(source):
    with pytest.raises(TemplateError, match="missing"):
        Template("s", text=source).render({"city": None})


def test_a_missing_value_inside_a_cell_is_an_error():
    with pytest.raises(TemplateError, match="missing"):
        Template("s", text="{% for x in xs %}{{ x.a }}{% endfor %}").render({"xs": [{"a": float("nan")}]})


def test_missing_values_print_nothing_if_asked():
    template = Template("s", text="a{{ x }}{{ xs[0] }}b", na="empty")
    assert text_of(template, {"x": None, "xs": [None]}) == "ab\n"


def test_a_syntax_error_names_field_and_line():
    with pytest.raises(TemplateError, match=r"line 3") as caught:
        Template("s", markdown="# a\n\n{% if %}\n")
    assert caught.value.field == "markdown"


def test_a_failing_expression_is_a_template_error_from_the_original():
    with pytest.raises(TemplateError, match="ZeroDivisionError") as caught:
        Template("s", text="{{ 1 / n }}").render({"n": 0})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    "source", ["{{ ''.__class__.__mro__ }}", "{{ xs.append(1) }}", "{{ row.get.__globals__ }}"]
)
def test_the_sandbox_is_closed(source):
    with pytest.raises(TemplateError):
        Template("s", text=source).render({"xs": []})


def test_jinja_in_a_value_is_text():
    assert text_of(Template("s", text="{{ x }}"), {"x": "{{ 7*7 }}"}) == "{{ 7*7 }}\n"


@pytest.mark.parametrize("source", ["{% include 'x' %}", "{% extends x %}", "{% import 'x' as y %}"])
def test_what_is_no_body_takes_in_no_file(source):
    with pytest.raises(TemplateError, match="subject: only a body"):
        Template(source, text="x")


def test_a_body_is_needed():
    with pytest.raises(TemplateError, match="body"):
        Template("s")


def test_markdown_and_html_exclude_each_other():
    with pytest.raises(TemplateError, match="exclude"):
        Template("s", markdown="a", html="b")


@pytest.mark.parametrize(
    "arguments", [{"text": 1}, {"text": "a", "to": [1]}, {"text": "a", "headers": {"X-A": 1}}]
)
def test_what_is_no_text_is_refused(arguments):
    with pytest.raises(TemplateError, match="a text is wanted"):
        Template("s", **arguments)


def test_a_path_for_a_body_is_answered_with_what_reads_it(tmp_path):
    with pytest.raises(TemplateError, match="from_file"):
        Template("s", html=tmp_path / "letter.html")


def test_a_policy_nobody_knows_is_refused():
    with pytest.raises(TemplateError, match="'strict' and 'empty'"):
        Template("s", text="a", undefined="lenient")


def test_the_row_can_be_printed_from_its_mapping():
    assert text_of(Template("s", text="{{ row['First Name'] }}"), {"First Name": "Ada"}) == "Ada\n"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ 1234567.891 | number(2) }}", "1,234,567.89"),
        ("{{ 1234567 | number }}", "1,234,567"),
        ("{{ 1234.5 | number(2, '.', ',') }}", "1.234,50"),
        ("{{ d | date }}", "2025-05-01"),
        ("{{ d | date('%d.%m.%Y') }}", "01.05.2025"),
        ("{{ '2025-05-01' | date('%d %B') }}", "01 May"),
    ],
)
def test_numbers_and_dates_are_written_readably(source, shown):
    assert text_of(Template("s", text=source), {"d": pd.Timestamp("2025-05-01")}) == f"{shown}\n"


def test_a_missing_number_fails_the_row():
    with pytest.raises(TemplateError, match="column 'n' is missing"):
        Template("s", text="{{ n | number }}").render({"n": None})


def test_a_template_travels_by_pickle():
    template = Template("Hi {{ a }}", markdown="# {{ a }}", to=["{{ b }}"], headers={"X-A": "1"}, na="empty")
    twin = pickle.loads(pickle.dumps(template))
    assert (twin.digest, twin.definition) == (template.digest, template.definition)


def test_the_digest_changes_with_the_definition():
    assert Template("a", text="x").digest != Template("a", text="y").digest


def test_the_digest_is_the_same_in_every_process():
    assert Template("a", text="x").digest == Template("a", text="x").digest == "8164ca39a02da7cc41399a5cba3b4fd6"


def test_repr_is_short():
    assert repr(Template("x" * 200, text="a")) == f"<Template '{'x' * 37}...'>"


def test_render_says_the_date_it_is_given():
    when = dt.datetime(2025, 5, 1, 12, tzinfo=dt.UTC)
    assert Template("s", text="a").render({}, date=when)["Date"].datetime == when


def test_render_leaves_out_a_sender_nobody_named():
    assert Template("s", text="a").render({"name": "x"})["From"] is None


def test_html_values_are_escaped():
    assert "<b>" not in html_of(Template("s", html="<p>{{ x }}</p>"), {"x": "<b>"})


def test_html_stays_byte_for_byte_without_a_style_sheet():
    source = "<html><BODY  class=x>\n<p>a&nbsp;{# no #}b<br/>{{ x }}</p></BODY></html>\n"
    rendered = source.replace("{# no #}", "").replace("{{ x }}", "1")
    assert html_of(Template("s", html=source), {"x": 1}) == rendered


def test_an_html_fragment_is_wrapped_in_a_document():
    html = html_of(Template("s", html="<p>a</p>"), {})
    assert html.startswith("<!DOCTYPE html>")
    assert "<p>a</p>" in html


def test_css_is_inlined_into_html():
    html = html_of(
        Template("s", html="<p>{{ x }}</p>", css="p { color: red } @media print { p { color: black } }"), {"x": 1}
    )
    assert '<p style="color: red;">1</p>' in html
    assert "@media print { p { color: black } }" in html


def test_css_is_inlined_around_statements_in_tables():
    source = "<table>{% for x in xs %}<tr><td>{{ x }}</td></tr>{% endfor %}</table>"
    html = html_of(Template("s", html=source, css="td { color: red }"), {"xs": [1, 2]})
    assert html.count('<td style="color: red;">') == 2
    assert html.index("<table>") < html.index("<tr>") < html.index("</table>")


def test_a_statement_inside_an_elements_tag_is_inlined_for_each_row():
    template = Template("s", html="<p {% if x %}class='a'{% endif %}>b</p>", css=".a { color: red }")
    assert "<p class='a' style=\"color: red;\">b</p>" in html_of(template, {"x": True})
    assert "<p >b</p>" in html_of(template, {"x": False})


@pytest.mark.parametrize("source", ["<a href={{ x }}>b</a>", "<{{ x }}>", "<td {{ x }}>b</td>", "</{{ x }}>"])
def test_an_expression_outside_of_quotes_is_refused(source):
    with pytest.raises(TemplateError, match="in quotes"):
        Template("s", html=source)


@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", " JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x", "\x01javascript:x", ":x"],
)
@pytest.mark.parametrize(
    "arguments", [{"html": '<a href="{{ u }}">x</a>'}, {"markdown": "[x]({{ u }})"}, {"markdown": "<{{ u }}>"}]
)
def test_a_link_that_runs_code_fails_its_row(arguments, value):
    with pytest.raises(TemplateError, match="not a link for a mail"):
        Template("s", **arguments).render({"u": value})


@pytest.mark.parametrize(
    "value", ["https://example.org/a?b=c:d", "mailto:a@example.org", "/a/b", "example.org/x:y"]
)
def test_a_link_a_mail_may_hold_is_kept(value):
    assert f'href="{value}"' in html_of(Template("s", markdown="[x]({{ u }})"), {"u": value})


def test_a_scheme_cannot_be_put_together_from_two_values():
    with pytest.raises(TemplateError, match="not a link"):
        Template("s", html='<a href="{{ a }}{{ b }}">x</a>').render({"a": "javascript", "b": ":alert(1)"})
