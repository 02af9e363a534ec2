"""The outputs of a cell as HTML of a letter: of several forms of one, the one that mail programs show best.

A table stays a table; what needs a script or a frame is shown by its picture, or its text, and where it has
neither is named as left out. What a cell wrote to stderr is for its author, and so is where an object lies in
memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.images.figures import Image, image_of
from notebookmail.errors import TemplateError

from .clean_html import FoundHTML, clean_html, says_something
from .formulas import formula_html
from .pictures import chart, decoded, drawing, is_chart
from .terminal_text import terminal_html
from .text_cells import markdown_html
from .widgets import WIDGET, is_progress, widget_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .pictures import NotebookPictures

_RASTERS: Final = ("image/png", "image/jpeg", "image/gif")
_HTML: Final = "text/html"
_SVG: Final = "image/svg+xml"
_LOADING: Final = ("bokehjs_load", "holoviews_load")
_ADDRESS: Final = " at 0x"
_SCRIPTS: Final = frozenset({"application/javascript", "text/javascript"})


class CellOutputs:
    """Writes the outputs of one cell.

    Args:
        pictures: Takes in the pictures.
        alt: A text for those who do not see its figures.
        widget_states: The saved states of widgets, by their names.

    Attributes:
        left_out: What is left out, and why.
        figures: How many figures there are.
        tables: How many tables there are.
    """

    def __init__(self, pictures: NotebookPictures, alt: str, widget_states: Mapping[str, Any]) -> None:
        self._pictures = pictures
        self._alt = alt
        self._widget_states = widget_states
        self.left_out: list[str] = []
        self.figures = 0
        self.tables = 0

    def html(self, outputs: Iterable[Any]) -> str:
        """Write outputs, one after the other."""
        return "\n".join(filter(None, map(self._output, _merged(outputs))))

    def _output(self, output: Any) -> str:
        if output["output_type"] == "stream":
            return terminal_html(output["text"]) if output["name"] == "stdout" else ""
        if output["output_type"] == "error":
            return terminal_html(f"{output['ename']}: {output['evalue']}")
        return self._shown(output["data"])

    def _shown(self, data: Mapping[str, Any]) -> str:
        """Write the form of an output that is shown best; note it as left out where there is none."""
        reasons: list[str] = []
        for write in (self._page, self._picture, self._chart, self._widget, self._text):
            try:
                html = write(data)
            except TemplateError as problem:
                reasons.append(problem.message)
                continue
            if html is not None:
                return html
        what = _name_of(data)
        if what:
            self.left_out.append("; ".join([what, *reasons]))
        return ""

    def _page(self, data: Mapping[str, Any]) -> str | None:
        """Write HTML: all of it where it needs no scripts, else the tables in it."""
        if _HTML not in data or any(name in kind for kind in data for name in _LOADING):
            return None
        found = FoundHTML.read(_joined(data[_HTML]))
        if found.is_live and not found.has_table:
            return None
        left_out: list[str] = []
        html = clean_html(found, self._pictures, left_out=left_out)
        if not says_something(html):
            return None if found.is_live or left_out else ""  # a style sheet alone shows nothing
        self.tables += found.has_table
        self.left_out += left_out
        return html

    def _picture(self, data: Mapping[str, Any]) -> str | None:
        for kind in _RASTERS:
            if kind in data:
                return self._figure(image_of(decoded(data[kind])))
        return self._figure(drawing(_joined(data[_SVG]))) if _SVG in data else None

    def _chart(self, data: Mapping[str, Any]) -> str | None:
        kind = next(filter(is_chart, data), None)
        return None if kind is None else self._figure(chart(kind, data[kind]))

    def _figure(self, image: Image) -> str:
        self.figures += 1
        return f"<p>{self._pictures.element(image, self._alt)}</p>"

    def _widget(self, data: Mapping[str, Any]) -> str | None:
        model = str(data.get(WIDGET, {}).get("model_id", "")) if WIDGET in data else ""
        if not model:
            return None
        if is_progress(model, self._widget_states):
            return ""
        return self.html(widget_outputs(model, self._widget_states)) or None

    def _text(self, data: Mapping[str, Any]) -> str | None:
        if "text/markdown" in data:
            found = FoundHTML.read(markdown_html(_joined(data["text/markdown"]), self._pictures))
            return clean_html(found, self._pictures, left_out=self.left_out, has_styles=False)
        if "text/latex" in data:
            return formula_html(_joined(data["text/latex"]), self._pictures, is_block=True)
        text = _joined(data.get("text/plain", ""))
        if _is_address(text) or WIDGET in data:
            return None
        return terminal_html(text) or None


def _name_of(data: Mapping[str, Any]) -> str:
    """Say what an output is that is left out; "" for what shows nothing, or only where it lies in memory."""
    if WIDGET in data:
        return "an ipywidgets view"
    if any(name in kind for kind in data for name in _LOADING):
        return ""
    kinds = [kind for kind in data if kind != "text/plain"]
    if not kinds:
        return ""
    if _SCRIPTS.issuperset(kinds):
        return "a script"
    if _HTML in kinds:
        return "an interactive view, which needs a browser"
    return f"an output that mail programs do not show ({kinds[0]})"


def _is_address(text: str) -> bool:
    """Tell whether the text of a value says no more than what kind of object it is."""
    bare = text.strip()
    is_object = bare.startswith("<IPython.") and bare.endswith(" object>")
    is_figure = bare.startswith("<Figure size ") or (bare.startswith("Text(") and bare.endswith(")"))
    return "\n" not in bare and (_ADDRESS in bare or is_object or is_figure)


def _merged(outputs: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Walk the outputs; what was printed in several pieces is one."""
    waiting: dict[str, Any] | None = None
    for each in outputs:
        is_stream = each["output_type"] == "stream"
        if is_stream and waiting is not None and each["name"] == waiting["name"]:
            waiting["text"] += _joined(each["text"])
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        if is_stream:
            waiting = {"output_type": "stream", "name": each["name"], "text": _joined(each["text"])}
        else:
            yield each
    if waiting is not None:
        yield waiting


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(text)
