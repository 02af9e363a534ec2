"""Jinja tags in a document of another language: found, masked by opaque tokens, and put back.

Markdown, HTML parsers and CSS inliners know nothing of Jinja. So that each of them runs once, on the template, and
not once for every row, the tags are hidden behind tokens they pass through untouched. It also makes them safe: a
value is filled in after all of them are done, so it can bring neither Markdown nor HTML with it.

Jinja's own lexer finds the tags. An expression becomes a word of letters and digits, fit for text and for
attributes. A statement becomes a word between dollar signs, which Markdown reads as punctuation, so that emphasis
beside it still works; among elements it is written as a comment, for an HTML parser keeps comments in their place,
while it moves text out of tables. A statement that stands alone on its line has a letter of its own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Environment

Kind = Literal["expression", "statement", "alone", "comment"]
_LETTERS: dict[Kind, str] = {"expression": "e", "statement": "i", "alone": "b", "comment": "c"}
_ENDINGS = {"variable_begin": "variable_end", "block_begin": "block_end", "comment_begin": "comment_end"}
_KINDS: dict[str, Kind] = {
    "variable_begin": "expression",
    "block_begin": "statement",
    "comment_begin": "comment",
}
_OPENERS = frozenset({"for", "if", "with", "filter", "call", "macro", "block", "autoescape"})
_MIDDLES = frozenset({"else", "elif"})
_WORD = re.compile(r"\{%[-+]?\s*(\w+)")
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_BEGINNING = re.compile(r"\{(?=[{%#])")
LITERAL_BRACE = "{{ '{' }}"
"""What prints a brace that would begin a tag."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A Jinja tag as it is written.

    Attributes:
        source: The whole tag, braces included.
        kind: What it is; "alone" is a statement alone on its line.
        word: The statement's first word: for, if, endif, ...; "" for the others.
        line: The line it begins on, from 1.
        group: The number of the tag that opens the block it belongs to (its own, if it opens or stands by itself).
    """

    source: str
    kind: Kind
    word: str = ""
    line: int = 0
    group: int = -1

    @property
    def opens(self) -> bool:
        """Whether a later tag must end what this one begins."""
        return self.word in _OPENERS or (self.word == "set" and "=" not in self.source)

    @property
    def closes(self) -> bool:
        """Whether it ends what an earlier tag began."""
        return self.word.startswith("end")

    @property
    def expression(self) -> str:
        """What stands between the braces of an expression."""
        return self.source[2:-2].strip("-+").strip()


def split_tags(env: Environment, source: str) -> list[str | Tag]:
    """Cut a source into text and tags; joined again they are the source, with raw blocks turned to text.

    Raises:
        jinja2.TemplateSyntaxError: The lexer cannot read it.
    """
    source = re.sub(r"\r\n|\r", "\n", source)
    pieces: list[str | Tag] = []
    cursor = 0
    for kind, line, text in _lexed(env, source):
        # The lexer trims white space at a `{%-`; the source is the authority for where the tag stands.
        start = source.index(text, cursor)
        pieces.append(source[cursor:start])
        cursor = start + len(text)
        if kind == "raw_begin":
            end = _END_RAW.search(source, cursor)
            assert end is not None  # noqa: S101 - the lexer has read it already
            pieces += _raw_pieces(source[cursor : end.start()])
            cursor = end.end()
        else:
            word = _WORD.match(text)
            pieces.append(Tag(text, _KINDS[kind], word[1] if word else "", line))
    pieces.append(source[cursor:])
    return [piece for piece in pieces if piece]


def _lexed(env: Environment, source: str) -> Iterator[tuple[str, int, str]]:
    """Put the lexer's tokens together to whole tags; a raw block is given by its beginning."""
    parts: list[str] = []
    ending, opened, first_line = "", "", 0
    for line, token, text in env.lexer.tokeniter(source, None):
        if ending:
            parts.append(text)
            if token == ending:
                yield opened, first_line, "".join(parts).rstrip()
                ending = ""
        elif token in _ENDINGS:
            ending, opened, first_line, parts = _ENDINGS[token], token, line, [text]
        elif token == "raw_begin":  # noqa: S105 - a token of a lexer
            yield token, line, text.rstrip()


