"""Parquet, which says of itself what its columns are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .loaded import Loaded, counted, refusal

if TYPE_CHECKING:
    from pathlib import Path


def read_parquet(path: Path) -> Loaded:
    """Read a Parquet file; whole numbers and answers with gaps stay what they are.

    Raises:
        FrameError: pyarrow is not installed, or the file is damaged.
    """
    import pandas as pd

    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as problem:
        raise refusal(path, "Parquet is read with pyarrow: pip install 'notebookmail[parquet]'") from problem
    try:
        table: Any = pq.read_table(path)
    except (pa.ArrowException, OSError) as problem:
        words = "the Parquet file is damaged or cut off: save it again where it was made"
        raise refusal(path, words) from problem
    frame: pd.DataFrame = table.to_pandas()
    nullable = {
        pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(), pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype(),
    }  # fmt: skip
    for name in frame.columns:
        if name in table.column_names:
            column = table.column(name)
            if column.null_count and column.type in nullable:
                frame[name] = pd.array(column.to_pylist(), dtype=nullable[column.type])
    frame.columns = [" ".join(name.split()) if isinstance(name, str) else name for name in frame.columns]
    return Loaded(frame, f"Parquet, {counted(len(frame), 'row')}", is_guessed=False)
