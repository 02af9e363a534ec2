"""Columns for a million rows: numbers in arrays, texts in one string of octets, no object per row.

What is known of a row is a few numbers; of its texts the same few come again and again, or each is short and there
are very many. A text is therefore added once and known by its number, and a text that was added a moment ago is
not added twice. Arrays come zeroed from the operating system and take memory only where rows are written.
Nothing is ever taken out: a column lives as long as its results.
"""

from __future__ import annotations

import re
from array import array
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

NumberColumn = Literal["attempts", "seconds", "reply", "reason", "sent_at"]

_NUMBER_TYPES: Final = {"attempts": "u2", "seconds": "f4", "said": "u4", "sent_at": "f8"}
_NUMBERS: Final = Struct("=HfId")  # the same, as numpy's types are called in a Struct
_IS_REASON: Final = 1 << 31  # what was said is a reason, not a reply
_MAX_ATTEMPTS: Final = 0xFFFF
_DIGITS: Final = 6

_MAX_RECENT: Final = 256
"""How many texts are remembered by what they say: a server that says the same every time says it once."""

_OUR_MESSAGE_ID: Final = re.compile(r"<([0-9a-f]{32})(@[^@<>]+>)")
_TOKEN_OCTETS: Final = 16
_MAX_TAILS: Final = 0xFFFF


class PackedTexts:
    """Texts by number, from 0; number 0 is the empty text."""

    __slots__ = ("_ends", "_octets", "_recent")

    def __init__(self) -> None:
        self._octets = bytearray()
        self._ends = array("Q", [0])  # text n ends here, and text n + 1 begins
        self._recent: dict[str, int] = {"": 0}

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, text: str) -> int:
        """Return the number of a text; it may have several."""
        number = self._recent.get(text)
        if number is None:
            if len(self._recent) >= _MAX_RECENT:
                self._recent = {"": 0}
            number = self._recent[text] = len(self._ends)
            self._octets += text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._octets))
        return number

    def __getitem__(self, number: int) -> str:
        start = self._ends[number - 1] if number else 0
        return self._octets[start : self._ends[number]].decode("utf-8", "surrogatepass")

    def array(self) -> npt.NDArray[np.object_]:
        """Return all texts, each at its number."""
        import numpy as np

        texts = np.empty(len(self), dtype=object)
        texts[:] = [self[number] for number in range(len(self))]
        return texts

    def changed(self, change: Callable[[int, str], str]) -> PackedTexts:
        """Return other texts under the same numbers: what `change` makes of each number and text."""
        twin = PackedTexts()
        for number in range(1, len(self)):
            twin._octets += change(number, self[number]).encode("utf-8", "surrogatepass")
            twin._ends.append(len(twin._octets))
        return twin

    def copy(self) -> PackedTexts:
        """Return the same texts under the same numbers; changes reach one of the two alone."""
        twin = PackedTexts()
        twin._octets, twin._ends, twin._recent = self._octets[:], self._ends[:], dict(self._recent)
        return twin


