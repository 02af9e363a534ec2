"""A template kept in a file: front matter in YAML between two lines of ---, then the body.

YAML guesses types: a subject `2025-05-01` would become a date, `no` a boolean, `{{ name }}` a mapping. So only its
grammar is used. Every value is read as it is written, and is a text, a list or a mapping, whichever its key wants;
nothing else is ever constructed (YAML's tags could name any Python object). Anchors are refused: they have no use
here, and a few lines of them unfold to gigabytes. A key no template has is an error: a misspelt `reply_to` must
not go unnoticed, nor half a subject that YAML takes for a comment.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notebookmail.compose.files import ReadFolder
from notebookmail.errors import TemplateError

from .includes import read_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from yaml import Node

_BODIES: Final = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}
_FENCE: Final = "---"
_MOST_CHARACTERS: Final = 64 * 1024  # of front matter; YAML is read slowly
_TAGS: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_SWALLOWED: Final = re.compile(r"[ \t]+#\S")
_QUOTES: Final = (
    'put what holds {{ }}, a colon, # or another sign of YAML\'s in quotes, as in subject: "{{ topic }}"'
)
_EXAMPLE: Final = '---\nsubject: "Hello {{ name }}"\n---\nDear {{ name }}, ...'


def read(path: str | os.PathLike[str], given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read a template's arguments, "subject" and "folder" among them, from a file.

    The file's ending says what the body is: .md, .html or .txt. Keys are those of `Template`; `from` stands for
    sender, case does not count, and `-` is as good as `_`. A style sheet may be a file (`css: letter.css`). The
    contents of `inline`, and those of `attachments` with names, are paths.

    Args:
        path: The file, UTF-8.
        given: Arguments that come before the file's; what is inline and headers are added to the file's.

    Raises:
        TemplateError: It cannot be read, or is not of this form; the message says what is wrong and where.
    """
    try:
        file = Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as problem:
        raise TemplateError(f"{str(path)!r} is not the name of a file") from problem
    body_field = _BODIES.get(file.suffix.lower())
    if body_field is None:
        raise TemplateError(f"{file.name!r} is no template's file: its name ends in {', '.join(_BODIES)}")
    folder = ReadFolder(file.parent)
    front, body = _parts(read_text(folder, file.name), file.name, has_subject="subject" in (given or {}))
    values = _FrontMatter(file.name, front).values()
    for name, value in (given or {}).items():
        values[name] = {**values.get(name, {}), **value} if name in {"inline", "headers"} else value
    if "subject" not in values:
        raise TemplateError(f"{file.name} names no subject; write it like this:\n{_EXAMPLE}", "subject")
    if body_field in values:
        raise TemplateError(f"{file.name} has two texts: what follows the front matter is the text", body_field)
    if isinstance(css := values.get("css"), str) and css.endswith(".css"):
        values["css"] = read_text(folder, css)
    return {"folder": file.parent, **values, body_field: body}


def _parts(source: str, file: str, *, has_subject: bool) -> tuple[str, str]:
    """Cut a file into front matter and body; all is body if there is none and the subject comes from elsewhere."""
    first, *lines = source.split("\n")
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE]
    if first.rstrip() != _FENCE and has_subject:
        return "", source
    if first.rstrip() != _FENCE or not fences:
        raise TemplateError(f"{file} does not begin with front matter between two lines of ---:\n{_EXAMPLE}")
    front, body = "\n".join(lines[: fences[0]]), "\n".join(lines[fences[0] + 1 :]).lstrip("\n")
    if len(front) > _MOST_CHARACTERS:
        raise TemplateError(f"the front matter of {file} has more than {_MOST_CHARACTERS:,} characters")
    if not body.strip():
        raise TemplateError(f"{file} has no body; write it below the front matter:\n{_EXAMPLE}")
    return front, body


