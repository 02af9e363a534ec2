"""What a template was defined as: checked values, and a digest of them.

Only shapes are judged here (a string is a string, one body or two that fit together); what the strings say is for
the blueprint to find out. The digest names a campaign that has no name, so it depends on the definition alone: not
on the process, the machine, or the version of a library.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .environment import MissingPolicy, UndefinedPolicy

_VERSION: Final = 1  # of the digest's form


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A template's strings and policies, as `Template` describes them.

    Raises:
        TemplateError: One is of the wrong kind, or the bodies exclude each other.
    """

    subject: str
    markdown: str | None
    html: str | None
    text: str | None
    sender: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    reply_to: str | None
    headers: dict[str, str] = field(hash=False)
    css: str | None
    undefined: UndefinedPolicy
    na: MissingPolicy

    def __post_init__(self) -> None:
        for name in ("subject", "markdown", "html", "text", "sender", "reply_to", "css"):
            _check_text(getattr(self, name), name, optional=name != "subject")
        for name in ("to", "cc", "bcc"):
            for text in getattr(self, name):
                _check_text(text, name)
        for name, text in self.headers.items():
            _check_text(name, "headers")
            _check_text(text, f"headers[{name!r}]")
        if self.markdown is not None and self.html is not None:
            raise TemplateError(
                "markdown= and html= exclude each other: the Markdown becomes the HTML body", "html"
            )
        if self.markdown is None and self.html is None and self.text is None:
            raise TemplateError("a template needs a body: give markdown=, html= or text=")
        _check_choice(self.undefined, "undefined", ("strict", "empty"))
        _check_choice(self.na, "na", ("error", "empty"))

    @property
    def digest(self) -> str:
        """A hash of the definition that stays the same between processes."""
        values = json.dumps([_VERSION, asdict(self)], sort_keys=True, ensure_ascii=True)
        return hashlib.blake2b(values.encode("ascii"), digest_size=16).hexdigest()


def listed(texts: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the one or several templates of a field as a tuple."""
    if texts is None:
        return ()
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _check_text(value: Any, name: str, *, optional: bool = False) -> None:
    if not isinstance(value, str) and not (optional and value is None):
        raise TemplateError(f"a text is wanted, not a {type(value).__name__}: {value!r:.60}", name)


def _check_choice(value: str, name: str, choices: tuple[str, str]) -> None:
    if value not in choices:
        raise TemplateError(f"{value!r} is none of {' and '.join(map(repr, choices))}", name)
