"""What a letter reads: the columns its templates name, and whether there is more."""

from __future__ import annotations

import pytest

from notebookmail import Template
from notebookmail.compose.jinja.columns_read import FUNCTION, Reads, reads_of
from notebookmail.compose.jinja.environment import environment

ENV = environment(html=False, undefined="strict", na="error")


def reads(source: str) -> Reads:
    return reads_of(ENV, source, "text")


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ("{{ name }}", {"name"}),
        ("{{ row.name }} {{ row['First name'] }} {{ row[2024] }}", {"name", "First name", "2024"}),
        ("{% if row['a'] == b %}{{ c | default(d) }}{% endif %}", {"a", "b", "c", "d"}),
        ("no column", set()),
    ],
)
def test_columns_that_are_named_are_all_that_is_read(source: str, columns: set[str]) -> None:
    assert reads(source) == Reads(frozenset(columns))


@pytest.mark.parametrize(
    "source",
    ["{{ row }}", "{% for name in row %}{{ row[name] }}{% endfor %}", "{{ row.items() }}", "{{ row | length }}",
     "{{ row[name] }}", "{% set each = row %}{{ each.x }}"],
)  # fmt: skip
def test_a_row_that_is_passed_on_is_read_as_a_whole(source: str) -> None:
    assert reads(source).is_whole
    assert reads(source).is_open


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("{% for each in rows %}{{ each.a }}{{ each['b'] }}{% endfor %}", {"a", "b"}),
        ("{% for each in rows if each.a %}{{ each.b }}{% endfor %}", {"a", "b"}),
        ("{{ rows | table(columns=['a', 'b']) }}", {"a", "b"}),
        ("{{ rows.a.sum() }} {{ rows['b'].max() }} {{ rows | length }}", {"a", "b"}),
        ("{{ rows | count }}", set()),
    ],
)
def test_columns_of_a_groups_rows_that_are_named_are_all_that_is_read(source: str, items: set[str]) -> None:
    found = reads(source)
    assert (found.items, found.is_whole_group, found.columns) == (items, False, frozenset())


@pytest.mark.parametrize(
    "source",
    ["{{ rows }}", "{{ rows | table }}", "{{ rows.frame }}", "{{ rows.head(3).a }}",
     "{{ rows | table(columns=names) }}",
     "{% for each in rows %}{{ each }}{% endfor %}", "{% for each in rows | sort %}{{ each.a }}{% endfor %}",
     "{% for each in rows %}{{ each.a }}{{ loop.previtem.b }}{% endfor %}",
     "{% for each in rows %}{{ each.items() }}{% endfor %}", "{% for each in rows %}{{ each[name] }}{% endfor %}"],
)  # fmt: skip
def test_a_group_that_is_used_otherwise_is_read_as_a_whole(source: str) -> None:
    assert reads(source).is_whole_group


def test_what_a_function_reads_is_not_known_before_it_is_called() -> None:
    assert reads_of(ENV, len, "to") is FUNCTION
    assert FUNCTION.is_open


def test_every_field_of_a_template_is_looked_at() -> None:
    template = Template(
        "{{ a }}", text="{{ b }}", sender="{{ s }}@x.org", to="{{ c }}", cc="{{ d }}", headers={"X-E": "{{ e }}"},
        attachments=["{{ f }}.pdf"], list_unsubscribe="https://x.org/{{ g }}", inline={"logo": "{{ h }}.png"},
        calendar={"summary": "{{ i }}", "start": "{{ j }}", "duration": 30},
    )  # fmt: skip
    assert template.compiled.reads == Reads(frozenset("abcdefghij"))
    for function in ({"attachments": len}, {"inline": {"x": len}}, {"to": len}, {"calendar": len},
                     {"calendar": {"summary": "x", "start": len, "duration": 30}}):  # fmt: skip
        assert Template("x", text="x", **function).compiled.reads.has_functions
