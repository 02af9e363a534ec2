"""Why a step failed: the words of delivery (explain.py) at the step where it happened, with what was said there.

There are no causes and remedies here: what a run says of the same fault is the same sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookmail.delivery.explain import explain
from notebookmail.errors import SMTPResponseException
from notebookmail.mail.providers import login_wanted
from notebookmail.status import SMTPStatus

from .step_result import Failure, StepResult, said

if TYPE_CHECKING:
    from notebookmail.delivery.explanation import Explanation
    from notebookmail.errors import SMTPException


def too_slow(seconds: float) -> StepResult:
    """Say that a step took too long as a whole."""
    return Failure(f"not done within {seconds:g} s", "the server is very slow: try again later").result


def result_of(error: SMTPException, facts: tuple[str, ...] = ()) -> StepResult:
    """Say what an error means.

    Args:
        error: What ended a step.
        facts: What else is known.
    """
    return explained(explain(error), (*evidence(error), *facts))


def explained(why: Explanation, facts: tuple[str, ...] = ()) -> StepResult:
    """Show an explanation as the end of a step."""
    return Failure(why.cause, why.remedy, facts).result


def login_result(error: SMTPException, host: str, facts: tuple[str, ...]) -> StepResult:
    """Say why there is no login, with how the provider wants it."""
    why = explain(error)
    remedy = "; ".join(filter(None, (why.remedy, login_wanted(host))))
    return Failure(why.cause, remedy, (*evidence(error), *facts)).result


def evidence(error: SMTPException) -> tuple[str, ...]:
    """Quote what the server said, or what the network did."""
    is_reply = isinstance(error, SMTPResponseException) and error.code != SMTPStatus.invalid_response
    return (f"the server says: {said(error)}" if is_reply else said(error),)
