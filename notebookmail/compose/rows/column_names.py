"""How a template names a column, also one whose name is no name in Jinja: `{{ row["First Name"] }}`.

People's columns are named First Name, E-Mail, 2024 or items. What a template cannot say by the name alone it says
through `row`; every message about such a column gives the text to write.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from jinja2 import TemplateSyntaxError, nodes

from notebookmail.errors import FrameError, TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2 import Environment

OTHER_MEANING: Final = frozenset({"row", "rows", "loop", "self", "caller", "not"})
"""Names that mean something else in a template, whatever the frame has."""

_CONSTANTS: Final = frozenset({"true", "false", "none", "True", "False", "None"})
_SIGNS_OF_CODE: Final = frozenset("\"'()[]{}<>=!|,~*+:\\")
_STATEMENT_WORDS: Final = frozenset({"if", "elif", "for", "set", "in", "print"})
_NOT_ELIF: Final = ("else if", "elseif", "elsif")
_DICT_METHODS: Final = frozenset(dir(dict))


class RowValues(dict[str, Any]):
    """A row as a template sees it: `row["First Name"]`, `row.items` and `row[2024]` are columns, if any."""

    __slots__ = ()

    def __missing__(self, key: object) -> Any:
        """Find a column whose name the frame has as a number."""
        if isinstance(key, (int, float)) and str(key) in self:
            return self[str(key)]
        raise KeyError(key)


def reference(column: str) -> str:
    """Return the Jinja expression that names a column: `name`, or `row["First Name"]`."""
    if column.isidentifier() and column not in OTHER_MEANING | _CONSTANTS:
        return column
    escaped = column.replace("\\", "\\\\")
    if '"' in column and "'" not in column:
        return f"row['{escaped}']"
    return 'row["{}"]'.format(escaped.replace('"', '\\"'))


def printed(column: str) -> str:
    """Return the tag that prints a column: `{{ row["First Name"] }}`."""
    return f"{{{{ {reference(column)} }}}}"


def syntax_error(env: Environment, problem: TemplateSyntaxError, source: str, field: str) -> TemplateError:
    """Say where a template cannot be parsed, and what to write where a column's name is the reason.

    Args:
        env: The environment that cannot parse it.
        problem: What it says.
        source: The template.
        field: The template field it belongs to.
    """
    hint = column_hint(env, source, problem.lineno)
    return TemplateError(f"line {problem.lineno}: {problem.message}{hint}", field)


def _other_language(source: str, line: int) -> str:
    """Return what Jinja writes for what other template languages write in a line, or ""."""
    lines = source.split("\n")
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    spaced = " ".join(written.replace("{%-", "{%").replace("{%", "{% ").split())
    if any(f"{{% {words} " in spaced for words in _NOT_ELIF):
        return '; a further condition is {% elif name == "Ann" %}, and the rest {% else %}'
    if "{{{" in written:
        return "; a column is printed with two braces, {{ name }}"
    if "{{#" in written or "{{/" in written:
        return "; conditions and loops are {% if name %}...{% endif %} and {% for each in rows %}...{% endfor %}"
    return ""


def column_hint(env: Environment, source: str, line: int) -> str:
    """Return what to write where a column's name or another language is why a line cannot be parsed, or ""."""
    other = _other_language(source, line)
    if other:
        return other
    name = next(_misread(env, source, line), None)
    return "" if name is None else f"; a column of the name {name!r} is written {reference(name)}"


def _misread(env: Environment, source: str, line: int) -> Iterator[str]:
    """Walk what stands in the tags of a line, cannot be parsed, and reads like the name of a column."""
    for beginning, ending in (("{{", "}}"), ("{%", "%}")):
        start = source.find(beginning)
        while start >= 0 and (end := source.find(ending, start)) >= 0:
            if source.count("\n", 0, start) < line <= source.count("\n", 0, end) + 1:
                name = _name_in(source[start + 2 : end].strip("-+ \n\t"), is_statement=beginning == "{%")
                if name and not _is_expression(env, name):
                    yield name
            start = source.find(beginning, end)


def _name_in(written: str, *, is_statement: bool) -> str:
    """Return what may be a column's name at the beginning of a tag: the words before any sign of code."""
    words = written.split()
    while is_statement and words and words[0] in _STATEMENT_WORDS:
        del words[0]
    if is_statement and "in" in words:  # for each in ...
        words = words[words.index("in") + 1 :]
    text = " ".join(words)
    end = next((place for place, char in enumerate(text) if char in _SIGNS_OF_CODE), len(text))
    return text[:end].strip()


