"""Filters of the author's own: in every part, for every value, with the row and the name in what goes wrong."""

from __future__ import annotations

import pickle

import pytest
from markupsafe import Markup

from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError


def shout(value: str, times: int = 1) -> str:
    return value.upper() + "!" * times


def test_a_filter_of_ones_own_works_in_every_part() -> None:
    template = Template(
        "{{ name | shout }}",
        markdown="Dear {{ name | shout(2) }}",
        to="{{ name | shout | replace('!', '') }} <{{ email }}>",
        filters={"shout": shout},
    )
    letter = template.render({"name": "Ann", "email": "ann@example.org"})
    assert letter["Subject"] == "ANN!"
    assert letter["To"] == "ANN <ann@example.org>"
    assert "Dear ANN!!" in letter.get_body(("html",)).get_content()
    assert letter.get_body(("plain",)).get_content() == "Dear ANN!!\n"


def test_what_a_filter_returns_is_escaped_unless_it_is_markup() -> None:
    filters = {"text": lambda value: f"<b>{value}</b>", "bold": lambda value: Markup("<b>{}</b>").format(value)}
    letter = Template("s", html="{{ x | text }}{{ x | bold }}", text="x", filters=filters).render({"x": "<"})
    assert "&lt;b&gt;&lt;&lt;/b&gt;<b>&lt;</b>" in letter.get_body(("html",)).get_content()


def test_a_filter_may_take_the_place_of_one_there_is() -> None:
    assert (
        Template("{{ 2 | money('EUR') }}", text="x", filters={"money": lambda value, _: f"{value} each"}).render(
            {}
        )["Subject"]
        == "2 each"
    )
    assert Template("{{ 2 | money('EUR') }}", text="x").render({})["Subject"] == "€2.00"


def test_a_filter_that_fails_fails_its_row_with_the_reason() -> None:
    template = Template("s", text="{{ x | half }}", filters={"half": lambda value: value / 2})
    with pytest.raises(TemplateError, match=r"text.*TypeError"):
        template.render({"x": "a"})


def test_an_unknown_filter_is_found_when_the_template_is_made() -> None:
    with pytest.raises(TemplateError, match="no filter 'shuot'; did you mean 'shout'"):
        Template("s", text="{% if x %}{{ x | shuot }}{% endif %}", filters={"shout": shout})


@pytest.mark.parametrize("filters", [{"a b": str}, {"_x": str}, {1: str}, {"x": 1}, ["x"]])
def test_what_is_no_filter_is_refused(filters: object) -> None:
    with pytest.raises(TemplateError, match="filter"):
        Template("s", text="x", filters=filters)  # type: ignore[arg-type]


def test_filters_travel_and_count_with_the_template() -> None:
    template = Template("{{ x | shout }}", text="x", filters={"shout": shout})
    assert pickle.loads(pickle.dumps(template)).render({"x": "a"})["Subject"] == "A!"
    assert template.digest != Template("{{ x | shout }}", text="x", filters={"shout": str.upper}).digest


def test_without_filters_a_template_is_the_letter_it_was() -> None:
    assert Template("s", text="x").digest == Template("s", text="x", filters={}).digest
