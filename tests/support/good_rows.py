"""A frame of rows that nothing is wrong with, but for the cells a test sets."""

from __future__ import annotations

from typing import Any

import pandas as pd


def people(count: int = 4, **cells: Any) -> pd.DataFrame:
    """Good rows; a cell can be set by column and row: name_1="" is the name of the second row."""
    df = pd.DataFrame(
        {"name": [f"Name {n}" for n in range(count)], "email": [f"n{n}@acme.org" for n in range(count)]},
        index=[f"row{n}" for n in range(count)],
    )
    for cell, value in cells.items():
        column, _, number = cell.partition("_")
        df.loc[f"row{number}", column] = value
    return df
