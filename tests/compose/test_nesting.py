"""What stands too deep in one another is refused with its line; what only looks so is a letter like any other."""

from __future__ import annotations

import pandas as pd
import pytest

from notebookmail import Template, TemplateError, send_frame_sync
from notebookmail.compose.markup.html_nesting import DEEPEST

FEW, MANY = DEEPEST - 1, 20_000  # in a page's body


@pytest.mark.parametrize("field", ["html", "markdown"])
@pytest.mark.parametrize("name", ["div", "font", "b", "span"])
def test_a_letter_is_as_deep_as_is_allowed_and_no_deeper(field: str, name: str) -> None:
    css = "div, b { color: red }"
    Template("s", css=css, **{field: f"<{name}>" * (FEW - 4) + "x" + f"</{name}>" * (FEW - 4)})  # type: ignore[arg-type]
    with pytest.raises(TemplateError, match=f"{field}: more than {DEEPEST} HTML .* near line .* </{name}>"):
        Template("s", css=css, **{field: f"<{name}>" * MANY})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "piece",
    [
        "<p>x", "<li>x", "<td>x", "<a name=x>", "<br>", "<hr>", "<div>x</div>", "</div>", "<tr><td>x",
        "<p><b>x</b>", "<!-- <div> -->",
    ],
)  # fmt: skip
def test_many_elements_side_by_side_are_not_deep(piece: str) -> None:
    assert "x" in Template("s", html=f"<style>p {{ color: red }}</style>A{piece * 3000}x").render({}).as_string()


def test_a_drawing_of_many_pieces_is_not_deep() -> None:
    letter = Template("s", html=f"<p>x</p><svg>{'<rect x=1 />' * 3000}</svg>")
    assert letter.render({}).get_body(("html",)).get_content().count("<rect") == 3000


def test_a_value_that_stands_too_deep_fails_its_row_alone() -> None:
    df = pd.DataFrame({"email": ["ann@example.org", "bo@example.org"], "v": ["<b>fine</b>", "<div>" * MANY]})
    for template in (
        Template("s", html="<style>td.{{ 'a' }} b { color: red }</style>{{ v | safe }}", sender="me@example.org"),
        Template("s", markdown="Hi {{ v | safe }}", css="b { color: red }", sender="me@example.org"),
    ):
        results = send_frame_sync(df, template, progress=False)
        assert (results.counts["sent"], results.counts["failed"]) == (1, 1)
        (error,) = results.exceptions.values()
        assert isinstance(error, TemplateError)
        assert (error.row, "stand in one another" in error.message) == (1, True)


def test_a_styled_table_with_a_cell_that_stands_too_deep_fails_its_row() -> None:
    styler = pd.DataFrame({"a": ["x"]}).style
    with pytest.raises(TemplateError, match="stand in one another"):
        Template("s", html="{{ t }}", inline={"t": styler.format(lambda _: "<div>" * MANY)}).render({})


@pytest.mark.parametrize("field", ["subject", "text", "html", "markdown", "to"])
@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}" * 99 + "x" + "{% endif %}" * 99,
        "{% if a %}" * 2000 + "x" + "{% endif %}" * 2000,
        "{% for b in a %}" * 25 + "x" + "{% endfor %}" * 25,
        "{{ " + "(" * 500 + "a" + ")" * 500 + " }}",
        "{{ a" + " + a" * 2000 + " }}",
        "{{ a" + " | e" * 2000 + " }}",
        "{{ a" + ".b" * 2000 + " }}",
    ],
)
def test_jinja_that_stands_too_deep_is_refused_with_its_field(field: str, source: str) -> None:
    given = {"subject": "s", "text": "x"} if field in {"subject", "to"} else {"subject": "s"}
    with pytest.raises(TemplateError, match="stand too deep in one another: split them") as caught:
        Template(**{**given, field: source})  # type: ignore[arg-type]
    assert caught.value.field == field


def test_long_sums_and_joins_are_not_deep() -> None:
    assert Template("{{ a" + " ~ a" * 1000 + " }}{{ b" + " + b" * 100 + " }}", text="x").render({"a": "x", "b": 1})
