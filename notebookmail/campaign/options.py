"""What the caller of the send family asked for, checked as far as it can be without the frame.

An option that is not what it seems (a list in place of a date, a key as one word) must not be taken for something
else: each is refused here by name, with what it should be.
"""

from __future__ import annotations

import difflib
import inspect
import operator
import os
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, TypeVar

from notebookmail.compose.identity.same_value import name_text
from notebookmail.compose.mime.dkim import DKIM
from notebookmail.errors import FrameError
from notebookmail.mail.return_path import ReportKind, ReturnPath
from notebookmail.mailbox.mailbox import Mailbox

from .durations import seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Duplicates = Literal["error", "skip", "send"]
Only = Literal["silent", "replied", "all"]
ProgressMode = Literal["auto", "widget", "text", False]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

_LONGEST_NAME = 200


class SendOptions(TypedDict, total=False):
    """What a caller of send_frame and its family may choose.

    Each is explained here, once: help and hovers of every function of the family show these words.

    Args:
        sender: The From mailbox, instead of the template's.
        group_by: A column: its rows of equal value get one message together, and the template sees them as `rows`.
            A column that differs within a group has no value to print. A row without a value here fails.
        key: The column, or columns, that say which row is which, whatever else of it changes, such as an order
            number. None knows a row by its recipient in a named campaign, else by what its letter reads.
        campaign: A name: rows that were sent in it are never sent again, also when the template changes. None
            makes a campaign of the template and the sender.
        journal: Where to remember who got what: None in the user's own state folder (and for a sandbox not at
            all), a path, or False: then running the cell again mails everybody again.
        confirm: Refuse to start unless exactly so many messages would go.
        limit: Send at most so many messages; the rows beyond stay pending.
        redirect_to: All messages go to this address; X-Original-To names the intended one, and the journal knows
            nothing of it.
        dry_run: Build every message and send none: good rows are pending, the others failed.
        suppress: Addresses never to mail.
        suppressed: "skip" leaves out whom the journal's book of suppressions holds (bounced, complained,
            unsubscribed, or added by `suppress`), "send" mails them all the same.
        bounce_to: The mailbox that bounces come to (the envelope's sender), instead of the sender's.
        verp: Give each letter a return address of its own, `local+token@domain`, whose domain takes mail to it.
        notify: What the server is asked to report on, where it offers that (DSN): "failure", "delay", "success" or
            several of them, or "never".
        duplicates: What to do when two rows have the same recipient: "error" refuses to start, "skip" sends only
            the first, "send" sends both.
        retry: Minutes to stay for rows that the server defers: they are tried again after 5, 15, 30 minutes. 0
            leaves them to `results.retry()` or a later run.
        resend: Send again also what was sent: begins the campaign anew.
        resend_unconfirmed: Send rows again that may have been delivered.
        not_before: Wait until then before anything goes out; without a time zone it is local time.
        follows: A campaign in this journal whose letters these follow, each in the thread of its row's letter: to
            those who neither answered nor bounced, complained or unsubscribed; the others are skipped, with the
            reason. What came back must have been read within the last day (`read_feedback`).
        only: Whom `follows` writes to: "silent", "replied" (who answered) or "all" (answered or not).
        after: How long ago that letter must have gone out: "5d", "36h", or a timedelta.
        dkim: Signs every message in the name of its domain.
        save_sent: A Mailbox: a copy of every accepted message goes to its Sent folder, the same octets. A copy
            that fails is told, and changes no row's status. None are made where the provider does so itself
            (Gmail, Microsoft 365), nor of rehearsals.
        max_connections: At most so many connections at once, below the server's own limit.
        workers: Who makes the messages: a number of processes on this machine (extra "workers"), or any
            concurrent.futures.Executor, such as `client.get_executor()` of a Dask cluster. They make messages and
            never send. None makes them in this process.
        progress: "auto" shows a live board in notebooks and a progress bar in terminals, "widget" and "text"
            choose one, False shows nothing.
    """

    sender: str | None
    group_by: str | None
    key: str | Sequence[str] | None
    campaign: str | None
    journal: str | os.PathLike[str] | Literal[False] | None
    confirm: int | None
    limit: int | None
    redirect_to: str | None
    dry_run: bool
    suppress: Iterable[str]
    suppressed: Literal["skip", "send"]
    bounce_to: str | None
    verp: bool
    notify: ReportKind | Sequence[ReportKind] | None
    duplicates: Duplicates
    retry: float
    resend: bool
    resend_unconfirmed: bool
    not_before: datetime | None
    follows: str | None
    only: Only
    after: str | timedelta | None
    dkim: DKIM | None
    save_sent: Mailbox | None
    max_connections: int | None
    workers: int | Executor | None
    progress: ProgressMode


