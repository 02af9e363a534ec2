"""A frame that pandas, csv or openpyxl wrote comes back with the same values, in every dialect and encoding."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail import read_table

SEPARATORS = st.sampled_from([",", ";", "\t", "|"])
UNICODE = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
NAMES = st.lists(
    st.text("abcdefghijklmnopäöé _-.", min_size=1, max_size=8).map(lambda name: f"c{name.strip()}"),
    min_size=2, max_size=4, unique_by=lambda name: " ".join(name.split()),
)  # fmt: skip
INTEGERS = st.integers(-(10**17), 10**17)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer())
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1, max_size=12
).map(lambda text: f"t{text}.")
COLUMNS: st.SearchStrategy[list[Any]] = st.sampled_from(
    [INTEGERS, FLOATS, TEXTS, st.booleans(), INTEGERS | FLOATS]
).flatmap(lambda cells: st.lists(cells | st.none(), min_size=6, max_size=6))


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    names = draw(NAMES)
    table = {" ".join(name.split()): draw(COLUMNS) for name in names}
    return {"key": [f"row {number}" for number in range(6)], **table}  # no row is empty


def typed(table: dict[str, list[Any]]) -> dict[str, list[tuple[type, Any]]]:
    return {name: [(type(value), value) for value in values] for name, values in table.items()}


def cells(frame: pd.DataFrame) -> dict[str, list[tuple[type, Any]]]:
    """Return what stands in a frame, with its types; what is missing is None."""
    return typed(
        {
            name: [
                None if gone else value
                for value, gone in zip(frame[name].tolist(), frame[name].isna(), strict=True)
            ]
            for name in frame.columns
        }
    )


def written(content: bytes, name: str = "table.csv", **choices: str) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read_table(path, **choices)


@given(tables(), SEPARATORS, UNICODE, LINE_ENDS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(deadline=None, max_examples=40)
def test_what_csv_writes_is_read(
    table: dict[str, list[Any]], sep: str, encoding: str, line_end: str, quoting: Any
) -> None:
    if line_end == "\r":  # Python 3.11 then leaves a line feed unquoted, which nobody can tell from a line's end
        quoting = csv.QUOTE_ALL
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sep, lineterminator=line_end, quoting=quoting)
    writer.writerow(table)
    for row in zip(*table.values(), strict=True):
        writer.writerow(["" if cell is None else str(cell) for cell in row])
    assert cells(written(text.getvalue().encode(encoding))) == typed(table)


@given(tables(), SEPARATORS, UNICODE)
@settings(deadline=None, max_examples=40)
def test_what_pandas_writes_is_read(table: dict[str, list[Any]], sep: str, encoding: str) -> None:
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in table.items()})
    assert cells(written(frame.to_csv(sep=sep, index=False).encode(encoding))) == typed(table)


@given(tables())
@settings(deadline=None, max_examples=40)
def test_what_json_lines_hold_is_read(table: dict[str, list[Any]]) -> None:
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in table.items()})
    text = frame.to_json(orient="records", lines=True, double_precision=15)
    plain = {name: values for name, values in table.items() if not any(type(value) is float for value in values)}
    assert cells(written(text.encode(), "table.jsonl")[list(plain)]) == typed(plain)


@given(tables())
@settings(deadline=None, max_examples=30)
def test_what_openpyxl_writes_is_read(table: dict[str, list[Any]]) -> None:
    import openpyxl

    fit = {
        name: [None if value is not None and not _holds_in_excel(value) else value for value in values]
        for name, values in table.items()
    }
    book = openpyxl.Workbook()
    book.active.append(list(fit))
    for row in zip(*fit.values(), strict=True):
        book.active.append(row)
    book.save(saved := io.BytesIO())
    assert cells(written(saved.getvalue(), "table.xlsx")) == typed(fit)


def _holds_in_excel(value: Any) -> bool:
    """Tell whether Excel keeps a value: fifteen digits of a number, no control characters."""
    if isinstance(value, str):
        return value.isprintable()
    return isinstance(value, bool) or (abs(value) < 10**14 and float(f"{value:.14g}") == value)


@given(tables())
@settings(deadline=None, max_examples=30)
def test_what_parquet_holds_is_read(table: dict[str, list[Any]]) -> None:
    even = {
        name: values
        for name, values in table.items()
        if len({type(value) for value in values if value is not None}) <= 1
    }
    pq.write_table(pa.table(even), saved := io.BytesIO())
    assert cells(written(saved.getvalue(), "table.parquet")) == typed(even)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=50)
def test_any_bytes_are_read_or_refused_in_words(raw: bytes) -> None:
    from notebookmail import FrameError

    for name in ("table.csv", "table.json", "table.xlsx"):
        try:
            written(raw, name)
        except FrameError as problem:
            assert "table." in str(problem)  # noqa: PT017 - either is right
