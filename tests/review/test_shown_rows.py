"""Which rows a preview has on show, and where one stands, without a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from notebookmail import Template, preview_frame

if TYPE_CHECKING:
    from notebookmail.review.shown_rows import ShownRows

LETTER = Template("News for {{ name }}", sender="desk@acme.org", text="Dear {{ name }}, all well?")


def rows_of(count: int, **columns: Any) -> ShownRows:
    df = pd.DataFrame({"name": [f"Name{n}" for n in range(count)]}).assign(**columns)
    return preview_frame(df.assign(email=[f"n{n}@acme.org" for n in range(count)]), LETTER)._shown_rows()


def test_one_stands_at_the_nearest_row_there_is() -> None:
    rows = rows_of(3)
    places = []
    for place in (1, 99, -5):
        rows.go_to(place)
        places.append((rows.place, rows.row().label))
    assert places == [(1, 1), (2, 2), (0, 0)]


def test_a_search_goes_to_the_first_row_it_finds_and_an_empty_one_shows_all() -> None:
    rows = rows_of(12)
    rows.go_to(7)
    rows.find(" NAME1 ")
    assert (len(rows), rows.count, rows.place, rows.text) == (3, 12, 0, "NAME1")
    assert rows.row().label == 1
    rows.find("")
    assert (len(rows), rows.searched, rows.place) == (12, 12, 0)


def test_the_text_stays_when_the_order_changes() -> None:
    rows = rows_of(30, name=["Name", "nan", *["Name"] * 26, "N" * 50, None])
    rows.find("acme")
    rows.order(is_odd_first=True)
    assert (rows.text, rows.row().label) == ("acme", 29)
    assert rows.reason.startswith("has an error")
    rows.order(is_odd_first=False)
    assert (len(rows), rows.row().label, rows.reason) == (30, 0, "")