def _is_expression(env: Environment, text: str) -> bool:
    try:
        env.parse(f"{{{{ {text} }}}}")
    except TemplateSyntaxError:
        return False
    return True


def check_calls(env: Environment, tree: nodes.Template) -> None:
    """Check that every filter and test a template calls is there.

    Jinja leaves those under an `if` to the moment they are called: every row would fail then.

    Raises:
        TemplateError: One is not; the message has the line and the nearest name.
    """
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        is_filter = isinstance(node, nodes.Filter)
        known, name = (env.filters if is_filter else env.tests), str(getattr(node, "name", ""))
        if name not in known:
            kind = "filter" if is_filter else "test"
            raise TemplateError(f"line {node.lineno}: there is no {kind} {name!r}{_nearest(name, known, kind)}")


def _nearest(name: str, known: Iterable[str], kind: str) -> str:
    public = sorted(each for each in known if not each.startswith("_"))
    close = difflib.get_close_matches(name, public, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return '; your own are given by filters={"name": function}' if kind == "filter" else ""


def names_through_row(tree: nodes.Template) -> Iterator[str]:
    """Walk the columns read as `row.name`, `row["name"]` and `row[2024]`."""
    for attribute in tree.find_all(nodes.Getattr):
        if _is_row(attribute.node) and attribute.attr not in _DICT_METHODS:
            yield attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if _is_row(item.node) and isinstance(item.arg, nodes.Const) and type(item.arg.value) in {str, int, float}:
            yield str(item.arg.value)


def _is_row(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) and node.name == "row"


def printed_numbers(tree: nodes.Template) -> frozenset[str]:
    """Return the bare numbers a template prints: `{{ 2024 }}` is a number, whatever columns there are."""
    numbers: set[str] = set()
    for output in tree.find_all(nodes.Output):
        for each in output.nodes:
            node: nodes.Expr | None = each
            while isinstance(node, nodes.Filter):
                node = node.node
            if isinstance(node, nodes.Const) and type(node.value) in {int, float}:
                numbers.add(str(node.value))
    return frozenset(numbers)


def missing_column(name: str, fields: str, present: list[str]) -> str:
    """Say that a template uses a column that is not there, and what to write.

    Args:
        name: The column as the template reads it.
        fields: The fields of the template it is used in.
        present: The columns there are.
    """
    lowered = {column.casefold().strip(): column for column in present}
    # {{ E-Mail }} is E minus Mail to Jinja, and {{ First.Name }} the Name of First: the rest of a longer name.
    meant = [column for column in present if not column.isidentifier() and name in _words_in(column)]
    close = [lowered[match] for match in difflib.get_close_matches(name.casefold(), lowered, n=2)]
    close = [column for column in close if column not in meant]
    hint = ""
    if meant:
        hint = f" (for the column {meant[0]!r} write {printed(meant[0])})"
    elif close:
        written = [repr(each) if each.isidentifier() else f"{each!r}, written {printed(each)}" for each in close]
        hint = f" (did you mean {' or '.join(written)}?)"
    return f"there is no column {name!r}, which the template uses in {fields}{hint}"


def _words_in(column: str) -> set[str]:
    return set("".join(char if char.isalnum() or char == "_" else " " for char in column).split())


def unique_names(names: Iterable[Any]) -> list[str]:
    """Return the names of a frame's columns as templates write them.

    Raises:
        FrameError: Two are the same, or they have several levels.
    """
    given = list(names)
    if any(isinstance(name, tuple) for name in given):
        raise FrameError(
            "the columns have several levels: flatten them first, for instance with "
            'df.columns = ["_".join(str(name) for name in names if name != "") for names in df.columns]'
        )
    texts = [str(name) for name in given]
    if len(set(texts)) < len(texts):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        raise FrameError(
            f"several columns are named {quoted_names(twice)}: a template could not say which one it means; "
            "rename or drop the others (df = df.loc[:, ~df.columns.duplicated()] keeps the first of each)"
        )
    return texts


def quoted_names(names: Iterable[str]) -> str:
    """Write names one after the other, each in quotes."""
    return ", ".join(repr(name) for name in names)
