"""What every command has: help in sections with examples, and errors told in one way.

Exit codes: 0 everything was sent (a dry run: could be; a check or preview: no errors; a server: mail can go), 1
some rows were not (a server: mail cannot go), 2 a wrong call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import click

from notebookmail.errors import NotebookmailError

from .machine_output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALL_SENT, SOME_NOT_SENT, WRONG_CALL = 0, 1, 2
PROGRAM: Final = "notebookmail"
_LAST_SECTION: Final = "Further"

_Function = TypeVar("_Function", bound="Callable[..., Any]")


class Decorator(Protocol):
    """Gives a command's function an option or several."""

    def __call__(self, function: _Function, /) -> _Function:
        """Return the function, with what click notes on it."""


class SectionedOption(click.Option):
    """An option that stands in a section of its command's help.

    Attributes:
        section: The section's heading.
    """

    def __init__(self, *names: Any, section: str = _LAST_SECTION, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.section = section


def option(*names: str, section: str, **settings: Any) -> Decorator:
    """Decorate a command with an option in a section of its help; the settings are click's."""
    return click.option(*names, cls=SectionedOption, section=section, **settings)


def options(*decorators: Decorator) -> Decorator:
    """Make one decorator of several options, shown in this order."""

    def decorate(function: _Function, /) -> _Function:
        for each in reversed(decorators):
            function = each(function)
        return function

    return decorate


as_json: Final = option(
    "--json", "is_json", is_flag=True, section=_LAST_SECTION, help="Write one JSON object, for programs."
)
"""The option of commands whose outcome programs read."""


class SectionedCommand(click.Command):
    """A command whose help has sections and examples; an error of ours becomes its words and an exit code.

    Args:
        examples: Command lines, shown as they are.
        **settings: click's.
    """

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section each for what belongs together."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(parameter, "section", _LAST_SECTION), []).append(record)
        for heading in sorted(sections, key=lambda heading: heading == _LAST_SECTION):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's
        """Write the examples."""
        if self._examples:
            with formatter.section("Examples"):
                for each in self._examples:
                    formatter.write(f"{'':{formatter.current_indent}}{each}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Carry the command out; say what was wrong with the call where it was."""
        try:
            return super().invoke(ctx)
        except NotebookmailError as problem:
            _tell(problem, is_json=bool(ctx.params.get("is_json")))
            return WRONG_CALL


def _tell(problem: NotebookmailError, *, is_json: bool) -> None:
    words = "\n".join((str(problem), *getattr(problem, "__notes__", ())))
    if is_json:
        print_json({"error": {"kind": type(problem).__name__, "message": words}})
    complain(words)


def complain(words: str) -> None:
    """Say on standard error what a person must know."""
    click.echo(f"{PROGRAM}: {words}", err=True)
