"""The asynchronous SMTP client core (RFC 5321). Knows nothing of rows, templates or notebooks.

From below: wire (no I/O), stream.py, driver.py (what is done on a connection, driven by what arrives),
connection.py, handshake.py (EHLO, STARTTLS, AUTH) and quit.py; on these stand pool, which keeps connections
busy, and client, the public one, with message for what programs hand it. Which options a connection has:
options.py. How a host is reached: happy_eyeballs.py. Waits: deadline.py.

`SMTP`, `DEFAULT_TIMEOUT` and the ports stand here for programs that import them from a module of this name, as
aiosmtplib has one; README.md beside this file is for their authors. They are loaded when they are first asked
for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in the package's own: importing typing would cost more than all the rest
if TYPE_CHECKING:
    from typing import Any

    from .client.client import SMTP
    from .options import DEFAULT_TIMEOUT, SMTP_PORT
    from .options import SUBMISSION_PORT as SMTP_STARTTLS_PORT
    from .options import SUBMISSIONS_PORT as SMTP_TLS_PORT

__all__ = ["DEFAULT_TIMEOUT", "SMTP", "SMTP_PORT", "SMTP_STARTTLS_PORT", "SMTP_TLS_PORT"]

_PLACES = {
    "DEFAULT_TIMEOUT": ("options", "DEFAULT_TIMEOUT"),
    "SMTP": ("client.client", "SMTP"),
    "SMTP_PORT": ("options", "SMTP_PORT"),
    "SMTP_STARTTLS_PORT": ("options", "SUBMISSION_PORT"),
    "SMTP_TLS_PORT": ("options", "SUBMISSIONS_PORT"),
}
"""The module of each name, and what it is called there."""


def __getattr__(name: str) -> Any:
    """Load a name from its module on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, its_name = _PLACES[name]
    value = getattr(import_module(f".{module}", __name__), its_name)
    globals()[name] = value
    return value
