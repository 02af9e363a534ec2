"""What check_frame returns: what was found, as frames, and with its displays."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from notebookmail.checks.findings import Finding
from notebookmail.checks.summary import CheckSummary

if TYPE_CHECKING:
    import pandas as pd

    from notebookmail.checks.findings import Severity

COLUMNS: Final = tuple(each.name for each in fields(Finding) if each.name != "position")
"""The columns of `Report.frame`."""


class Report(CheckSummary):
    """The findings of a check, none of them about a message that has gone out.

    In a notebook it shows itself as a summary that can be saved and shared: the findings grouped by kind with
    their remedies and the first rows of each, how large the messages are, and where they go, addresses masked.

    Example:
        >>> report = check_frame(df, template)
        >>> df.loc[report.errors["row"].dropna()]
    """

    def __len__(self) -> int:
        """Count the findings."""
        return sum(self.counts.values())

    def __bool__(self) -> bool:
        """Count as true also without findings, which is the best of reports; `ok` tells whether it is good."""
        return True

    @property
    def ok(self) -> bool:
        """True when there is no error: send_frame would start, and every message could be made."""
        return not self.counts["error"]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All findings: row, severity, kind, field, message, remedy.

        `row` is the row's label in the frame that was checked; None where a finding is about the call, or about
        every message. Of one kind at most 10,000 different messages are listed; `unlisted` counts the others.
        """
        import pandas as pd

        found = [tuple(getattr(each, column) for column in COLUMNS) for each in self.findings()]
        return pd.DataFrame(found, columns=list(COLUMNS), dtype=object)

    @property
    def errors(self) -> pd.DataFrame:
        """The findings that send_frame would refuse or fail."""
        return self._of("error")

    @property
    def warnings(self) -> pd.DataFrame:
        """The findings that would go out and look like slips."""
        return self._of("warning")

    def _of(self, severity: Severity) -> pd.DataFrame:
        return self.frame[self.frame["severity"] == severity]

    @property
    def left_out_rows(self) -> pd.Series[str]:
        """Why rows get no message, by label: suppressed, answered the letter that these follow, beyond limit=."""
        import pandas as pd

        places = list(self._left_out)
        labels = [self.labels[place] for place in places]
        return pd.Series(
            list(self._left_out.values()), index=pd.Index(labels, dtype=object), name="reason", dtype=object
        )

    @property
    def domains(self) -> pd.Series[int]:
        """How many recipients each domain has, the most frequent first."""
        import pandas as pd

        names, numbers = zip(*self.recipients, strict=True) if self.recipients else ((), ())
        return pd.Series(numbers, index=pd.Index(names, name="domain", dtype=object), name="recipients", dtype=int)

    def __repr__(self) -> str:
        from notebookmail.view.words.report import headline

        return f"<Report: {headline(self)}>"

    def __str__(self) -> str:
        from notebookmail.view.terminal.report import report_text

        return report_text(self)

    def _repr_html_(self) -> str:
        from notebookmail.view.html.report import report_html

        return str(report_html(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 -- IPython's
        return {"text/plain": str(self)}
