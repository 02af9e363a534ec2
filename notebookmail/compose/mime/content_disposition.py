"""File names and types of parts: Content-Type and Content-Disposition (RFC 2183, RFC 2231)."""

from __future__ import annotations

import mimetypes
import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from notebookmail.address import has_control
from notebookmail.errors import TemplateError

_LINE: Final = 76
_SAFE: Final = "!#$&+-.^_`{}~"  # beside letters and digits; RFC 2231 7, attribute-char
_MOST_OCTETS: Final = 255  # file systems take no longer names
_ENCLOSING: Final = frozenset({'""', "<>"})
_TOKEN: Final = re.compile(r"[A-Za-z0-9._+-]+(?: [A-Za-z0-9._+-]+)*")
_BIDI: Final = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Not the machine's own list of types: the same file is the same on every machine.
_GUESSES: Final = mimetypes.MimeTypes(filenames=())
for _suffix, _type in {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".parquet": "application/vnd.apache.parquet",
    ".ics": "text/calendar",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".webp": "image/webp",
    ".zip": "application/zip",
}.items():
    _GUESSES.add_type(_type, _suffix)


def guess_type(name: str) -> str:
    """Return the media type a file's name stands for; application/octet-stream if nobody knows."""
    # The ending alone: a name with a colon would be read as a URL, which says its type itself (data:text/html,).
    kind, packing = _GUESSES.guess_type(f"file{name[name.rfind('.') :]}" if "." in name else "file")
    if kind is None or packing is not None or kind.startswith(("message/", "multipart/")):
        return "application/octet-stream"  # RFC 2046 5.2.1: a message must not be base64
    return kind


@lru_cache(maxsize=256)
def check_file_name(name: str) -> str:
    """Return a name if it can be the name of one file on every system.

    Raises:
        TemplateError: It is empty or too long, stands in quotes, or holds a path, control characters or marks that
            turn the direction of writing (which make `exe.pdf` of a program).
    """
    if not name.strip(" ."):
        problem = "is not the name of a file"
    elif has_control(name) or _BIDI.search(name):
        problem = "holds control characters or marks that change how it is read: clean the column"
    elif name != name.strip():
        problem = "begins or ends with a space: clean the column"
    elif name[0] + name[-1] in _ENCLOSING:
        problem = "stands in quotes or angle brackets, which mail programs take off: write it without"
    elif "/" in name or "\\" in name:
        problem = "holds a path: an attachment's name is the name of a file alone"
    elif len(name.encode()) > _MOST_OCTETS:
        problem = f"is longer than {_MOST_OCTETS} octets"
    else:
        return name
    raise TemplateError(f"the file name {name!r:.80} {problem}")


def disposition(kind: str, name: str) -> bytes:
    """Write a Content-Disposition field with a file name.

    Args:
        kind: "attachment" or "inline".
        name: A checked name.
    """
    lines = [f"Content-Disposition: {kind}", *parameter("filename", name)]
    return ";\r\n ".join(lines).encode("ascii") + b"\r\n"


def parameter(key: str, value: str) -> list[str]:
    """Write a parameter, in several numbered ones where it is long (RFC 2231 3 and 4)."""
    if _TOKEN.fullmatch(value) and len(key) + len(value) + 3 < _LINE:
        return [f'{key}="{value}"']
    pieces = _cut(value, _LINE - len(key) - len("*00*=utf-8'';"))
    if len(pieces) == 1:
        return [f"{key}*=utf-8''{pieces[0]}"]
    pieces[0] = f"utf-8''{pieces[0]}"
    return [f"{key}*{number}*={piece}" for number, piece in enumerate(pieces)]


def _cut(text: str, room: int) -> list[str]:
    """Percent-encode a text, in pieces; no character is cut, because parsers decode each piece by itself."""
    pieces = [""]
    for char in text:
        encoded = quote(char, safe=_SAFE)
        if len(pieces[-1]) + len(encoded) > room:
            pieces.append("")
        pieces[-1] += encoded
    return pieces
