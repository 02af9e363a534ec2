"""What a message says in words: its text, one line of it, and of a reply what is new in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .parts import ReceivedMessage

LONGEST_LINE: Final = 300
_MOST_LINES: Final = 400
_SEPARATOR: Final = re.compile(r"(-{2,}|_{5,})\s?.{0,60}$")
_HEADER_OF_QUOTE: Final = re.compile(
    r"\*?(from|von|de|da|fra|från|van|od|от|发件人|差出人|寄件者|lähettäjä|kimden)\*?\s?[:\uff1a]", re.IGNORECASE
)


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """Make a text one line of bounded length, without what is not printed, or turns around what is read."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: longest * 20]).split())
    return line if len(line) <= longest else f"{line[: longest - 3].rstrip()}..."


def text_of(message: ReceivedMessage) -> str:
    """Return what a message says: its plain text, or what its HTML says if there is none; "" if neither."""
    part = message.part("text/plain") or message.part("text/html")
    return "" if part is None else part.text


def new_text(text: str) -> str:
    """Return what is new in a reply: what stands above the message that it quotes, in one line.

    Where nothing stands above, what stands between and below the quoted lines.
    """
    lines = [line.strip() for line in text.split("\n", _MOST_LINES)[:_MOST_LINES]]
    quoted = next(
        (number for number, line in enumerate(lines) if is_quote(line) or _begins_letter(line)), len(lines)
    )
    begin = _begin_of_introduction(lines, quoted)
    below = (line for line in lines[quoted:] if not is_quote(line))
    return one_line(" ".join(lines[:begin])) or one_line(" ".join(below))


def is_quote(line: str) -> bool:
    """Tell whether a line is quoted (RFC 3676 4.5)."""
    return line.startswith((">", "|"))


def _begin_of_introduction(lines: list[str], quoted: int) -> int:
    """Return where the words begin that introduce a quoted message: "On 1 June, Ann wrote:", one line or two."""
    last = quoted - 1
    while last >= 0 and not lines[last]:
        last -= 1
    if quoted == len(lines) or last < 0 or not lines[last].endswith((":", "\uff1a")):
        return quoted
    before = lines[last - 1] if last else ""
    is_second_of_two = any(char.isdigit() for char in before) and not any(char.isdigit() for char in lines[last])
    return last - 1 if is_second_of_two else last


def _begins_letter(line: str) -> bool:
    """Tell whether a quoted message begins here, with a line of its header or a separator; or a signature does."""
    if line == "--" or _HEADER_OF_QUOTE.match(line):  # RFC 3676 4.3
        return True
    return _SEPARATOR.match(line) is not None and line.strip("-_ ") != ""
