"""Types under the module name that programs written for aiosmtplib import; see smtp/README.md."""

from __future__ import annotations

import os

from .smtp.options import SMTPTokenGenerator
from .status import SMTPStatus

SocketPathType = str | bytes | os.PathLike[str]
"""What `socket_path` takes."""

__all__ = ["SMTPStatus", "SMTPTokenGenerator", "SocketPathType"]
