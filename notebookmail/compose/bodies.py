"""The body of a message: text, HTML with its images, invitation, attachments, nested as mail programs expect.

mixed > alternative > related (RFC 2046 5.1, RFC 2387): attachments beside the letter, the letter as text or HTML
or invitation, the HTML with its images. A level with a single part in it is left out.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from notebookmail.errors import TemplateError

from .attachments.attachments import Attachments
from .jinja.plain_values import PlainValues
from .markup.text_layout import tidy
from .mime.multipart import MimePart, multipart
from .mime.plain_body import plain_body
from .mime.transfer_encoding import BodyEncoder, surrogate_error

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from jinja2 import Environment

    from .attachments.attachments import FixedParts
    from .body_conversion import Body
    from .compiled import CompiledTemplate
    from .context import RowContext
    from .definition import Definition
    from .files import ReadFolder
    from .mime.plain_body import PlainValue


class Bodies:
    """Fills in the bodies and attachments of a template.

    Args:
        env: The text environment.
        definition: What the template was made of.
        compiled: Its compiled parts.
        folder: Where files may lie.
        fixed: The attached parts that are the same for all rows, where they were made before.

    Attributes:
        attachments: What is attached, if anything is.

    Raises:
        TemplateError: A file that all rows get is not there, or something cannot be attached.
    """

    def __init__(
        self,
        env: Environment,
        definition: Definition,
        compiled: CompiledTemplate,
        folder: ReadFolder,
        fixed: FixedParts | None = None,
    ) -> None:
        self._text = _BodyWriter(compiled.text, "plain", tidy if compiled.is_text_derived else None)
        self._html = None if compiled.html is None else _BodyWriter(compiled.html, "html", compiled.inline_row)
        plain = [writer.stretches for writer in (self._text, self._html) if writer is not None]
        self._plain_values = PlainValues(chain.from_iterable(plain)) if any(plain) else None
        self.attachments = None
        if definition.attachments:
            self.attachments = Attachments(env, definition.attachments, folder, fixed)

    def part(self, row_context: RowContext, *, invitation: MimePart | None, token: str) -> MimePart:
        """Make a letter's whole body.

        Args:
            row_context: The row's values.
            invitation: A part of its own that is another form of the letter.
            token: What the boundaries are made of.

        Raises:
            TemplateError: A value is missing, an object cannot be shown, or a file is not there.
        """
        plain = self._plain_values.read(row_context.values) if self._plain_values else None
        forms: list[MimePart] = [[self._text.write(row_context, plain)]]
        if self._html is not None:
            html = [self._html.write(row_context, plain)]
            if images := row_context.images.parts:
                html = multipart("related", [html, *([image] for image in images.values())], token)
            forms.append(html)
        if invitation is not None:
            forms.append(invitation)
        whole = multipart("alternative", forms, token) if len(forms) > 1 else forms[0]
        if self.attachments is None:
            return whole
        attached = list(self.attachments.parts(row_context.values, row_context.row, row_context.label))
        return multipart("mixed", [whole, *attached], token) if attached else whole


class _BodyWriter:
    """Fills in and encodes one body; one that is the same for all rows is encoded once.

    Args:
        part: Fills it in.
        subtype: "plain" or "html".
        finish: What a filled in body still passes through, if anything.

    Attributes:
        stretches: What it is made of, if it can be written from that.
    """

    def __init__(self, part: Body, subtype: str, finish: Callable[[str], str] | None) -> None:
        self._part = part
        self._finish = finish
        self._encoder = BodyEncoder(subtype)
        self._fixed = None if part.constant is None else self._encoded({}, None)
        is_plain = self._fixed is None and finish is None
        self._plain = plain_body(subtype, part.stretches) if is_plain else None
        self.stretches = part.stretches if self._plain is not None else ()

    def write(self, row_context: RowContext, plain: tuple[dict[str, PlainValue], bool] | None) -> bytes:
        """Write a row's body with its Content-* fields.

        Args:
            row_context: The row's values.
            plain: The same as `PlainValues.read` returns them.

        Raises:
            TemplateError: A value is missing, an object cannot be shown, or the text cannot be encoded.
        """
        if self._fixed is not None:
            return self._fixed
        written = None
        if plain is not None and self._plain is not None:
            written = self._plain.write(plain[0], is_ascii=plain[1])
        return written or self._encoded(row_context.values, row_context.label)

    def _encoded(self, context: dict[str, Any], label: Hashable) -> bytes:
        part = self._part
        pieces = part.pieces(context, label)
        try:
            if self._finish is not None:
                return self._encoder.encode(self._finish("".join(pieces)))
            return self._encoder.encode_pieces(pieces, part.own)
        except TemplateError as problem:
            raise TemplateError(problem.message, part.field, label) from problem
        except UnicodeEncodeError as problem:
            raise surrogate_error(part.field, label) from problem
