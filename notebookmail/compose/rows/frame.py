"""Data frames as rows: the only place that knows which data-frame library it is.

pandas is read directly, other frames in memory through narwhals, and what hands out its rows as a stream from a
file that keeps them (streamed.py). A frame is walked in chunks of rows, column by column, because converting a
column's chunk costs a fraction of converting its cells one by one; only the chunk is ever copied, and the user's
frame is never changed. A row holds plain values: Python scalars, and None for every way of
saying "missing" (NaN, NaT, NA, None). Refused are frames whose columns have no single name.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from notebookmail.errors import FrameError, TemplateError

from .column_names import printed, quoted_names, unique_names
from .records import frame_of_records
from .snapshot import own_pandas
from .spooled_texts import SpooledTexts
from .streamed import StreamedRows
from .streams import stream_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from .row_source import RowSource

PLAIN_TYPES: Final = frozenset({str, int, float, bool, type(None)})
"""Types whose repr says everything and never changes."""

_NEVER_MISSING: Final = frozenset({str, int, bool})
CHUNK: Final = 1024  # rows converted at once
_EMAIL_NAMES = frozenset({"email", "e-mail", "e_mail", "mail", "address"})


class Origin(Protocol):
    """Where a row comes from."""

    def gap(self, position: int, name: str) -> Any:
        """Return what stands in a column of a row that has no value there."""


class Row(NamedTuple):  # one is made for every row of a run, and a tuple is made fastest
    """One row of a frame.

    Attributes:
        position: Its place in the frame, from 0.
        label: Its label in the frame's index.
        fields: Its values by column name; a missing value is None.
        origin: Tells what stands in its gaps.
    """

    position: int
    label: Hashable
    fields: Mapping[str, Any]
    origin: Origin | None = None

    def gap(self, name: str) -> Any:
        """Return what the frame has in place of a missing value: NaN, NaT, NA or None."""
        return None if self.origin is None else self.origin.gap(self.position, name)


class Frame:
    """A frame of any library, read row by row.

    Args:
        df: A pandas DataFrame, a frame of a library narwhals knows (polars, pyarrow, ...), a list of dicts, or
            what hands out its rows as a stream: a lazy frame or relation, or anything with `__arrow_c_stream__`.

    Attributes:
        columns: The names a template may use: the columns, then the named levels of the index.
        unit: What gets a message: "row" or "group".

    Raises:
        FrameError: It is no data frame, or two columns have the same name.
    """

    unit: Literal["row", "group"] = "row"

    def __init__(self, df: Any, /) -> None:
        self._source = _source_of(df)
        self.columns: tuple[str, ...] = tuple(self._source.names)

    @cached_property
    def labels(self) -> pd.Index[Any]:
        """The rows' labels: the pandas index, or 0, 1, 2, ... for other libraries; of a stream, reads it."""
        return self._source.labels

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Frame {len(self)} rows, {len(self.columns)} columns>"

    def own(self, names: Iterable[str] | None = None) -> None:
        """Keep the rows as they are now: later changes of the user's frame do not reach them.

        Args:
            names: The columns that are read; None for all. What is written into others may be seen, and a stream
                is not asked for them.

        Raises:
            FrameError: The rows of a stream cannot be read.
        """
        wanted = set(self._source.names if names is None else names)
        self._source.own(place for place, name in enumerate(self._source.names) if name in wanted)

    def new_texts(self) -> list[str] | SpooledTexts:
        """Return a place for what is known of the rows in words: in memory only where they are, too."""
        return SpooledTexts() if isinstance(self._source, StreamedRows) else []

    def refusals(self) -> dict[int, TemplateError]:
        """Return the positions no message may be made for, each with the reason: here none."""
        return {}

    def rows(self, positions: Iterable[int] | None = None) -> Iterator[Row]:
        """Walk the rows lazily, all of them or those at `positions`, in the order given."""
        if positions is None:
            positions = range(len(self))
        if isinstance(positions, range) and positions.step == 1:
            for start in range(positions.start, positions.stop, CHUNK):
                stop = min(start + CHUNK, positions.stop)
                yield from self._chunk(range(start, stop), slice(start, stop))
            return
        wanted = iter(positions)
        while chunk := list(islice(wanted, CHUNK)):
            yield from self._chunk(chunk, chunk)

    def column(self, name: str, count: int) -> Iterator[list[Any]]:
        """Walk the values of one column lazily, `count` rows at a time; a missing value is None.

        Raises:
            FrameError: There is no such column.
        """
        if name not in self._source.names:
            raise FrameError(
                f"there is no column {name!r}; there are: {', '.join(map(repr, self.columns)) or 'none'}"
            )
        return self._source.cells(self._source.names.index(name), count)

    def cells(self) -> list[list[Any]]:
        """Return all values, column by column: for a table that is small enough to be looked at."""
        return self._source.columns(self._source.part(slice(None)))

    def _chunk(self, positions: Sequence[int], selection: slice | list[int]) -> Iterator[Row]:
        labels = self.labels[selection].tolist()
        columns = self._source.columns(self._source.part(selection))
        cells = zip(*columns, strict=True) if columns else (() for _ in positions)
        names = self._source.names
        for position, label, values in zip(positions, labels, cells, strict=True):
            yield Row(position, label, dict(zip(names, values, strict=True)), self)

    def gap(self, position: int, name: str) -> Any:
        """Return what the frame has in place of a missing value: NaN, NaT, NA or None."""
        return self._source.gap(position, self._source.names.index(name))


