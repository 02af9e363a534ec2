"""How a template and the letter of one row show themselves. `notebookmail.Template` is taken from here.

Letters are made in a room that knows no pages (compose), so what shows them is handed to the class when this
module is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING

from notebookmail.compose.template import Template

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["LetterPreview", "Template"]


@dataclass(frozen=True, slots=True, repr=False)
class LetterPreview:
    """The letter of one row, to be looked at.

    Attributes:
        message: The message.
    """

    message: EmailMessage

    @property
    def mail_from(self) -> str:
        """Who sends it."""
        return next(iter(_addresses(self.message, "From")), "")

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """Who gets it."""
        return tuple(each for name in ("To", "Cc", "Bcc") for each in _addresses(self.message, name))

    @property
    def content(self) -> bytes:
        """The message as it would be sent."""
        return self.message.as_bytes()

    def show(self, *, save: bool = False) -> None:
        """Show the letter in a notebook, as a mail program would.

        Args:
            save: Show a static page that is saved with the notebook, with the letter and its addresses in full.
        """
        from .widgets.message_reader import save_message, show_message

        (save_message if save else show_message)(self)

    def _ipython_display_(self) -> None:
        from .frontend import is_notebook
        from .widgets.live_output import show_static

        if is_notebook():
            self.show()
        else:
            show_static("", str(self))

    def _repr_html_(self) -> str:
        """Whom the letter is for, where no widget can be shown."""
        from .html.stand_in import without_jupyter
        from .words.message import masked_words

        return without_jupyter(f"{masked_words(self)}. print(...) writes it; .show(save=True) shows all of it.")

    def __str__(self) -> str:
        from .words.message import message_text

        return message_text(self.message)

    def __repr__(self) -> str:
        from .words.message import masked_words

        return f"<Letter: {masked_words(self)}>"


class _Pages:
    """Shows templates as pages."""

    def page(self, template: Template) -> str:
        """Write what a template says as a page."""
        from .html.template import template_html

        return template_html(template)

    def letter(self, message: EmailMessage) -> LetterPreview:
        """Return what shows a letter."""
        return LetterPreview(message)


def _addresses(message: EmailMessage, name: str) -> list[str]:
    return [address for _, address in getaddresses([str(message.get(name, ""))]) if address]


Template.shown_by = _Pages()
