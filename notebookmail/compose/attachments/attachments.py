"""What is attached to a letter: files, bytes, tables and figures, for all rows or made for each.

What is the same for all rows is made and encoded once and shared by all letters, whatever name each of them gives
it; files that differ by row, and octets a function returns, are encoded when they are first met, and the last ones
used are kept, up to a bounded size.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.cache import Cache
from notebookmail.compose.images.figures import image_of, is_figure, release
from notebookmail.compose.jinja.parts import TemplatePart
from notebookmail.compose.mime.content_disposition import check_file_name, disposition, guess_type
from notebookmail.compose.mime.transfer_encoding import base64_body
from notebookmail.compose.row_functions import as_path, called, is_callable, is_path
from notebookmail.compose.tables.group_rows import is_table
from notebookmail.errors import FrameError, TemplateError

from .frames_as_files import sheet_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from jinja2 import Environment

    from notebookmail.compose.files import ReadFolder
    from notebookmail.compose.mime import multipart

    FixedParts = Sequence[list[multipart.MimePart] | None]
    SharedKey = tuple[str, Any, Any]

FIELD: Final = "attachments"
_KEPT_OCTETS: Final = 64 * 1024 * 1024
_PIECE: Final = 64 * 1024
_WORTH_KEEPING: Final = 4 * 1024
_OCTETS: Final = (bytes, bytearray, memoryview)


@dataclass(frozen=True, slots=True)
class Named:
    """Something to attach.

    Attributes:
        name: Its file name, a template; None for the file's own name.
        content: A path (a template), bytes, a table, a figure, or a callable that makes one of them from a row.
    """

    name: str | None
    content: Any


def listed_attachments(given: Any) -> tuple[Named, ...]:
    """Bring what the user gave to one form: paths, (name, content), a mapping of names to contents, callables.

    Raises:
        TemplateError: An item is none of them.
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return tuple(map(_named, given.items()))
    if is_path(given) or is_callable(given) or isinstance(given, Named) or _is_lone_pair(given):
        return (_named(given),)
    if isinstance(given, (list, tuple)):
        return tuple(map(_named, given))
    raise _wrong(given)


def _named(item: Any) -> Named:
    if isinstance(item, Named):
        return item
    if is_path(item) or is_callable(item):
        return Named(None, item)
    if _is_pair(item):
        return Named(*item)
    raise _wrong(item)


def _is_pair(item: Any) -> bool:
    """Tell whether it is (name, content)."""
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)  # noqa: PLR2004


def _is_lone_pair(given: Any) -> bool:
    """Tell whether it is the (name, content) of the only attachment; two texts are two paths."""
    return _is_pair(given) and not isinstance(given[1], (str, tuple))


def _wrong(item: Any) -> TemplateError:
    return TemplateError(
        f"a {type(item).__name__} alone cannot be attached: give a path, or a name with it, as in "
        '("report.csv", df), or a function of the row that returns one of them',
        FIELD,
    )


