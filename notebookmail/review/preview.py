"""preview_frame: the messages that would go out, one row at a time, before anything is sent.

The same plan and the same renderer as send_frame's, so what is shown is what would be sent. A message is made when
somebody looks at it and not kept: a hundred thousand rows open as fast as ten. Nothing is sent, nobody is asked
and nothing is written down. What is saved with a notebook says how many letters there were, and holds none.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from notebookmail.campaign.options import settings_of, shows_options
from notebookmail.checks.findings import Finding
from notebookmail.compose.rows.labels import positions_at
from notebookmail.errors import FrameError
from notebookmail.privacy.masking import mask_address, mask_label, quoted_label

from .extremes import extremes
from .inspector import RowInspector, plan_to_look_at
from .pick import picked
from .shown_rows import ShownRows

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from email.message import EmailMessage
    from typing import Unpack

    import pandas as pd

    from notebookmail.campaign.options import SendOptions
    from notebookmail.checks.previewed_row import PreviewedRow
    from notebookmail.compose.template import Template
    from notebookmail.view.html.escaping import Html

    from .picked_rows import Picked


@shows_options
def preview_frame(df: Any, template: Template, *, pick: Any = None, **options: Unpack[SendOptions]) -> Preview:
    """Show the messages that send_frame would send, row by row; nothing is sent.

    In a notebook the preview shows itself: a slider over the rows, a search, the letter as a mail program would
    show it, on a desk and on a phone, and beside it what check_frame would find in this row. Rows that get no
    message are shown with the reason.

    Args:
        df: As for send_frame. It is not changed.
        template: As for send_frame.
        pick: Which rows. None shows all of them in order; "extremes" only the odd ones, some ten or twenty: those
            with errors and warnings, the longest and the shortest of everything, each with why it was picked; a
            number so many rows, evenly spread; a list of labels of the index those rows.
        **options: As for send_frame, those that decide which messages there are and how they look: sender,
            group_by, limit, redirect_to, suppress, duplicates, follows, ...

    Returns:
        The preview; `preview[0]` is the first message, `preview.message(label)` that of a row.

    Raises:
        FrameError, TemplateError, JournalError: As for send_frame, or `pick` is nothing of the above. Somebody
            who would be mailed twice is a finding of the row, and raises nothing here.
        TypeError: There is no such option.

    Example:
        >>> preview_frame(df, template, pick="extremes")
    """
    settings = settings_of("preview_frame", options)
    inspector = RowInspector(plan_to_look_at(df, template, settings), template, settings)
    return Preview(inspector, picked(pick, inspector))


class Preview:
    """Messages that would go out, made when they are looked at.

    A sequence of `email.message.EmailMessage`, one for every picked row, or group of rows, that gets one.
    """

    def __init__(self, inspector: RowInspector, rows: Picked) -> None:
        self._inspector = inspector
        self._picked = rows
        self._frame = inspector.plan.frame
        self._previewed_row = lru_cache(maxsize=8)(inspector.previewed_row)  # a look asks for it several times

    def __len__(self) -> int:
        """Count the picked rows."""
        return len(self._picked.positions)

    def __getitem__(self, place: int) -> EmailMessage:
        """Return the message of a picked row, by its place among them.

        Raises:
            IndexError: There are not so many.
            FrameError, TemplateError: The row gets no message; the error says why.
        """
        return self._message(self._picked.positions[place])

    def __bool__(self) -> bool:
        """Count as true also without rows."""
        return True

    @property
    def labels(self) -> pd.Index[Any]:
        """The labels of the picked rows, in the order shown."""
        return self._frame.labels[list(self._picked.positions)]

    @property
    def reasons(self) -> pd.Series[str]:
        """Why rows were picked, by label: of pick="extremes"; otherwise it is empty."""
        import pandas as pd

        reasons = self._picked.reasons
        return pd.Series(
            list(reasons.values()), index=self._frame.labels[list(reasons)], name="reason", dtype=object
        )

    def message(self, label: Hashable) -> EmailMessage:
        """Return the message of a row of the frame, or of a group, picked or not.

        Args:
            label: Its label in the index; of a group the value of its column.

        Raises:
            FrameError, TemplateError: There is no such row, or it gets no message; the error says why.
        """
        return self._message(self._position(label))

    def findings(self, label: Hashable) -> list[Finding]:
        """Return what check_frame would find in a row, errors first; an empty list is the best.

        Raises:
            FrameError: There is no such row.
        """
        position = self._position(label)
        row = self._previewed_row(position)
        return [
            Finding(position, row.label, each.severity, each.kind, each.field, each.message, each.remedy)
            for each in row.remarks
        ]

    def previewed_rows(self) -> Iterator[PreviewedRow]:
        """Walk the picked rows, each with its message, or why there is none, and what was found."""
        return map(self._previewed_row, self._picked.positions)

    def reason(self, row: PreviewedRow) -> str:
        """Tell why a row was picked, in words, or "" where there is no reason."""
        return self._picked.reasons.get(row.position, "")

    def _shown_rows(self) -> ShownRows:
        """Begin to look through the picked rows, at the first."""
        return ShownRows(
            self._inspector.plan, self._picked, self._previewed_row, lambda: extremes(self._inspector)
        )

    def _position(self, label: Hashable) -> int:
        places = positions_at(label, self._frame.labels)
        if not places:
            raise FrameError(f"no {self._frame.unit} has the label {label!r}")
        return places[0]

    def _message(self, position: int) -> EmailMessage:
        row = self._previewed_row(position)
        if row.problem is not None:
            raise row.problem
        if row.mail is None:
            raise FrameError(f"{row.unit} {quoted_label(row.label)} gets no message: {row.left_out}")
        # Line ends as Python has them: `get_content()` is there to be read and compared.
        return message_from_bytes(row.mail.content.replace(b"\r\n", b"\n"), policy=policy.default)

    # --- display --------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<Preview of {_counted(len(self), 'letter')}>"

    def __str__(self) -> str:
        """Write the first message with what was found in it."""
        from notebookmail.view.terminal.preview import previewed_row_text

        if not len(self):
            return f"no {self._frame.unit}s, nothing to preview"
        first = self._picked.positions[0]
        text = previewed_row_text(self._previewed_row(first), self._picked.reasons.get(first, ""))
        notes = [f"the first of {len(self):,}; preview.message(label) is another"] if len(self) > 1 else []
        notes += [self._picked.note] if self._picked.note else []
        return "\n\n".join([text, *(f"({note})" for note in notes)])

    def _repr_html_(self) -> str:
        """How many letters there are and for whom, where no widget can be shown."""
        from notebookmail.view.html.stand_in import without_jupyter

        return without_jupyter(
            f"Preview of {_counted(len(self), 'letter')}. print(preview) writes the first of them.", self._listed()
        )

    def _listed(self) -> Html | None:
        """List the first of the picked rows as they may be saved; no letter is made for it."""
        from notebookmail.view.html.stand_in import MOST_LISTED, letters_listed

        positions, plan = self._picked.positions[:MOST_LISTED], self._inspector.plan
        lines = [
            (mask_label(self._frame.labels[position]), mask_address(plan.recipients[position]) or "no address")
            for position in positions
        ]
        return letters_listed((plan.frame.unit.capitalize(), "To"), lines, len(self))

    def _ipython_display_(self) -> None:
        from notebookmail.view.frontend import is_attended, is_notebook
        from notebookmail.view.widgets.live_output import LiveView, show_static, stand_in

        words = f"Preview of {_counted(len(self), 'letter')}: run the cell again to see them."
        page = f"{words} Each is shown as it would arrive, on a desk and on a phone, with what was found in it."
        if is_attended():
            from notebookmail.view.widgets.preview import PreviewView

            LiveView(PreviewView(self._shown_rows()).widget, stand_in(page, self._listed()), words)
        elif is_notebook():
            show_static(stand_in(page, self._listed()), words)
        else:
            show_static("", str(self))


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
