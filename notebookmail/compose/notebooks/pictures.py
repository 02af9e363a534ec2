"""The pictures of a notebook as parts of its letter, wherever they stand: outputs, attachments of cells, files.

Mail programs show PNG, JPEG and GIF, and no drawings: SVG and the charts of Vega and plotly are drawn here, by the
libraries that know how, and nothing is fetched for it. A picture in the web stays where it is.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_to_bytes

from markupsafe import escape

from notebookmail.compose.images.figures import Image, image_of
from notebookmail.compose.images.inline_images import picture_of, shown_width
from notebookmail.compose.images.svg_drawings import png_of_svg
from notebookmail.errors import INTERRUPTS, TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.compose.files import ReadFolder
    from notebookmail.compose.images.inline_images import Picture

_DENSITY: Final = 2
_REMOTE: Final = ("http:", "https:", "cid:", "//")
_IMG_STYLE: Final = "max-width:100%;height:auto;border:0"
_BASE64: Final = ";base64"


class NotebookPictures:
    """Takes in the pictures of one notebook.

    Args:
        folder: Where the files lie that its Markdown shows.

    Attributes:
        parts: The pictures by Content-ID, in the order in which they are shown.
    """

    def __init__(self, folder: ReadFolder) -> None:
        self._folder = folder
        self.parts: dict[str, Picture] = {}

    def element(self, image: Image, alt: str, style: str = _IMG_STYLE) -> str:
        """Take in an image, and return the element that shows it.

        Args:
            image: The image.
            alt: A text for those who do not see it.
            style: What the element is styled with.
        """
        picture = self._take(image)
        width = f' width="{shown_width(picture)}"' if picture.width else ""
        return f'<img src="cid:{picture.content_id}" alt="{escape(alt)}"{width} style="{style}">'

    def source(self, url: str, attachments: Mapping[str, Mapping[str, str]]) -> tuple[str, int]:
        """Take in the picture an element of a cell shows.

        Args:
            url: What the element names: an attachment of the cell, octets, a file beside the notebook.
            attachments: What is attached to the cell: octets in base64 by their kind, by name.

        Returns:
            What the element is to name, and how wide it is meant to be, or 0.

        Raises:
            TemplateError: The picture is not there, or is none that mail programs show.
        """
        if url.lower().startswith(_REMOTE):
            return url, 0
        picture = self._take(_image(self._octets(url, attachments)))
        return f"cid:{picture.content_id}", shown_width(picture)

    def _octets(self, url: str, attachments: Mapping[str, Mapping[str, str]]) -> bytes:
        scheme, _, rest = url.partition(":")
        if scheme.lower() == "data":
            head, _, content = rest.partition(",")
            return decoded(content) if head.lower().endswith(_BASE64) else unquote_to_bytes(content)
        if scheme.lower() == "attachment":
            kinds = attachments.get(unquote(rest)) or attachments.get(rest) or {}
            if not kinds:
                raise TemplateError(f"the attachment {rest!r:.80} is not in its cell")
            return decoded(next(iter(kinds.values())))
        return self._folder.read(unquote(url.partition("?")[0]))

    def _take(self, image: Image) -> Picture:
        picture = picture_of(image)
        return self.parts.setdefault(picture.content_id, picture)


def decoded(content: str | list[str]) -> bytes:
    """Decode a picture's base64, which may stand on several lines.

    Raises:
        TemplateError: It is none.
    """
    try:
        return base64.b64decode(content if isinstance(content, str) else "".join(content))
    except (binascii.Error, ValueError) as problem:
        raise TemplateError("a picture's base64 is damaged") from problem


def _image(content: bytes) -> Image:
    return drawing(content.decode("utf-8", "replace")) if b"<svg" in content[:1000] else image_of(content)


def drawing(svg: str) -> Image:
    """Draw an SVG document as PNG.

    Raises:
        TemplateError: It cannot be drawn, or what draws it is not installed.
    """
    return _drawn(lambda: png_of_svg(svg, _DENSITY), "an SVG drawing")


def chart(kind: str, content: Any) -> Image:
    """Draw a chart that came as data.

    Args:
        kind: Its media type, of Vega, Vega-Lite or plotly.
        content: The data.

    Raises:
        TemplateError: It cannot be drawn, or what draws it is not installed.
    """
    if "plotly" in kind:
        return _plotly(content)
    if "vegalite" in kind:
        return _drawn(lambda: _converter().vegalite_to_png(content, scale=_DENSITY), "a Vega-Lite chart")
    return _drawn(lambda: _converter().vega_to_png(content, scale=_DENSITY), "a Vega chart")


def is_chart(kind: str) -> bool:
    """Tell whether a media type is that of a chart as data."""
    return any(name in kind for name in ("vnd.plotly.v", "vnd.vega.v", "vnd.vegalite.v"))


def _plotly(content: Any) -> Image:
    try:
        from plotly.graph_objects import Figure
    except ImportError as problem:
        raise TemplateError("a plotly figure wants plotly and kaleido: pip install plotly kaleido") from problem
    try:
        figure = Figure({"data": content["data"], "layout": content.get("layout", {})}, skip_invalid=True)
    except (KeyError, TypeError, ValueError) as problem:
        raise TemplateError(f"a plotly figure cannot be read: {problem}") from problem
    return image_of(figure)


def _drawn(draw: Any, what: str) -> Image:
    try:
        content = draw()
    except (TemplateError, *INTERRUPTS):
        raise
    except ImportError as missing:
        raise TemplateError(str(missing)) from missing
    except BaseException as problem:  # a library in Rust fails in its own words
        raise TemplateError(f"{what} cannot be drawn: {problem!s:.200}") from problem
    image = image_of(content)
    return Image(image.content, image.subtype, image.width // _DENSITY)


def _converter() -> Any:
    try:
        import vl_convert
    except ImportError as problem:
        raise TemplateError('drawings need vl-convert: pip install "notebookmail[notebook]"') from problem
    return vl_convert
