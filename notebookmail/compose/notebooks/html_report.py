"""A report that nbconvert or Quarto has written as one HTML page, as a piece of a letter.

What a page has beside the report is left out: its style sheets and scripts, its table of contents, prompts, the
warnings of its author, and the code unless it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notebookmail.compose.files import ReadFolder
from notebookmail.compose.markup.html_tokens import edited, read_tokens
from notebookmail.errors import TemplateError

from .clean_html import FoundHTML, clean_html, end_of, says_something
from .conversion import whole_letter
from .formulas import formula_html
from .pictures import NotebookPictures

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from notebookmail.compose.markup.html_tokens import Token

    from .letter import NotebookLetter

_BESIDE: Final = frozenset({"head", "nav", "footer"})
_BESIDE_CLASSES: Final = frozenset({
    "anchor-link", "anchorjs-link", "cell-output-stderr", "jp-InputPrompt", "jp-OutputPrompt", "output_stderr",
    "prompt", "quarto-title-meta-heading",
})  # fmt: skip
_CODE_CLASSES: Final = frozenset({"cell-code", "code-fold", "input_area", "jp-InputArea-editor"})
_STDERR: Final = "application/vnd.jupyter.stderr"
_FORMULA: Final = "math"
_TITLES: Final = ("h1", "h2", "h3", "title")


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A report's page.

    Attributes:
        name: Its name.
        folder: Where it lies.
        html: What is in it.
    """

    name: str
    folder: str
    html: str = field(repr=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ReportPage:
        """Read a page.

        Raises:
            TemplateError: It is not there.
        """
        file = Path(path).expanduser().resolve()
        content = ReadFolder(file.parent).read(file.name)
        return cls(file.name, str(file.parent), content.decode("utf-8", "replace"))

    def title(self) -> str:
        """Return its first heading, or what it calls itself; or ""."""
        found = read_tokens(self.html)
        for name in _TITLES:
            for place, tag in enumerate(found):
                if tag.kind == "start" and tag.name == name and (text := _text(self.html, found, place)):
                    return text
        return ""

    def letter(self, *, has_code: bool) -> NotebookLetter:
        """Write the report as a piece of a letter.

        Raises:
            TemplateError: It shows nothing.
        """
        pictures = NotebookPictures(ReadFolder(self.folder))
        left_out: list[str] = []
        html = edited(self.html, list(self._edits(pictures, has_code=has_code)))
        clean = clean_html(FoundHTML.read(html), pictures, left_out=left_out)
        if not says_something(clean):
            raise TemplateError(f"{self.name} shows nothing: is it a report's page?")
        return whole_letter(
            [("the page", f'<div class="output">{clean}</div>')], left_out, pictures, f"{self.name} {has_code}"
        )

    def _edits(self, pictures: NotebookPictures, *, has_code: bool) -> Iterator[tuple[int, int, str]]:
        """Walk what is no part of the report, and its formulas."""
        found = read_tokens(self.html)
        skipped_to = 0
        for place, tag in enumerate(found):
            if tag.kind != "start" or tag.start < skipped_to:
                continue
            classes = _classes(tag)
            is_beside = tag.name in _BESIDE or classes & _BESIDE_CLASSES or _is_stderr(tag)
            if is_beside or (not has_code and classes & _CODE_CLASSES):
                skipped_to = end_of(found, place)
                yield tag.start, skipped_to, ""
            elif _FORMULA in classes:
                skipped_to = end_of(found, place)
                text = unescape(_text(self.html, found, place))
                yield tag.start, skipped_to, formula_html(text, pictures, is_block="display" in classes)


def _classes(tag: Token) -> set[str]:
    named = tag.attribute("class")
    return set(named.value.split()) if named is not None else set()


def _is_stderr(tag: Token) -> bool:
    kind = tag.attribute("data-mime-type")
    return kind is not None and kind.value == _STDERR


def _text(html: str, found: tuple[Token, ...], place: int) -> str:
    """Return the text of the element that begins at a place, without the link to itself."""
    end = end_of(found, place)
    texts = (
        html[each.start : each.end] for each in found[place:] if each.kind in {"text", "raw"} and each.end <= end
    )
    return " ".join(unescape("".join(texts)).replace("¶", "").split())
