"""Formulas in LaTeX as pictures, drawn by matplotlib's mathtext; those it does not know stay as written."""

from __future__ import annotations

import io
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markupsafe import escape

from notebookmail.compose.images.figures import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .pictures import NotebookPictures

_SIZE: Final = 16  # of the letters, in CSS pixels
_DENSITY: Final = 2
_UNITS: Final = 72  # a point is a pixel, then
_GAP: Final = 1.0  # pixels around a formula
_MARKS: Final = ("$$", "$", "\\[", "\\]", "\\(", "\\)")
_SILENT: Final = ("\\nonumber", "\\notag", "\\displaystyle", "\\limits")
_NAMED: Final = ("\\label{", "\\tag{")
_BEGIN, _END = "\\begin{", "\\end{"
_LINES: Final = frozenset({"align", "aligned", "equation", "eqnarray", "gather", "gathered", "multline", "split"})


def formula_html(latex: str, pictures: NotebookPictures, *, is_block: bool) -> str:
    """Write a formula: as a picture for each of its lines, or as it stands where it cannot be drawn.

    Args:
        latex: The formula, with or without its dollars.
        pictures: Takes in the pictures.
        is_block: Whether it stands on lines of its own.
    """
    inner = _bare(latex)
    elements = []
    for line in _lines(inner):
        drawn = _formula(line)
        if drawn is None:
            elements = [f"<code>{escape(inner)}</code>"]
            break
        image, depth = drawn
        style = f"vertical-align:-{depth:.0f}px;max-width:100%;border:0"
        elements.append(pictures.element(image, line, style))
    joined = "<br>".join(elements)
    return f'<p style="text-align:center">{joined}</p>' if is_block else joined


def _bare(latex: str) -> str:
    text = latex.strip()
    for mark in _MARKS:
        text = text.removeprefix(mark).removesuffix(mark).strip()
    return text


def _lines(latex: str) -> Iterator[str]:
    """Walk the lines of a formula of several, without what only arranges them."""
    text = latex
    while text.startswith(_BEGIN):
        name, _, inner = text.removeprefix(_BEGIN).partition("}")
        end = f"{_END}{name}}}"
        if name.rstrip("*") not in _LINES or not inner.rstrip().endswith(end):
            break
        text = inner.rstrip().removesuffix(end).strip()
    is_nested = _BEGIN in text
    for line in [text] if is_nested else text.split("\\\\"):
        plain = line if is_nested else line.replace("\\&", "\0").replace("&", "").replace("\0", "\\&")
        for word in _SILENT:
            plain = plain.replace(word, "")
        for word in _NAMED:
            while word in plain:
                before, _, after = plain.partition(word)
                plain = before + after.partition("}")[2]
        if plain.strip():
            yield " ".join(plain.split())


@lru_cache(maxsize=512)
def _formula(latex: str) -> tuple[Image, float] | None:
    """Draw one line; None where mathtext does not know what stands in it, or is not there."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.font_manager import FontProperties
        from matplotlib.mathtext import MathTextParser
    except ImportError:
        return None
    text = f"${latex}$"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of fonts that lack a sign
            font = FontProperties(size=_SIZE)
            width, height, depth, _, _ = MathTextParser("path").parse(text, dpi=_UNITS, prop=font)
            whole, high = width + 2 * _GAP, height + 2 * _GAP
            figure = Figure(figsize=(whole / _UNITS, high / _UNITS), facecolor="white")
            figure.text(_GAP / whole, (depth + _GAP) / high, text, fontproperties=font, color="#24292f")
            file = io.BytesIO()
            figure.savefig(file, format="png", dpi=_UNITS * _DENSITY, metadata={"Software": None})
    except (ValueError, RuntimeError):  # what mathtext raises of a formula; its parser's errors are ValueErrors
        return None
    return Image(file.getvalue(), "png", round(whole)), depth + _GAP
