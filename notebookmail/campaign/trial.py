"""One row's letter to oneself: what is planned for it, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookmail.address import parse_mailbox
from notebookmail.compose.rows.labels import positions_at
from notebookmail.errors import AddressError, FrameError
from notebookmail.privacy.masking import mask_text

from .exclusions import label_at
from .planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Hashable

    from notebookmail.compose.template import Template

    from .options import SendSettings
    from .plan import Plan


def plan_test(df: Any, template: Template, settings: SendSettings, to: str, label: Hashable) -> tuple[Plan, str]:
    """Plan the letter of one row, redirected; the second value says what is sent, and may be saved.

    Args:
        df: As for make_plan.
        template: What the row gets.
        settings: What the caller asked for; how many go, and when, is left out.
        to: Who gets it.
        label: The row's label; None takes the first row that gets a message.

    Raises:
        FrameError: As for make_plan; or no row has the label, or it gets no message.
        TemplateError: The row gets no message; the error says why.
    """
    try:
        parse_mailbox(to)
    except (AddressError, TypeError, AttributeError) as problem:
        raise FrameError(f"to= is not one mailbox, as in to='me@example.org': {problem}") from None
    test = replace(
        settings, redirect_to=to, journal=False, campaign=None, key=(), confirm=None, limit=None, dry_run=False,
        duplicates="send", retry=0, resend=False, resend_unconfirmed=False, not_before=None, workers=None,
    )  # fmt: skip
    plan = make_plan(df, template, test)
    position = _first(plan) if label is None else _at(plan, label)
    for event in plan.excluded:
        if event.position == position:
            why = getattr(event, "error", None) or f"it is left out: {getattr(event, 'reason', '')}"
            raise FrameError(f"{_named(plan, position)} gets no message: {why}")
    said = (
        f"A test: the letter of {_named(plan, position)} goes to {mask_text(to)} alone, and is not remembered; "
        "send_frame mails that row all the same."
    )
    return plan.alone(position), said


def _first(plan: Plan) -> int:
    if not len(plan.going):
        raise FrameError(f"no {plan.frame.unit} gets a message: check_frame(df, template) says why")
    return plan.going[0]


def _at(plan: Plan, label: Hashable) -> int:
    places = positions_at(label, plan.frame.labels)
    if not places:
        raise FrameError(f"row={label!r}: no {plan.frame.unit} has this label")
    return places[0]


def _named(plan: Plan, position: int) -> str:
    return f"{plan.frame.unit} {label_at(plan.frame, position)}"
