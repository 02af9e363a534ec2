"""The command line: what a terminal's user says, carried out by the functions a notebook calls.

A file a family of commands: check.py, preview.py, send.py, account.py (verify, login, logout), history.py
(campaigns, forget), suppressions.py (suppressed, suppress, unsuppress), practice.py (demo, serve),
completion.py. What several of them ask for: letter_options.py (data and template),
server_options.py (where it goes), mailbox_options.py (which mailbox). Help by sections, errors and exit codes:
command.py; what programs read: machine_output.py. To add a command: a file here, and program.py, which lists them.
click parses; nothing heavy is imported before a command runs.
"""

from .program import main

__all__ = ["main"]
