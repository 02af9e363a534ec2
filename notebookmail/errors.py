"""Every exception of the package: one root, the SMTP tree under it.

Rules all of them keep: constructor arguments are positional, become attributes of the same name and stand in
`args`; every one pickles and copies with all its attributes, because results travel between processes and
notebooks; none ever carries a secret. Exceptions of other libraries do not leave the package: each is mapped at
one seam, with `from`.
"""

from __future__ import annotations

from typing import Any, Final, Literal, Self, TypeVar

from .privacy.masking import mask_text, quoted_label
from .response import enhanced_code

Phase = Literal["connect", "tls", "auth", "mail", "rcpt", "data", "content", "end_of_data", "quit"]
"""The steps of a session at which something can go wrong."""


class NotebookmailError(Exception):
    """The root of every exception this package raises on its own account."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the constructor's arguments; OSError's own way would lose or twist them."""
        return (type(self), self.args, self.__dict__.copy())

    def _render_traceback_(self) -> list[str]:
        """Answer IPython, which asks for what to show: the analyst's lines and the message."""
        from .tracebacks.rendering import render

        return render(self)


# --- what the network and the server do -------------------------------------------------------------------


class SMTPException(NotebookmailError):
    """The base of everything that goes wrong between us and an SMTP server.

    Attributes:
        message: What happened, in words.
        phase: The step of the session at which it happened, or None outside of one.
        unconfirmed: True when the end of data was handed out and no complete reply came: the message may have
            been delivered, and sending it again may deliver it twice (RFC 1047).
    """

    phase: Phase | None = None
    unconfirmed: bool = False
    message: str

    def __init__(self, message: str, /) -> None:
        super().__init__(message)
        self.message = message
        self.args = (message,)

    def __str__(self) -> str:
        return self.message


_Error = TypeVar("_Error", bound=SMTPException)


def at(phase: Phase, error: _Error) -> _Error:
    """Note on an exception the step it happened at, and hand it back."""
    error.phase = phase
    return error


class SMTPServerDisconnected(SMTPException, ConnectionError):
    """The connection was lost, or a command needs one and there is none."""


class SMTPConnectError(SMTPException, ConnectionError):
    """No usable connection came about: name not found, refused, or TLS failed."""


class SMTPTimeoutError(SMTPException, TimeoutError):
    """A network operation took longer than its timeout."""


class SMTPConnectTimeoutError(SMTPTimeoutError, SMTPConnectError):
    """Connecting took longer than the timeout."""


class SMTPReadTimeoutError(SMTPTimeoutError):
    """The server did not answer within the timeout."""


class SMTPNotSupported(SMTPException):
    """The server does not offer what the command or message needs."""


class SMTPResponseException(SMTPException):
    """The server answered with an error.

    Attributes:
        code: The reply code; -1 when the reply was not one by RFC 5321.
        message: The reply's text.
    """

    code: int

    def __init__(self, code: int, message: str, /) -> None:
        super().__init__(message)
        self.code = code
        self.args = (code, message)

    def __str__(self) -> str:
        return f"{self.code} {self.message}"

    @property
    def enhanced_code(self) -> str | None:
        """The enhanced status code, such as "5.1.1", or None (RFC 3463)."""
        return enhanced_code(self.code, self.message)


class SMTPConnectResponseError(SMTPResponseException, SMTPConnectError):
    """The server greeted us with an error."""

    def __new__(cls, *_arguments: object) -> Self:
        """Keep OSError from reading the reply code as an errno."""
        return super().__new__(cls)


class SMTPHeloError(SMTPResponseException):
    """The server refused EHLO and HELO."""


class SMTPDataError(SMTPResponseException):
    """The server refused the message's content."""


class SMTPAuthenticationError(SMTPResponseException):
    """The server refused the credentials.

    Attributes:
        mechanism: How they were shown, such as "PLAIN" or "XOAUTH2"; "" where that is not known.
        token_status: What the server said of an access token before it refused it, such as "401" or
            "invalid_token" (RFC 7628 3.2.2, and XOAUTH2 alike); "" where it said nothing.
        token_scope: The permission it named there, such as "https://mail.google.com/", or "".
    """

    mechanism: str = ""
    token_status: str = ""
    token_scope: str = ""


class SignInError(NotebookmailError):
    """No access token can be had: nobody has signed in, the provider refused, or the sign-in has ended.

    Attributes:
        message: What happened and what to do about it.
        error: The provider's word for it, such as "invalid_grant" (RFC 6749 5.2), or "".
        said: What the provider says besides, or "".
    """

    def __init__(self, message: str, error: str = "", said: str = "", /) -> None:
        super().__init__(message, error, said)
        self.message = message
        self.error = error
        self.said = said

    def __str__(self) -> str:
        return f'{self.message} ("{self.said}")' if self.said else self.message


