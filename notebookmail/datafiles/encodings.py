"""In which encoding a text file is written.

A mark at its start or UTF-8 that holds good to the last byte is proof. Everything else is a guess, and is said to
be one: chardet looks at the lines that are not ASCII, `western_text` corrects it where it errs, and the letters
found stand in the notice, since nobody but a reader sees that "³" should be "ł". A file that is UTF-8 but for
single lines is two files pasted together: no encoding is right for it, and it is refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .loaded import refusal
from .western_text import mixes_scripts, reads_western

if TYPE_CHECKING:
    from pathlib import Path

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES: Final = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-32": "UTF-32", "utf-16": "UTF-16",
                 "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}  # fmt: skip
_WESTERN: Final = ("cp1252", "mac-roman", "cp850")
_EAST_ASIAN: Final = frozenset({"cp932", "gb18030", "cp949", "big5"})
_CANDIDATES: Final = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp932",
                      "gb18030", "cp949", "big5")  # fmt: skip
_BLOCK: Final = 1 << 20
_EVIDENCE_BYTES: Final = 100_000
_SAMPLE_BYTES: Final = 4096
_MANY_NULS: Final = 0.3
_FEW: Final = 4
_FIRST_PRINTABLE: Final = 0x20
_BETWEEN_WORDS: Final = bytes.maketrans(b',;\t"<>', b"      ")  # no part of a character in any code page
_LETTERS_SHOWN: Final = 24


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and how it is known.

    Attributes:
        codec: Python's name for it.
        name: The name people know: "UTF-8", "cp1252".
        letters: For a guess, the characters beyond ASCII that it gives the file; "" otherwise.
    """

    codec: str
    name: str
    letters: str = ""

    @property
    def is_guess(self) -> bool:
        """True when another encoding could be the right one."""
        return bool(self.letters)


def encoding_of(path: Path, asked: str | None) -> Encoding:
    """Find the encoding of a text file.

    Args:
        path: The file.
        asked: What the caller says, or None.

    Raises:
        FrameError: No such encoding, no text at all, or lines of different encodings.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    if asked is not None:
        return _asked_for(path, asked, head)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, _NAMES[codec])
    if b"\0" in head:
        codec = _utf16_without_mark(path, head)
        return Encoding(codec, _NAMES[codec])
    if _holds(path, "utf-8"):
        return Encoding("utf-8", "UTF-8")
    return _guess(path)


def undecodable_line(path: Path, codec: str) -> int:
    """Return the number of the first line, from 1, that is not written in an encoding; 0 if there is none."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines = 1
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                lines += decoder.decode(block).count("\n")
            except UnicodeDecodeError as problem:
                return lines + problem.object[: problem.start].decode(codec, "ignore").count("\n")
    return 0


def _asked_for(path: Path, asked: str, head: bytes) -> Encoding:
    try:
        codec = codecs.lookup(asked).name
        "".encode(codec)
    except (LookupError, ValueError) as problem:
        words = f"there is no encoding {asked!r}; some that there are: utf-8, cp1252, utf-16, mac-roman"
        raise refusal(path, words) from problem
    if codec == "utf-8" and head.startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    return Encoding(codec, _NAMES.get(codec, codec))


def _utf16_without_mark(path: Path, head: bytes) -> str:
    even, odd = head[0::2], head[1::2]
    for codec, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        nuls = high.count(0)
        if nuls > _MANY_NULS * len(high) and nuls > _FEW * low.count(0) and _is_ascii(low, high):
            return codec
    line = head[: head.index(0)].count(b"\n") + 1
    raise refusal(path, f"line {line} holds a NUL byte, so this is no text file, or a damaged one")


def _is_ascii(low: bytes, high: bytes) -> bool:
    """Tell whether the characters whose high byte is zero are text: letters, signs, ends of lines."""
    return all(
        letter >= _FIRST_PRINTABLE or letter in b"\t\r\n"
        for letter, nul in zip(low, high, strict=False)
        if not nul
    )


def _holds(path: Path, codec: str) -> bool:
    return undecodable_line(path, codec) == 0


def _guess(path: Path) -> Encoding:
    evidence, good, first_bad = _lines_beyond_ascii(path)
    if good > len(evidence) - good:
        raise refusal(
            path,
            f"line {first_bad} is not UTF-8, though most other lines are: write it again in an editor that saves "
            "UTF-8, or say encoding= (--encoding)",
        )
    raw = b"\n".join(evidence)
    for codec in _WESTERN:
        text = _decoded(raw, codec)
        if text is not None and reads_western(text):
            break
    else:
        codec = _by_statistics(raw)
        text = _decoded(raw, codec)
    if text is None or not _holds(path, codec):
        raise refusal(
            path, "its encoding cannot be found out: save it as CSV UTF-8, or say encoding= (--encoding)"
        )
    beyond = sorted({character for character in text if not character.isascii()})
    return Encoding(codec, codec, "".join(beyond[:_LETTERS_SHOWN]))


def _by_statistics(raw: bytes) -> str:
    """Return the encoding that letters and their neighbours speak for."""
    found = _likeliest(raw, _CANDIDATES)
    if found in _EAST_ASIAN:
        return found
    # Only the words that are not ASCII: the addresses beside them would be counted as English.
    words = b" ".join(word for word in raw.translate(_BETWEEN_WORDS).split() if not word.isascii())
    candidates: tuple[str, ...] = _CANDIDATES
    found = _likeliest(words, candidates)
    while found in candidates and found not in _EAST_ASIAN and mixes_scripts(words.decode(found, "replace")):
        candidates = tuple(each for each in candidates if each != found)
        found = _likeliest(words, candidates)
    return found


def _likeliest(raw: bytes, candidates: tuple[str, ...]) -> str:
    import chardet

    if not candidates:
        return _WESTERN[0]
    found: str | None = chardet.detect(
        raw,
        include_encodings=candidates,
        no_match_encoding=candidates[0],  # one that is no candidate would be warned of
        empty_input_encoding=candidates[0],
        compat_names=False,
    )["encoding"]
    return found or _WESTERN[0]


def _lines_beyond_ascii(path: Path) -> tuple[list[bytes], int, int]:
    """Return lines that are not ASCII, how many of them are UTF-8, and the number of the first that is not."""
    evidence: list[bytes] = []
    good = first_bad = size = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            evidence.append(line)
            size += len(line)
            is_good = _decoded(line, "utf-8") is not None
            good += is_good
            first_bad = first_bad or (0 if is_good else number)
            if size > _EVIDENCE_BYTES and first_bad:
                break
    return evidence, good, first_bad


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None
