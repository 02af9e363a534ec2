"""The widgets of a results table as a person finds them: by what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets
import pandas as pd

from notebookmail import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.view.widgets.results_table import ResultsTable

LETTER = Template("Figures for {{ n }}", text="Dear {{ n }}", sender="desk@example.org")


def widgets_in(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_in(child)


def button(table: ResultsTable, words: str) -> ipywidgets.Button:
    """The button on view that says so."""
    (found,) = [
        each
        for each in widgets_in(table.widget)
        if isinstance(each, ipywidgets.Button) and each.description == words
    ]
    return found


def labels(table: ResultsTable) -> list[str]:
    return [each.description for each in widgets_in(table.widget) if "nbm-row" in each._dom_classes]


def shown(table: ResultsTable) -> str:
    return " ".join(each.value for each in widgets_in(table.widget) if isinstance(each, ipywidgets.HTML))


def people(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"email": [f"p{n}@example.org" for n in range(rows)], "n": range(rows)})
