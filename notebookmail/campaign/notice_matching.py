"""Which row a notice speaks of, and whether that is certain enough to never mail somebody again. Pure.

One token a row: the local part of its Message-ID. Looked for, in this order: a Message-ID the notice refers to
(or the id that Amazon SES puts in its place, which its reply told), the address the notice came to (VERP), its
envelope id, and last its recipient, for what holds no id at all (reports, and what a mail program writes when
somebody presses "unsubscribe") and only where one row alone can be meant. What matches no row is nobody's: there
is no guess.

A notice is a mail, and anybody can write one. It keeps an address from being mailed again only if it names a token
that nobody could have made, which the letter's readers alone know, and the address is a recipient of that row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from notebookmail.address import to_ascii_domain
from notebookmail.compose.identity.same_value import address_text
from notebookmail.delivery.journal import FeedbackEntry
from notebookmail.errors import AddressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from notebookmail.delivery.journal import FoundRow
    from notebookmail.feedback import Notice

MatchedBy = Literal["message_id", "provider_id", "verp", "envelope_id", "recipient", "own", ""]
"""What a notice's row was found by; "own" for a letter of ours, which is no notice, "" for no row."""

_TOKEN_DIGITS: Final = 32
_HEX: Final = frozenset("0123456789abcdef")
_SES: Final = ".amazonses.com"
_GONE: Final = frozenset({"sent", "unconfirmed"})
_OF_MAILINGS: Final = frozenset({"bounce", "delay", "complaint", "unsubscribe"})
_OF_PEOPLE: Final = frozenset({"reply", "auto_reply", "unsubscribe"})
_SUPPRESSING: Final = frozenset({"bounce", "complaint", "unsubscribe"})
_SHOWN_TEXT: Final = 1000
_SKEW_SECONDS: Final = 300.0
"""How far the clocks of this machine and of the mailbox may be apart, whole seconds of IMAP included."""


class SentLetters(Protocol):
    """What went out, as notices look for it."""

    def by_token(self, tokens: Iterable[str]) -> Mapping[str, FoundRow]:
        """Find rows, of any campaign, by the local part of their Message-ID."""

    def by_reply_id(self, ids: Iterable[str]) -> Mapping[str, FoundRow]:
        """Find rows, of any campaign, by the id that the reply which accepted them told."""

    def by_recipient(self, addresses: Iterable[str]) -> Mapping[str, Sequence[FoundRow]]:
        """Find the rows of the campaign by recipients, as `compared` writes them."""


class ArrivedNotice(NamedTuple):
    """A notice, and when it came to the mailbox (unix time, seconds)."""

    notice: Notice
    at: float


class NoticeMatch(NamedTuple):
    """The row of a notice, and how it was found."""

    row: FoundRow | None
    by: MatchedBy


NOBODY: Final = NoticeMatch(None, "")
_OURS: Final = NoticeMatch(None, "own")


def entries_of(arrived: Sequence[ArrivedNotice], letters: SentLetters, campaign: int) -> list[FeedbackEntry]:
    """Return what is to be noted of notices, for one campaign.

    Args:
        arrived: The notices.
        letters: What went out.
        campaign: The campaign's number. What speaks of another campaign's rows is left out, and so are mails that
            have nothing to do with any; of those that match no row, reports and what recipients wrote are kept.
    """
    told = [each for each in arrived if each.notice.kind != "other"]
    pairs = list(zip(told, matches(told, letters), strict=True))
    others = {address for each, match in pairs if match == NOBODY for address in _named(each.notice)}
    known = letters.by_recipient(others) if others else {}
    entries: list[FeedbackEntry] = []
    for each, match in pairs:
        if match.row is not None:
            entries += _entries(each, match) if match.row.campaign == campaign else ()
        elif match == NOBODY and (each.notice.kind in _OF_MAILINGS or known.keys() & _named(each.notice)):
            entries.append(_entry(each, match, "", ""))
    return entries


def matches(arrived: Sequence[ArrivedNotice], letters: SentLetters) -> list[NoticeMatch]:
    """Find the row of each notice; one look-up serves all of them.

    A letter of ours that came to the mailbox itself (a copy, a list) is nobody's answer.
    """
    notices = [each.notice for each in arrived]
    by_token = letters.by_token({token for each in notices for token in (*_tokens(each), *_own(each))})
    ids = {known for each in notices for known in map(_ses_id, each.refers_to) if known}
    by_reply = letters.by_reply_id(ids) if ids else {}
    without = {address for each in notices if _is_bare(each) for address in _named(each)}
    by_recipient = letters.by_recipient(without) if without else {}
    return [_match(each, by_token, by_reply, by_recipient) for each in arrived]


def compared(address: str) -> str:
    """Return what an address is compared by: its domain in ASCII, without capitals."""
    try:
        return address_text(to_ascii_domain(address))
    except AddressError:
        return address_text(address)


def recipients_of(row: FoundRow) -> tuple[str, ...]:
    """Return whom a row is for, as they are compared."""
    return tuple(compared(each) for each in row.recipient.split(", ") if each)


# --- which row ------------------------------------------------------------------------------------------------


