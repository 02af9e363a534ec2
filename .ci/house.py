"""Check the sizes and the names of the package: `python .ci/house.py`.

Says what breaks a rule, and ends with 1 if anything does. Which rooms may import which, and that there are no
circles, is import-linter's to say (`lint-imports`).
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "notebookmail"
MOST_ROOT_MODULES = 11
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 50  # without its docstring
LEAST_LETTERS_OF_A_DOCSTRING = 80


def main() -> int:
    """Print what breaks a rule; return the exit code."""
    found = [*root_modules(), *long_files(), *long_functions(), *double_classes(), *mute_packages()]
    for each in found:
        print(each)
    print(f"house: {len(found)} complaints" if found else "house: in order")
    return bool(found)


def files() -> list[Path]:
    """Return the package's modules."""
    return sorted(PACKAGE.rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path, line: int = 1) -> str:
    """Say where something stands."""
    return f"{path.relative_to(PACKAGE.parent)}:{line}"


def root_modules() -> list[str]:
    """Find too many modules beside the rooms."""
    count = len(list(PACKAGE.glob("*.py")))
    return [f"{place(PACKAGE)}: {count} modules at the root"] if count > MOST_ROOT_MODULES else []


def long_files() -> list[str]:
    """Find files that are too long."""
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in files()}
    return [f"{place(path)}: {count} lines" for path, count in lines.items() if count > MOST_LINES_OF_A_FILE]


def long_functions() -> list[str]:
    """Find functions that are too long."""
    functions = [
        (path, node)
        for path in files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        f"{place(path, node.lineno)}: {node.name} has {lines_of(node)} lines"
        for path, node in functions
        if lines_of(node) > MOST_LINES_OF_A_FUNCTION
    ]


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines, without its docstring."""
    count = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        text = node.body[0]
        count -= (text.end_lineno or text.lineno) - text.lineno + 1
    return count


def double_classes() -> list[str]:
    """Find names that two classes have, whether or not a line stands before them."""
    places = defaultdict(list)
    for path in files():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(place(path, node.lineno))
    return [f"{', '.join(each)}: classes of one name, {name}" for name, each in places.items() if len(each) > 1]


def mute_packages() -> list[str]:
    """Find packages that do not say what lives in them."""
    return [
        f"{place(path)}: no docstring"
        for path in PACKAGE.rglob("__init__.py")
        if len(ast.get_docstring(parsed(path)) or "") < LEAST_LETTERS_OF_A_DOCSTRING
    ]


if __name__ == "__main__":
    sys.exit(main())