class MessageIds:
    """Message-IDs by row: 16 octets for one of ours, `<32 hexadecimal digits@domain>`, a string for any other.

    Args:
        count: How many rows there are.
    """

    __slots__ = ("_others", "_tail_numbers", "_tails", "_tokens", "_which")

    def __init__(self, count: int) -> None:
        import numpy as np

        self._tokens: npt.NDArray[np.void] = np.zeros(count, dtype=f"V{_TOKEN_OCTETS}")
        self._which: npt.NDArray[np.uint16] = np.zeros(count, dtype=np.uint16)
        self._tails = [""]
        self._tail_numbers: dict[str, int] = {}
        self._others: dict[int, str] = {}

    def __setitem__(self, position: int, message_id: str) -> None:
        match = _OUR_MESSAGE_ID.fullmatch(message_id)
        tail = self._tail(match[2]) if match else 0
        if match and tail:
            self._tokens[position] = bytes.fromhex(match[1])
            self._which[position] = tail
            self._others.pop(position, None)
            return
        self._which[position] = 0
        if message_id:
            self._others[position] = message_id
        else:
            self._others.pop(position, None)

    def __getitem__(self, position: int) -> str:
        tail = self._which[position]
        if not tail:
            return self._others.get(position, "")
        return f"<{self._tokens[position].tobytes().hex()}{self._tails[tail]}"

    def _tail(self, text: str) -> int:
        """Return the number of what follows the token; 0 if there is no number left."""
        number = self._tail_numbers.get(text)
        if number is None:
            if len(self._tails) > _MAX_TAILS:
                return 0
            number = self._tail_numbers[text] = len(self._tails)
            self._tails.append(text)
        return number

    def texts(self) -> list[str]:
        """Return all of them, "" where a row has none."""
        digits = self._tokens.tobytes().hex()
        width = 2 * _TOKEN_OCTETS
        found = [
            f"<{digits[at : at + width]}{self._tails[tail]}" if tail else ""
            for at, tail in zip(range(0, len(digits), width), self._which.tolist(), strict=True)
        ]
        for position, message_id in self._others.items():
            found[position] = message_id
        return found

    def changed(self, change: Callable[[int, str], str]) -> MessageIds:
        """Return these Message-IDs with what `change` makes of those that are not ours, and of their rows."""
        twin = self.copy()
        twin._others = {position: change(position, text) for position, text in self._others.items()}
        return twin

    def copy(self) -> MessageIds:
        """Return the same Message-IDs; changes reach one of the two alone."""
        twin = MessageIds(0)
        twin._tokens, twin._which = self._tokens.copy(), self._which.copy()
        twin._tails, twin._tail_numbers = self._tails[:], dict(self._tail_numbers)
        twin._others = dict(self._others)
        return twin


class PackedNumbers:
    """What is known of each row in numbers; all of a row are written at once, in 18 octets.

    Args:
        count: How many rows there are.
    """

    __slots__ = ("_octets",)

    def __init__(self, count: int) -> None:
        import numpy as np

        # Not a bytearray: that would be written all over before it is there.
        self._octets: Any = np.zeros(count * _NUMBERS.size, dtype=np.uint8)

    def write(  # noqa: PLR0917 -- once for every event: names would cost as much as the writing
        self, position: int, attempts: int, seconds: float, reply: int, reason: int, sent_at: float
    ) -> None:
        """Write a row. A row that was accepted was not left out: it has a reply, or a reason, or neither.

        Args:
            position: The row.
            attempts: How often it was tried; more than 65,535 count as so many.
            seconds: From the first try to the outcome; kept to seven digits, and no finer than a microsecond.
            reply: The number of the text of the reply that accepted it; 0 without one.
            reason: The number of the words why it was left out or left for later; 0 without any.
            sent_at: When it was accepted, in seconds since the epoch; 0 if it was not.
        """
        said = reason | _IS_REASON if reason else reply
        at = position * _NUMBERS.size
        _NUMBERS.pack_into(self._octets, at, min(attempts, _MAX_ATTEMPTS), seconds, said, sent_at)

    def read(self, position: int) -> tuple[int, float, int, int, float]:
        """Return what was written of a row, in the order of `write`."""
        attempts, seconds, said, sent_at = _NUMBERS.unpack_from(self._octets, position * _NUMBERS.size)
        reply, reason = (0, said ^ _IS_REASON) if said & _IS_REASON else (said, 0)
        return attempts, round(seconds, _DIGITS), reply, reason, sent_at

    def column(self, name: NumberColumn) -> npt.NDArray[Any]:
        """Return one number of every row."""
        import numpy as np

        rows = self._octets.view(list(_NUMBER_TYPES.items()))
        if name in {"reply", "reason"}:
            said, is_reason = rows["said"], rows["said"] & _IS_REASON != 0
            return np.where(is_reason, said ^ _IS_REASON, 0) if name == "reason" else np.where(is_reason, 0, said)
        found: npt.NDArray[Any] = rows[name].copy()
        return np.round(found.astype(np.float64), _DIGITS) if name == "seconds" else found

    def copy(self) -> PackedNumbers:
        """Return the same numbers; changes reach one of the two alone."""
        twin = PackedNumbers(0)
        twin._octets = self._octets.copy()
        return twin
