"""Slips in the words of a message: empty greetings, written-out missing values, leftovers of templates.

What the author wrote as it stands is no slip, so every rule looks at the template's own constant text first. The
rules know a few languages' habits; where they cannot be sure they are silent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .findings import warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .findings import Remark

# What is not closed ends with the text: to look for its end from every beginning anew takes the square of time.
_TAGS: Final = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_STATEMENTS: Final = re.compile(r"\{[%#].*?(?:[%#]\}|\Z)", re.DOTALL)
_RAW: Final = re.compile(r"\{%-?\s*raw\b")
_GREETINGS: Final = (
    "hello", "hi", "hey", "dear", "greetings", "good morning", "good afternoon", "good evening", "welcome",
    "hallo", "liebe", "lieber", r"liebe\(r\)", "liebe/r", "sehr geehrte", "sehr geehrter", r"sehr geehrte\(r\)",
    "sehr geehrte/r", "guten tag", "guten morgen", "grüß gott", "grüezi", "moin", "servus", "bonjour", "bonsoir",
    "salut", "cher", "chère", "hola", "estimado", "estimada", r"estimado\(a\)", "estimado/a", "querido",
    "querida", "buenos días", "ciao", "buongiorno", "caro", "cara", "gentile", "egregio", "olá", "prezado",
    "prezada", "beste", "geachte", "hoi", "hej", "hei", "kära", "kære", "kjære", "witaj", "cześć", "szanowny",
    "szanowna", "ahoj", "dobrý den", "merhaba",
    "sayın",  # noqa: RUF001 -- Turkish
    "здравствуйте", "привет", "уважаемый", "уважаемая",
    "дорогой", "дорогая",
)  # fmt: skip
_TITLES: Final = (
    r"mr\.?|mrs\.?|ms\.?|dr\.?|prof\.?|herrn?|frau|monsieur|madame|mme\.?|señora?|sra?\.?|signora?|mijnheer"
)
# "Dear ,", "Dear Mr !", "Dear  Smith", and a name that is a blank.
_EMPTY_GREETING: Final = re.compile(
    rf"^[ \t]*((?:{'|'.join(_GREETINGS)})(?:[ \t]+(?:{_TITLES}))*(?:[ \t]+[,!:;.]+|[ \t]{{2,}}\S.*|[ \t]+$))",
    re.MULTILINE | re.IGNORECASE,
)
_MISSING: Final = ("nan", "NaN", "None", "NaT", "<NA>", "null", "undefined", "[object Object]")
# Alone: no part of a word or an address; "None of them" is English.
_MISSING_WORD: Final = re.compile(
    rf"(?<![\w.@/-])(?:{'|'.join(map(re.escape, _MISSING))})(?![\w@/-])(?!\.\w)"
    r"(?! (?:of|are|is|was|were|the|but)\b)"
)
_JINJA_MARKS: Final = ("{{", "}}", "{%", "%}")
_ATTACHED: Final = (
    "attached", "attachment", "attachments", "enclosed", "anbei", "angehängt", "angehängte", "angehängten",
    "im anhang", "beigefügt", "beigefügte", "beigefügten", "ci-joint", "ci-jointe", "ci-joints", "pièce jointe",
    "pièces jointes", "adjunto", "adjunta", "adjuntos", "adjuntamos", "allegato", "allegata", "allegati",
    "anexo", "em anexo", "bijlage", "bijgevoegd", "bifogad", "bifogat", "vedlagt", "vedhæftet", "w załączniku",
    "v příloze", "ekte", "во вложении", "прилагаю", "添付", "附件",
)  # fmt: skip
_ATTACHED_WORD: Final = re.compile(rf"(?<!\w)(?:{'|'.join(_ATTACHED[:-2])})(?!\w)|添付|附件", re.IGNORECASE)
_MARKUP: Final = re.compile(
    r"<(?:style|script|head)\b.*?(?:</(?:style|script|head)\s*>|\Z)|<[^<>]*+>", re.DOTALL | re.IGNORECASE
)
_SEPARATORS: Final = re.compile(r"[ _.-]+")
_GAP: Final = re.compile(r"^[\s,.;:]|\s$|\s\s|\w ([,.;:])(?=\s|$)")
_SHOWN: Final = 60
_LONG_SUBJECT: Final = 150
_LOUD_LETTERS: Final = 10


class Wording:
    """The rules for one field of a template.

    Args:
        field: The field's name.
        source: The template the author wrote.
        columns: The frame's columns.
    """

    def __init__(self, field: str, source: str, columns: Iterable[str]) -> None:
        self._field = field
        self._is_raw = _RAW.search(source) is not None
        constant = _STATEMENTS.sub("\n", _TAGS.sub("\0", source))
        self._lines = frozenset(line.strip() for line in _MARKUP.sub("\n", constant).split("\n"))
        self._missing = frozenset(word for word in _MISSING if word not in constant)
        self._spaced = frozenset(mark for mark in ",.;:" if f" {mark}" in constant)  # as French writes a colon
        self._placeholder = _placeholders(columns)
        # HTML takes <<name>> for an element, Markdown *|name|* for emphasis: they are in the source alone.
        written = self._placeholder.findall(constant) if self._placeholder else []
        self._swallowed = tuple(dict.fromkeys(each for each in written if each.startswith(("<<", "*|"))))

    def remarks(self, text: str, *, is_line: bool = False) -> Iterator[Remark]:
        """Say what looks like a slip in a text that was filled in.

        Args:
            text: The text.
            is_line: True for a subject, in which every gap shows; a body's may be the author's layout.
        """
        greetings = [match[1] for match in _EMPTY_GREETING.finditer(text) if match[1].strip() not in self._lines]
        for greeting in greetings:
            yield warning("greeting", self._field, f"the greeting reads {greeting[:_SHOWN].strip()!r}")
        if is_line and not greetings and self._has_gap(text):
            yield warning("empty-value", self._field, f"an empty value leaves a gap in {text[:_SHOWN]!r}")
        if any(word in text for word in self._missing):
            for match in _MISSING_WORD.finditer(text):
                if match[0] in self._missing:
                    yield warning("missing-value", self._field, f"{match[0]!r} stands in the text")
        yield from self._leftovers(text)

    def _has_gap(self, text: str) -> bool:
        return text.strip() not in self._lines and any(
            match[1] not in self._spaced for match in _GAP.finditer(text)
        )

    def _leftovers(self, text: str) -> Iterator[Remark]:
        if not self._is_raw:
            for mark in _JINJA_MARKS:
                if mark in text:
                    yield warning("leftover", self._field, f"{_around(text, mark)!r} holds {mark}")
        for written in self._swallowed:
            yield warning("leftover", self._field, f"{written!r} is not filled in")
        if self._placeholder is not None and any(mark in text for mark in "{}[<«%$*"):
            for match in self._placeholder.finditer(text):
                yield warning("leftover", self._field, f"{match[0]!r} is not filled in")


def _around(text: str, mark: str) -> str:
    """Return the word or so that a mark stands in."""
    place = text.index(mark)
    return text[max(0, place - 10) : place + 30].partition("\n")[0].strip()


def _placeholders(columns: Iterable[str]) -> re.Pattern[str] | None:
    """Match what other programs write for a column: {x}, ${x}, $x, %x%, %(x)s, [X], <<x>>, «x», *|X|*."""
    words = [[word for word in _SEPARATORS.split(column) if word] for column in columns]
    names = "|".join("[ _.-]?".join(map(re.escape, each)) for each in words if each)
    if not names:
        return None
    # $100 and %20 are no columns, whatever the frame has.
    spoken = rf"(?!\d)(?:{names})"
    forms = (
        rf"(?<!\{{)\$?\{{ ?(?:{names})(?:[:!][^{{}}\n]*)? ?\}}(?!\}})",
        rf"(?<!\w)\${spoken}(?!\w)",
        rf"%{spoken}%",
        rf"\*\|(?:{names})\|\*",
        rf"%\((?:{names})\)[sdrf]",
        rf"\[(?:{names})\]",
        rf"<<(?:{names})>>",
        rf"«(?:{names})»",
    )
    return re.compile("|".join(forms), re.IGNORECASE)


def subject_remarks(subject: str) -> Iterator[Remark]:
    """Say what a subject line lacks, or has too much of."""
    if not subject.strip():
        yield warning("subject", "subject", "the subject is empty")
    if len(subject) > _LONG_SUBJECT:
        yield warning("subject", "subject", f"the subject has more than {_LONG_SUBJECT} characters")
    if subject.isupper() and sum(map(str.isalpha, subject)) >= _LOUD_LETTERS:
        yield warning("subject", "subject", "the subject is all in capitals: filters take that for spam")


def attachment_word(text: str) -> str | None:
    """Return the word by which a text speaks of an attachment, if it does."""
    lowered = text.lower()
    if not any(word in lowered for word in _ATTACHED):
        return None
    match = _ATTACHED_WORD.search(text)
    return match[0] if match else None


def plain(html: str) -> str:
    """Return the words of an HTML document, roughly: a line for every element."""
    import html as escapes

    return escapes.unescape(_MARKUP.sub("\n", html))
