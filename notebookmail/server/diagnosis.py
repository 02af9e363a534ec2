"""What `Server.verify` returns: how far a session with the server came, with its displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from notebookmail.verify.steps import VerifiedSteps


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis(VerifiedSteps):
    """How far a session with a server came: DNS, connect, TLS, certificate, EHLO, AUTH, limits. No mail was sent.

    `ok` is true when mail can go; `failed` is the step at which it cannot; `steps` are all of them, each with
    name, status, words, facts, remedy and seconds. Displays mask names, so that they can be saved and passed on.

    Example:
        >>> diagnosis = await server.verify()
        >>> diagnosis.failed.remedy
    """

    def __str__(self) -> str:
        from notebookmail.view.terminal.diagnosis import diagnosis_text

        return diagnosis_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from notebookmail.view.html.diagnosis import diagnosis_html

        return str(diagnosis_html(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 -- IPython's
        return {"text/plain": str(self)}
