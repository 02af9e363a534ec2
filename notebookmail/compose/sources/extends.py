"""`{% extends %}` carried out before anything is parsed: the blocks of a letter written into those of its layout.

What Jinja does while it renders is done once, on the text: a block's content takes the place of the layout's,
`{{ super() }}` that of what it replaced. What stands outside of the blocks is dropped, but for what it defines
(`{% set %}`, `{% macro %}`), which goes first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from notebookmail.compose.markup.jinja_tags import Tag, split_tags
from notebookmail.errors import TemplateError

from .macros import defining_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

_SUPER: Final = "super()"


@dataclass(slots=True)
class _TemplateBlock:
    """A part of a source that another may replace.

    Attributes:
        name: Its name.
        begin: The tag it begins with.
        content: What stands in it.
    """

    name: str
    begin: Tag
    content: list[str | Tag | _TemplateBlock] = field(default_factory=list)


def inherited(env: Environment, levels: list[str]) -> str:
    """Write a letter that extends a layout as one source.

    Args:
        env: An environment, for its lexer.
        levels: The letter's source, what it extends, what that extends, and so on, without the tags that say so.

    Raises:
        TemplateError: A block that the layout requires is missing, or what it replaced is used in a way that text
            cannot say.
    """
    trees = [_tree(_trimmed(split_tags(env, source))) for source in levels]
    blocks: dict[str, list[_TemplateBlock]] = {}
    for tree in trees:
        for block in _blocks(tree):
            blocks.setdefault(block.name, []).append(block)
    definitions = "".join(source for tree in trees[:-1] for source in _definitions(tree))
    writer = _LayoutWriter(blocks)
    writer.write(trees[-1], None, 0)
    return definitions + "".join(writer.parts)


def _trimmed(pieces: list[str | Tag]) -> list[str | Tag]:
    """Do what the tags' `-` asks for: each trims its own source, never what it comes to stand beside."""
    trimmed: list[str | Tag] = []
    is_trimming = False
    for piece in pieces:
        if isinstance(piece, str):
            trimmed.append(piece.lstrip() if is_trimming else piece)
            is_trimming = False
            continue
        if piece.source[2:3] == "-" and trimmed and isinstance(trimmed[-1], str):
            trimmed[-1] = trimmed[-1].rstrip()
        is_trimming = piece.source[-3:-2] == "-"
        opening, ending = piece.source[:2], piece.source[-2:]
        inner = piece.source[2:-2].removeprefix("-").removesuffix("-")
        trimmed.append(replace(piece, source=f"{opening}{inner}{ending}"))
    return trimmed


def _tree(pieces: list[str | Tag]) -> list[str | Tag | _TemplateBlock]:
    """Put the pieces of each block into it."""
    top: list[str | Tag | _TemplateBlock] = []
    inside = [top]
    for piece in pieces:
        if isinstance(piece, Tag) and piece.word == "block":
            block = _TemplateBlock(_words(piece)[1], piece)
            inside[-1].append(block)
            inside.append(block.content)
        elif isinstance(piece, Tag) and piece.word == "endblock":
            inside.pop()
        else:
            inside[-1].append(piece)
    return top


def _words(tag: Tag) -> list[str]:
    return tag.source[2:-2].strip("-+ \n\t").split()


def _blocks(tree: list[str | Tag | _TemplateBlock]) -> Iterator[_TemplateBlock]:
    for each in tree:
        if isinstance(each, _TemplateBlock):
            yield each
            yield from _blocks(each.content)


def _definitions(tree: list[str | Tag | _TemplateBlock]) -> Iterator[str]:
    """Walk what a letter defines outside of its blocks."""
    return defining_sources([each for each in tree if not isinstance(each, _TemplateBlock)])


class _LayoutWriter:
    """Writes a layout with the blocks that replace its own."""

    def __init__(self, blocks: dict[str, list[_TemplateBlock]]) -> None:
        self.parts: list[str] = []
        self._blocks = blocks

    def write(self, content: list[str | Tag | _TemplateBlock], block: str | None, depth: int) -> None:
        """Write what stands in a block, which is the `depth`-th of its name, or in the layout itself."""
        for each in content:
            if isinstance(each, _TemplateBlock):
                self._write_block(each)
            elif isinstance(each, str):
                self.parts.append(each)
            elif each.kind == "expression" and "super(" in each.expression:
                self._write_replaced(each, block, depth)
            else:
                self.parts.append(each.source)

    def _write_block(self, block: _TemplateBlock) -> None:
        chosen = self._blocks[block.name][0]
        if "required" in _words(chosen.begin)[2:]:
            raise TemplateError(f"the layout wants a block {block.name!r}: {{% block {block.name} %}}...")
        self.write(chosen.content, block.name, 0)

    def _write_replaced(self, tag: Tag, block: str | None, depth: int) -> None:
        replaced = self._blocks.get(block or "", [])[depth + 1 : depth + 2]
        if tag.expression != _SUPER or not replaced:
            raise TemplateError(
                f"{tag.source} stands for the block this one replaces: write {{{{ super() }}}} alone, in a block "
                "that the layout has too"
            )
        self.write(replaced[0].content, block, depth + 1)
