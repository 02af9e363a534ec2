"""JSON, one object a line or all of them in one list: values come with their types, so nothing is guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .columns import values_of
from .encodings import encoding_of
from .header import clean_names, named
from .loaded import Loaded, ReadingOptions, counted, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_json(path: Path, options: ReadingOptions) -> Loaded:
    """Read JSON objects as rows; a name that an object lacks is missing in its row.

    Raises:
        FrameError: A line is no JSON, or no object; the message names it.
    """
    import pandas as pd

    encoding = encoding_of(path, options.encoding)
    columns: dict[str, list[Any]] = {}
    count = 0
    try:
        for entry in _objects(path, encoding.codec):
            for name, value in entry.items():
                columns.setdefault(name, [None] * count).append(value)
            count += 1
            for values in columns.values():
                if len(values) < count:
                    values.append(None)
    except UnicodeError as problem:
        words = f"it is not written in {encoding.name}: say which encoding= (--encoding) it has"
        raise refusal(path, words) from problem
    if not columns:
        raise refusal(path, "holds no objects: each row has to be one, with its values by name")
    names = clean_names(path, "an object", list(columns))
    series = [values_of(values) for values in columns.values()]
    frame = pd.DataFrame({named(names, place): cells for place, cells in enumerate(series)})
    return Loaded(frame, f"JSON, {counted(count, 'object')}", is_guessed=encoding.name != "UTF-8")


def _objects(path: Path, codec: str) -> Iterator[dict[str, Any]]:
    with path.open(encoding=codec) as file:
        start = file.read(1)
        while start.isspace():
            start = file.read(1)
        file.seek(0)
        if start == "[":
            yield from _listed(path, file.read().removeprefix("\ufeff"))
            return
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _object(path, f"line {number}", _parsed(path, line, number))


def _listed(path: Path, text: str) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(_parsed(path, text, 1), start=1):
        yield _object(path, f"entry {number}", entry)


def _parsed(path: Path, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        hint = " (one object over several lines is read only inside a list, [...])" if text.strip() == "{" else ""
        found = line if "\n" not in text.strip() else line + getattr(problem, "lineno", 1) - 1
        words = f'line {found} is no JSON{hint}: it has to be one object, such as {{"email": "..."}}'
        raise refusal(path, words) from problem


def _object(path: Path, where: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise refusal(path, f"{where} is no object: each row has to be one, with its values by name")
    return entry
