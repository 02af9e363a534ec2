"""What an analyst draws, as the bytes of an image: any library's figure, a picture file, bytes.

The only place that knows drawing libraries. None of them is imported: a figure is known by what it can do, so the
library is there already. Images are drawn for screens of double density and say which width they are meant for.
Mail programs show PNG, JPEG and GIF everywhere and SVG almost nowhere, so everything becomes one of the three.
"""

from __future__ import annotations

import base64
import io
import struct
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import INTERRUPTS, TemplateError

from .svg_drawings import png_of_svg

if TYPE_CHECKING:
    from collections.abc import Callable

_DENSITY: Final = 2
_DOTS_PER_INCH: Final = 96
_SIGNATURES: Final = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
}
_ENDS: Final = {"png": b"IEND", "jpeg": b"\xff\xd9"}  # a GIF's is a semicolon, which is anywhere
_PNG_MODES: Final = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
_PHOTOGRAPHS: Final = frozenset({"JPEG", "MPO"})  # phones write several JPEG images in one file
_QUALITY: Final = 90
_REPRESENTATIONS: Final = ("_repr_png_", "_repr_jpeg_")
_SVG: Final = "_repr_svg_"
_MOST_NESTED: Final = 8  # parts of a figure in parts of a figure
_MARKER: Final = 0xFF
_JPEG_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


@dataclass(frozen=True, slots=True)
class Image:
    """An image ready to be sent.

    Attributes:
        content: The file's bytes.
        subtype: "png", "jpeg" or "gif".
        width: The width it is meant for, in CSS pixels; 0 if unknown.
        name: What its file is called, without an ending: "chart" of what was drawn.
    """

    content: bytes
    subtype: str
    width: int
    name: str = "picture"


def is_figure(value: object) -> bool:
    """Tell whether a value is something drawn: a figure or a picture, of any library."""
    if isinstance(value, (str, bytes, type)):
        return False
    # What draws itself as SVG alone may be a value with a text of its own, such as a geometry.
    return _drawer(value) not in {None, _draw_svg}


def image_of(value: Any) -> Image:
    """Draw a value as an image.

    Args:
        value: Bytes of a PNG, JPEG or GIF file; a matplotlib figure or axes (seaborn's too), a PIL image; a figure
            of plotly, altair, plotnine, bokeh or holoviews; or any object that shows itself to notebooks as PNG,
            JPEG or SVG.

    Raises:
        TemplateError: It is none of them, or its library cannot draw it.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(value), 1)
    draw = _drawer(value)
    if draw is None:
        raise TemplateError(
            f"a {type(value).__name__} is no image: pass a figure, a path, or the bytes of a PNG, JPEG or GIF file"
        )
    try:
        content = draw(value)
    except INTERRUPTS:
        raise
    except BaseException as problem:  # each library fails in its own words
        raise TemplateError(f"the {type(value).__name__} cannot be drawn: {problem}") from problem
    if not isinstance(content, bytes):
        raise TemplateError(
            f"the {type(value).__name__} draws no PNG and no JPEG, the only images mail programs show everywhere"
        )
    if draw is _draw_pil:
        return _from_bytes(content, 1)
    return replace(_from_bytes(content, _DENSITY), name="chart")


def release(value: Any) -> None:
    """Let go of a figure that was drawn for one letter alone: pyplot would keep it, and show it below the cell.

    Args:
        value: A figure or a part of one; anything else is left alone.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not is_figure(value):
        return
    canvas = _canvas(value)
    figure = getattr(canvas, "figure", canvas)
    if hasattr(figure, "number") and pyplot.fignum_exists(figure.number):
        pyplot.close(figure)


def _drawer(value: Any) -> Callable[[Any], Any] | None:
    """Return the function that draws a value, or None."""
    if _canvas(value) is not None:
        return _draw_matplotlib
    kinds = type(value).__mro__
    rooms, names = {kind.__module__.partition(".")[0] for kind in kinds}, {kind.__name__ for kind in kinds}
    for room, feature, draw in _LIBRARIES:
        if room in rooms and (hasattr(value, feature) or feature in names):
            return draw
    if any(callable(getattr(type(value), name, None)) for name in _REPRESENTATIONS):
        return _draw_itself
    return _draw_svg if callable(getattr(type(value), _SVG, None)) else None


def _canvas(value: Any) -> Any:
    """Return what can be saved: a figure or grid itself, the figure of axes or of a part of a figure; or None."""
    for _ in range(_MOST_NESTED):
        if value is None or hasattr(value, "savefig"):
            return value
        value = getattr(value, "figure", None)
    return None


def _draw_matplotlib(value: Any) -> bytes:
    canvas = _canvas(value)
    figure = getattr(canvas, "figure", canvas)  # a seaborn grid saves itself, and has a figure
    file = io.BytesIO()
    canvas.savefig(
        file,
        format="png",
        dpi=_DENSITY * _DOTS_PER_INCH,
        facecolor=_opaque(figure.get_facecolor()),
        transparent=False,
        metadata={"Software": None},
    )
    return file.getvalue()


