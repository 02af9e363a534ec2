"""`SMTPResponse` under the module name that programs written for aiosmtplib import; see smtp/README.md."""

from __future__ import annotations

from .reply import SMTPResponse

__all__ = ["SMTPResponse"]
