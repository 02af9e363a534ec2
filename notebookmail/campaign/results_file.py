"""Results as an Excel file: what it cannot hold as it is (time zones, exceptions, endless texts) is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError

if TYPE_CHECKING:
    import os

    import pandas as pd

_ENGINE: Final = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
"""A server's reply may begin with "=", and is a text all the same (CWE-1236)."""
_LONGEST: Final = 32_767  # characters of a cell


def write_workbook(frame: pd.DataFrame, path: str | os.PathLike[str], sheet_name: str) -> None:
    """Write the frame of results.

    Args:
        frame: With the columns of results.
        path: The file.
        sheet_name: The name of the sheet.

    Raises:
        FrameError: XlsxWriter is not installed.
    """
    import pandas as pd

    fitted = pd.DataFrame(frame).assign(sent_at=frame["sent_at"].dt.tz_localize(None))
    for name in ("reply", "error", "hint"):
        fitted[name] = [_fitted(cell) for cell in frame[name]]
    try:
        with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs=_ENGINE) as writer:
            fitted.to_excel(writer, sheet_name=sheet_name)
    except ImportError as problem:
        raise FrameError('writing Excel files needs XlsxWriter: pip install "notebookmail[excel]"') from problem


def _fitted(cell: Any) -> str | None:
    return None if cell is None else str(cell)[:_LONGEST]
