"""The letter's template: parsed once, its columns known, rendered strictly.

Everything that does not depend on a row is done when a template is made (see blueprint.py). A template is a value:
it pickles as its definition, and its digest is a hash of it. It knows columns, never a frame.
"""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from notebookmail.errors import FrameError

from .blueprint import Blueprint, build
from .definition import Definition, listed
from .frame import row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from email.message import EmailMessage

    import pandas as pd

    from .environment import MissingPolicy, UndefinedPolicy
    from .frame import Row

_REPR_SUBJECT = 40


class Template:
    """A message to be filled in for every row.

    Every string is a Jinja template, in which every column is a variable and `row` is the whole row. Values come
    into HTML escaped; neither Markdown nor HTML nor Jinja in them has any effect.

    Args:
        subject: The subject line.
        markdown: The body in Markdown; becomes HTML in a plain design, and a text alternative.
        html: The body in HTML, as an alternative to `markdown`; a text alternative is derived from it.
        text: The body in plain text, alone or as the alternative to the others.
        sender: The From mailbox: `address` or `Name <address>`.
        to: The recipient, or several, each one mailbox; by default the frame's e-mail column.
        cc: Mailboxes that get a copy; an empty cell adds nobody.
        bcc: Mailboxes that get a copy unseen; an empty cell adds nobody.
        reply_to: The mailbox answers go to.
        headers: Further header fields by name.
        css: A style sheet, inlined; with `markdown` it comes after the default design.
        undefined: "strict": an unknown name is an error; "empty": it prints nothing.
        na: "error": a missing value (NaN, None) that is printed fails its row; "empty": it prints nothing.

    Raises:
        TemplateError: A part cannot be parsed, no body is given, or two that exclude each other.

    Example:
        >>> template = Template("Hello {{ name }}", text="Dear {{ name }}, ...", sender="me@example.org")
        >>> sorted(template.variables)
        ['name']
    """

    def __init__(
        self,
        subject: str,
        *,
        markdown: str | None = None,
        html: str | None = None,
        text: str | None = None,
        sender: str | None = None,
        to: str | Sequence[str] | None = None,
        cc: str | Sequence[str] | None = None,
        bcc: str | Sequence[str] | None = None,
        reply_to: str | None = None,
        headers: Mapping[str, str] | None = None,
        css: str | None = None,
        undefined: UndefinedPolicy = "strict",
        na: MissingPolicy = "error",
    ) -> None:
        self._definition = Definition(
            subject=subject,
            markdown=markdown,
            html=html,
            text=text,
            sender=sender,
            to=listed(to),
            cc=listed(cc),
            bcc=listed(bcc),
            reply_to=reply_to,
            headers=dict(headers or {}),
            css=css,
            undefined=undefined,
            na=na,
        )
        self._blueprint = build(self._definition)

    def __repr__(self) -> str:
        subject = self._definition.subject
        short = subject if len(subject) <= _REPR_SUBJECT else f"{subject[: _REPR_SUBJECT - 3]}..."
        return f"<Template {short!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the definition: compiled code does not travel."""
        return (_rebuild, (asdict(self._definition),))

    @property
    def definition(self) -> Definition:
        """What the template was made of."""
        return self._definition

    @property
    def blueprint(self) -> Blueprint:
        """The compiled parts, for the compiler."""
        return self._blueprint

    @property
    def digest(self) -> str:
        """A hash of the definition: the same in every process, another for every change."""
        return self._definition.digest

    @property
    def variables(self) -> frozenset[str]:
        """The columns the template needs; a `to` left to the frame's e-mail column is not among them."""
        return frozenset[str]().union(*self._blueprint.names.values()) - {"row"}

    def check_columns(self, columns: Iterable[str]) -> None:
        """Check that every column the template needs is there.

        Args:
            columns: The columns there are.

        Raises:
            FrameError: Some are not; the message names them, where they are used, and what is there instead.
        """
        present = list(columns)
        missing = sorted(self.variables - set(present))
        if not missing or self._definition.undefined == "empty":
            return
        raise FrameError(
            "; ".join(self._describe_missing(name, present) for name in missing)
            + f". The columns are: {', '.join(map(repr, present)) or 'none'}"
        )

    def render(
        self, row: Mapping[str, Any] | pd.Series[Any] | Row, *, date: dt.datetime | None = None
    ) -> EmailMessage:
        """Fill in one row and return the message for inspection: what a mail program would read.

        A sender or recipient nobody has named yet is left out.

        Args:
            row: The values by column name: a mapping, or `df.iloc[0]`.
            date: The message's date, with a time zone; by default now.

        Raises:
            FrameError: A column is missing.
            TemplateError: The row cannot be rendered.
        """
        import email
        import email.policy

        from .compiler import Compiler

        one = row_of(row)
        when = date or dt.datetime.now().astimezone()
        compiler = Compiler(self, tuple(one.fields), date=when, is_draft=True)
        # Line ends as Python has them: `get_content()` is there to be read and compared.
        content = compiler.compile(one, seed="draft").content.replace(b"\r\n", b"\n")
        return email.message_from_bytes(content, policy=email.policy.default)

    def _describe_missing(self, name: str, present: list[str]) -> str:
        fields = ", ".join(field for field, names in self._blueprint.names.items() if name in names)
        lowered = {column.casefold(): column for column in present}
        close = [lowered[match] for match in difflib.get_close_matches(name.casefold(), lowered, n=2)]
        hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
        return f"there is no column {name!r}, which the template uses in {fields}{hint}"


def _rebuild(values: dict[str, Any]) -> Template:
    return Template(**values)