class _FrontMatter:
    """The front matter of one file.

    Args:
        file: The file's name, for messages.
        source: The YAML.
    """

    def __init__(self, file: str, source: str) -> None:
        self._file = file
        self._source = source
        self._seen: set[int] = set()

    def values(self) -> dict[str, Any]:
        """Return the values by key; a key without a value counts as not given.

        Raises:
            TemplateError: It is no YAML, a key is unknown or twice there, or has a value of another kind.
        """
        root = self._root()
        if root is None:
            return {}
        values: dict[str, Any] = {}
        for name, node in self._pairs(root, None, _key).items():
            reader = _READERS.get(name)
            if reader is None:
                raise self._error(f"there is no key {name!r}{_hint(name)}", node, name)
            if node.value == "" and node.style is None:
                self.text(node, name)  # it refuses `subject: #5`
            else:
                values[name] = reader(self, node, name)
        return values

    def text(self, node: Node, key: str | None) -> str:
        """Return a text, as it is written."""
        import yaml

        self._check(node, key)
        written = self._source[node.start_mark.index : node.end_mark.index].strip()
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(f"to YAML, {written!r:.60} is a {node.id} and no text: {_QUOTES}", node, key)
        if node.style is None and _SWALLOWED.match(self._source, node.end_mark.index):
            raise self._error(f"YAML takes what follows {written!r:.60} for a comment: {_QUOTES}", node, key)
        return str(node.value)

    def texts(self, node: Node, key: str) -> str | list[str]:
        """Return a text, or a list of texts."""
        import yaml

        if not isinstance(node, yaml.SequenceNode):
            return self.text(node, key)
        self._check(node, key)
        return [self.text(item, key) for item in node.value]

    def mapping(self, node: Node, key: str) -> dict[str, str]:
        """Return a mapping of texts."""
        return {name: self.text(value, key) for name, value in self._pairs(node, key).items()}

    def paths(self, node: Node, key: str) -> dict[str, Path]:
        """Return a mapping of names to paths."""
        return {name: Path(path) for name, path in self.mapping(node, key).items()}

    def attachments(self, node: Node, key: str) -> str | list[str] | dict[str, Path]:
        """Return a path, a list of paths, or a mapping of names to paths."""
        import yaml

        return self.paths(node, key) if isinstance(node, yaml.MappingNode) else self.texts(node, key)

    def _root(self) -> Node | None:
        import yaml

        try:
            # Composed, never constructed: a tree of texts, whatever the tags in it say.
            return yaml.compose(self._source, Loader=yaml.BaseLoader)
        except yaml.MarkedYAMLError as problem:
            line = f", line {problem.problem_mark.line + 2}" if problem.problem_mark else ""
            raise TemplateError(f"{self._file}{line}: YAML reads: {problem.problem}; {_QUOTES}") from problem
        except yaml.YAMLError as problem:
            raise TemplateError(f"{self._file}: its front matter is no YAML: {problem}") from problem
        except RecursionError as problem:
            raise TemplateError(f"{self._file}: its front matter is nested too deeply") from problem

    def _pairs(self, node: Node, key: str | None, written: Callable[[str], str] = str) -> dict[str, Node]:
        """Return the values of a mapping by their keys, these as `written` wants them."""
        import yaml

        self._check(node, key)
        if not isinstance(node, yaml.MappingNode):
            raise self._error("names and values are wanted here, as in\n  name: value", node, key)
        pairs: dict[str, Node] = {}
        for name_node, value in node.value:
            name = written(self.text(name_node, key))
            if name in pairs:
                raise self._error(f"the key {name!r} is there twice", name_node, key or name)
            pairs[name] = value
        return pairs

    def _check(self, node: Node, key: str | None) -> None:
        """Check that a node is plain: no other object, and not the same as one before."""
        if node.tag not in _TAGS:
            raise self._error(f"YAML takes {node.tag!r:.60} for the name of a type: {_QUOTES}", node, key)
        if id(node) in self._seen:
            raise self._error("an anchor stands for it: write it out, or put it in quotes", node, key)
        self._seen.add(id(node))

    def _error(self, message: str, node: Node, key: str | None) -> TemplateError:
        return TemplateError(f"{self._file}, line {node.start_mark.line + 2}: {message}", key)


def _key(name: str) -> str:
    name = name.casefold().replace("-", "_")
    return "sender" if name == "from" else name


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, _READERS, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(_READERS)}"


_READERS: Final[dict[str, Callable[[_FrontMatter, Node, str], Any]]] = {
    **dict.fromkeys(("subject", "sender"), _FrontMatter.text),
    **dict.fromkeys(("to", "cc", "bcc", "split"), _FrontMatter.texts),
    "reply_to": _FrontMatter.text,
    "headers": _FrontMatter.mapping,
    **dict.fromkeys(("css", "text", "preheader", "locale", "undefined", "na"), _FrontMatter.text),
    "attachments": _FrontMatter.attachments,
    "inline": _FrontMatter.paths,
    "calendar": _FrontMatter.mapping,
    "list_unsubscribe": _FrontMatter.texts,
}
