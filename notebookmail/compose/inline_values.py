"""What a template shows by name: figures, pictures, tables, given once or made for each row by a function."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from notebookmail.errors import FrameError, TemplateError

from .images.figures import release
from .jinja.parts import TemplatePart
from .notebooks.letter import NotebookLetter
from .notebooks.run import NotebookRun
from .row_functions import called, is_callable

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from jinja2 import Environment

    from .images.inline_images import InlineImages, Picture

FIELD = "inline"


class InlineValues:
    """The values a template knows beside the columns.

    Args:
        env: The text environment, for paths that are templates.
        given: The values by name.
        used: The names the template reads; what it does not read is never made.
        images: Where pictures that are the same for all rows are kept.
        drawn: These pictures by name, where they were drawn before.

    Attributes:
        drawn: The pictures that are the same for all rows, by name.
        runs: The notebooks that are run for rows, by name.

    Raises:
        TemplateError: A picture that is the same for all rows cannot be drawn, or is not there.
    """

    def __init__(
        self,
        env: Environment,
        given: Mapping[str, Any],
        used: Collection[str],
        images: InlineImages,
        drawn: Mapping[str, Picture] | None = None,
    ) -> None:
        self._fixed: dict[str, Any] = {}
        self._paths: dict[str, TemplatePart] = {}
        self._functions: dict[str, Any] = {}
        self.runs: dict[str, NotebookRun] = {}
        for name, value in given.items():
            if name in used:
                self._sort(env, name, value)
        self.drawn: dict[str, Picture] = {}
        for name, value in self._fixed.items():
            try:
                picture = images.keep(value, (drawn or {}).get(name))
                if picture is not None:
                    self.drawn[name] = picture
                if isinstance(value, NotebookLetter):
                    self.drawn |= {f"{name} {each.content_id}": each for each in value.pictures}
            except TemplateError as problem:
                raise TemplateError(f"{name}: {problem.message}", FIELD) from problem

    def _sort(self, env: Environment, name: str, value: Any) -> None:
        if isinstance(value, str):
            path = TemplatePart(env, value, FIELD)
            if path.constant is None:
                self._paths[name] = path
            else:
                self._fixed[name] = PurePath(value)
        elif isinstance(value, NotebookRun):
            self._functions[name] = self.runs[name] = value.begun()
        elif is_callable(value):
            self._functions[name] = value
        else:
            self._fixed[name] = value

    def values(self, context: Mapping[str, Any], row: Any, label: Hashable) -> dict[str, Any]:
        """Return a row's values by name; a picture's path is a PurePath.

        Args:
            context: The row's values, as a template sees them.
            row: The row, as a function sees it.
            label: The row's label, for messages.

        Raises:
            TemplateError: A function failed.
        """
        values = dict(self._fixed)
        for name, path in self._paths.items():
            values[name] = PurePath(path.render(dict(context), label))
        try:
            for name, function in self._functions.items():
                made = called(function, row, FIELD, label)
                values[name] = PurePath(made) if isinstance(made, str) else made
        except TemplateError:
            self.release(values)
            raise
        return values

    def release(self, values: Mapping[str, Any]) -> None:
        """Let go of the figures that functions have made for a row."""
        for name in self._functions:
            release(values.get(name))


def check_inline_names(given: Mapping[str, Any], columns: Sequence[str]) -> None:
    """Check that nothing inline hides a column.

    Raises:
        FrameError: Something inline has the name of a column.
    """
    hidden = sorted(given.keys() & set(columns))
    if hidden:
        raise FrameError(
            f"inline={{{hidden[0]!r}: ...}} has the name of a column; a template could not say which is meant: "
            "rename it"
        )
