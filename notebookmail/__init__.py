"""Mail a personalised message to every row of a DataFrame, from a notebook cell.

    results = await send_frame(df, template)

This module only lists the public names. Each is loaded from its room when it is first asked for, so that
importing the package costs nothing that is not used. A new public name: here, in `__all__`, in `_ROOMS` and for
type checkers. Which file to change for what else stands in the `__init__` of each room, and in README.md beside
it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for true; importing typing would cost more than all the rest
if TYPE_CHECKING:
    from typing import Any

    from .api import send_frame, send_frame_sync, send_test, start_frame
    from .campaign.estimate import SendPlan, plan_frame
    from .campaign.feedback import Feedback
    from .campaign.history import campaigns, forget
    from .campaign.job import SendJob
    from .campaign.read_feedback import read_feedback, read_feedback_sync
    from .campaign.results import SendResults
    from .campaign.run import last_results
    from .campaign.suppressions import suppress, suppressed, unsuppress
    from .compose.mime.dkim import DKIM
    from .compose.template import Template
    from .datafiles.reading import read_table
    from .errors import (
        AddressError,
        FrameError,
        JournalError,
        MailboxError,
        NotebookmailError,
        SignInError,
        SMTPAuthenticationError,
        SMTPConnectError,
        SMTPConnectResponseError,
        SMTPConnectTimeoutError,
        SMTPDataError,
        SMTPException,
        SMTPHeloError,
        SMTPNotSupported,
        SMTPReadTimeoutError,
        SMTPRecipientRefused,
        SMTPRecipientsRefused,
        SMTPResponseException,
        SMTPSenderRefused,
        SMTPServerDisconnected,
        SMTPTimeoutError,
        TemplateError,
    )
    from .folder.folder import Folder
    from .mailbox.drafts import Drafts
    from .mailbox.mailbox import Mailbox
    from .response import SMTPResponse
    from .review.check import check_frame
    from .review.preview import Preview, preview_frame
    from .review.report import Report
    from .sandbox.server import Received, Sandbox
    from .server.oauth import OAuth
    from .server.server import Server
    from .smtp.client.client import SMTP, send
    from .smtp.options import SMTPTokenGenerator
    from .status import SMTPStatus

__version__ = "0.1.0"

__all__ = [
    "DKIM",
    "SMTP",
    "AddressError",
    "Drafts",
    "Feedback",
    "Folder",
    "FrameError",
    "JournalError",
    "Mailbox",
    "MailboxError",
    "NotebookmailError",
    "OAuth",
    "Preview",
    "Received",
    "Report",
    "SMTPAuthenticationError",
    "SMTPConnectError",
    "SMTPConnectResponseError",
    "SMTPConnectTimeoutError",
    "SMTPDataError",
    "SMTPException",
    "SMTPHeloError",
    "SMTPNotSupported",
    "SMTPReadTimeoutError",
    "SMTPRecipientRefused",
    "SMTPRecipientsRefused",
    "SMTPResponse",
    "SMTPResponseException",
    "SMTPSenderRefused",
    "SMTPServerDisconnected",
    "SMTPStatus",
    "SMTPTimeoutError",
    "SMTPTokenGenerator",
    "Sandbox",
    "SendJob",
    "SendPlan",
    "SendResults",
    "Server",
    "SignInError",
    "Template",
    "TemplateError",
    "campaigns",
    "check_frame",
    "forget",
    "last_results",
    "plan_frame",
    "preview_frame",
    "read_feedback",
    "read_feedback_sync",
    "read_table",
    "send",
    "send_frame",
    "send_frame_sync",
    "send_test",
    "start_frame",
    "suppress",
    "suppressed",
    "unsuppress",
]

_ROOMS = {
    "DKIM": "compose.mime.dkim",
    "Feedback": "campaign.feedback",
    "Folder": "folder.folder",
    "Drafts": "mailbox.drafts",
    "Mailbox": "mailbox.mailbox",
    "SMTP": "smtp.client.client",
    "SMTPResponse": "response",
    "SMTPStatus": "status",
    "SMTPTokenGenerator": "smtp.options",
    "OAuth": "server.oauth",
    "Preview": "review.preview",
    "Received": "sandbox.server",
    "Report": "review.report",
    "Sandbox": "sandbox.server",
    "SendJob": "campaign.job",
    "SendPlan": "campaign.estimate",
    "SendResults": "campaign.results",
    "Server": "server.server",
    "Template": "view.template",
    "campaigns": "campaign.history",
    "check_frame": "review.check",
    "forget": "campaign.history",
    "last_results": "campaign.run",
    "plan_frame": "campaign.estimate",
    "preview_frame": "review.preview",
    "read_feedback": "campaign.read_feedback",
    "read_feedback_sync": "campaign.read_feedback",
    "read_table": "datafiles.reading",
    "send": "smtp.client.client",
    "send_frame": "api",
    "send_frame_sync": "api",
    "send_test": "api",
    "start_frame": "api",
    "suppress": "campaign.suppressions",
    "suppressed": "campaign.suppressions",
    "unsuppress": "campaign.suppressions",
}
"""Where a public name lives; what is not listed is an exception."""

_MODULES = ("api", "errors", "response", "smtp", "status", "typing")
"""Modules that programs written for aiosmtplib reach by `import notebookmail as aiosmtplib`."""


def __getattr__(name: str) -> Any:
    """Load a public name from its room, or a module, on first use (PEP 562)."""
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in _MODULES:
        return import_module(f".{name}", __name__)
    value = getattr(import_module(f".{_ROOMS.get(name, 'errors')}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
