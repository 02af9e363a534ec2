"""What a template was defined as: checked values, and a digest of them.

Only shapes are judged here (a string is a string, one body or two that fit together); what the strings say is for
the compiled to find out. The digest names a campaign that has no name, so it depends on the definition alone: not
on the process, the machine, or the version of a library.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import TemplateError

from .attachments.attachments import Named, listed_attachments
from .files import ReadFolder
from .filters.filters import check_locale
from .groups import ROWS
from .identity.same_value import value_text
from .jinja.environment import environment
from .jinja.printing import INVITATION
from .notebooks.letter import NotebookLetter
from .notebooks.run import NotebookRun
from .row_functions import as_path, is_callable, is_path
from .sources.includes import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jinja2 import Environment

    from .addresses.address_lists import RecipientSource
    from .jinja.environment import UndefinedPolicy
    from .rows.missing import MissingPolicy

_VERSION: Final = 3  # of the digest's form
_TEXTS: Final = ("subject", "markdown", "html", "text", "sender", "reply_to", "css", "preheader", "locale")
_TAKEN: Final = frozenset(
    {"row", ROWS, INVITATION, "loop", "self", "caller", "range", "dict", "cycler", "joiner", "namespace"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A template's strings, objects and policies, as `Template` describes them.

    Raises:
        TemplateError: One is of the wrong kind, or the bodies exclude each other.
    """

    subject: str
    markdown: str | None
    html: str | None
    text: str | None
    sender: str | None
    to: tuple[RecipientSource, ...]
    cc: tuple[RecipientSource, ...]
    bcc: tuple[RecipientSource, ...]
    split: tuple[str, ...]
    reply_to: str | None
    headers: Mapping[str, str] = field(hash=False)
    css: str | None
    attachments: tuple[Named, ...]
    inline: Mapping[str, Any] = field(hash=False)
    filters: Mapping[str, Callable[..., Any]] = field(hash=False)
    calendar: Any
    list_unsubscribe: tuple[str, ...]
    preheader: str | None
    folder: str | None
    locale: str
    undefined: UndefinedPolicy
    na: MissingPolicy

    def __post_init__(self) -> None:
        for name in _TEXTS:
            _check_text(getattr(self, name), name, optional=name not in {"subject", "locale"})
        for name in ("to", "cc", "bcc", "list_unsubscribe"):
            for text in getattr(self, name):
                if name == "list_unsubscribe" or not is_callable(text):
                    _check_text(text, name)
        for separator in self.split:
            _check_separator(separator)
        for name, text in self.headers.items():
            _check_text(name, "headers")
            _check_text(text, f"headers[{name!r}]")
        self._check_named()
        if self.markdown is not None and self.html is not None:
            raise TemplateError(
                "markdown= and html= exclude each other: the Markdown becomes the HTML body", "html"
            )
        if self.markdown is None and self.html is None and self.text is None:
            raise TemplateError("a template needs a body: give markdown=, html= or text=")
        check_locale(self.locale)
        _check_choice(self.undefined, "undefined", ("strict", "empty"))
        _check_choice(self.na, "na", ("error", "empty"))

    def _check_named(self) -> None:
        for name in self.inline:
            _check_name(name)
        for name, function in self.filters.items():
            _check_filter(name, function)

    @property
    def digest(self) -> str:
        """A hash of the definition that stays the same between processes."""
        return self.digest_with(self.sender)

    def digest_with(self, sender: str | None) -> str:
        """Return the hash of this definition with another sender.

        Of what is attached the names count, of pictures that they are there: their octets are made anew whenever a
        cell is run, and differ each time.
        """
        # What is not used is left out, so that a letter stays the same letter when a version learns something
        # new. The folder is where the files are on this machine.
        known = {**self.values(), "sender": sender}
        known = {name: value for name, value in known.items() if name != "folder" and not _is_unused(value)}
        if self.attachments:
            known["attachments"] = [(each.name, _named_only(each.content)) for each in self.attachments]
        if self.inline:
            known["inline"] = {name: _known_by(value) for name, value in self.inline.items()}
        text = f"{_VERSION} {value_text(known)}"
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def values(self) -> dict[str, Any]:
        """Return the values by name, the objects themselves."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _named_only(content: Any) -> str:
    """Return what of an attachment counts beside its name: a path or a function, nothing of what it holds."""
    return value_text(as_path(content) if is_path(content) else content if is_callable(content) else None)


def _known_by(value: Any) -> Any:
    if isinstance(value, (NotebookLetter, NotebookRun)):  # its outputs are made anew, too
        return value.identity
    return "octets" if isinstance(value, (bytes, bytearray, memoryview)) else value


def _is_unused(value: Any) -> bool:
    return value is None or (isinstance(value, (str, tuple, dict)) and not value)


def listed(given: Any, field: str) -> tuple[Any, ...]:
    """Return the one or several templates of a field, or functions of the row, as a tuple.

    Raises:
        TemplateError: It is neither one nor a list.
    """
    if given is None:
        return ()
    if isinstance(given, str) or is_callable(given):
        return (given,)
    if not isinstance(given, Iterable) or isinstance(given, (bytes, Mapping)):
        raise TemplateError(f"a text or a list of texts is wanted, not a {type(given).__name__}", field)
    return tuple(given)


def define(
    *,
    to: RecipientSource | Sequence[RecipientSource] | None,
    cc: RecipientSource | Sequence[RecipientSource] | None,
    bcc: RecipientSource | Sequence[RecipientSource] | None,
    split: str | Sequence[str] | None,
    list_unsubscribe: str | Sequence[str] | None,
    headers: Mapping[str, str] | None,
    attachments: Any,
    inline: Mapping[str, Any] | None,
    filters: Mapping[str, Callable[..., Any]] | None,
    folder: str | os.PathLike[str] | None,
    markdown: str | None,
    html: str | None,
    text: str | None,
    **others: Any,
) -> Definition:
    """Bring what a template was given to one form; files that its bodies include are read now.

    Raises:
        TemplateError: As for Definition.
    """
    if not isinstance(inline or {}, Mapping):
        raise TemplateError('inline= wants names and values, as in inline={"chart": figure}', "inline")
    if not isinstance(filters or {}, Mapping):
        raise TemplateError('filters= wants names and functions, as in filters={"shout": str.upper}', "filters")
    within = ReadFolder(folder)
    return Definition(
        markdown=_with_includes(markdown, within, "markdown"),
        html=_with_includes(html, within, "html"),
        text=_with_includes(text, within, "text"),
        to=listed(to, "to"),
        cc=listed(cc, "cc"),
        bcc=listed(bcc, "bcc"),
        split=listed(split, "split"),
        list_unsubscribe=listed(list_unsubscribe, "list_unsubscribe"),
        headers=dict(headers or {}),
        attachments=listed_attachments(attachments),
        inline=dict(inline or {}),
        filters=dict(filters or {}),
        folder=None if folder is None else os.fspath(folder),
        **others,
    )


def _with_includes(source: str | None, folder: ReadFolder, field: str) -> str | None:
    return expand(source, folder, field) if isinstance(source, str) else source


def _check_text(value: Any, name: str, *, optional: bool = False) -> None:
    if not isinstance(value, str) and not (optional and value is None):
        is_file = isinstance(value, os.PathLike) and name in {"markdown", "html", "text"}
        hint = "; a letter is read from its file by Template.from_file(path, subject=...)" if is_file else ""
        raise TemplateError(f"a text is wanted, not a {type(value).__name__}: {value!r:.60}{hint}", name)


def _check_separator(separator: Any) -> None:
    if not isinstance(separator, str) or not separator.strip() or any(char.isalnum() for char in separator):
        raise TemplateError(
            f"{separator!r} stands between no two addresses: write what does, as in split=',' or split=[',', ';']",
            "split",
        )


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_") or name in _TAKEN:
        raise TemplateError(
            f"{name!r} cannot be the name of something inline: letters, digits and _, as in chart or logo_2",
            "inline",
        )


def _check_filter(name: Any, function: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        raise TemplateError(f"{name!r} cannot be the name of a filter: letters, digits and _", "filters")
    if not callable(function):
        raise TemplateError(
            f"the filter {name!r} is a function of the value, not a {type(function).__name__}", "filters"
        )


def _check_choice(value: str, name: str, choices: tuple[str, str]) -> None:
    if value not in choices:
        raise TemplateError(f"{value!r} is none of {' and '.join(map(repr, choices))}", name)


def environment_of(definition: Definition, *, html: bool, is_derived: bool = False) -> Environment:
    """Return the Jinja environment of a template, for HTML or for text, with the author's own filters.

    Args:
        definition: What the template was made of.
        html: Whether it is for HTML.
        is_derived: For text that is made from HTML, with the same expressions.
    """
    shared = environment(
        html=html,
        undefined=definition.undefined,
        na=definition.na,
        locale=definition.locale,
        is_derived=is_derived,
    )
    if not definition.filters:
        return shared
    env = shared.overlay()
    env.filters = {**shared.filters, **definition.filters}
    return env