@dataclass(frozen=True, slots=True)
class SendSettings:
    """What was chosen, checked; the defaults stand here.

    Raises:
        FrameError: An option has a value it cannot have; the message says which it can.
    """

    sender: str | None = None
    group_by: str | None = None
    key: Sequence[str] = ()
    campaign: str | None = None
    journal: str | os.PathLike[str] | Literal[False] | None = None
    confirm: int | None = None
    limit: int | None = None
    redirect_to: str | None = None
    dry_run: bool = False
    suppress: tuple[str, ...] = ()
    suppressed: Literal["skip", "send"] = "skip"
    bounce_to: str | None = None
    verp: bool = False
    notify: ReportKind | Sequence[ReportKind] | None = None
    duplicates: Duplicates = "error"
    retry: float = 0.0
    resend: bool = False
    resend_unconfirmed: bool = False
    not_before: datetime | None = None
    follows: str | None = None
    only: Only = "silent"
    after: str | timedelta | None = None
    dkim: DKIM | None = None
    save_sent: Mailbox | None = None
    max_connections: int | None = None
    workers: int | Executor | None = None
    progress: ProgressMode = "auto"

    def __post_init__(self) -> None:
        if not _is_word(self.duplicates, "error", "skip", "send"):
            raise FrameError(f"duplicates={self.duplicates!r}: it is one of 'error', 'skip', 'send'")
        if not _is_word(self.suppressed, "skip", "send"):
            raise FrameError(f"suppressed={self.suppressed!r}: it is 'skip' or 'send'; suppress= takes addresses")
        object.__setattr__(self, "suppress", _addresses(self.suppress))
        object.__setattr__(self, "limit", _count("limit", self.limit))
        object.__setattr__(self, "confirm", _count("confirm", self.confirm))
        if self.dkim is not None and not isinstance(self.dkim, DKIM):  # not shown: it may be the key itself
            raise FrameError(
                f"dkim is a {type(self.dkim).__name__}: give DKIM('example.org', 'selector', 'key.pem')"
            )
        if self.save_sent is not None and not isinstance(self.save_sent, Mailbox):
            raise FrameError(
                f"save_sent is a {type(self.save_sent).__name__}: give Mailbox('imap.example.org', username=...), "
                "or Mailbox.for_server(server)"
            )
        self._check_campaign()
        self._check_times()
        self._check_following()
        object.__setattr__(
            self, "max_connections", _count("max_connections", self.max_connections, "connections", 1)
        )
        object.__setattr__(self, "workers", _workers(self.workers))
        if self.progress is not False and not _is_word(self.progress, "auto", "widget", "text"):
            raise FrameError(f"progress={self.progress!r}: it is one of 'auto', 'widget', 'text', False")
        for name in ("dry_run", "resend", "resend_unconfirmed", "verp"):
            if not isinstance(getattr(self, name), bool):
                raise FrameError(f"{name}={getattr(self, name)!r}: it is True or False")
        for name in ("sender", "redirect_to", "bounce_to"):
            if not (getattr(self, name) is None or isinstance(getattr(self, name), str)):
                raise FrameError(
                    f"{name}={getattr(self, name)!r}: it is one mailbox, as in 'Ann <ann@example.org>'"
                )

        _ = self.return_path

    @property
    def return_path(self) -> ReturnPath:
        """Where bounces go, and which reports are asked for."""
        notify = _several(self.notify)
        if notify is None or not all(isinstance(each, str) for each in notify):
            raise FrameError(f"notify={self.notify!r}: it is of 'failure', 'delay', 'success', 'never'")
        return ReturnPath.of(self.bounce_to, notify, verp=self.verp)

    def _check_campaign(self) -> None:
        if self.campaign is not None:
            _check_name(self.campaign)
        if not (self.journal is None or self.journal is False or _is_path(self.journal)):
            raise FrameError(f"journal={self.journal!r}: it is the path of a file, or False to keep none")
        if self.campaign is not None and self.journal is False:
            raise FrameError("a campaign is remembered in the journal: leave out campaign=, or journal=False")
        key = _several(self.key)
        if key is None or not all(isinstance(name, str) for name in key) or len(set(key)) < len(key):
            raise FrameError(f"key={self.key!r}: it is the name of a column, or several, each once")
        object.__setattr__(self, "key", key)

    def _check_following(self) -> None:
        if not _is_word(self.only, "silent", "replied", "all"):
            raise FrameError(f"only={self.only!r}: it is one of 'silent', 'replied', 'all'")
        seconds_of("after", self.after)
        if self.follows is None:
            if self.only != "silent" or self.after is not None:
                raise FrameError("only= and after= are about the campaign that follows= names; give that, too")
            return
        _check_name(self.follows, "follows")
        if self.journal is False:
            raise FrameError("what follows= names is known by the journal: leave out follows=, or journal=False")
        if self.campaign is not None and name_text(self.campaign) == name_text(self.follows):
            raise FrameError(
                f"campaign={self.campaign!r} follows itself: a follow-up is a campaign of its own name"
            )

    def _check_times(self) -> None:
        minutes: Any = self.retry  # numpy's numbers are as good
        if isinstance(minutes, bool) or not isinstance(minutes, Real) or not minutes >= 0:  # type: ignore[operator]
            raise FrameError(f"retry={self.retry!r}: it is a number of minutes, 0 or more")
        moment = self.not_before
        if moment is None:
            return
        if not isinstance(moment, datetime) or moment != moment:  # noqa: PLR0124 -- pandas' NaT is a datetime
            raise FrameError(f"not_before={moment!r}: it is a datetime, as in datetime(2026, 5, 4, 9, 0)")
        # A Timestamp of pandas without a time zone would be read as UTC; everybody means the clock on the wall.
        plain = datetime.combine(moment.date(), moment.time(), moment.tzinfo).replace(fold=moment.fold)
        object.__setattr__(self, "not_before", plain.astimezone())


