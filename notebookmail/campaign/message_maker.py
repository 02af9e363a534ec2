"""The messages of a plan, each made when its turn comes: what cannot be made is its row's failure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from notebookmail.errors import INTERRUPTS, NotebookmailError, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from notebookmail.compose.identity.keys import Keys
    from notebookmail.compose.renderer import Renderer
    from notebookmail.compose.rows.frame import Row
    from notebookmail.mail.message import Mail, RowContent

    from .unwanted import Unwanted


class MessageSeed(NamedTuple):
    """What all Message-IDs of a campaign's generation begin to be made of.

    A notice that names a Message-ID may keep its recipient from ever being mailed again. So who knows the campaign
    and the recipient must not be able to make the id: a secret of the journal goes in. Workers get no more than
    what it comes to.

    Attributes:
        prefix: The campaign and its generation.
        secret: Hexadecimal digits; "" where there is none.
    """

    prefix: str
    secret: str = ""

    def of(self, told: str) -> str:
        """Return what the identifier of a message is made of."""
        return self.maker()(told)

    def maker(self) -> Callable[[str], str]:
        """Return what makes the identifiers of many messages of these."""
        if not self.secret:
            return self.prefix.__add__
        begun = blake2b(self.prefix.encode("ascii"), key=bytes.fromhex(self.secret), digest_size=16)

        def of(told: str) -> str:
            whole = begun.copy()
            whole.update(told.encode("ascii"))
            return whole.hexdigest()

        return of


class MessageMaker:
    """Makes the messages of rows, each when its turn comes.

    Args:
        renderer: Fills in a row.
        unwanted: Addresses never to mail.
        seed: What Message-IDs begin to be made of.
        keys: Tells what a row said; None where nobody asks.
        answered: The Message-IDs of the letters that these follow, by the row's position.
    """

    def __init__(
        self,
        renderer: Renderer,
        unwanted: Unwanted,
        seed: MessageSeed,
        keys: Keys | None,
        answered: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self._renderer = renderer
        self._unwanted = unwanted
        self._seed = seed.maker()
        self._keys = keys
        self._answered = answered

    def build(self, key: bytes, row: Row, to: str) -> Mail:
        """Make one row's message.

        Raises:
            NotebookmailError: None can be made; the error says why.
        """
        touched: set[str] = set()
        said = None if self._keys is None else partial(self._said, self._keys, row, to, touched)
        try:
            seed, answers = self.seed(key, row, to), self.answers(row.position)
            mail = self._renderer.render(row, seed=seed, to=to, answers=answers, touched=touched, said=said)
        except NotebookmailError:
            raise
        except INTERRUPTS:
            raise
        except BaseException as problem:  # what a library thinks of one row's values must not stop the others
            raise unmakeable(problem, row.label) from problem
        if self._unwanted.is_anybody:
            self._check_wanted(mail, row)
        return mail

    def finished(self, mail: Mail, row: Row, to: str, touched: set[str]) -> Mail:
        """Finish a message that a worker made: with what it need not know, the key of the domain among it.

        Args:
            mail: The message as far as the worker made it.
            row: Its row.
            to: Whom it is for.
            touched: The names of the columns that functions read.

        Raises:
            NotebookmailError: It may not go out.
        """
        said = None if self._keys is None else self._said(self._keys, row, to, touched)
        mail = mail._replace(segments=self._renderer.signed(mail.segments), said=said)
        if self._unwanted.is_anybody:
            self._check_wanted(mail, row)
        return mail

    def _check_wanted(self, mail: Mail, row: Row) -> None:
        copies = [each for each in mail.envelope.recipients if each in mail.copies]
        if copies and (objection := self._unwanted.objection(copies)):
            raise TemplateError(objection, None, row.label)

    @staticmethod
    def _said(keys: Keys, row: Row, to: str, touched: set[str]) -> RowContent:
        return keys.said(row, to, keys.names(row, touched))

    def answers(self, position: int) -> str:
        """Return the Message-ID of the letter that a row's follows, or ""."""
        return self._answered.get(position, "")

    def seed(self, key: bytes, row: Row, to: str) -> str:
        """Return what a message's identifier is made of: of a letter that reads the whole row, all it says."""
        told = key.hex()
        if self._keys is not None and self._keys.is_by_content and self._keys.reads.is_whole:
            told = f"{told} {self._keys.said(row, to, self._keys.names(row)).digest}"
        return self._seed(told)


@dataclass(slots=True, eq=False)
class LetterOrder:
    """One row's message, asked for: called, it is made here.

    Attributes:
        maker: Makes it.
        key: What the row is known by in its campaign.
        row: The row.
        to: Whom it is for.
    """

    maker: MessageMaker
    key: bytes
    row: Row
    to: str

    def __call__(self) -> Mail:
        """Make the message.

        Raises:
            NotebookmailError: None can be made; the error says why.
        """
        return self.maker.build(self.key, self.row, self.to)


def unmakeable(problem: BaseException, label: Hashable) -> TemplateError:
    """Return what a row fails with where a library did not take its values."""
    return TemplateError(f"the message could not be made: {type(problem).__name__}: {problem}", None, label)