class MailboxError(NotebookmailError):
    """A mailbox cannot be used, or does not take what it is given.

    Attributes:
        message: What happened.
        remedy: What to do about it, or "".
        code: The server's own word for it, such as "AUTHENTICATIONFAILED" (RFC 5530), or "".
        is_lost: True where it was the connection that failed: a new one may do.
    """

    def __init__(self, message: str, remedy: str = "", code: str = "", is_lost: bool = False, /) -> None:
        super().__init__(message, remedy, code, is_lost)
        self.message = message
        self.remedy = remedy
        self.code = code
        self.is_lost = is_lost

    @property
    def is_of_mailbox(self) -> bool:
        """True where every further message would meet the same: it is full, or refuses the login (RFC 5530)."""
        return self.code in _OF_THE_MAILBOX

    def __str__(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message


_OF_THE_MAILBOX: Final = frozenset(
    {"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "CONTACTADMIN", "EXPIRED", "LIMIT", "NONEXISTENT", "NOPERM",
     "OVERQUOTA", "PRIVACYREQUIRED", "TRYCREATE", "UNAVAILABLE"}
)  # fmt: skip


class SMTPSenderRefused(SMTPResponseException):
    """The sender's address was refused.

    Attributes:
        sender: The refused address.
    """

    def __init__(self, code: int, message: str, sender: str, /) -> None:
        super().__init__(code, message)
        self.sender = sender
        self.args = (code, message, sender)


class SMTPRecipientRefused(SMTPResponseException):
    """A recipient's address was refused.

    Attributes:
        recipient: The refused address.
    """

    def __init__(self, code: int, message: str, recipient: str, /) -> None:
        super().__init__(code, message)
        self.recipient = recipient
        self.args = (code, message, recipient)


class SMTPRecipientsRefused(SMTPException):
    """Every recipient of a message was refused.

    Attributes:
        recipients: One SMTPRecipientRefused for each of them.
    """

    def __init__(self, recipients: list[SMTPRecipientRefused], /) -> None:
        super().__init__("; ".join(f"{each.recipient}: {each}" for each in recipients) or "no recipients")
        self.recipients = recipients
        self.args = (recipients,)


# --- what the caller hands us -----------------------------------------------------------------------------


class AddressError(NotebookmailError, ValueError):
    """A text is not one valid mailbox.

    Attributes:
        message: What is wrong with it and what would be right.
        text: The text as given.
    """

    def __init__(self, message: str, text: str, /) -> None:
        super().__init__(message, text)
        self.message = message
        self.text = text

    def __str__(self) -> str:
        return self.message


class FrameError(NotebookmailError, ValueError):
    """The call cannot be carried out as it stands; nothing was sent.

    Raised for a missing column, a frame without recipients, contradicting options, or a `confirm` that does not
    match. The message names the remedy.
    """


class TemplateError(NotebookmailError, ValueError):
    """A template, or one row of it, cannot become a message.

    Attributes:
        message: What is wrong and what to do about it; addresses in it are masked where the error is shown, and a
            label that may be a name.
        field: The part of the template it happened in ("subject", "to", "markdown", ...), or None.
        row: The row's label in the frame, or None when the template itself is at fault.
    """

    def __init__(self, message: str, field: str | None = None, row: object = None, /) -> None:
        super().__init__(message, field, row)
        self.message = message
        self.field = field
        self.row = row

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"  # what a cell's last line shows is saved

    def __str__(self) -> str:
        where = [] if self.row is None else [f"row {quoted_label(self.row)}"]
        where += [] if self.field is None else [self.field]
        message = mask_text(self.message)
        return f"{', '.join(where)}: {message}" if where else message


class FunctionError(TemplateError):
    """A function of the analyst's, called for one row, failed there.

    Attributes:
        message: Which function, and what it raised.
        field: The part of the template that called it.
        row: The row's label in the frame.
        function: Its name.
    """

    def __init__(self, message: str, field: str | None = None, row: object = None, function: str = "", /) -> None:
        super().__init__(message, field, row)
        self.args = (message, field, row, function)
        self.function = function


INTERRUPTS: Final = (KeyboardInterrupt, SystemExit)
"""What the caller is told, whoever raised it: everything else that a function of a row raises is that row's."""


# --- what is kept on disk ---------------------------------------------------------------------------------


class JournalError(NotebookmailError):
    """The journal, which keeps what was sent, cannot be used; nothing is sent that cannot be recorded.

    Raised when its file is damaged, of another program or of a newer version (it is left as it is), when it cannot
    be written, and when somebody else runs the campaign. The message names the remedy.

    Attributes:
        message: What happened and what to do about it.
        path: The file it is about.
    """

    def __init__(self, message: str, path: str = "", /) -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return self.message
