"""Which row a notice speaks of: found by what it names, never guessed; and whom it may suppress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.campaign.notice_matching import (
    ArrivedNotice,
    NoticeMatch,
    compared,
    entries_of,
    matches,
    recipients_of,
)
from notebookmail.delivery.journal import FoundRow
from notebookmail.feedback import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SENT_AT, LATER = 1000.0, 2000.0
CAMPAIGN = 7


def token(number: int) -> str:
    return f"{number:032x}"


def row(number: int, recipient: str = "", **further: Any) -> FoundRow:
    known: dict[str, Any] = {
        "campaign": CAMPAIGN, "generation": 0, "key": b"", "sent_at": SENT_AT,
        "message_id": f"<{token(number)}@example.org>",
    }  # fmt: skip
    return FoundRow(number=number, recipient=recipient or f"p{number}@example.com", **(known | further))


def notice(kind: str = "bounce", **told: Any) -> ArrivedNotice:
    known: dict[str, Any] = {
        "is_permanent": True, "refers_to": (), "envelope_id": "", "came_to": (), "recipients": (), "code": "5.1.1",
        "reason": "no such user", "sender": "", "subject": "", "date": None, "message_id": "", "digest": b"d" * 16,
    }  # fmt: skip
    at = told.pop("at", LATER)
    return ArrivedNotice(Notice(kind=kind, **(known | told)), at)  # type: ignore[arg-type]


@dataclass
class Letters:
    """The rows of campaigns, in memory."""

    rows: Sequence[FoundRow]
    ids: Mapping[str, FoundRow] = field(default_factory=dict)

    def by_token(self, tokens: Iterable[str]) -> dict[str, FoundRow]:
        known = {each.message_id[1:].partition("@")[0]: each for each in self.rows}
        return {each: known[each] for each in tokens if each in known}

    def by_reply_id(self, ids: Iterable[str]) -> dict[str, FoundRow]:
        return {each: self.ids[each] for each in ids if each in self.ids}

    def by_recipient(self, addresses: Iterable[str]) -> dict[str, list[FoundRow]]:
        asked, found = set(addresses), {}
        for each in self.rows:
            for address in recipients_of(each):
                if each.campaign == CAMPAIGN and address in asked:
                    found.setdefault(address, []).append(each)
        return found


def found(told: ArrivedNotice, *rows: FoundRow, **ids: FoundRow) -> tuple[int | None, str]:
    (match,) = matches([told], Letters(rows, ids))
    return (None if match.row is None else match.row.number, match.by)


def suppressed(told: ArrivedNotice, *rows: FoundRow) -> list[str]:
    return [each.suppresses for each in entries_of([told], Letters(rows), CAMPAIGN) if each.suppresses]


# --- which row ----------------------------------------------------------------------------------------------


def test_a_message_id_names_the_row_in_any_case_and_at_any_domain() -> None:
    assert found(notice(refers_to=(f"{token(1).upper()}@RELAY.example",)), row(1), row(2)) == (1, "message_id")


def test_the_first_known_message_id_counts() -> None:
    refers_to = ("other@example.com", f"{token(2)}@example.org", f"{token(1)}@example.org")
    assert found(notice(refers_to=refers_to), row(1), row(2)) == (2, "message_id")


@pytest.mark.parametrize("domain", ["email.amazonses.com", "eu-west-1.amazonses.com", "EMAIL.AMAZONSES.COM"])
def test_an_id_of_amazon_names_the_row_whose_reply_told_it(domain: str) -> None:
    known = {"0102-abc-000000": row(1)}
    assert found(notice(refers_to=(f"0102-abc-000000@{domain}",)), row(1), **known) == (1, "provider_id")


def test_an_id_like_amazons_elsewhere_names_nobody() -> None:
    told = notice(refers_to=("0102-abc-000000@evilamazonses.com",))
    assert found(told, row(1), **{"0102-abc-000000": row(1)}) == (None, "")


def test_the_address_it_came_to_names_the_row() -> None:
    assert found(notice(came_to=("me@example.org", f"b+x+{token(2)}@example.org")), row(1), row(2)) == (2, "verp")


def test_an_envelope_id_names_the_row() -> None:
    assert found(notice(envelope_id=token(1).upper()), row(1), row(2)) == (1, "envelope_id")


def test_a_report_that_names_an_address_alone_is_of_the_one_row_it_can_mean() -> None:
    told = notice(recipients=("P1@Example.com",))
    assert found(told, row(1), row(2)) == (1, "recipient")
    assert found(told, row(1), row(2, "p1@example.com")) == (None, ""), "two rows: nobody knows which"
    assert found(told, row(1, state="failed")) == (None, ""), "it never went out"


def test_a_report_that_came_before_the_letter_is_not_of_it() -> None:
    assert found(notice(recipients=("p1@example.com",), at=SENT_AT - 301), row(1)) == (None, "")


def test_a_report_with_ids_of_others_is_not_found_by_its_address() -> None:
    told = notice(refers_to=("something@else.example",), recipients=("p1@example.com",))
    assert found(told, row(1)) == (None, "")


@pytest.mark.parametrize("kind", ["reply", "auto_reply", "delivered", "other"])
def test_what_a_person_writes_is_never_found_by_the_address_alone(kind: str) -> None:
    assert found(notice(kind, recipients=("p1@example.com",), sender="p1@example.com"), row(1)) == (None, "")


def test_unsubscribing_by_a_new_mail_is_of_the_one_row_of_its_sender() -> None:
    assert found(notice("unsubscribe", recipients=("p1@example.com",)), row(1), row(2)) == (1, "recipient")


def test_a_letter_of_ours_in_the_mailbox_is_no_answer() -> None:
    own = notice("reply", message_id=f"{token(2)}@example.org", refers_to=(f"{token(1)}@example.org",))
    assert found(own, row(1), row(2)) == (None, "own")
    assert entries_of([own], Letters([row(1), row(2)]), CAMPAIGN) == []


def test_what_speaks_of_another_campaign_is_left_to_it() -> None:
    told = notice(refers_to=(f"{token(1)}@example.org",))
    assert entries_of([told], Letters([row(1, campaign=CAMPAIGN + 1)]), CAMPAIGN) == []


def test_of_what_matches_nobody_reports_and_mails_of_recipients_are_kept() -> None:
    strange, stranger = notice(recipients=("x@example.com",)), notice("reply", sender="x@example.com")
    friend = notice("reply", sender="p1@example.com", refers_to=("talk@example.com",))
    kept = entries_of([strange, stranger, friend, notice("other")], Letters([row(1)]), CAMPAIGN)
    assert [(each.kind, each.campaign, each.matched_by) for each in kept] == [
        ("bounce", None, ""),
        ("reply", None, ""),
    ]


# --- whom it suppresses -------------------------------------------------------------------------------------


def test_a_hard_bounce_that_names_the_row_and_its_recipient_suppresses_it() -> None:
    told = notice(refers_to=(f"{token(1)}@example.org",), recipients=("P1@example.com",))
    assert suppressed(told, row(1)) == ["p1@example.com"]


def test_a_bounce_that_names_no_recipient_is_of_the_rows_only_one() -> None:
    told = notice(refers_to=(f"{token(1)}@example.org",))
    assert suppressed(told, row(1)) == ["p1@example.com"]
    assert suppressed(told, row(1, "a@example.com, b@example.com")) == [], "which of the two is not known"


def test_each_recipient_that_a_report_names_is_suppressed() -> None:
    told = notice(refers_to=(f"{token(1)}@example.org",), recipients=("b@example.com", "c@example.com"))
    assert suppressed(told, row(1, "a@example.com, b@example.com, c@example.com")) == [
        "b@example.com",
        "c@example.com",
    ]


@pytest.mark.parametrize(
    "forged",
    [
        notice(refers_to=(f"{token(1)}@example.org",), recipients=("victim@example.com",)),
        notice(recipients=("p1@example.com",)),
        notice("unsubscribe", recipients=("p1@example.com",)),
        notice("complaint", recipients=("p1@example.com",)),
        notice(refers_to=(f"{token(9)}@example.org",), recipients=("p1@example.com",)),
        notice("unsubscribe", refers_to=(f"{token(1)}@example.org",), recipients=("other@example.com",)),
    ],
)
def test_what_proves_nothing_suppresses_nobody(forged: ArrivedNotice) -> None:
    assert suppressed(forged, row(1), row(2)) == []


def test_a_message_id_that_can_be_guessed_proves_nothing() -> None:
    told = notice(refers_to=(f"{token(1)}@example.org",), recipients=("p1@example.com",))
    assert suppressed(told, row(1, is_guessable=True)) == []


@pytest.mark.parametrize("kind", ["reply", "auto_reply", "delay", "delivered"])
def test_an_answer_suppresses_nobody(kind: str) -> None:
    assert suppressed(notice(kind, refers_to=(f"{token(1)}@example.org",), sender="p1@example.com"), row(1)) == []


def test_a_soft_bounce_suppresses_nobody() -> None:
    told = notice(refers_to=(f"{token(1)}@example.org",), recipients=("p1@example.com",), is_permanent=False)
    assert suppressed(told, row(1)) == []


def test_an_international_domain_is_compared_in_ascii() -> None:
    assert compared("P@BÜCHER.example") == "p@xn--bcher-kva.example"
    assert compared("not an address") == "not an address"


# --- no false match, whatever comes -------------------------------------------------------------------------


KINDS = st.sampled_from(["bounce", "delay", "reply", "auto_reply", "complaint", "unsubscribe", "delivered"])
PEOPLE = st.integers(0, 12)


@st.composite
def mails(draw: st.DrawFn) -> tuple[ArrivedNotice, set[int]]:
    """A notice, and the rows that it may be of: those it names in any way."""
    named = draw(st.lists(PEOPLE, max_size=2))
    ids = tuple(f"{token(each)}@example.org" if each < 6 else f"x{each}@else.example" for each in named)
    verp = draw(st.none() | PEOPLE)
    envelope = draw(st.none() | PEOPLE)
    people = draw(st.lists(PEOPLE, max_size=2))
    told = notice(
        draw(KINDS),
        refers_to=ids,
        came_to=() if verp is None else (f"b+{token(verp)}@example.org",),
        envelope_id="" if envelope is None else token(envelope),
        recipients=tuple(f"p{each}@example.com" for each in people),
        is_permanent=draw(st.booleans()),
        at=draw(st.sampled_from([SENT_AT - 500, LATER])),
    )
    return told, {*named, *people, *(each for each in (verp, envelope) if each is not None)}


@given(st.lists(mails(), max_size=8), st.sets(PEOPLE))
def test_a_row_is_found_only_if_it_is_named_and_by_ids_before_addresses(
    told: list[tuple[ArrivedNotice, set[int]]], sent: set[int]
) -> None:
    letters = Letters([row(each) for each in sorted(sent)])
    results = matches([each for each, _ in told], letters)
    for (arrived, may_be), match in zip(told, results, strict=True):
        assert match.row is None or match.row.number in may_be & sent
        assert matches([arrived], letters) == [match], "its neighbours change nothing"
        if match.by == "recipient":
            assert not arrived.notice.refers_to
            assert arrived.at >= SENT_AT
    for entry in entries_of([each for each, _ in told], letters, CAMPAIGN):
        if entry.suppresses:
            assert entry.suppresses == f"p{entry.number}@example.com"
            assert entry.matched_by in {"message_id", "verp", "envelope_id"}


@given(st.lists(PEOPLE, min_size=1, unique=True), st.data())
def test_each_notice_finds_the_row_it_was_written_for(sent: list[int], data: st.DataObject) -> None:
    letters = Letters([row(each) for each in sent])
    about = data.draw(st.lists(st.sampled_from(sent)))
    ways = [
        lambda each: notice(refers_to=(f"{token(each)}@example.org",)),
        lambda each: notice("reply", refers_to=("first@example.com", f"{token(each)}@example.org")),
        lambda each: notice(came_to=(f"bounces+{token(each)}@example.org",)),
        lambda each: notice(envelope_id=token(each)),
        lambda each: notice(recipients=(f"p{each}@example.com",)),
    ]
    told = [data.draw(st.sampled_from(ways))(each) for each in about]
    results: list[NoticeMatch] = matches(told, letters)
    assert [match.row and match.row.number for match in results] == about
