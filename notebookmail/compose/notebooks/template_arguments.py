"""What `Template.from_notebook` makes of a notebook: a template that shows it as `{{ notebook }}`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

from .cell_choices import CellChoices
from .conversion import letter_of, refuse_errors
from .html_report import ReportPage
from .reading import NotebookFile
from .run import NotebookRun, check_timeout, filled_parameters

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

NOTEBOOK: Final = "notebook"
"""The name a template knows the notebook by."""
_PAGES: Final = (".html", ".htm")
_BODIES: Final = ("markdown", "html")
_RUN_AGAIN: Final = (
    "correct it and run the notebook again, or tag the cell raises-exception if the error is meant to be shown"
)


def template_arguments(
    path: str | os.PathLike[str],
    further: Mapping[str, Any],
    *,
    subject: str | None,
    parameters: Any,
    code: bool,
    tags: Any,
    timeout: float,
    kernel: str | None,
) -> dict[str, Any]:
    """Return the arguments of the template; `Template.from_notebook` describes what it is given.

    Raises:
        TemplateError: The notebook cannot be read, or cannot be a letter.
    """
    choices = CellChoices.of(code=code, tags=tags)
    seconds = check_timeout(timeout)
    shown: Any
    if str(path).lower().endswith(_PAGES):
        page = ReportPage.read(path)
        if parameters or choices.tags:
            raise TemplateError(
                f"{page.name} is a page: parameters= and tags= are for the notebook (.ipynb) itself"
            )
        return _arguments(page, page.letter(has_code=choices.has_code), further, subject)
    file = NotebookFile.read(path)
    if parameters is None or parameters is False:
        refuse_errors(file, file.notebook, _RUN_AGAIN)
        shown = letter_of(file, file.notebook, choices)
    else:
        file = file.without_outputs()
        name = kernel or file.kernel()
        filled = filled_parameters(file, parameters, name)
        allows = further.get("na") == "empty"
        shown = NotebookRun(file, choices, filled, kernel=name, timeout=seconds, allows_missing=allows)
    return _arguments(file, shown, further, subject)


def _arguments(
    file: NotebookFile | ReportPage, shown: Any, further: Mapping[str, Any], subject: str | None
) -> dict[str, Any]:
    inline = {**(further.get("inline") or {}), NOTEBOOK: shown}
    arguments = {"folder": Path(file.folder), **further, "inline": inline}
    arguments["subject"] = _subject(file) if subject is None else subject
    bodies = [name for name in _BODIES if arguments.get(name) is not None]
    if not bodies:
        arguments["markdown"] = f"{{{{ {NOTEBOOK} }}}}"
    elif not any(NOTEBOOK in str(arguments[name]) for name in bodies):
        raise TemplateError(
            f"{bodies[0]}= shows the notebook nowhere: write {{{{ {NOTEBOOK} }}}} where it stands", bodies[0]
        )
    return arguments


def _subject(file: NotebookFile | ReportPage) -> str:
    """Return the notebook's title as a template of nothing but itself."""
    title = file.title()
    if not title:
        raise TemplateError(
            f"{file.name} has no title: begin it with a heading, as in # Sales, or pass subject=...", "subject"
        )
    return f"{{{{ {json.dumps(title)} }}}}" if "{" in title else title
