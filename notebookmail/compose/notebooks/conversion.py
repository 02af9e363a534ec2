"""A notebook as one piece of a letter: cell by cell, styled, with its text, its pictures, and what is left out.

Nothing of it is Jinja: it comes into the letter as a value, when the letter's own template is filled in.
"""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, Any, Final

from markupsafe import escape

from notebookmail.compose.files import ReadFolder
from notebookmail.compose.markup.css_inlining import OWN_PLACE, OwnSheet, inline
from notebookmail.compose.markup.html_to_text import to_text
from notebookmail.compose.markup.html_tokens import edited, read_tokens
from notebookmail.compose.markup.jinja_tags import Masks
from notebookmail.compose.markup.text_layout import tidy
from notebookmail.errors import TemplateError

from .cell_choices import MEANT_TO_FAIL, is_injected, options_of, source_of, tags_of
from .clean_html import FoundHTML, clean_html
from .letter import NotebookLetter, comments
from .outputs import CellOutputs
from .pictures import NotebookPictures
from .reading import is_front_matter
from .text_cells import markdown_html
from .widgets import saved_states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .cell_choices import CellChoices
    from .reading import NotebookFile

_NEARLY_TOO_LONG: Final = 90 * 1024  # octets; Gmail shows 102 KiB of a letter, whose own part is small
_NAMED: Final = 3
_CELL_PADDING: Final = ' cellpadding="6" cellspacing="0"'
_CSS: Final = """\
h1 {margin:0 0 20px;font-size:27px;line-height:1.25;font-weight:650}
h2 {margin:36px 0 12px;font-size:20px;line-height:1.3;font-weight:650}
h3 {margin:28px 0 8px;font-size:16px;line-height:1.4;font-weight:650}
h4, h5, h6 {margin:20px 0 8px;font-size:15px;line-height:1.4;font-weight:650}
p {margin:0 0 16px}
ul, ol {margin:0 0 16px;padding:0 0 0 24px}
img {max-width:100%;height:auto;border:0}
hr {border:0;border-top:1px solid #d8dee4;margin:32px 0}
blockquote {margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #d8dee4}
pre {margin:0 0 16px;font-size:13px;line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere}
a {color:#0b5fa5}
.code {padding:10px 12px;border-radius:6px;background-color:#f6f8fa;color:#24292f}
.output {overflow-x:auto;margin:0 0 16px}
table {border-collapse:collapse;margin:4px 0 16px;font-size:14px;line-height:1.4}
tr {border-bottom:1px solid #d8dee4}
th {text-align:left;font-weight:600}
.output tr, .output th {text-align:right}
"""


def letter_of(file: NotebookFile, notebook: Any, choices: CellChoices) -> NotebookLetter:
    """Write a notebook as a piece of a letter.

    Args:
        file: Where it comes from.
        notebook: The notebook, with its outputs.
        choices: What of it is shown.

    Raises:
        TemplateError: A cell ended with an error, or nothing is left to be shown.
    """
    writer = _NotebookWriter(file, notebook, choices)
    parts = [(place, html) for place, html in writer.cells(notebook.cells) if html]
    if not parts:
        raise TemplateError(f"{file.name} shows nothing: {_why_empty(choices)}")
    identity = f"{file.name} {file.identity} {choices!r}"
    return whole_letter(parts, writer.left_out, writer.pictures, identity)


def whole_letter(
    parts: Sequence[tuple[str, str]], left_out: Iterable[str], pictures: NotebookPictures, identity: str
) -> NotebookLetter:
    """Put a letter together.

    Args:
        parts: What it shows: the place of each part in words, and its HTML.
        left_out: What is left out, and why.
        pictures: The pictures.
        identity: What the letter is known by.
    """
    html = _styled("\n".join(part for _, part in parts))
    text = tidy(to_text(html, Masks(html))).strip("\n")
    notes = comments(left_out, _largest(parts, html))
    return NotebookLetter(notes + html, text, tuple(pictures.parts.values()), identity)


