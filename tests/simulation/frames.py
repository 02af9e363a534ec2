"""The frames people make of their letters, and what they do to them while a run goes on.

The letters stay the same; how a frame holds them does not: rows and columns are moved, a number is written in
another type, an address in another case, a column that nobody reads comes and goes, another library holds it.
"""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from .people import Letter

SPELLINGS: dict[str, Callable[[Sequence[int]], Any]] = {
    "whole numbers": list,
    "texts": lambda numbers: [str(number) for number in numbers],
    "floats": lambda numbers: [float(number) for number in numbers],
    "float32": lambda numbers: pd.Series(numbers, dtype="float32"),
    "decimals": lambda numbers: [Decimal(number) for number in numbers],
    "Int64": lambda numbers: pd.Series(numbers, dtype="Int64"),
}
"""How a column of whole numbers may be written."""


def make_frame(rng: Random, letters: Sequence[Letter], *, is_plain: bool) -> Any:
    """Make a frame of letters, in their order.

    Args:
        rng: The world's chance.
        letters: The rows.
        is_plain: As at first: whole numbers, addresses in lower case, pandas.
    """
    spell = SPELLINGS["whole numbers" if is_plain else rng.choice(list(SPELLINGS))]
    address = str.lower if is_plain else rng.choice((str.lower, str.upper, str.title, _in_blanks))
    columns: dict[str, Any] = {
        "email": [address(letter.email) for letter in letters],
        "name": [letter.name or None for letter in letters],
        "number": spell([letter.number for letter in letters]),
        "token": [letter.token for letter in letters],
        "copy": ["archive@example.org" if letter.has_copy else None for letter in letters],
    }
    if is_plain:
        return pd.DataFrame(columns)
    if rng.random() < 0.5:
        columns["unread"] = [rng.random() for _ in letters]
    names = list(columns)
    rng.shuffle(names)
    frame = pd.DataFrame({name: columns[name] for name in names})
    if rng.random() < 0.3:
        frame.index = pd.Index([f"row {rng.random()}" for _ in letters])
    if rng.random() < 0.25 and spell not in {SPELLINGS["decimals"], SPELLINGS["float32"]}:
        import polars as pl

        return pl.DataFrame({name: list(columns[name]) for name in names})
    return frame


def _in_blanks(address: str) -> str:
    return f" {address}\u00a0"


def meddle(rng: Random, frame: Any) -> str:
    """Do to a frame what people do in the next cell; return what."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of inplace=: people write it all the same
        warnings.simplefilter("ignore", FutureWarning)
        return _meddle(rng, frame)


def _meddle(rng: Random, frame: Any) -> str:
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        return "nothing"
    deed = rng.choice(("sort", "drop", "swap", "assign", "new column", "rename", "index"))
    if deed == "sort":
        frame.sort_values("number", ascending=False, inplace=True, key=lambda cells: cells.astype(float))
    elif deed == "drop":
        frame.drop(index=frame.index[0], inplace=True)
    elif deed == "swap":
        frame["email"] = frame["email"].tolist()[::-1]
    elif deed == "assign":
        frame.loc[:, "token"] = frame["token"].tolist()[::-1]
    elif deed == "new column":
        frame["done"] = True
    elif deed == "rename":
        frame.rename(columns={"name": "Name"}, inplace=True)
    else:
        frame.index = pd.Index(range(100, 100 + len(frame)))
    return deed
