"""The letter's template: parsed once, its columns known, rendered strictly.

Everything that does not depend on a row is done when a template is made (see compiled.py). Files it includes are
read then, files it attaches are read by each run. A template is a value: it pickles as its definition, and its
digest is a hash of it. It knows columns, never a frame.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from notebookmail.errors import FrameError

from .compiled import CompiledTemplate, build, numbers_printed
from .definition import Definition, define
from .groups import ROWS
from .jinja.printing import INVITATION
from .rows.column_names import missing_column, printed
from .rows.frame import row_of
from .sources.front_matter import read
from .tables.group_rows import GroupRows, is_table

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from email.message import EmailMessage

    import pandas as pd

    from .addresses.address_lists import RecipientSource
    from .jinja.environment import UndefinedPolicy
    from .renderer import Renderer
    from .rows.frame import Row
    from .rows.missing import MissingPolicy

_REPR_SUBJECT = 40


class TemplateDisplay(Protocol):
    """What shows templates and their letters: it stands above this room, which knows no pages."""

    def page(self, template: Template) -> str:
        """Write what a template says as a page."""

    def letter(self, message: EmailMessage) -> object:
        """Return what shows a letter."""


class Template:
    """A message to be filled in for every row.

    Every string is a Jinja template, in which every column is a variable and `row` is the whole row. Values come
    into HTML escaped; neither Markdown nor HTML nor Jinja in them has any effect. Wherever a value is wanted, a
    function of the row may stand: it is called with the row (`row["name"]`, `row.name`).

    In a template: `{{ frame | table }}` shows a frame or series, `{{ figure | image(alt="Sales by month") }}` a
    figure, picture or image file as a part of the letter; a Styler or a great_tables table is shown as it is.
    `{{ x | number(2) }}`, `{{ x | money("EUR") }}`, `{{ x | date("long") }}` write as `locale` does.
    `{% include "footer.md" %}` and `{% from "macros.html" import button %}` read from the folder.

    Args:
        subject: The subject line.
        markdown: The body in Markdown; becomes HTML in a plain design, and a text alternative.
        html: The body in HTML, as an alternative to `markdown`; a text alternative is derived from it.
        text: The body in plain text, alone or as the alternative to the others.
        sender: The From mailbox: `address` or `Name <address>`.
        to: The recipient, or several: templates of one mailbox each, or functions of the row that return one or a
            list; by default the frame's e-mail column.
        cc: Mailboxes that get a copy, given as for `to`; an empty cell adds nobody, and commas in a cell stand
            between mailboxes, as in the header field Cc.
        bcc: As `cc`, for those who get a copy unseen.
        split: What stands between the addresses of one cell, such as "," or [",", ";"], in `to`, `cc` and `bcc`.
            Without it a cell of `to` is one mailbox, and one that holds several fails its row.
        reply_to: The mailbox answers go to.
        headers: Further header fields by name.
        css: A style sheet, inlined; with `markdown` it comes after the default design.
        attachments: Paths, `(name, content)` pairs, a mapping of names to contents, or functions of the row. A
            content is a path, bytes, a figure, or a frame, which becomes .csv, .tsv, .xlsx or .parquet by its
            name. An empty path, or None from a function, attaches nothing.
        inline: Figures, pictures, tables or paths that the body shows by name, or functions of the row:
            `inline={"chart": plot}` for `{{ chart | image(alt="...") }}` or `![...](cid:chart)`.
        filters: Functions of a value by name, beside those there are: `filters={"shout": str.upper}` for
            `{{ name | shout }}`. What one returns is escaped like any value, unless it is Markup.
        calendar: An invitation (RFC 5545, method REQUEST): a mapping with `summary`, `start`, and `end` or
            `duration`, and perhaps `timezone`, `location`, `description`, `url`, `alarm`, `uid`; an icalendar
            object; ics text; or a function of the row. `{{ invitation }}` shows it in the letter too.
        list_unsubscribe: Where a reader can leave the list: an https: address (then with one click, RFC 8058), a
            mailto: address, or both. A mailto: without a subject gets one that names the letter, so that
            `read_feedback` knows who wants no more.
        preheader: The line an inbox shows beside the subject.
        folder: Where included, attached and shown files lie; nothing outside of it is read. By default the working
            folder.
        locale: How the filters and tables write numbers, money and dates: "en", "de", "pt_BR", ...
        undefined: "strict": an unknown name is an error; "empty": it prints nothing.
        na: "error": a missing value (NaN, None) that is printed fails its row; "empty": it prints nothing.

    Raises:
        TemplateError: A part cannot be parsed, no body is given, or two that exclude each other.

    Example:
        >>> template = Template("Hello {{ name }}", text="Dear {{ name }}, ...", sender="me@example.org")
        >>> sorted(template.variables)
        ['name']
    """

    shown_by: ClassVar[TemplateDisplay | None] = None

    def __init__(
        self,
        subject: str,
        *,
        markdown: str | None = None,
        html: str | None = None,
        text: str | None = None,
        sender: str | None = None,
        to: RecipientSource | Sequence[RecipientSource] | None = None,
        cc: RecipientSource | Sequence[RecipientSource] | None = None,
        bcc: RecipientSource | Sequence[RecipientSource] | None = None,
        split: str | Sequence[str] | None = None,
        reply_to: str | None = None,
        headers: Mapping[str, str] | None = None,
        css: str | None = None,
        attachments: Any = (),
        inline: Mapping[str, Any] | None = None,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        calendar: Mapping[str, Any] | Callable[[Any], Any] | Any = None,
        list_unsubscribe: str | Sequence[str] | None = None,
        preheader: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        locale: str = "en",
        undefined: UndefinedPolicy = "strict",
        na: MissingPolicy = "error",
    ) -> None:
        given = {name: value for name, value in locals().items() if name != "self"}
        self._take(define(**given))  # it takes the same, by the same names

    def _take(self, definition: Definition) -> None:
        self._definition = definition
        self._compiled = build(definition)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **further: Any) -> Template:
        """Read a template from a file: front matter (YAML) between two lines of ---, then the body.

        The file's ending says what the body is: .md, .html or .txt. Files it names lie in its own folder. A
        notebook (.ipynb) is read by `from_notebook`, and takes its arguments.

        Args:
            path: The file, UTF-8.
            **further: What a file cannot hold, such as `inline={"chart": figure}`, or what is to differ from it:
                any argument of Template. With `subject=` the file may have no front matter.

        Raises:
            TemplateError: It is not there, is not such a file, or what it holds is no template.

        Example:
            A file `invoice.md`::

                ---
                subject: "Invoice {{ number }}"
                sender: Accounts <accounts@example.org>
                attachments: ["invoices/{{ number }}.pdf"]
                ---
                Dear {{ name }}, ...
        """
        if str(path).lower().endswith(".ipynb"):
            return cls.from_notebook(path, **further)
        values = read(path, further)
        return cls(values.pop("subject"), **values)

    @classmethod
    def from_notebook(
        cls,
        path: str | os.PathLike[str],
        *,
        subject: str | None = None,
        parameters: Mapping[str, str] | Iterable[str] | bool | None = None,
        code: bool = False,
        tags: str | Iterable[str] = (),
        timeout: float = 600,
        kernel: str | None = None,
        **further: Any,
    ) -> Template:
        """Make a letter of a notebook: its text, tables and figures, as it was saved or as it runs for each row.

        Nothing of the notebook is Jinja. Cells with the tags of nbconvert and Jupyter Book (`remove-cell`,
        `remove-output`, `hide-input`, ...) are left out, or shown in part. What needs a browser is shown by its
        picture or its text, or is named by `check_frame`. Wants the extra `notebook`.

        Args:
            path: The notebook, .ipynb; or the HTML page that nbconvert or Quarto has written of it.
            subject: The subject line, a template; by default the notebook's title.
            parameters: What differs by row, for a notebook that papermill runs for each: columns by the names of
                the parameters they fill, names of parameters that are columns, or True for all parameters. Rows
                with equal values share one run.
            code: Whether the code is shown, too.
            tags: Shows only cells with one of these tags.
            timeout: How many seconds a cell may take to run.
            kernel: The kernel that runs it, such as "python3"; by default the notebook's own.
            **further: Any argument of Template. In `markdown` or `html` the notebook is `{{ notebook }}`.

        Raises:
            TemplateError: It is not there, is no notebook, holds an error, or has no such parameter.

        Example:
            >>> template = Template.from_notebook("report.ipynb", parameters=["region"])  # doctest: +SKIP
        """
        from .notebooks.template_arguments import template_arguments

        given = template_arguments(
            path,
            further,
            subject=subject,
            parameters=parameters,
            code=code,
            tags=tags,
            timeout=timeout,
            kernel=kernel,
        )
        return cls(given.pop("subject"), **given)

    def __repr__(self) -> str:
        subject = self._definition.subject
        short = subject if len(subject) <= _REPR_SUBJECT else f"{subject[: _REPR_SUBJECT - 3]}..."
        return f"<Template {short!r}>"

    def _repr_html_(self) -> str | None:
        """What the letter says before it is filled in, as a page; None where nobody shows pages."""
        return None if self.shown_by is None else self.shown_by.page(self)

    def preview(self, row: Mapping[str, Any] | pd.Series[Any] | Row) -> Any:
        """Show the letter of one row, as a mail program would; in a notebook it shows itself.

        Args:
            row: As for `render`: a mapping of column names to values, or `df.iloc[0]`.

        Returns:
            The letter; `.message` is the message, and `print` writes it.

        Raises:
            FrameError: A column is missing.
            TemplateError: The row cannot be rendered.

        Example:
            >>> template.preview({"name": "Ann", "points": 17})
        """
        message = self.render(row)
        return message if self.shown_by is None else self.shown_by.letter(message)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the definition: compiled code does not travel."""
        return (_rebuild, (self._definition,))

    @property
    def definition(self) -> Definition:
        """What the template was made of."""
        return self._definition

    @property
    def compiled(self) -> CompiledTemplate:
        """The compiled parts, for the renderer."""
        return self._compiled

    @property
    def digest(self) -> str:
        """A hash of the definition: the same in every process, another for every change."""
        return self._definition.digest

    @property
    def variables(self) -> frozenset[str]:
        """The columns the template needs; a `to` left to the frame's e-mail column is not among them."""
        names = frozenset[str]().union(*self._compiled.names.values())
        own = {"row", ROWS, *self._definition.inline}
        return names - own - ({INVITATION} if self._definition.calendar is not None else set())

    def check_columns(self, columns: Iterable[str]) -> None:
        """Check that every column the template needs is there.

        Args:
            columns: The columns there are.

        Raises:
            FrameError: Some are not; the message names them, where they are used, and what is there instead.
        """
        present = list(columns)
        if ROWS not in present and any(ROWS in names for names in self._compiled.names.values()):
            raise FrameError("the template uses rows, the rows of a group: pass group_by=, as in group_by='email'")
        missing = sorted(self.variables - set(present))
        numbers = numbers_printed(self._definition).intersection(present) if any(map(_is_number, present)) else ()
        if numbers:
            number = min(numbers)
            raise FrameError(f"{{{{ {number} }}}} prints the number; for the column write {printed(number)}")
        if not missing or self._definition.undefined == "empty":
            return
        raise FrameError(
            "; ".join(self._describe_missing(name, present) for name in missing)
            + f". The columns are: {', '.join(map(repr, present)) or 'none'}"
        )

    def renderer(self, columns: Sequence[str], **options: Any) -> Renderer:
        """Make the renderer for a frame with these columns.

        Args:
            columns: The frame's columns.
            **options: As for `Renderer`: date, sender, redirect_to, dkim, is_draft.

        Raises:
            FrameError: A column is missing, there is no sender, or nobody can tell which column holds the
                recipients.
            TemplateError: The sender is not one mailbox, or something that all rows get is not there.
        """
        from .renderer import Renderer

        self.check_columns(columns)
        return Renderer(self._definition, self._compiled, columns, **options)

    def render(
        self, row: Mapping[str, Any] | pd.Series[Any] | Row, *, date: dt.datetime | None = None
    ) -> EmailMessage:
        """Fill in one row and return the message for inspection: what a mail program would read.

        A sender or recipient nobody has named yet is left out.

        Args:
            row: The values by column name: a mapping, or `df.iloc[0]`; of a group also its frame, as "rows".
            date: The message's date, with a time zone; by default now.

        Raises:
            FrameError: A column is missing.
            TemplateError: The row cannot be rendered.
        """
        import email
        import email.policy

        one = row_of(row)
        if is_table(rows := one.fields.get(ROWS)) and not isinstance(rows, GroupRows):
            one = one._replace(fields={**one.fields, ROWS: GroupRows(rows)})
        when = date or dt.datetime.now().astimezone()
        renderer = self.renderer(tuple(one.fields), date=when, is_draft=True)
        # Line ends as Python has them: `get_content()` is there to be read and compared.
        content = renderer.render(one, seed="draft").content.replace(b"\r\n", b"\n")
        return email.message_from_bytes(content, policy=email.policy.default)

    def _describe_missing(self, name: str, present: list[str]) -> str:
        fields = ", ".join(field for field, names in self._compiled.names.items() if name in names)
        return missing_column(name, fields, present)


def _is_number(column: str) -> bool:
    return column[:1].isdecimal()


def _rebuild(definition: Definition) -> Template:
    template = Template.__new__(Template)
    template._take(definition)
    return template
