"""Parts of nothing but text and names are filled in without Jinja, and come out as Jinja fills them in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import TemplateError
from notebookmail.compose.jinja.environment import environment
from notebookmail.compose.jinja.parts import TemplatePart

NAMES = ("name", "points", "city")
PIECES = st.sampled_from([
    "{{ name }}", "{{points}}", "{{ city }}", "Dear ", "<b>", ",\n", "{{ (name) | _link }}",
    "{{ (city) | _attribute }}",
])  # fmt: skip
VALUES = st.one_of(
    st.text(st.sampled_from("a<&>\"'\n\r \u00e9:/"), max_size=6),
    st.sampled_from(["javascript:x", "java\tscript:x", "https://example.org/?a=1&b=2"]),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.none(),
    st.sampled_from([float("nan"), b"x", ["a"], {"a": 1}]),
)


def filled(part: TemplatePart, context: dict[str, Any]) -> str:
    try:
        return part.render(context, "row 7")
    except TemplateError as error:
        return f"{type(error).__name__} {error}"


@pytest.mark.parametrize("is_html", [True, False])
@given(pieces=st.lists(PIECES, max_size=6), values=st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)))
def test_what_is_filled_in_without_jinja_is_what_jinja_fills_in(
    is_html: bool, pieces: list[str], values: dict[str, Any]
) -> None:
    env = environment(html=is_html, undefined="strict", na="error")
    source = "".join(pieces)
    plain, by_jinja = TemplatePart(env, source, "text"), TemplatePart(env, source, "text", prints_plainly=False)
    assert filled(plain, values) == filled(by_jinja, values)
    if "Error" not in filled(plain, values):
        assert "".join(plain.pieces(values)) == filled(by_jinja, values)
        assert all(plain.pieces(values))


@pytest.mark.parametrize("is_html", [True, False])
def test_a_name_nobody_knows_is_refused_as_ever(is_html: bool) -> None:
    env = environment(html=is_html, undefined="strict", na="error")
    with pytest.raises(TemplateError, match="nam"):
        TemplatePart(env, "Dear {{ nam }}", "text").render({"name": "Ann"})


def test_the_templates_own_stretches_are_known() -> None:
    env = environment(html=True, undefined="strict", na="error")
    part = TemplatePart(env, "<p>Dear {{ name }},</p>{% if points %}<b>yes</b>{% endif %}", "html")
    assert part.own == {"<p>Dear ", ",</p>", "<b>yes</b>"}


def test_a_link_that_a_mail_may_not_hold_is_refused_as_ever() -> None:
    env = environment(html=True, undefined="strict", na="error")
    part = TemplatePart(env, '<a href="{{ (link) | _link }}">', "html")
    assert part.render({"link": "https://example.org/?a&b"}) == '<a href="https://example.org/?a&amp;b">'
    with pytest.raises(TemplateError, match="not a link for a mail"):
        part.render({"link": "javascript:alert(1)"})