def _raw_pieces(text: str) -> list[str | Tag]:
    """Turn a raw block's braces to tags that print them; what else it holds is text like any other."""
    parts = re.split(r"(\{)(?=[{%#])", text)
    return [Tag(LITERAL_BRACE, "expression") if part == "{" else part for part in parts]


def literal(text: str) -> str:
    """Write a text so that Jinja prints it as it is."""
    return _BEGINNING.sub(LITERAL_BRACE, text)


@dataclass(slots=True)
class Masks:
    """The tags of one source, and the tokens that stand for them.

    Args:
        source: The source, which decides the tokens' letters: they must not occur in it.
        tags: The tags that have tokens so far; each is known by its place here, from 0.

    Attributes:
        prefix: What every token begins with.
        token: Finds the tokens in a text, in all the forms they may have taken.
    """

    source: str
    tags: list[Tag] = field(default_factory=list)
    prefix: str = field(init=False)
    token: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        seed = 0
        while True:
            digest = hashlib.blake2b(f"{seed}{self.source}".encode("utf-8", "surrogatepass"), digest_size=4)
            self.prefix = f"zq{digest.hexdigest()}"
            if self.prefix not in self.source:
                break
            seed += 1
        word = rf"{self.prefix}[eib](\d+)z"
        self.token = re.compile(
            rf"<!--{word}-->|&lt;!--{word}--&gt;|\$(?:{self.prefix}[ib](\d+)z)\$|%24{word}%24|{self.prefix}e(\d+)z"
        )

    def mask(self, pieces: list[str | Tag]) -> str:
        """Join the pieces with tokens in place of tags; comments are dropped."""
        parts = []
        for piece in _grouped(pieces, len(self.tags)):
            if isinstance(piece, str):
                parts.append(piece)
            elif piece.kind == "expression" and piece.source == LITERAL_BRACE:
                parts.append("{")  # of a raw block: text like any other, which `unmask` writes so that it stays
            elif piece.kind != "comment":
                parts.append(self.add(piece))
        return "".join(parts)

    def add(self, tag: Tag) -> str:
        """Take up a tag; return its token."""
        self.tags.append(tag)
        word = f"{self.prefix}{_LETTERS[tag.kind]}{len(self.tags) - 1}z"
        return word if tag.kind == "expression" else f"${word}$"

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the tags in a masked text, in order."""
        return [int(next(filter(None, match.groups()))) for match in self.token.finditer(text)]

    def numbers_by_kind(self, text: str) -> tuple[list[int], list[int]]:
        """Return the numbers of the statements in a masked text, in order, and those of the expressions."""
        numbers: tuple[list[int], list[int]] = ([], [])
        for number in self.numbers(text):
            numbers[self.tags[number].kind == "expression"].append(number)
        return numbers

    def unmask(self, text: str, write: Callable[[Tag], str] = lambda tag: tag.source) -> str:
        """Put the tags back, and make what else looks like Jinja in the text harmless."""
        parts: list[str] = []
        cursor = 0
        for match in self.token.finditer(text):
            plain = literal(text[cursor : match.start()])
            if plain.endswith("{"):  # an entity turned to a brace must not join the tag's
                plain = plain[:-1] + LITERAL_BRACE
            parts += [plain, write(self.tags[int(next(filter(None, match.groups())))])]
            cursor = match.end()
        return "".join([*parts, literal(text[cursor:])])


def _grouped(pieces: list[str | Tag], first: int) -> list[str | Tag]:
    """Tell every statement which tag opened its block; the tags are numbered from `first`."""
    stack: list[int] = []
    grouped: list[str | Tag] = []
    number = first
    for piece in pieces:
        if isinstance(piece, str) or piece.kind == "comment" or piece.source == LITERAL_BRACE:
            grouped.append(piece)
            continue
        group = number
        if piece.opens:
            stack.append(number)
        elif stack and (piece.closes or piece.word in _MIDDLES):
            group = stack.pop() if piece.closes else stack[-1]
        grouped.append(replace(piece, group=group))
        number += 1
    return grouped
