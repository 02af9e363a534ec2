"""The reader of messages, without a kernel: its tabs, its state, and messages from strangers."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail import Received
from notebookmail.view.html.letter_frame import framed
from notebookmail.view.html.letter_height import LEAST, MOST
from notebookmail.view.html.message import LARGEST_LINK, message_html
from notebookmail.view.widgets.message_reader import MessageReader
from notebookmail.view.words.message import LONGEST, read_letter

if TYPE_CHECKING:
    import ipywidgets

PNG = b"\x89PNG\r\n\x1a\nx"
OWN_DARK = "<style>@media (prefers-color-scheme: dark) { p { color: red } }</style><p>hi</p>"


def mail(html: str | None = "<p>hello</p>", subject: str = "Numbers", **fields: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@example.org", "Ada <ada@example.org>", subject
    for name, value in fields.items():
        message[name] = value
    message.set_content("plain words")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def reader_of(message: EmailMessage, content: bytes = b"") -> MessageReader:
    reader = MessageReader()
    reader.show(message, content or message.as_bytes())
    return reader


def state_of(widget: ipywidgets.Widget) -> str:
    return str(widget.get_state()) + "".join(map(state_of, getattr(widget, "children", ())))


def letter_in(frame: str) -> str:
    """The document of the inner frame."""
    outer = unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
    return unescape(re.search(r'srcdoc="([^"]*)"', outer)[1])


def test_only_the_open_tab_is_in_the_state() -> None:
    reader = reader_of(mail("<p>in HTML</p>"))
    assert "in HTML" in state_of(reader.widget)
    assert "plain words" not in state_of(reader.widget)

    reader._tabs.value = "Text"

    assert "plain words" in state_of(reader.widget)
    assert "in HTML" not in state_of(reader.widget)


def test_a_message_of_text_alone_opens_as_text() -> None:
    reader = reader_of(mail(None))

    assert reader._tabs.options == ("Text", "Headers", "Source")
    assert "plain words" in reader._page.value


def test_the_open_tab_stays_open_for_the_next_message() -> None:
    reader = reader_of(mail())
    reader._tabs.value = "Headers"
    reader.show(mail(None, "Another"))

    assert reader._tabs.value == "Headers"
    assert "Another" in reader._page.value


def test_the_tab_that_was_chosen_comes_back_with_a_message_that_has_it() -> None:
    reader = reader_of(mail())
    reader.show(mail(None))
    assert reader._tabs.value == "Text"
    reader.show(mail())
    assert reader._tabs.value == "Letter"


def test_a_short_letter_has_a_short_frame_and_a_long_one_a_bounded_one() -> None:
    short = reader_of(mail("<p>Dear Ann</p>"))._page.value
    long = reader_of(mail("<p>Dear Ann</p>" * 100))._page.value
    assert f'style="height:{LEAST}px"' in short
    assert f'style="height:{MOST}px"' in long


def test_nothing_to_show_says_why_and_holds_nothing() -> None:
    reader = reader_of(mail("<p>secret</p>"))
    reader.show(None, words="There is no <message>.")

    assert "There is no &lt;message&gt;." in reader._head.value
    assert "secret" not in state_of(reader.widget)


def test_headers_are_all_there_in_order() -> None:
    reader = reader_of(mail(**{"X-Second": "2", "X-First": "1"}))
    reader._tabs.value = "Headers"

    assert reader._page.value.index("X-Second") < reader._page.value.index("X-First")


def test_a_long_source_is_cut_and_says_so() -> None:
    reader = reader_of(mail(), b"Subject: x\r\n\r\n" + b"y" * 100_000)
    reader._tabs.value = "Source"

    assert len(reader._page.value) < LONGEST + 1_000
    assert "The first 65,536 of 100,014 bytes." in reader._page.value


def test_an_attachment_is_listed_with_a_link_and_a_large_one_without() -> None:
    message = mail()
    message.add_attachment(b"abc", maintype="text", subtype="html", filename="page.html")
    message.add_attachment(b"x" * (LARGEST_LINK + 1), maintype="application", subtype="pdf", filename="big.pdf")
    files = reader_of(message)._files.value

    assert 'href="data:application/octet-stream;base64,YWJj" download="page.html"' in files
    assert "big.pdf" in files
    assert "too large for a link" in files
    assert len(files) < 2_000


def test_a_picture_that_comes_along_stands_in_the_letter_and_not_among_the_attachments() -> None:
    message = mail('<img src="cid:logo@x"><img src="cid:page@x">')
    body = message.get_payload()[1]
    body.add_related(PNG, "image", "png", cid="<logo@x>")
    body.add_related(b"<script>", "text", "xml", cid="<page@x>")
    letter = read_letter(message)

    assert 'src="data:image/png;base64,' in letter.page
    assert 'src="cid:page@x"' in letter.page
    assert [each.type for each in letter.attachments] == ["text/xml"]


def test_pictures_used_again_and_again_stay_bounded() -> None:
    message = mail('<img src="cid:big">' * 100)
    message.get_payload()[1].add_related(b"x" * 1_000_000, "image", "png", cid="<big>")
    letter = read_letter(message)

    assert len(letter.page) < 12_000_000
    assert "Some pictures are too large to be shown here." in letter.notes


@pytest.mark.parametrize(("count", "words"), [(1, "1 remote picture is"), (2, "2 remote pictures are")])
def test_remote_pictures_are_counted(count: int, words: str) -> None:
    letter = read_letter(mail('<img alt="x" src="https://example.org/x.png">' * count))

    assert letter.notes == (f"{words} not loaded here.",)


def test_a_letter_with_dark_colours_shows_them_only_in_the_dark() -> None:
    assert "(min-width:0px)" in letter_in(framed(OWN_DARK, title="x", is_dark=True))
    assert "(max-width:-1px)" in letter_in(framed(OWN_DARK, title="x"))


def test_a_letter_without_dark_colours_is_recoloured_and_says_so() -> None:
    reader = reader_of(mail())
    assert "Recoloured" not in reader._page.value
    reader._look.value = "Dark"
    assert "Recoloured" in reader._page.value
    reader.show(mail(OWN_DARK))
    assert "Recoloured" not in reader._page.value


def test_no_link_element_reaches_the_frame() -> None:
    shown = letter_in(framed("<LINK/rel=preconnect href=x><link\nrel=x><p>link <linked></p>", title="x"))

    assert re.search(r"<link[\s/>]", shown, re.IGNORECASE) is None
    assert "<linked>" in shown


def test_the_envelope_is_shown_where_it_says_something_else() -> None:
    message = mail()
    reader = MessageReader()
    reader.show(message, envelope=Received("desk@example.org", ("ada@example.org",), message, b""))
    assert "Envelope" not in reader._head.value
    reader.show(message, envelope=Received("bounce@example.org", ("ada@example.org", "b@x.org"), message, b""))
    assert "bounce@example.org" in reader._head.value
    assert "ada@example.org, b@x.org" in reader._head.value


def test_what_is_saved_of_a_message_names_no_one_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    received = Received("desk@example.org", ("ada@example.org",), mail("<p>secret</p>"), b"")
    received.show()  # nobody looks on: this is what a saved notebook holds
    shown = capsys.readouterr().out + repr(received)
    assert "a...@example.org" in shown
    assert "ada@example.org" not in shown
    assert "plain words" not in shown

    received.show(save=True)
    assert "plain words" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("SUMMARY:Team meeting", "Invitation: Team meeting.ics"),
        ('SUMMARY;ALTREP="http://x.test/a";LANGUAGE=en:One\\, two\\nthree', "Invitation: One, two three.ics"),
        ("SUMMARY:A long na\r\n me", "Invitation: A long name.ics"),
        ("SUMMARYLESS:x", "unnamed.ics"),
        ("SUMMARY", "unnamed.ics"),
    ],
)
def test_an_invitation_is_called_what_it_is_to(line: str, name: str) -> None:
    message = mail()
    message.add_attachment(f"BEGIN:VCALENDAR\r\n{line}\r\nEND:VCALENDAR\r\n", subtype="calendar")
    assert name in [each.name for each in read_letter(message).attachments]


def test_a_part_without_a_name_has_one_that_opens() -> None:
    message = mail()
    message.add_alternative(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar")

    assert [each.name for each in read_letter(message).attachments] == ["unnamed.ics"]


@given(st.text(), st.text())
def test_subjects_and_file_names_are_always_escaped(subject: str, name: str) -> None:
    message = message_from_bytes(b"Subject: x\r\n\r\nbody", policy=policy.default)
    message.replace_header("Subject", " ".join(subject.split()).encode("ascii", "xmlcharrefreplace").decode())
    part = EmailMessage()
    part.set_content(b"x", "application", "pdf")
    part.set_param("name", name.encode("unicode_escape").decode())
    message.make_mixed()
    message.attach(part)
    reader = reader_of(message, b"x")

    for shown in (reader._head.value, reader._files.value):
        tags = set(re.findall(r"<(\w+)", shown))
        assert tags <= {"table", "tbody", "tr", "th", "td", "div", "p", "ul", "li", "a", "span"}


STARTS = st.sampled_from(
    [b"", b"Subject: =?x?b?=?=\r\n\r\n", b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
     b"Content-Type: text/html; charset=nonsense\r\n\r\n", b"To: <,@>;:\r\nDate: x\r\nFrom: \"\r\n",
     b"Content-Type: message/rfc822\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n\r\n",
     b"Content-Disposition: attachment; filename*=x''%ff; filename*0*=\r\n\r\n",
     b"Content-Type: text/html; charset=idna\r\n\r\n", b"Content-Type: ;;=\r\nContent-ID: <\r\n"]
)  # fmt: skip


@given(STARTS, st.binary(max_size=300))
def test_any_bytes_are_shown_in_every_tab_without_an_exception(start: bytes, rest: bytes) -> None:
    content = start + rest
    message = message_from_bytes(content, policy=policy.default)
    reader = reader_of(message, content)
    for tab in reader._tabs.options:
        reader._tabs.value = tab
        assert "nbm-" in reader._page.value
    assert message_html(message)
