"""`notebookmail completion`: what a shell needs to complete commands, options, files and names."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from .command import ALL_SENT, PROGRAM, SectionedCommand

VARIABLE: Final = "_NOTEBOOKMAIL_COMPLETE"
"""By what a shell's script asks the program for completions; the name is click's."""


@click.command(
    cls=SectionedCommand,
    short_help="Print what a shell needs to complete the words of this command.",
    examples=(
        'eval "$(notebookmail completion bash)"                # in ~/.bashrc',
        'eval "$(notebookmail completion zsh)"                 # in ~/.zshrc, behind compinit',
        "notebookmail completion fish > ~/.config/fish/completions/notebookmail.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print what a shell needs to complete commands, options, files, presets and campaigns."""
    kind = get_completion_class(shell)
    if kind is None:  # click was told of no other shell
        return ALL_SENT
    click.echo(kind(context.find_root().command, {}, PROGRAM, VARIABLE).source())
    return ALL_SENT
