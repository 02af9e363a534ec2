"""Files taken into a letter before it is parsed: `{% include %}`, `{% from ... import ... %}`, `{% extends %}`.

The tag is replaced with text: what is included becomes Markdown or HTML of the letter itself, its columns are
known before the first row, and everything is compiled once. For `from`, the text is the macros asked for and all
they use; of a layout that is extended, it is the layout with the letter's blocks (see extends.py). So the
names of files are constant: what is reckoned while Jinja renders is refused. Files lie below the template's folder
and are UTF-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeGuard, TypeVar

from jinja2 import TemplateSyntaxError, nodes

from notebookmail.compose.jinja.environment import environment
from notebookmail.compose.markup.jinja_tags import Tag, split_tags
from notebookmail.compose.rows.column_names import column_hint
from notebookmail.errors import TemplateError

from .extends import inherited
from .literal_braces import with_literal_braces
from .macros import macros_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebookmail.compose.files import ReadFolder

    from .macros import Macro

Loaded = TypeVar("Loaded")

MOST_CHARACTERS: Final = 1024 * 1024
"""Of a file that is read as text, and of all that a letter includes: far more than anybody reads."""

_DEEPEST: Final = 32
"""How many files may include one another in a chain."""

_LOADING: Final = frozenset({"include", "from", "import", "extends"})


def expand(source: str, folder: ReadFolder | None, field: str) -> str:
    """Replace a source's tags for files with what the files say.

    Args:
        source: Jinja source.
        folder: Where the files lie.
        field: The template field it belongs to, for messages.

    Raises:
        TemplateError: A file is not there or no UTF-8, includes itself, does not define what is asked for, or the
            tag is one that is not supported; the message names the line and the remedy.
    """
    expansion = _Expansion(folder, field)
    return expansion.text(source, ()) if "{%" in source else with_literal_braces(source)


def read_text(folder: ReadFolder, name: str) -> str:
    """Read a text file: UTF-8, with or without a byte order mark, its line ends as Python has them.

    Raises:
        TemplateError: It is not there, lies outside of the folder, is too large, or not UTF-8.
    """
    content = folder.read(name)
    if len(content) > MOST_CHARACTERS:
        raise TemplateError(f"the file {name!r} has more than {MOST_CHARACTERS:,} bytes, too many for a letter")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise TemplateError(
            f"the file {name!r} is not UTF-8 (at byte {problem.start}): save it with this encoding"
        ) from problem
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Expansion:
    """The work on one source, with all the files it includes.

    Args:
        folder: Where the files lie.
        field: The template field, for messages.
    """

    def __init__(self, folder: ReadFolder | None, field: str) -> None:
        self._folder = folder
        self._field = field
        self._env = environment(html=False, undefined="strict", na="error")
        self._characters = 0
        self._origins: dict[str, tuple[Path, Macro]] = {}

    def text(self, source: str, chain: tuple[Path, ...]) -> str:
        """Expand a source; the chain is the files that include one another down to it."""
        levels = self._levels(source, chain)
        if len(levels) == 1:
            return levels[0]
        try:
            return inherited(self._env, levels)
        except TemplateError as problem:
            raise self._error(problem.message, 1, chain) from problem

    def _levels(self, source: str, chain: tuple[Path, ...]) -> list[str]:
        """Expand a source and the layouts it extends, one after the other."""
        source = with_literal_braces(source)
        try:
            self._env.parse(source)  # each by itself: a tag left open must not swallow what follows the file
            pieces = split_tags(self._env, source)
        except TemplateSyntaxError as problem:
            hint = column_hint(self._env, source, problem.lineno)
            raise self._error(f"{problem.message}{hint}", problem.lineno, chain) from problem
        if not any(map(_is_loading, pieces)):
            return [source]
        first = next((place for place, piece in enumerate(pieces) if not _is_blank(piece)), 0)
        extending = pieces[first]
        if not isinstance(extending, Tag) or extending.word != "extends":
            return [self._expanded(pieces, chain)]
        own = self._expanded(pieces[first + 1 :], chain)
        return [own, *self._located(extending, chain, lambda: self._extended(extending, chain))]

    def _extended(self, tag: Tag, chain: tuple[Path, ...]) -> list[str]:
        node = self._env.parse(tag.source).body[0]
        assert isinstance(node, nodes.Extends)  # noqa: S101 - its first word says so
        path, text = self._file(node.template, chain)
        return self._levels(text, (*chain, path))

    def _expanded(self, pieces: list[str | Tag], chain: tuple[Path, ...]) -> str:
        """Put what the files say in place of the tags that load them."""
        written: list[str] = []
        is_trimming = False
        for piece in pieces:
            if isinstance(piece, str):
                written.append(piece.lstrip() if is_trimming else piece)
            elif _is_loading(piece):
                if piece.source.startswith("{%-") and written:
                    written[-1] = written[-1].rstrip()
                written.append(self._loaded(piece, chain))
            else:
                written.append(piece.source)
            is_trimming = isinstance(piece, Tag) and _is_loading(piece) and piece.source.endswith("-%}")
        return "".join(written)

    def _loaded(self, tag: Tag, chain: tuple[Path, ...]) -> str:
        """Return the text that stands for a tag."""
        return self._located(tag, chain, lambda: self._said(tag, chain))

    def _located(self, tag: Tag, chain: tuple[Path, ...], load: Callable[[], Loaded]) -> Loaded:
        """Load what a tag asks for; an error says where the tag stands."""
        try:
            return load()
        except TemplateSyntaxError as problem:
            raise self._error(str(problem.message), tag.line, chain) from problem
        except TemplateError as problem:
            if problem.field is not None:  # from a file further down: it has its place
                raise
            raise self._error(problem.message, tag.line, chain) from problem

    def _said(self, tag: Tag, chain: tuple[Path, ...]) -> str:
        node = self._env.parse(tag.source).body[0]
        if isinstance(node, nodes.Include):
            return self._included(node, chain)
        if isinstance(node, nodes.FromImport):
            return self._imported(node, chain)
        if isinstance(node, nodes.Extends):
            raise TemplateError('{% extends "layout.html" %} stands first in its file, outside of any condition')
        raise TemplateError(
            f'a letter has no {{% {tag.word} %}}: take in a file with {{% include "file.md" %}}, or macros with '
            '{% from "macros.html" import button %}'
        )

    def _included(self, node: nodes.Include, chain: tuple[Path, ...]) -> str:
        if node.ignore_missing or not node.with_context:
            raise TemplateError(
                "an included file is there and sees every column: leave out what follows the file's name"
            )
        _, text = self._file_text(node.template, chain)
        return text.removesuffix("\n")  # as Jinja does: the line goes on behind the tag

    def _imported(self, node: nodes.FromImport, chain: tuple[Path, ...]) -> str:
        """Return the definitions asked for and those they use, in the order of the file."""
        path, text = self._file_text(node.template, chain)
        macros = macros_of(self._env, text, node.names, path.name)
        for each in macros:
            self._check_origin(each, path)
        # On lines of their own, so that Markdown takes them for blocks, and without printing these lines' ends.
        first, *others = (each.source for each in macros)
        return "\n".join([first, *(f"{{%-{source[2:].lstrip('-+')}" for source in others)])

    def _check_origin(self, macro: Macro, path: Path) -> None:
        """Check that no other file defines the same name otherwise: the later would stand for both."""
        for name in macro.names:
            other, known = self._origins.setdefault(name, (path, macro))
            if other != path and known != macro:
                raise TemplateError(
                    f"{name!r} is defined by both {other.name} and {path.name}: rename one of them"
                )

    def _file_text(self, name: nodes.Expr, chain: tuple[Path, ...]) -> tuple[Path, str]:
        """Return a file and its text, expanded."""
        path, text = self._file(name, chain)
        return path, self.text(text, (*chain, path))

    def _file(self, name: nodes.Expr, chain: tuple[Path, ...]) -> tuple[Path, str]:
        """Return a file and what it says."""
        if not isinstance(name, nodes.Const) or not isinstance(name.value, str):
            raise TemplateError(
                'a file is named by a constant text, as in {% include "file.md" %}: '
                "choose between files with {% if %}"
            )
        if self._folder is None:
            raise TemplateError(
                f"there is no folder to look for {name.value!r} in: say folder=..., or use Template.from_file"
            )
        path, text = self._folder.find(name.value), read_text(self._folder, name.value)
        if path in chain:
            circle = " includes ".join(each.name for each in (*chain[chain.index(path) :], path))
            raise TemplateError(f"a file cannot include itself: {circle}")
        if len(chain) >= _DEEPEST:
            raise TemplateError(f"more than {_DEEPEST} files include one another in a chain")
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            raise TemplateError(f"the letter includes files of more than {MOST_CHARACTERS:,} characters")
        return path, text

    def _error(self, message: str, line: int, chain: tuple[Path, ...]) -> TemplateError:
        file = f"{chain[-1].name}, " if chain else ""
        return TemplateError(f"{file}line {line}: {message}", self._field)


def _is_blank(piece: str | Tag) -> bool:
    """Tell whether a piece says nothing: a layout's name may stand behind it."""
    return not piece.strip() if isinstance(piece, str) else piece.kind == "comment"


def _is_loading(piece: str | Tag) -> TypeGuard[Tag]:
    return isinstance(piece, Tag) and piece.word in _LOADING
