"""Images inside a letter: parts of their own with a Content-ID, never data: URIs (RFC 2387, RFC 2392).

Mail programs block images they would have to fetch, and many refuse data: URIs; a part that travels with the
letter is shown. An image's Content-ID is a hash of its content: the same image is sent once in a letter, and
encoded once for all letters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Undefined
from markupsafe import Markup, escape

from notebookmail.compose.cache import Cache
from notebookmail.compose.mime.transfer_encoding import base64_body
from notebookmail.errors import TemplateError

from .figures import Image, image_of, is_figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookmail.compose.files import ReadFolder

_MOST_WIDTH: Final = 600  # of the letter's column, in CSS pixels
_MOST_PIXELS: Final = 10_000
_KEPT_OCTETS: Final = 32 * 1024 * 1024
_OCTETS: Final = (bytes, bytearray, memoryview)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a letter.

    Attributes:
        content_id: What the letter knows it by (RFC 2392).
        width: The width it is meant for, in CSS pixels; 0 if unknown.
        part: The part it travels in.
    """

    content_id: str
    width: int
    part: bytes


class InlineImages:
    """The images of a run, encoded; the last ones used are kept, up to a bounded size.

    Args:
        folder: Where image files may lie.
    """

    def __init__(self, folder: ReadFolder) -> None:
        self._folder = folder
        self._kept: Cache[Picture] = Cache(_KEPT_OCTETS)
        # By the identity of an object that is the same for all rows; held, so that no other takes its identity.
        self._fixed: dict[int, tuple[Any, Picture | None]] = {}
        self._tables: Cache[str] = Cache(_KEPT_OCTETS)

    def keep(self, value: Any, drawn: Picture | None = None) -> Picture | None:
        """Take note of a value that is the same for all rows: a figure is drawn now and never again, a table once.

        Args:
            value: The value.
            drawn: Its picture, where it was drawn before.

        Returns:
            Its picture, if it is one.

        Raises:
            TemplateError: It cannot be drawn, or is not there.
        """
        is_picture = _is_path(value) or isinstance(value, _OCTETS) or is_figure(value)
        picture = drawn or (self.find(value) if is_picture else None)
        self._fixed[id(value)] = (value, picture)
        return picture

    def shown(self, value: Any, choices: tuple[Any, ...], write: Callable[[], str]) -> str:
        """Write a table; one that is the same for all rows is written once for each choice of its look."""
        if id(value) not in self._fixed:
            return write()
        key = (id(value), repr(choices))  # not the choices: a text and Markup of it are equal
        found = self._tables.get(key)
        if found is None:
            text = write()
            found = self._tables.put(key, text, len(text))
        return found

    def find(self, value: Any) -> Picture:
        """Return the picture of a value.

        Raises:
            TemplateError: It cannot be drawn, or is not there.
        """
        fixed = self._fixed.get(id(value))
        if fixed is not None and fixed[1] is not None:
            return fixed[1]
        return self._of_file(value) if _is_path(value) else self._of_image(image_of(value))

    def _of_file(self, name: Any) -> Picture:
        key = self._folder.state(name)
        found = self._kept.get(key)
        if found is None:
            found = picture_of(image_of(self._folder.read(name)))
            self._kept.put(key, found, len(found.part))
        return found

    def _of_image(self, image: Image) -> Picture:
        content_id = _content_id(image)
        found = self._kept.get(content_id)
        if found is None:
            found = picture_of(image)
            self._kept.put(content_id, found, len(found.part))
        return found


class UsedImages:
    """The images one letter shows, in the order it shows them.

    Args:
        images: The run's images.
    """

    __slots__ = ("_images", "parts", "shown")

    def __init__(self, images: InlineImages) -> None:
        self._images = images
        self.shown = images.shown
        self.parts: dict[str, bytes] = {}

    def reference(self, value: Any, *, has_width: bool = False) -> Markup:
        """Take in an image; return its cid: URL (RFC 2392), for a quoted attribute.

        Args:
            value: The image.
            has_width: Whether the attribute is followed by one more, the image's width.
        """
        picture = self._take(value)
        size = f'" width="{width}' if has_width and (width := shown_width(picture)) else ""
        return Markup(f"cid:{picture.content_id}{size}")  # noqa: S704 - a hash and a number

    def element(self, value: Any, alt: str, width: int | None) -> Markup:
        """Take in an image; return the element that shows it.

        Raises:
            TemplateError: It cannot be drawn, or the width is no number of pixels.
        """
        picture = self._take(value)
        shown = shown_width(picture) if width is None else _checked_width(width)
        size = f' width="{shown}"' if shown else ""
        return Markup(  # noqa: S704 - escaped, number or hash
            f'<img src="cid:{picture.content_id}" alt="{escape(alt)}"{size} '
            'style="display:inline-block;max-width:100%;height:auto;border:0">'
        )

    def take_in(self, picture: Picture) -> None:
        """Take in a picture that was made before."""
        self.parts[picture.content_id] = picture.part

    def _take(self, value: Any) -> Picture:
        if isinstance(value, Undefined):
            str(value)  # says which value is missing
        picture = self._images.find(value)
        self.take_in(picture)
        return picture


def shown_width(picture: Picture) -> int:
    """Return how wide an image is shown, in CSS pixels; 0 if nobody knows."""
    return min(picture.width, _MOST_WIDTH)


def _checked_width(width: Any) -> int:
    """Return a width in pixels; a text could bring attributes of its own with it."""
    if isinstance(width, int) and not isinstance(width, bool) and 0 < width <= _MOST_PIXELS:
        return width
    raise TemplateError(f"width={width!r:.40} is no number of pixels: write | image(alt=..., width=300)")


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, PurePath))


def _content_id(image: Image) -> str:
    return f"{hashlib.blake2b(image.content, digest_size=12).hexdigest()}@notebookmail"


def picture_of(image: Image) -> Picture:
    """Make the part an image travels in."""
    content_id = _content_id(image)
    name = f"{image.name}.{image.subtype}"
    fields = (
        f"Content-Type: image/{image.subtype}\r\nContent-Transfer-Encoding: base64\r\n"
        f'Content-ID: <{content_id}>\r\nContent-Disposition: inline; filename="{name}"\r\n\r\n'
    )
    return Picture(content_id, image.width, fields.encode("ascii") + base64_body(image.content))


def check_alt(alt: Any) -> str:
    """Return an image's alternative text.

    Raises:
        TemplateError: There is none, or it is no text.
    """
    if isinstance(alt, Undefined):
        str(alt)  # says which value is missing
    if isinstance(alt, Markup):
        return alt.striptags()  # its quotes are those of elements, and would end the attribute
    if not isinstance(alt, str):
        raise TemplateError(
            "an image wants a text for those who do not see it: "
            '{{ chart | image(alt="Sales by month") }}, or alt="" for mere decoration'
        )
    return alt
