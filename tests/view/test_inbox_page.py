"""The inbox as pages: what a view shows, and that every state is an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_string, policy
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from notebookmail.view.html.inbox_page import PAGE, TABS, InboxView, inbox_page

if TYPE_CHECKING:
    from email.message import EmailMessage


@dataclass(frozen=True)
class Arrival:
    message: EmailMessage
    rcpt_to: tuple[str, ...] = ("ann@example.org",)
    mail_from: str = "desk@example.org"
    content: bytes = field(default=b"")


def arrival(subject: str, text: str = "Hi", kind: str = "plain") -> Arrival:
    source = f"Subject: {subject}\nTo: ann@example.org\nContent-Type: text/{kind}\n\n{text}\n"
    return Arrival(message_from_string(source, policy=policy.default))


def page(received: list[Arrival], **view: object) -> str:
    return inbox_page(received, InboxView(**view), endpoint="127.0.0.1:1025")  # type: ignore[arg-type]


views = st.builds(
    InboxView,
    open=st.none() | st.integers(0, 10**6),
    tab=st.sampled_from(TABS),
    is_phone=st.booleans(),
    is_dark=st.booleans(),
    find=st.text(max_size=20).map(str.strip).filter(lambda text: text.isprintable()),
    start=st.integers(0, 10**6),
)


@given(views)
def test_every_view_has_an_address_and_is_read_from_it(view: InboxView) -> None:
    assert InboxView.at(dict(parse_qsl(view.address.removeprefix("?")))) == view


def test_the_newest_stands_first_a_page_at_a_time() -> None:
    received = [arrival(f"letter {number}") for number in range(PAGE + 5)]
    first, second = page(received), page(received, start=PAGE)
    assert first.index(f"letter {PAGE + 4}<") < first.index(f"letter {PAGE}<")
    assert ("letter 4<" in first, "letter 4<" in second) == (False, True)
    assert ("Older" in first, "Newer" in first, "Older" in second, "Newer" in second) == (True, False, False, True)


def test_messages_are_found_by_recipient_and_subject() -> None:
    received = [arrival("invoice"), arrival("reminder")]
    assert ("invoice" in page(received, find="INVOICE"), "reminder" in page(received, find="invoice")) == (
        True,
        False,
    )
    assert "reminder" in page(received, find="ann@")
    assert "No message holds this text." in page(received, find="nobody")


def test_an_open_letter_stands_in_a_frame_and_its_source_as_text() -> None:
    received = [arrival("hi", "<b>bold</b><script>alert(1)</script>", "html")]
    assert 'sandbox=""' in page(received, open=0)
    for tab in TABS:
        assert "<script>alert" not in page(received, open=0, tab=tab)
    assert "&lt;script&gt;alert(1)" in page(received, open=0, tab="source")
    assert (
        "nbm-phone" in page(received, open=0, is_phone=True).partition("<body")[0].rpartition("nbm-letterbox")[2]
    )


def test_a_plain_letter_offers_no_frame() -> None:
    shown = page([arrival("hi")], open=0)
    assert "<iframe" not in shown
    assert ">Text</a>" in shown
    assert ">Letter</a>" not in shown


def test_what_is_searched_for_is_written_back_escaped() -> None:
    shown = page([], find='"><img src=x>')
    assert "<img" not in shown
    assert "&quot;&gt;&lt;img src=x&gt;" in shown