def settings_of(call: str, options: Mapping[str, Any]) -> SendSettings:
    """Check the options that a function of the send family was given.

    Args:
        call: The function's name, for messages.
        options: What it was given; every function of the family takes all of them, so that the same choice can be
            checked, previewed and sent.

    Raises:
        TypeError: There is no such option; the message names the nearest one, or where it belongs.
        FrameError: One has a value it cannot have.
    """
    for name in options:
        if name not in _NAMES:
            raise TypeError(f"{call}() has no option {name!r}: {_instead_of(name)}")
    return SendSettings(**options)


def shows_options(function: _Function) -> _Function:
    """Write every option into a function's signature and its docstring, for help and completion in notebooks."""
    signature = inspect.signature(function)
    own = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, default, annotation in _described()
    ]
    function.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    function.__doc__ = _explained(function.__doc__)
    return function


def _explained(text: str | None) -> str | None:
    """Put the words about each option behind what a docstring says of **options; None where they are stripped."""
    if text is None or SendOptions.__doc__ is None:
        return text
    lines = inspect.cleandoc(text).splitlines()
    words = inspect.cleandoc(SendOptions.__doc__).partition("Args:\n")[2].splitlines()
    place = next(number for number, line in enumerate(lines, 1) if line.startswith("    **options:"))
    while place < len(lines) and lines[place].startswith(" " * 8):
        place += 1
    return "\n".join([*lines[:place], *words, *lines[place:]])