class _PandasSource:
    """A pandas frame: its columns, then those index levels whose names no column has."""

    def __init__(self, df: pd.DataFrame) -> None:
        import pandas as pd

        self._df = df
        self.labels = df.index.view()
        self.names = unique_names(df.columns.tolist())
        self._levels = [
            level
            for level, name in enumerate(df.index.names)
            if isinstance(name, str) and name not in self.names and list(df.index.names).count(name) == 1
        ]
        self._categorical = [
            place for place, kind in enumerate(df.dtypes) if isinstance(kind, pd.CategoricalDtype)
        ]
        self.names += [str(df.index.names[level]) for level in self._levels]

    def own(self, places: Iterable[int]) -> None:
        count = self._df.shape[1]
        self._df = own_pandas(self._df, [place for place in places if place < count])

    def part(self, selection: slice | list[int]) -> pd.DataFrame:
        return self._df.iloc[selection]

    def columns(self, part: pd.DataFrame) -> list[list[Any]]:
        own = [plain_values(cells) for _, cells in part.items()]
        return own + [plain_values(part.index.get_level_values(level)) for level in self._levels]

    def cells(self, place: int, count: int) -> Iterator[list[Any]]:
        import pandas as pd

        values = self.keys(place)
        for start in range(0, len(values), count):
            rows = slice(start, start + count)
            part = values.iloc[rows] if isinstance(values, pd.Series) else values[rows]
            yield plain_values(part)

    def keys(self, place: int) -> pd.Series[Any] | pd.Index[Any]:
        return self._column(self._df, place)

    def gap(self, position: int, place: int) -> Any:
        import pandas as pd

        values = self._column(self._df, place)
        return _plain_gap(values[position] if isinstance(values, pd.Index) else values.iloc[position])

    def native(self, part: pd.DataFrame, start: int, stop: int) -> pd.DataFrame:
        rows = part.iloc[start:stop]
        if self._categorical:
            # Counted or grouped, a categorical column lists all it could hold: what other people's rows hold.
            rows = rows.copy()
            for place in self._categorical:
                rows.isetitem(place, rows.iloc[:, place].cat.remove_unused_categories().array)
        return rows

    def _column(self, part: pd.DataFrame, place: int) -> pd.Series[Any] | pd.Index[Any]:
        count = part.shape[1]
        return part.iloc[:, place] if place < count else part.index.get_level_values(self._levels[place - count])


class _NarwhalsSource:
    """A frame of another library; its rows are labelled by their position."""

    def __init__(self, frame: Any) -> None:
        import pandas as pd

        self._frame = frame
        self.names = unique_names(list(frame.columns))
        self.labels: pd.Index[Any] = pd.RangeIndex(len(frame))

    def own(self, places: Iterable[int]) -> None:  # noqa: ARG002 -- a copy shares all columns until one is written to
        self._frame = self._frame.clone()

    def part(self, selection: slice | list[int]) -> Any:
        return self._frame[selection]

    def columns(self, part: Any) -> list[list[Any]]:
        return [self._column(part, name) for name in self.names]

    def cells(self, place: int, count: int) -> Iterator[list[Any]]:
        for start in range(0, len(self.labels), count):
            yield self._column(self._frame[start : start + count], self.names[place])

    def keys(self, place: int) -> pd.Series[Any]:
        import pandas as pd

        return pd.Series(self._column(self._frame, self.names[place]), dtype=object).infer_objects()

    def gap(self, position: int, place: int) -> Any:
        return _plain_gap(self._frame[self.names[place]].item(position))

    def native(self, part: Any, start: int, stop: int) -> Any:
        # Not part[start:stop]: when a slice of a pyarrow table is pickled, its neighbours' rows travel with it.
        return part[list(range(start, stop))].to_native()

    @staticmethod
    def _column(part: Any, name: str) -> list[Any]:
        # NaN differs from itself; None, which these libraries use for "missing", does not.
        return [None if type(value) is float and value != value else value for value in part[name].to_list()]  # noqa: PLR0124


