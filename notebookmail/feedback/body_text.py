"""What a message says in words: its text, one line of it, and of a reply what is new in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .parts import ReceivedMessage

LONGEST_LINE: Final = 300
_MOST_LINES: Final = 400


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
    lines = text.split("\n", _MOST_LINES)[:_MOST_LINES]
    above: list[str] = []
    for number, line in enumerate(lines):
        if is_quote(line) or _introduces_quote(line, lines[number + 1 : number + 3]):
            break
        above.append(line)
    return one_line(" ".join(above)) or one_line(" ".join(line for line in lines if not is_quote(line)))


def is_quote(line: str) -> bool:
    """Tell whether a line is quoted (RFC 3676 4.5)."""
    return line.startswith((">", "|"))


_SEPARATORS: Final = re.compile(r"^(-{2,}|_{5,})\s?.{0,60}$")
_HEADER_OF_QUOTE: Final = re.compile(
    r"^\*?(from|von|de|da|fra|från|van|od|от|发件人|差出人|寄件者|lähettäjä|kimden)\*?\s?[:\uff1a]", re.IGNORECASE
)


def _introduces_quote(line: str, following: list[str]) -> bool:
    """Tell whether a quoted message begins here: "Ann wrote:", a separator, or its header's first line."""
    stripped = line.strip()
    if not stripped:
        return False
    if stripped.endswith((":", "\uff1a")) and any(is_quote(each) for each in following):
        return True
    is_dated = any(char.isdigit() for char in stripped) and ("@" in stripped or stripped.endswith((":", "\uff1a")))
    if is_dated and stripped.endswith((":", "\uff1a", ">:")):
        return True
    return bool(_HEADER_OF_QUOTE.match(stripped)) or (
        bool(_SEPARATORS.match(stripped)) and stripped.strip("-_ ") != ""
    )