def _described() -> Iterator[tuple[str, Any, Any]]:
    defaults: dict[str, Any] = {each.name: each.default for each in fields(SendSettings)}
    for name, annotation in SendOptions.__annotations__.items():
        yield name, defaults[name], getattr(annotation, "__forward_arg__", annotation)


def _instead_of(name: str) -> str:
    """Say what a word that is no option may have been meant for."""
    if name in _OF_SERVER:
        return f"{name}= belongs to Server(...), as in Server('smtp.example.org', {name}=...)"
    if name in _OF_TEMPLATE:
        return f"{name}= belongs to Template(...)"
    near = difflib.get_close_matches(name, _NAMES, 1)
    return f"did you mean {near[0]}=?" if near else f"there are {', '.join(sorted(_NAMES))}"


def _addresses(suppress: Iterable[str]) -> tuple[str, ...]:
    if isinstance(suppress, str):
        raise FrameError("suppress is a list of addresses; for one, write suppress=['user@example.org']")
    addresses = _several(suppress)
    if addresses is None:
        raise FrameError(f"suppress={suppress!r}: it is a list of addresses, or a column of them")
    return tuple(map(str, addresses))


def _is_word(value: Any, *words: str) -> bool:
    """Tell whether a value is one of some words; what is asked here may have neither hash nor truth."""
    return isinstance(value, str) and value in words


def _several(values: Any) -> tuple[Any, ...] | None:
    """Return one text or several values as a tuple, nothing as an empty one; None for what is neither."""
    if values is None or isinstance(values, str):
        return () if values is None else (values,)
    return tuple(values) if isinstance(values, Iterable) else None


def _count(name: str, value: int | None, what: str = "messages", least: int = 0) -> int | None:
    """Read a number of things; numpy's integers are as good: `(df.points > 9).sum()` is one."""
    if value is None:
        return None
    try:
        count = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = -1
    if count < least:
        raise FrameError(f"{name}={value!r}: it is a number of {what}, {least} or more")
    return count


def _workers(workers: int | Executor | None) -> int | Executor | None:
    """Read who makes the messages: a number of processes, or an executor."""
    if workers is None or isinstance(workers, Executor):
        return workers
    if hasattr(workers, "get_executor"):
        raise FrameError(
            f"workers= is a {type(workers).__name__}: give its executor, workers=client.get_executor()"
        )
    try:
        return _count("workers", workers, "processes", 1)
    except FrameError as problem:
        raise FrameError(f"{problem}, or a concurrent.futures.Executor") from None


def _check_name(campaign: str, option: str = "campaign") -> None:
    if not isinstance(campaign, str) or not campaign.strip():
        raise FrameError(f"{option}={campaign!r}: it is a name, as in {option}='may-letters'")
    if len(campaign) > _LONGEST_NAME or not campaign.isprintable():
        raise FrameError(
            f"{option}={campaign[:40]!r}: a name has at most {_LONGEST_NAME} characters, and none that do not show"
        )


def _is_path(value: object) -> bool:
    return isinstance(value, os.PathLike) or (isinstance(value, str) and bool(value))


_NAMES: Final = frozenset(SendOptions.__annotations__)
_OF_SERVER: Final = frozenset(
    {"daily_quota", "failover", "hostname", "messages_per_connection", "oauth", "oauth_token_generator",
     "password", "password_command", "port", "rate", "security", "timeout", "username"}
)  # fmt: skip
_OF_TEMPLATE: Final = frozenset(
    {"attachments", "bcc", "calendar", "cc", "css", "filters", "headers", "html", "inline", "list_unsubscribe",
     "locale", "markdown", "na", "preheader", "reply_to", "split", "subject", "text", "to", "undefined"}
)  # fmt: skip
