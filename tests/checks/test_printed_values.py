"""Values that print as a computer writes them, and values that cut a link, as a check finds them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Template, check_frame

WHOLE = st.integers(-1000, 1000).map(float)


def found(column: Any, source: str = "{{ x }}", *, field: str = "text", **options: Any) -> set[tuple[str, str]]:
    df = pd.DataFrame({"email": [f"u{number}@acme.org" for number in range(len(column))], "x": column})
    template = Template("S", sender="me@acme.org", **{field: source})
    frame = check_frame(df, template, **options).frame
    return set(zip(frame["kind"], frame["message"], strict=True))


def kinds(column: Any, source: str = "Value {{ x }}.", **more: Any) -> set[str]:
    return {kind for kind, _ in found(column, source, **more)}


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ([3.0, 4.0], "number-format", "column 'x': 3 is written as 3.0"),
        ([0.1 + 0.2, 0.7], "number-format", "0.30000000000000004 is written with all its digits"),
        ([1 / 3, 2 / 3], "number-format", "0.3333333333333333 is written with all its digits"),
        ([1.23e10, 4.9e10], "number-name", "a number is written as 12300000000.0"),
        ([1e22, 2e22], "number-name", "a number is written as 1e+22"),
        (["1.23E+10", "text"], "number-name", "a number is written as 1.23E+10"),
        (["12300000000.0", "7"], "number-name", "a number is written as 12300000000.0"),
        (pd.to_datetime(["2026-05-04", "2026-05-05"]), "date-format", "a date is written as 2026-05-04 00:00:00"),
        (["2026-05-04 00:00:00", "2026-05-05 00:00:00"], "date-format", "written as 2026-05-04 00:00:00"),
        ([39690, pd.Timestamp("2019-01-14 10:00")], "day-number", "39690 is written among dates"),
        ([39690.0, dt.date(2019, 1, 14)], "day-number", "39690.0 is written among dates"),
        ([39690, "2019-01-14", "2019-01-15"], "day-number", "39690 is written among dates"),
        (["39690", "14.01.2019", "15.01.2019"], "day-number", "39690 is written among dates"),
        (["Main St\n", "Town"], "line-break", "a value begins or ends with a line break"),
    ],
)
@pytest.mark.parametrize("field", ["text", "html", "markdown"])
def test_what_prints_as_a_computer_writes_it_is_found(column: Any, kind: str, said: str, field: str) -> None:
    findings = found(column, field=field)
    assert any(said in message for each, message in findings if each == kind), findings


@pytest.mark.parametrize(
    "column",
    [
        [3, 4], [1.5, 2.0], [0.1, 0.25], ["3.0", "3.1"], ["1e5", "text"][1:], ["10:00:00"], ["2024", "2025"],
        pd.to_datetime(["2026-05-04 00:00", "2026-05-04 10:30"]), [dt.date(2026, 5, 4)], [39690, 39691],
        ["39690", "Town"], ["a\nb"], [True, False], ["12345678", "A1"], ["\n"],
        ["2026-05-04 00:00:00", "2026-05-04 10:00:00"],
    ],
)  # fmt: skip
def test_what_people_write_is_not_found(column: Any) -> None:
    assert not kinds(column) & {"number-format", "number-name", "date-format", "day-number", "line-break"}


@pytest.mark.parametrize(
    ("column", "source"),
    [
        ([3.0, 4.0], "{{ x | int }}"),
        ([3.0, 4.0], "{{ x | number }}"),
        ([0.1 + 0.2, 0.7], "{{ '%.2f' | format(x) }}"),
        ([1.23e10, 4e10], "{{ '%d' % x }}"),
        (pd.to_datetime(["2026-05-04", "2026-05-05"]), "{{ x | date }}"),
        (pd.to_datetime(["2026-05-04", "2026-05-05"]), "{{ x.strftime('%d.%m.%Y') }}"),
        ([3.0, 4.0], "{% if x > 3 %}many{% endif %} of 13.0 and 3.05"),
    ],
)
def test_what_the_template_formats_is_not_found(column: Any, source: str) -> None:
    assert not kinds(column, source) & {"number-format", "number-name", "date-format", "day-number"}


@given(st.lists(WHOLE | st.none(), min_size=1, max_size=6))
def test_a_gap_makes_floats_of_counts_and_each_that_prints_so_is_counted(column: list[float | None]) -> None:
    df = pd.DataFrame(
        {"email": [f"u{n}@acme.org" for n in range(len(column))], "x": np.array(column, dtype=float)}
    )
    frame = check_frame(df, Template("S", sender="me@acme.org", text="v {{ x | default('-') }}")).frame
    rows = frame[frame["kind"] == "number-format"]
    present = [value for value in column if value is not None]
    assert len(rows) in {len(present), min(1, len(present))}  # said once where all rows have it
    assert rows["message"].nunique() == min(1, len(present))


def test_the_rows_of_a_group_and_frames_of_other_libraries_are_looked_at() -> None:
    data = {"email": ["a@acme.org", "a@acme.org"], "item": ["Tea", "Milk"], "x": [3.0, 4.0]}
    template = Template("S", sender="me@acme.org", text="{% for each in rows %}{{ each.x }} {% endfor %}")
    for df in (pd.DataFrame(data), pl.DataFrame(data)):
        assert "number-format" in set(check_frame(df, template, group_by="email").frame["kind"])


LINK = "link-value"


@pytest.mark.parametrize("value", ["A&B", "A#1", "A & B #1"])
@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("html", '<p>t</p><a href="https://e.org/?q={{ x }}&y=2">2</a>'),
        ("html", "<p>t</p><a href='https://e.org/a?p=1&amp;q={{ x }}'>2</a>"),
        ("html", '{% for i in [1] %}<a href="https://e.org/?q={{ x }}">{{ i }}</a>{% endfor %}'),
        ("html", '<p>t</p><a href="https://e.org/{% if x %}a{% endif %}?q={{ x }}">2</a>'),
        ("markdown", "t [2](https://e.org/?q={{ x }}&y=2)"),
        ("text", "t https://e.org/?q={{ x }}"),
    ],
)
def test_a_value_that_cuts_a_link_is_found(field: str, source: str, value: str) -> None:
    if field == "text" and " " in value:
        return  # the link ends there anyway
    assert LINK in kinds([value], source, field=field)
    assert LINK not in kinds([value], source.replace("{{ x }}", "{{ x | urlencode }}"), field=field)
    assert LINK not in kinds(["harmless"], source, field=field)


@pytest.mark.parametrize(
    ("source", "value", "is_cut"),
    [
        ("https://e.org/{{ x }}/b", "a?b", True),
        ("https://e.org/{{ x }}/b", "a#b", True),
        ("https://e.org/{{ x }}/b", "a&b", False),
        ("https://e.org/?{{ x }}", "a=1&b=2", False),
        ("https://e.org/?{{ x }}", "a=1#2", True),
        ("https://e.org/#{{ x }}", "a&b?c", False),
        ("{{ x }}", "https://e.org/?a=1&b=2#c", False),
        ("https://{{ x }}/a", "e.org", False),
        ("https://e.org/?m={{ x }}", "ann+news@e.org", True),
        ("https://e.org/?{{ x }}", "m=ann+news@e.org", False),
        ("https://e.org/{{ x }}", "ann+news@e.org", False),
        ("https://e.org/?m={{ x }}", "Ann+Lee%20%C3%BC", False),
        ("https://e.org/?m={{ x | urlencode }}", "ann+news@e.org", False),
    ],
)
def test_what_may_stand_where_in_a_link(source: str, value: str, is_cut: bool) -> None:
    assert (LINK in kinds([value], f'<p>t</p><a href="{source}">l</a>', field="html")) is is_cut


@pytest.mark.parametrize(
    "written",
    ["$First_Name", "$FirstName", "<<First Name>>", "<<FirstName>>", "%First Name%", "%FIRSTNAME%",
     "*|FIRSTNAME|*", "«First Name»", "${first_name}"],
)  # fmt: skip
@pytest.mark.parametrize("field", ["text", "html", "markdown"])
def test_placeholders_of_other_tools_are_found(written: str, field: str) -> None:
    df = pd.DataFrame({"email": ["a@acme.org"], "First Name": ["Ann"]})
    template = Template("S", sender="me@acme.org", **{field: f"Dear {written}, hello."})
    messages = check_frame(df, template).frame["message"].tolist()
    assert f"{written!r} is not filled in" in messages


def test_money_and_percentages_are_no_placeholders() -> None:
    df = pd.DataFrame({"email": ["a@acme.org"], "100": [1], "name": ["A"]})
    template = Template("S", sender="me@acme.org", text="It costs $100, 20%100% and US$name or x%20name%20.")
    assert "leftover" not in set(check_frame(df, template).frame["kind"])


@pytest.mark.parametrize(
    "source",
    [
        '<table><tr><td background="https://e.org/a.png">x</td></tr></table>',
        '<div style="background-image: url(https://e.org/a.png)">x</div>',
        "<div style=\"background:#fff url('https://e.org/a.png') no-repeat\">x</div>",
    ],
)
def test_a_background_that_must_be_fetched_is_found(source: str) -> None:
    assert "remote-image" in kinds(["v"], source, field="html")