class Attachments:
    """Turns what a template attaches into parts, row by row.

    Args:
        env: The text environment.
        items: What is attached.
        folder: Where files may lie.
        fixed: The parts that are the same for all rows, where they were made before.

    Attributes:
        fixed: The parts of each item, None where they differ by row.

    Raises:
        TemplateError: A file that all rows get is not there, or something cannot be attached.
    """

    def __init__(
        self, env: Environment, items: tuple[Named, ...], folder: ReadFolder, fixed: FixedParts | None = None
    ) -> None:
        self._folder = folder
        self._files: Cache[_Body] = Cache(_KEPT_OCTETS)
        self._returned: Cache[_Body] = Cache(_KEPT_OCTETS // 4)
        self._items = [_Item(env, item) for item in items]
        self.fixed: FixedParts = fixed or [
            list(self._parts(item, {}, None, None)) if item.is_fixed else None for item in self._items
        ]

    def shared(self) -> Iterator[tuple[SharedKey, bytes]]:
        """Walk the encoded contents that letters share, each with what `content` knows it by."""
        for place, (item, parts) in enumerate(zip(self._items, self.fixed, strict=True)):
            yield from ((("fixed", place, number), part[-1]) for number, part in enumerate(parts or ()))
            yield from ((("form", place, ending), body.encoded) for ending, body in item.bodies.items())

    def content(self, key: SharedKey) -> bytes:
        """Return an encoded content that letters share."""
        kind, place, which = key
        if kind == "form":
            return self._items[place].body(f"all.{which}").encoded
        parts = self.fixed[place]
        assert parts is not None  # noqa: S101 -- the key came from there
        return parts[which][-1]

    def parts(self, context: dict[str, Any], row: Any, label: Hashable) -> Iterator[multipart.MimePart]:
        """Make a row's parts.

        Args:
            context: The row's values, as a template sees them.
            row: The row, as a callable sees it.
            label: The row's label, for messages.

        Raises:
            TemplateError: A file is not there, a callable failed, or a name is no file name.
        """
        for item, fixed in zip(self._items, self.fixed, strict=True):
            yield from fixed if fixed is not None else self._parts(item, context, row, label)

    def _parts(
        self, item: _Item, context: dict[str, Any], row: Any, label: Hashable
    ) -> Iterator[multipart.MimePart]:
        resolved = list(item.resolve(context, row, label))
        try:
            for name, content in resolved:
                yield self._part(item, name, content)
        except (TemplateError, FrameError) as problem:
            raise TemplateError(getattr(problem, "message", str(problem)), FIELD, label) from problem
        finally:
            for made in (content for _, content in resolved if content is not item.content):
                release(made)

    def _part(self, item: _Item, name: str | None, content: Any) -> multipart.MimePart:
        if is_path(content):
            path = as_path(content)
            name = check_file_name(PurePath(path).name if name is None else name)
            return self._file(path).part(name)
        name = check_file_name(name or "")
        return (item.body(name) if content is item.content else self._made(content, name)).part(name)

    def _made(self, content: Any, name: str) -> _Body:
        """Encode what a function has made; octets that it returns for many rows, once."""
        if type(content) is not bytes or len(content) < _WORTH_KEEPING:
            return _Body(_octets(content, name))
        body = self._returned.get(content)
        if body is None:
            body = _Body(content)
            self._returned.put(content, body, len(content) + len(body.encoded))
        return body

    def _file(self, path: str) -> _Body:
        key = self._folder.state(path)
        body = self._files.get(key)
        if body is None:
            body = _Body(self._folder.read(path))
            self._files.put(key, body, len(body.encoded))
        return body


class _Item:
    """One thing to attach, its templates compiled."""

    def __init__(self, env: Environment, item: Named) -> None:
        self.content = content = item.content
        self._name = None if item.name is None else TemplatePart(env, item.name, FIELD)
        self._path = TemplatePart(env, as_path(content), FIELD) if is_path(content) else None
        self.bodies: dict[str, _Body] = {}
        self._is_call = is_callable(content)
        templates = [part for part in (self._name, self._path) if part is not None]
        self.is_fixed = not self._is_call and all(part.constant is not None for part in templates)

    def resolve(self, context: dict[str, Any], row: Any, label: Hashable) -> Iterator[tuple[str | None, Any]]:
        """Return the names and contents of a row: none where a path comes out empty or a callable returns None."""
        name = None if self._name is None else self._name.render(context, label)
        if self._path is not None:
            path = self._path.render(context, label).strip()
            yield from [(name, path)] if path else []
        elif not self._is_call:
            yield name, self.content
        else:
            made = called(self.content, row, FIELD, label)
            if made is not None:
                yield from [(name, made)] if name is not None else _pairs(made, label)

    def body(self, name: str) -> _Body:
        """Return the content of all rows, in the form a file name asks for; there are few forms."""
        ending = "" if isinstance(self.content, _OCTETS) else name.rpartition(".")[2].lower()
        if ending not in self.bodies:
            self.bodies[ending] = _Body(_octets(self.content, name))
        return self.bodies[ending]


def _pairs(made: Any, label: Hashable) -> Iterator[tuple[str | None, Any]]:
    try:
        for each in listed_attachments(made):
            yield each.name, each.content
    except TemplateError as problem:
        raise TemplateError(f"what the function returned: {problem.message}", FIELD, label) from problem


class _Body:
    """A content, encoded; a part is its fields, which have the name, and this."""

    __slots__ = ("_is_utf8", "encoded")

    def __init__(self, content: bytes) -> None:
        self.encoded = base64_body(content)
        self._is_utf8 = _is_utf8(content)

    def part(self, name: str) -> multipart.MimePart:
        """Make the part of a file of this content.

        Args:
            name: A checked name.
        """
        return [_fields(name, is_utf8=self._is_utf8), self.encoded]


@lru_cache(maxsize=256)  # most letters of a run have the same names
def _fields(name: str, *, is_utf8: bool) -> bytes:
    kind = guess_type(name)
    if kind.startswith("text/"):
        # A text in an unknown encoding is octets: any charset said of it could be a lie.
        kind = f'{kind}; charset="utf-8"' if is_utf8 else "application/octet-stream"
    fields = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n".encode("ascii")
    return fields + disposition("attachment", name) + b"\r\n"


def _is_utf8(content: bytes) -> bool:
    """Tell whether octets are UTF-8, without a copy of them all."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _PIECE):
            decoder.decode(memoryview(content)[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _octets(content: Any, name: str) -> bytes:
    """Return a content's octets, in the form its file name asks for."""
    if isinstance(content, _OCTETS):
        return bytes(content)
    if is_table(content):
        return sheet_of(content, name)
    if is_figure(content):
        image = image_of(content)
        if guess_type(name) != f"image/{image.subtype}":
            raise TemplateError(
                f"a figure is drawn as {image.subtype.upper()}: name it .{image.subtype}, not {name!r:.80}"
            )
        return image.content
    raise TemplateError(
        f"{name!r:.80} cannot be made of a {type(content).__name__}: give a path, bytes, a frame, or a figure"
    )