def _source_of(df: Any) -> RowSource:
    """Return what reads a source of rows."""
    source = _in_memory(df)
    if type(df).__module__.startswith("narwhals."):
        df = df.to_native()
    if source is None and (stream := stream_of(df)) is not None:
        source = StreamedRows(stream, _in_memory)
    if source is None and (records := frame_of_records(df)) is not None:
        source = _PandasSource(records)
    if source is None:
        raise FrameError(
            f"a {type(df).__name__} is not a data frame: pass a frame or lazy frame of pandas, polars, pyarrow, "
            "DuckDB, Ibis or Dask, anything with __arrow_c_stream__, or a list of dicts (a Series wants "
            ".to_frame() first, a Spark frame without that method .toArrow())"
        )
    return source


def _in_memory(df: Any) -> RowSource | None:
    """Return what reads a frame that is in memory; None if it is none."""
    import pandas as pd

    if isinstance(df, pd.DataFrame):
        return _PandasSource(df)
    import narwhals as nw

    try:
        return _NarwhalsSource(nw.from_native(df, eager_only=True))
    except Exception:  # noqa: BLE001 -- each library narwhals knows refuses in its own words
        return None


def plain_values(values: pd.Series[Any] | pd.Index[Any]) -> list[Any]:
    """Return Python scalars, None for what is missing."""
    plain: list[Any] = values.tolist()
    kinds = {*map(type, plain)}
    if kinds <= _NEVER_MISSING:  # most columns: asking pandas costs more than it takes to see
        return plain
    if kinds == {float}:
        return [None if value != value else value for value in plain]  # noqa: PLR0124 - NaN differs from itself
    missing = values.isna()
    if not missing.any():
        return plain
    return [None if gone else value for value, gone in zip(plain, missing.tolist(), strict=True)]


def row_of(values: Mapping[str, Any] | pd.Series[Any] | Row, /) -> Row:
    """Make a Row of one mapping or pandas Series, as `Frame.rows` would have made it.

    Raises:
        FrameError: It is neither.
    """
    import pandas as pd

    if isinstance(values, Row):
        return values
    if isinstance(values, pd.Series):
        names = unique_names(values.index.tolist())
        fields = dict(zip(names, plain_values(values), strict=True))
        return Row(0, values.name, fields, _Given(dict(zip(names, values.tolist(), strict=True))))
    try:
        fields = dict(values)
    except (TypeError, ValueError) as problem:
        raise FrameError(
            f"a {type(values).__name__} is not a row: pass a mapping of column names to values, or df.iloc[0]"
        ) from problem
    given = {str(name): value for name, value in fields.items()}
    plain = {name: None if _is_missing(value) else value for name, value in given.items()}
    return Row(0, None, plain, _Given(given))


class _Given:
    """A row that was given by itself."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def gap(self, position: int, name: str) -> Any:  # noqa: ARG002 -- it is the only one
        return _plain_gap(self._values[name])


def _plain_gap(value: Any) -> Any:
    return float(value) if isinstance(value, float) else value  # not NumPy's


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def email_column(columns: Iterable[str]) -> str:
    """Find the column that holds the recipients' addresses.

    It is the one named email, e-mail, e_mail, mail or address, in any case.

    Raises:
        FrameError: There is none, or more than one.
    """
    names = list(columns)
    found = [name for name in names if name.strip().casefold() in _EMAIL_NAMES]
    if len(found) == 1:
        return found[0]
    if found:
        raise FrameError(
            f"the columns {quoted_names(found)} could all hold the recipients: say which one with "
            f"Template(..., to='{printed(found[0])}')"
        )
    likely = next((name for name in names if "mail" in name.casefold()), "")
    raise FrameError(
        f"no column is named email, e-mail, mail or address (there are: {quoted_names(names) or 'none'}): "
        f"say where the recipients are with Template(..., to='{printed(likely or 'column')}')"
    )
