import datetime as dt
import decimal
import enum
import functools
import ipaddress
import re
import subprocess
import sys
import uuid
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from notebookmail.compose.identity.old_value_texts import identity


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class Plain:
    def draw(self):
        return self


def function(row):
    return row


FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [pd.NaT, pd.Timestamp("2024-01-02")]})
VALUES = [
    *(None, True, 1, 1.0, "1", b"1", "", (), {}, set(), float("nan"), float("inf")),
    *({"a": 1}, {"a": "1"}, {"a": {1, 2}}, {"a": {1, 3}}, frozenset({"x", "y"}), [1, [2]], [[1], 2]),
    *(dt.date.fromisoformat("2024-01-02"), dt.datetime.fromisoformat("2024-01-02"), dt.time(1), dt.timedelta(1)),
    *(decimal.Decimal("1.0"), decimal.Decimal("1.00"), PurePosixPath("a/b"), PurePosixPath("a/c")),
    *(uuid.UUID(int=1), uuid.UUID(int=2), ipaddress.ip_address("127.0.0.1")),
    *(Colour.RED, Colour.BLUE, Level.LOW, Plain, Plain().draw, Plain(), function, len),
    *(functools.partial(function, 1), functools.partial(function, 2), functools.partial(function, row=1)),
    *(FRAME, FRAME["a"], FRAME["b"], FRAME.style),
    *(pd.Period("2024-01"), pd.Period("2024-02"), pd.Interval(0, 1), np.array([1, 2]), np.array([1, 3])),
    *(np.datetime64("2024-01-02"), np.datetime64("2024-01-03")),
]


def test_values_that_differ_are_told_apart():
    known = [identity(value) for value in VALUES]
    assert len(set(known)) == len(VALUES), sorted(known)


@pytest.mark.parametrize(
    "value", [*VALUES, lambda row: row, object(), iter([])], ids=lambda value: type(value).__name__
)
def test_no_identity_holds_an_address_of_memory(value):
    assert re.search(r"0x[0-9a-f]{6,}", identity(value)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([1, 2], (1, 2)),
        (b"x", bytearray(b"x")),
        ("x", Markup("x")),
        (1, np.int64(1).item()),
        (1.5, np.float64(1.5)),
        (FRAME, FRAME.copy()),
        (pd.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 2]})),
        (lambda row: 1, lambda row: 2),
        (Plain(), Plain()),
        (functools.partial(function, 1), functools.partial(function, 1)),
    ],
)
def test_values_that_say_the_same_are_known_by_the_same(one, other):
    assert identity(one) == identity(other)


@given(st.integers(0, 4), st.integers(0, 2))
def test_a_frame_that_differs_in_one_cell_is_another(row, column):
    frame = pd.DataFrame(np.arange(15).reshape(5, 3), columns=list("abc")).astype(object)
    other = frame.copy()
    other.iat[row, column] = "changed"
    assert identity(frame) != identity(other)


def test_a_frame_that_differs_in_a_name_or_an_order_is_another():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    others = [
        frame.rename(columns={"a": "c"}),
        frame[["b", "a"]],
        frame.iloc[::-1],
        frame.iloc[:1],
    ]
    assert len({identity(each) for each in [frame, *others]}) == 5


def test_the_identity_of_a_frame_is_short_however_long_it_is():
    assert len(identity(pd.DataFrame({"a": range(5000)}))) < 100


def test_identities_are_the_same_in_every_process():
    program = (
        "import sys, functools, pandas as pd\nfrom notebookmail.compose.identity.old_value_texts import identity\n"
        "frame = pd.DataFrame({'a': [{'x', 'y', 'z'}, {'k': 1, 'l': 2}], 'b': [pd.NaT, pd.Period('2024-01')]})\n"
        "values = [{'a', 'b', 'c', 1, None}, frozenset({'d', (1, 2)}), {'k': {'e', 'f'}}, frame, frame['a'],\n"
        "    functools.partial(len, {'g', 'h'}), lambda row: row, object(), frame.style]\n"
        "sys.stdout.write(repr([identity(value) for value in values]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != b""