def _opaque(colour: tuple[float, float, float, float]) -> tuple[float, ...]:
    """Lay a figure's ground on white: dark lines on no ground could not be read where the mail program is dark."""
    *parts, alpha = colour
    return tuple(part * alpha + 1 - alpha for part in parts)


def _draw_pil(picture: Any) -> bytes:
    file = io.BytesIO()
    if picture.format in _PHOTOGRAPHS and picture.mode in {"RGB", "L"}:
        # "keep" takes the file's own quality over; what is written to it (a place, a camera) stays behind.
        picture.save(file, format="JPEG", quality="keep" if picture.format == "JPEG" else _QUALITY)
    else:
        plain = picture if picture.mode in _PNG_MODES else picture.convert("RGB")
        plain.save(file, format="PNG")
    return file.getvalue()


def _draw_plotly(figure: Any) -> Any:
    return figure.to_image(format="png", scale=_DENSITY)


def _draw_altair(chart: Any) -> bytes:
    file = io.BytesIO()
    chart.save(file, format="png", scale_factor=_DENSITY)
    return file.getvalue()


def _draw_plotnine(plot: Any) -> bytes:
    return _draw_matplotlib(plot.draw())


def _draw_holoviews(element: Any) -> Any:
    """Draw with the backend that shows it in the notebook: a figure of matplotlib, bokeh or plotly comes of it."""
    rendered = sys.modules["holoviews"].render(element)
    if isinstance(rendered, dict):
        from plotly.graph_objects import Figure

        rendered = Figure(rendered)
    draw = _drawer(rendered)
    return None if draw is None else draw(rendered)


def _draw_bokeh(model: Any) -> bytes:
    """Have a browser draw it, as bokeh does: it says what it needs for that."""
    from bokeh.io.export import get_screenshot_as_png

    return _draw_pil(get_screenshot_as_png(model, scale_factor=_DENSITY))


def _draw_svg(value: Any) -> Any:
    drawing = getattr(value, _SVG)()
    text = drawing[0] if isinstance(drawing, tuple) else drawing
    return png_of_svg(text, _DENSITY) if isinstance(text, str) else None


def _draw_itself(value: Any) -> Any:
    """Ask an object for the image it shows in notebooks, which may come with metadata, or as base64."""
    for name in _REPRESENTATIONS:
        shown = getattr(value, name)() if hasattr(type(value), name) else None
        content = shown[0] if isinstance(shown, tuple) else shown
        if content is not None:
            return base64.b64decode(content) if isinstance(content, str) else content
    return _draw_svg(value) if hasattr(type(value), _SVG) else None


_LIBRARIES: Final[tuple[tuple[str, str, Callable[[Any], Any]], ...]] = (
    ("PIL", "save", _draw_pil),
    ("plotly", "to_image", _draw_plotly),
    ("altair", "save", _draw_altair),
    ("plotnine", "draw", _draw_plotnine),
    ("holoviews", "opts", _draw_holoviews),
    ("bokeh", "LayoutDOM", _draw_bokeh),
)
"""A library, an attribute or a class of what it draws, and what makes an image of it."""


def _from_bytes(content: bytes, density: int) -> Image:
    subtype = next((kind for mark, kind in _SIGNATURES.items() if content.startswith(mark)), None)
    if subtype is None:
        raise TemplateError(f"{_what(content)}: pass a PNG, JPEG or GIF file")
    try:
        width = _WIDTHS[subtype](content)
    except struct.error:
        width = None
    if width is None or content.rfind(_ENDS.get(subtype, b"")) < 0:
        raise TemplateError(f"the {subtype.upper()} image is cut off after {len(content)} octets: write it anew")
    return Image(content, subtype, width // density)


def _what(content: bytes) -> str:
    if not content:
        return "the image is empty"
    is_drawing = b"<svg" in content[:1000]
    return f"the bytes are {'an SVG drawing, which mail programs do not show' if is_drawing else 'no image'}"


def _png_width(content: bytes) -> int:
    return int(struct.unpack_from(">I", content, 16)[0])


def _gif_width(content: bytes) -> int:
    return int(struct.unpack_from("<H", content, 6)[0])


def _jpeg_width(content: bytes) -> int:
    """Go from segment to segment to the one that says the size (ITU T.81, B.2.2)."""
    place = 2
    while True:
        marker, length = struct.unpack_from(">HH", content, place)
        first, kind = divmod(marker, 256)
        if first != _MARKER:  # no segment: nobody knows
            return 0
        if kind == _MARKER:  # a marker may have fill bytes before it
            place += 1
        elif kind in _JPEG_FRAMES:
            return int(struct.unpack_from(">H", content, place + 7)[0])
        else:
            place += 2 + length


_WIDTHS: Final = {"png": _png_width, "gif": _gif_width, "jpeg": _jpeg_width}
"""What reads an image's width in pixels; a struct.error says that its head is cut off."""
