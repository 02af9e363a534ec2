"""The body of a message: text, HTML with its images, invitation, attachments, nested as mail programs expect.

mixed > alternative > related (RFC 2046 5.1, RFC 2387): attachments beside the letter, the letter as text or HTML
or invitation, the HTML with its images. A level with a single part in it is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookmail.errors import TemplateError

from .attachments.attachments import Attachments
from .markup.text_layout import tidy
from .mime.multipart import MimePart, multipart
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
        self._html = None if compiled.html is None else _body(compiled.html, "html", compiled.inline_row)
        self._text = _body(compiled.text, "plain", tidy if compiled.is_text_derived else None)
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
        forms: list[MimePart] = [[self._text(row_context.values, row_context.label)]]
        if self._html is not None:
            html = [self._html(row_context.values, row_context.label)]
            images = [[image] for image in row_context.images.parts.values()]
            forms.append(multipart("related", [html, *images], token) if images else html)
        if invitation is not None:
            forms.append(invitation)
        whole = multipart("alternative", forms, token) if len(forms) > 1 else forms[0]
        attached = self.attachments and list(
            self.attachments.parts(row_context.values, row_context.row, row_context.label)
        )
        return multipart("mixed", [whole, *attached], token) if attached else whole


def _body(
    part: Body, subtype: str, finish: Callable[[str], str] | None
) -> Callable[[dict[str, Any], Hashable], bytes]:
    """Return what renders and encodes a body; one that is the same for all rows is encoded now."""
    encoder = BodyEncoder(subtype)

    def encode(context: dict[str, Any], label: Hashable) -> bytes:
        pieces = part.pieces(context, label)
        try:
            return encoder.encode(finish("".join(pieces))) if finish else encoder.encode_pieces(pieces, part.own)
        except TemplateError as problem:
            raise TemplateError(problem.message, part.field, label) from problem
        except UnicodeEncodeError as problem:
            raise surrogate_error(part.field, label) from problem

    if part.constant is None:
        return encode
    fixed = encode({}, None)
    return lambda _context, _label: fixed
