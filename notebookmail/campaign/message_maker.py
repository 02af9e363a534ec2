"""The messages of a plan, each made when its turn comes: what cannot be made is its row's failure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notebookmail.compose.identity.same_value import address_text
from notebookmail.errors import INTERRUPTS, NotebookmailError, TemplateError
from notebookmail.privacy.masking import mask_address

if TYPE_CHECKING:
    from notebookmail.compose.identity.keys import Keys
    from notebookmail.compose.renderer import Renderer
    from notebookmail.compose.rows.frame import Row
    from notebookmail.mail.message import Mail, RowContent


class MessageMaker:
    """Makes the messages of rows, each when its turn comes.

    Args:
        renderer: Fills in a row.
        unwanted: Addresses never to mail.
        prefix: What Message-IDs begin to be made of.
        keys: Tells what a row said; None where nobody asks.
    """

    def __init__(self, renderer: Renderer, unwanted: frozenset[str], prefix: str, keys: Keys | None) -> None:
        self._renderer = renderer
        self._unwanted = unwanted
        self._prefix = prefix
        self._keys = keys

    def build(self, key: bytes, row: Row, to: str) -> Mail:
        """Make one row's message.

        Raises:
            NotebookmailError: None can be made; the error says why.
        """
        touched: set[str] = set()
        said = None if self._keys is None else partial(self._said, self._keys, row, to, touched)
        try:
            mail = self._renderer.render(row, seed=self._seed(key, row, to), touched=touched, said=said)
        except NotebookmailError:
            raise
        except INTERRUPTS:
            raise
        except BaseException as problem:  # what a library thinks of one row's values must not stop the others
            message = f"the message could not be made: {type(problem).__name__}: {problem}"
            raise TemplateError(message, None, row.label) from problem
        if self._unwanted:
            for address in mail.envelope.recipients:
                if address_text(address) in self._unwanted:
                    who = mask_address(address)
                    message = f"{who} is among cc or bcc and on the suppress list; take it out of one of them"
                    raise TemplateError(message, None, row.label)
        return mail

    @staticmethod
    def _said(keys: Keys, row: Row, to: str, touched: set[str]) -> RowContent:
        return keys.said(row, to, keys.names(row, touched))

    def _seed(self, key: bytes, row: Row, to: str) -> str:
        """Return what a message's identifier is made of: of a letter that reads the whole row, all it says."""
        seed = self._prefix + key.hex()
        if self._keys is None or not (self._keys.is_by_content and self._keys.reads.is_whole):
            return seed
        return f"{seed} {self._keys.said(row, to, self._keys.names(row)).digest}"
