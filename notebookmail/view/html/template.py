"""A template as a page: its fields, the columns it needs, and its body as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notebookmail.view.words.visible_text import clip

from .escaping import element, join, join_lines
from .style import ROOT, STYLE

if TYPE_CHECKING:
    from notebookmail.compose.template import Template

    from .escaping import Html

_FIELD: Final = 300
_BODY: Final = 4_000  # characters
_WRITTEN: Final = "margin:0;background:none;color:inherit;white-space:pre-wrap"  # JupyterLab paints others' ground


def template_html(template: Template) -> str:
    """Write a template as a static page: it holds what its author wrote, and no row."""
    definition = template.definition
    to = ", ".join(each if isinstance(each, str) else "a function of the row" for each in definition.to)
    kinds = {"Markdown": definition.markdown, "HTML": definition.html, "text": definition.text}
    kind, body = next(((kind, body) for kind, body in kinds.items() if body), ("", ""))
    fields = [
        ("Subject", definition.subject),
        ("From", definition.sender or "given by sender= of the call"),
        ("To", to or "the frame\u2019s e-mail column"),
        ("Columns", ", ".join(sorted(template.variables)) or "none"),
    ]
    if definition.attachments:
        fields.append(("Attached", f"{len(definition.attachments):,}"))
    rows = (
        element("tr", element("th", name, scope="row"), element("td", clip(value, _FIELD)))
        for name, value in fields
    )
    table = element("table", element("tbody", *rows), class_="nbm-fields")
    letter = element("div", element("pre", join_lines(body[:_BODY]), style=_WRITTEN), class_="nbm-letter")
    note = element("p", _note(kind, len(body)), class_="nbm-quiet nbm-notes")
    return str(join(STYLE, element("div", table, letter if body else None, note, class_=f"{ROOT} nbm-message")))


def _note(kind: str, length: int) -> Html | str:
    begun = f"The first {_BODY:,} of {length:,} characters of its {kind}. " if length > _BODY else ""
    written = f"Written in {kind}. " if kind and not begun else ""
    return f"{begun}{written}template.preview(row) shows the letter of a row."
