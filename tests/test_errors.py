"""The exception tree: shapes, bases, pickling and copying."""

from __future__ import annotations

import copy
import pickle

import pytest

import notebookmail
from notebookmail import errors

TREE: dict[str, tuple[tuple[type[BaseException], ...], tuple[object, ...]]] = {
    "SMTPException": ((Exception,), ("message",)),
    "SMTPServerDisconnected": ((errors.SMTPException, ConnectionError), ("message",)),
    "SMTPConnectError": ((errors.SMTPException, ConnectionError), ("message",)),
    "SMTPTimeoutError": ((errors.SMTPException, TimeoutError), ("message",)),
    "SMTPConnectTimeoutError": ((errors.SMTPTimeoutError, errors.SMTPConnectError), ("message",)),
    "SMTPReadTimeoutError": ((errors.SMTPTimeoutError,), ("message",)),
    "SMTPNotSupported": ((errors.SMTPException,), ("message",)),
    "SMTPResponseException": ((errors.SMTPException,), (550, "message")),
    "SMTPConnectResponseError": ((errors.SMTPResponseException, errors.SMTPConnectError), (554, "message")),
    "SMTPHeloError": ((errors.SMTPResponseException,), (550, "message")),
    "SMTPDataError": ((errors.SMTPResponseException,), (550, "message")),
    "SMTPAuthenticationError": ((errors.SMTPResponseException,), (535, "message")),
    "SMTPSenderRefused": ((errors.SMTPResponseException,), (550, "message", "a@example.org")),
    "SMTPRecipientRefused": ((errors.SMTPResponseException,), (550, "message", "b@example.org")),
    "SMTPRecipientsRefused": (
        (errors.SMTPException,), ([errors.SMTPRecipientRefused(550, "5.1.1 no", "b@example.org")],),
    ),
    "AddressError": ((errors.NotebookmailError, ValueError), ("message", "text")),
    "FrameError": ((errors.NotebookmailError, ValueError), ("message",)),
    "JournalError": ((errors.NotebookmailError,), ("message", "/state/journal.sqlite")),
    "TemplateError": ((errors.NotebookmailError, ValueError), ("message", "to", 7)),
}  # fmt: skip


def made(name: str) -> Exception:
    error: Exception = getattr(notebookmail, name)(*TREE[name][1])
    return error


@pytest.mark.parametrize("name", TREE)
def test_each_has_its_bases_and_keeps_its_arguments(name: str) -> None:
    error = made(name)
    assert all(isinstance(error, base) for base in TREE[name][0])
    assert isinstance(error, errors.NotebookmailError)
    assert error.args == TREE[name][1]


@pytest.mark.parametrize("name", TREE)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_each_pickles_and_copies_with_all_it_knows(name: str, again: object) -> None:
    error = made(name)
    error.add_note("row 7")
    if isinstance(error, errors.SMTPException):
        error.phase, error.unconfirmed = "end_of_data", True
    twin = again(error)  # type: ignore[operator]
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.__dict__.keys() == error.__dict__.keys()
    assert getattr(twin, "unconfirmed", None) == getattr(error, "unconfirmed", None)
    assert twin.__notes__ == ["row 7"]
    assert len(twin.args) == len(error.args)


@pytest.mark.parametrize("name", [name for name in TREE if name.startswith("SMTP")])
def test_arguments_are_positional_only(name: str) -> None:
    with pytest.raises(TypeError):
        getattr(errors, name)(message="x")


def test_a_reply_code_is_no_errno() -> None:
    error = errors.SMTPConnectResponseError(554, "no")
    assert (error.errno, error.code, str(error)) == (None, 554, "554 no")


@pytest.mark.parametrize(
    ("code", "message", "enhanced"),
    [(550, "5.1.1 no such user", "5.1.1"), (550, "no", None), (450, "5.1.1 odd", None), (550, "5.1.1.1 x", None),
     (250, "2.0.0 OK", "2.0.0"), (-1, "5.1.1", None), (550, "5.7.1: because", "5.7.1")],
)  # fmt: skip
def test_the_enhanced_code_is_read_where_it_agrees(code: int, message: str, enhanced: str | None) -> None:
    assert errors.SMTPResponseException(code, message).enhanced_code == enhanced


def test_refused_recipients_have_a_readable_message() -> None:
    error = made("SMTPRecipientsRefused")
    assert isinstance(error, errors.SMTPRecipientsRefused)
    assert error.message == "b@example.org: 550 5.1.1 no"


def test_a_template_error_says_where() -> None:
    assert str(errors.TemplateError("no name", "to", 7)) == "row 7, to: no name"
    assert str(errors.TemplateError("no name")) == "no name"


def test_the_repr_of_a_template_error_names_no_one() -> None:
    shown = repr(
        ExceptionGroup("rows", [errors.TemplateError("ann.smith@example.org is none", "to", "Ann Smith")])
    )
    assert "TemplateError" in shown
    assert "Ann Smith" not in shown
    assert "ann.smith" not in shown
