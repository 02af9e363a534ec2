"""aiosmtplib, as a program sees it whose import was changed to notebookmail; on the path of such programs only."""

import importlib
import sys

import notebookmail

sys.modules[__name__] = notebookmail
for each in ("api", "auth", "email", "errors", "response", "smtp", "status", "typing"):
    sys.modules[f"{__name__}.{each}"] = importlib.import_module(f"notebookmail.{each}")
