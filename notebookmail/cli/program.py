"""The program: its commands, and how a call ends."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from notebookmail import __version__

from .account import login, logout, verify
from .check import check
from .command import PROGRAM, SOME_NOT_SENT, WRONG_CALL, complain
from .completion import VARIABLE, completion
from .feedback import feedback
from .history import campaigns, forget
from .practice import demo, serve
from .preview import preview
from .send import send
from .suppressions import suppress, suppressed, unsuppress

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = 100


class CommandGroup(click.Group):
    """The commands in the order of use; a wrong one is answered with the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's
        """Return the names in the order they were added."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command that the first word names."""
        word = args[0]
        if word.startswith("-") or word in self.commands:
            return super().resolve_command(ctx, args)
        near = get_close_matches(word, self.commands)
        advice = f"did you mean {near[0]}?" if near else f"there are: {', '.join(self.commands)}."
        return ctx.fail(f"there is no command {word!r}; {advice}")


@click.group(
    cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _COLUMNS}
)
@click.version_option(__version__, prog_name=PROGRAM)
def program() -> None:
    """Mail a personalised message to every row of a table.

    Exit codes: 0 everything was sent, 1 some rows were not, 2 a wrong call.
    """


_COMMANDS = (
    demo, check, preview, send, verify, login, logout, campaigns, feedback, forget, suppressed, suppress,
    unsuppress, serve, completion,
)  # fmt: skip
for each in _COMMANDS:
    program.add_command(each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: The words after the program's name; those of the process by default.
    """
    words = None if arguments is None else list(arguments)
    try:
        code: int = program.main(words, PROGRAM, complete_var=VARIABLE, standalone_mode=False)
    except click.Abort:
        complain("interrupted")
        return SOME_NOT_SENT
    except click.ClickException as problem:
        problem.show()
        return WRONG_CALL
    return code
