"""One row as a preview shows it: the message that would go, or why there is none, and what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable

    from notebookmail.errors import NotebookmailError
    from notebookmail.mail.message import Mail

    from .findings import Remark


@dataclass(frozen=True, slots=True)
class PreviewedRow:
    """What there is to see of one row before anything is sent.

    Attributes:
        position: Its place in the frame, from 0.
        label: Its label.
        unit: What gets a message: "row" or "group".
        mail: The message that would go; None where there is none.
        problem: Why it could not be made, where that is the reason.
        left_out: Why the row gets none though nothing is wrong with it, in words, or "".
        remarks: What was found, errors first.
        values: The columns the template reads, with the row's values; a missing one is None.
    """

    position: int
    label: Hashable
    unit: Literal["row", "group"]
    mail: Mail | None = field(repr=False)
    problem: NotebookmailError | None
    left_out: str
    remarks: tuple[Remark, ...]
    values: tuple[tuple[str, Any], ...] = field(repr=False)