def _match(
    arrived: ArrivedNotice,
    by_token: Mapping[str, FoundRow],
    by_reply: Mapping[str, FoundRow],
    by_recipient: Mapping[str, Sequence[FoundRow]],
) -> NoticeMatch:
    notice = arrived.notice
    if any(token in by_token for token in _own(notice)):
        return _OURS
    if _is_bare(notice):
        return _by_recipient(arrived, by_recipient)
    return next(_by_ids(notice, by_token, by_reply), NOBODY)


def _by_ids(
    notice: Notice, by_token: Mapping[str, FoundRow], by_reply: Mapping[str, FoundRow]
) -> Iterator[NoticeMatch]:
    """Walk the rows that the ids in a notice name, in the order that counts."""
    for reference in notice.refers_to:
        if (row := by_token.get(_token(reference))) is not None:
            yield NoticeMatch(row, "message_id")
        if (row := by_reply.get(_ses_id(reference))) is not None:
            yield NoticeMatch(row, "provider_id")
    for address in notice.came_to:
        if (row := by_token.get(_verp_token(address))) is not None:
            yield NoticeMatch(row, "verp")
    if (row := by_token.get(_as_token(notice.envelope_id))) is not None:
        yield NoticeMatch(row, "envelope_id")


def _by_recipient(arrived: ArrivedNotice, by_recipient: Mapping[str, Sequence[FoundRow]]) -> NoticeMatch:
    """Return the one row that the addresses of a report can mean: sent before the report came."""
    found = {
        (row.generation, row.number): row
        for address in _named(arrived.notice)
        for row in by_recipient.get(address, ())
        if row.state in _GONE
    }
    rows = list(found.values())
    if len(rows) != 1 or rows[0].sent_at > arrived.at + _SKEW_SECONDS:
        return NOBODY
    return NoticeMatch(rows[0], "recipient")


def _is_bare(notice: Notice) -> bool:
    """Tell whether it says something of a mailing, and names nothing but addresses."""
    has_ids = notice.refers_to or notice.envelope_id or any(map(_verp_token, notice.came_to))
    return notice.kind in _OF_MAILINGS and not has_ids


def _tokens(notice: Notice) -> list[str]:
    """Return all that may be tokens of rows in a notice."""
    told = [*map(_token, notice.refers_to), *map(_verp_token, notice.came_to), _as_token(notice.envelope_id)]
    return [each for each in told if each]


def _own(notice: Notice) -> list[str]:
    """Return the token of the notice itself, if it is a letter of ours."""
    return [each for each in [_token(notice.message_id)] if each]


def _token(message_id: str) -> str:
    return _as_token(message_id.partition("@")[0])


def _verp_token(address: str) -> str:
    """Return what stands behind the last plus of an address's local part, if it is a token."""
    local = address.rpartition("@")[0]
    return _as_token(local.rpartition("+")[2]) if "+" in local else ""


def _as_token(text: str) -> str:
    text = text.lower()  # some servers write in capitals what they hand on
    return text if len(text) == _TOKEN_DIGITS and _HEX.issuperset(text) else ""


def _ses_id(message_id: str) -> str:
    """Return the id that Amazon SES gave a message: the local part, at email.amazonses.com or a region's name."""
    local, _, domain = message_id.partition("@")
    return local if f".{domain.lower()}".endswith(_SES) else ""


# --- what is noted of it --------------------------------------------------------------------------------------


def _entries(arrived: ArrivedNotice, match: NoticeMatch) -> list[FeedbackEntry]:
    """Return an entry for each recipient of the row that a notice names, or one."""
    assert match.row is not None  # noqa: S101 -- asked before
    own = recipients_of(match.row)
    named = [each for each in dict.fromkeys(_named(arrived.notice)) if each in own]
    if not _may_suppress(arrived.notice, match):
        return [_entry(arrived, match, named[0] if named else _first(arrived.notice), "")]
    if not named and not arrived.notice.recipients and len(own) == 1:
        named = list(own)
    if not named:
        return [_entry(arrived, match, _first(arrived.notice), "")]
    return [_entry(arrived, match, each, each) for each in named]


def _may_suppress(notice: Notice, match: NoticeMatch) -> bool:
    """Tell whether a notice may keep an address from being mailed again."""
    row = match.row
    is_certain = row is not None and match.by not in {"recipient", ""} and not row.is_guessable
    return is_certain and notice.kind in _SUPPRESSING and (notice.kind != "bounce" or notice.is_permanent)


def _entry(arrived: ArrivedNotice, match: NoticeMatch, recipient: str, suppresses: str) -> FeedbackEntry:
    notice, row = arrived.notice, match.row
    return FeedbackEntry(
        campaign=None if row is None else row.campaign,
        generation=0 if row is None else row.generation,
        number=0 if row is None else row.number,
        kind=notice.kind,
        is_permanent=notice.is_permanent,
        at=arrived.at,
        code=notice.code,
        reason=notice.reason[:_SHOWN_TEXT],
        recipient=recipient or _first(notice),
        sender=notice.sender,
        subject=notice.subject[:_SHOWN_TEXT],
        digest=notice.digest,
        matched_by=match.by,
        suppresses=suppresses,
    )


def _named(notice: Notice) -> list[str]:
    told = (*notice.recipients, notice.sender) if notice.kind in _OF_PEOPLE else notice.recipients
    return [compared(each) for each in told if each]


def _first(notice: Notice) -> str:
    return notice.recipients[0] if notice.recipients else ""
