"""How the rows of a run stand, and all that is told of them: as a frame, one by one, by cause, as files.

Read only: what happens to rows, and sending them again, is SendResults' (results.py). Behind it stand three
objects: how the rows stand (delivery/row_states.py), who looks for rows (row_search.py) and who describes them
(results_frame.py).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from notebookmail.compose.rows.labels import positions_at
from notebookmail.delivery.results_frame import Outcomes
from notebookmail.delivery.row_search import RowSearch
from notebookmail.delivery.tallies import Tallies
from notebookmail.errors import FrameError

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable, Iterator

    import pandas as pd

    from notebookmail.delivery.events import Status
    from notebookmail.delivery.results_frame import Cause, Outcome
    from notebookmail.delivery.row_search import Order
    from notebookmail.delivery.row_states import RowStates


class RowResults:
    """One entry per row of the frame, in its order.

    Args:
        states: How the rows stand.
    """

    def __init__(self, states: RowStates) -> None:
        self._hold(states)

    def _hold(self, states: RowStates) -> None:
        self.__dict__.pop("frame", None)
        self._states = states
        self._search = RowSearch(states)
        self._outcomes = Outcomes(states)

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[Outcome]:
        """Walk the rows in order: `for row in results: print(row.to, row.status)`."""
        return map(self.outcome, range(len(self)))

    def __getitem__(self, label: Hashable) -> Outcome:
        """Return everything known about the row with a label: to, status, reply, error, hint, ...

        Raises:
            KeyError: No row has the label, or several have it.
        """
        try:
            return self.outcome(self._position(label))
        except FrameError as problem:
            raise KeyError(str(problem)) from None

    def __contains__(self, label: Hashable) -> bool:
        """Tell whether a row has the label, as a pandas Series does."""
        return bool(self._positions_at(label))

    def _positions_at(self, label: Hashable) -> list[int]:
        import pandas as pd

        labels = self._states.labels
        return positions_at(label, labels if isinstance(labels, pd.Index) else pd.Index(list(labels)))

    def _position(self, label: Hashable) -> int:
        places = self._positions_at(label)
        if len(places) == 1:
            return places[0]
        if places:
            raise FrameError(f"{len(places):,} rows have the label {label!r}: results.frame.loc[...] has them all")
        if isinstance(label, str) and label in self.frame.columns:
            raise FrameError(f"{label!r} is a column, and rows are found by label: results.frame[{label!r}]")
        raise FrameError(f"no row has the label {label!r}; results.frame.iloc[...] counts rows from 0")

    # --- how the rows stand ---------------------------------------------------------------------------------

    @property
    def tallies(self) -> Tallies:
        """The rows counted by domain and over time, for charts."""
        return Tallies(self._states)

    @property
    def counts(self) -> dict[Status, int]:
        """How many rows stand how, every status present: {"sent": 998, "failed": 2, ...}."""
        return dict(self._states.counts)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame on the original index, so that `df.join(results.frame)` works.

        It has the columns to, status, code, enhanced_code, category, reply, error, hint, attempts, seconds,
        message_id and sent_at. What a notebook shows of it is short, and names the columns it leaves out.
        """
        from notebookmail.view.html.results_frame import ResultsFrame

        return ResultsFrame(self._outcomes.frame())

    def _rows(self, status: Status) -> pd.DataFrame:
        return self.frame.iloc[self.positions(status)]

    @property
    def sent(self) -> pd.DataFrame:
        """The rows the server took responsibility for."""
        return self._rows("sent")

    @property
    def failed(self) -> pd.DataFrame:
        """The rows refused for good, or that could not be rendered."""
        return self._rows("failed")

    @property
    def deferred(self) -> pd.DataFrame:
        """The rows refused for now."""
        return self._rows("deferred")

    @property
    def unconfirmed(self) -> pd.DataFrame:
        """The rows that may have been delivered."""
        return self._rows("unconfirmed")

    @property
    def skipped(self) -> pd.DataFrame:
        """The rows left out on purpose."""
        return self._rows("skipped")

    @property
    def pending(self) -> pd.DataFrame:
        """The rows that were not tried."""
        return self._rows("pending")

    @property
    def exceptions(self) -> dict[Hashable, Exception]:
        """Each troubled row's exception, by the row's label.

        Where an index repeats a label, the label keeps its last row's exception; `frame.error` has all of them.
        """
        return self._outcomes.exceptions()

    @property
    def addresses(self) -> pd.DataFrame:
        """What each address said, of the rows whose addresses did not all say the same.

        One line for each address that refused the message or, where its row is not sent, took it: `label`,
        `status` (the row's), `address`, `is_copy` (cc or bcc), `delivered`, `code`, `enhanced_code`, `reply`.
        """
        return self._outcomes.addresses()

    @property
    def copies_refused(self) -> int:
        """How many sent rows have a copy (cc, bcc) that was refused."""
        return self._outcomes.copies_refused()

    def delivered(self) -> dict[int, tuple[str, ...]]:
        """Return, by position, the addresses that took the message of a row which is not sent yet."""
        return self._states.delivered()

    def status_at(self, position: int) -> Status:
        """Return how the row at a position (from 0) stands."""
        return self._states.status_at(position)

    def outcome(self, position: int) -> Outcome:
        """Return everything known about the row at a position (from 0)."""
        return self._outcomes.outcome(position)

    def positions(self, *statuses: Status) -> list[int]:
        """Return the positions of the rows with one of these statuses (all rows when none is named), in order."""
        return self._search.positions(*statuses)

    def find(
        self, status: Status | None = None, words: str = "", order: Order = "row", *, is_reversed: bool = False
    ) -> list[int]:
        """Return the positions of the rows a person looks for; see `RowSearch.find`."""
        return self._search.find(status, words, order, is_reversed=is_reversed)

    def causes(self) -> list[Cause]:
        """Return the troubled rows grouped by cause, the largest group first."""
        return self._outcomes.causes()

    # --- as files -------------------------------------------------------------------------------------------

    def to_csv(self, path: str | os.PathLike[str] | None = None, **options: Any) -> str | None:
        """Write all rows as CSV, with every column of `frame` and addresses in full.

        Args:
            path: The file; None returns the text.
            **options: As for `pandas.DataFrame.to_csv`.
        """
        text: str | None = self.frame.to_csv(path, **options)
        return text

    def to_excel(self, path: str | os.PathLike[str], *, sheet_name: str = "Results") -> None:
        """Write all rows as an Excel file, with every column of `frame` and addresses in full.

        `sent_at` is written in UTC without saying so: Excel knows no time zones. No text becomes a formula.

        Args:
            path: The file, such as "results.xlsx".
            sheet_name: The name of the sheet.

        Raises:
            FrameError: XlsxWriter is not installed.
        """
        from .results_file import write_workbook

        write_workbook(self.frame, path, sheet_name)