class _NotebookWriter:
    """Writes cells.

    Attributes:
        pictures: The pictures they show.
        left_out: What is left out, and why.
    """

    def __init__(self, file: NotebookFile, notebook: Any, choices: CellChoices) -> None:
        self._file = file
        self._choices = choices
        self._states = saved_states(notebook)
        self._heading = ""
        self._figures = 0
        self.pictures = NotebookPictures(ReadFolder(file.folder))
        self.left_out: list[str] = []

    def cells(self, cells: Any) -> Iterator[tuple[str, str]]:
        """Walk the cells that are shown: the place of each in words, and its HTML."""
        number = 0
        for cell in cells:
            number += not is_injected(cell)  # as its author counts them
            if not self._choices.shows(cell):
                continue
            if cell.cell_type == "code":
                place = place_of(cell, number)
                for what, html in self._code(cell, place):
                    yield (f"{place}, {what}" if what else place), html
            elif not (number == 1 and is_front_matter(cell)):
                yield f"cell {number}", self._text(cell, f"cell {number}")

    def _text(self, cell: Any, place: str) -> str:
        if cell.cell_type == "markdown":
            html = markdown_html(cell.source, self.pictures)
        else:
            kind = str(cell.metadata.get("raw_mimetype") or cell.metadata.get("format") or "")
            if kind not in {"text/html", "text/markdown"}:
                return ""
            html = cell.source if kind == "text/html" else markdown_html(cell.source, self.pictures)
        left_out: list[str] = []
        attachments = cell.get("attachments", {})
        clean = clean_html(
            FoundHTML.read(html), self.pictures, attachments=attachments, left_out=left_out, has_styles=False
        )
        self.left_out += (f"{place}: {each}" for each in left_out)
        self._heading = _last_heading(clean) or self._heading
        return clean

    def _code(self, cell: Any, place: str) -> Iterator[tuple[str, str]]:
        code = source_of(cell)
        if self._choices.shows_code(cell) and code.strip():
            yield "its code", f'<pre class="code">{escape(code)}</pre>'
        if not self._choices.shows_outputs(cell) or not cell.outputs:
            return
        options = options_of(cell)
        caption = options.get("fig-cap", "")
        alt = options.get("fig-alt") or caption or f"Figure {self._figures + 1}: {self._heading}".rstrip(": ")
        outputs = CellOutputs(self.pictures, alt, self._states)
        html = outputs.html(cell.outputs)
        self._figures += outputs.figures
        self.left_out += (f"{place}: {each}" for each in outputs.left_out)
        if caption and outputs.figures:
            html += f"\n<p><em>{escape(caption)}</em></p>"
        if html:
            yield "a table" if outputs.tables else "", f'<div class="output">{html}</div>'


def refuse_errors(file: NotebookFile, notebook: Any, remedy: str) -> None:
    """Check that no cell ended with an error, shown or not: what follows it would be made of something else.

    Args:
        file: Where the notebook comes from.
        notebook: The notebook, with its outputs.
        remedy: What to do about one.

    Raises:
        TemplateError: One did, and was not meant to.
    """
    number = 0
    for cell in notebook.cells:
        number += not is_injected(cell)
        if cell.cell_type != "code" or MEANT_TO_FAIL in tags_of(cell):
            continue
        for output in cell.outputs:
            if output.output_type == "error" and output.ename != "SystemExit":
                said = f"{output.ename}: {output.evalue:.300}"
                raise TemplateError(f"{place_of(cell, number)} of {file.name} ended with {said}; {remedy}")


def place_of(cell: Any, number: int) -> str:
    """Say which cell one is: its number from the top, and what Jupyter shows beside it."""
    count = cell.get("execution_count")
    return f"cell {number} (In [{count}])" if count else f"cell {number}"


def _styled(html: str) -> str:
    """Write the style sheet into the elements, and the room of a table's cells into its tag: they may be many."""
    done = inline(f"{OWN_PLACE}{html}", OwnSheet(_CSS)).html
    tables = [each for each in read_tokens(done) if each.kind == "start" and each.name == "table"]
    return edited(done, [(each.insertion_place, each.insertion_place, _CELL_PADDING) for each in tables])


def _last_heading(html: str) -> str:
    found = read_tokens(html)
    for place in range(len(found) - 1, -1, -1):
        if found[place].kind == "start" and found[place].name in {"h1", "h2", "h3", "h4"}:
            end = next((at for at in range(place, len(found)) if found[at].kind == "end"), place)
            texts = (html[each.start : each.end] for each in found[place:end] if each.kind == "text")
            return " ".join(unescape("".join(texts)).split())
    return ""


def _largest(parts: Sequence[tuple[str, str]], html: str) -> str:
    """Say which cells make the letter too long, if it is."""
    if len(html.encode()) <= _NEARLY_TOO_LONG:
        return ""
    largest = sorted(((len(part.encode()), place) for place, part in parts), reverse=True)[:_NAMED]
    return ", ".join(f"{place} ({octets // 1000} kB)" for octets, place in largest)


def _why_empty(choices: CellChoices) -> str:
    if choices.tags:
        return f"no cell with an output has the tag {' or '.join(choices.tags)}"
    return "it has no outputs and no Markdown; run it and save it, or pass parameters="
