import email
import email.policy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail.address import NamedAddress, has_control
from notebookmail.compose.mime.headers import check_name, mailbox_text, mailboxes, unstructured
from notebookmail.errors import TemplateError

HOSTILE = ["\r", "\n", "\r\nBcc: x@y.z", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\t"]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200).filter(lambda text: not has_control(text))
pieces = st.sampled_from(
    [
        "=?",
        "?=",
        "=?utf-8?Q?=0D=0ABcc:_x=40y.z?=",
        " ",
        "  ",
        '"',
        "\\",
        "a" * 90,
        "é",
        "👩‍🔬",
        "שלום",
        ",",
        "<",
        ">",
    ]
)
hostile_texts = st.lists(pieces | texts, max_size=8).map("".join)


def parse(field):
    return email.message_from_bytes(field + b"\r\n", policy=email.policy.default)


@given(hostile_texts)
def test_a_text_is_read_back_as_it_was(text):
    field = unstructured("Subject", text)
    message = parse(field)
    assert message["Subject"] == text
    assert message.keys() == ["Subject"]
    assert field.isascii()
    assert max(map(len, field.split(b"\r\n"))) <= 78


@settings(deadline=None)
@given(hostile_texts)
def test_a_field_with_a_long_name_is_read_back(text):
    message = parse(unstructured("X-" + "n" * 48, text, keep_words=True))
    assert message["X-" + "n" * 48] == text


blank_texts = st.text(st.sampled_from("ab=? \xa0\u2003\u3000é"), max_size=12)


def short(name):
    """Cut a name to one encoded-word: before 3.13.2 Python reads a space between two of them (issue 128110)."""
    return name.encode()[:40].decode(errors="ignore").strip()


@given(st.lists((hostile_texts | blank_texts).map(str.strip), min_size=1, max_size=3))
def test_display_names_are_read_back_as_they_were(names):
    names = [short(re.sub(r"\s{2,}", " ", name)) for name in names]
    boxes = [NamedAddress(name, f"a{place}@example.org") for place, name in enumerate(names)]
    message = parse(mailboxes("To", boxes))
    assert [(address.display_name, address.addr_spec) for address in message["To"].addresses] == [
        (box.name, box.address) for box in boxes
    ]
    assert message.keys() == ["To"]


def test_a_long_display_name_is_written_as_rfc_2047_asks():
    name = "Константин Константинопольский-Задунайский"
    field = mailboxes("To", [NamedAddress(name, "a@example.org")])
    words = [word for word in field.split() if word.startswith(b"=?")]
    decoded = email.header.decode_header(b" ".join(words).decode())
    assert (
        "".join(text.decode(charset) for text, charset in decoded) == "Константин Константинопольский-Задунайский"
    )
    assert len(words) > 1
    assert max(map(len, words)) <= 75


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_could_add_a_line_is_refused(hostile):
    with pytest.raises(TemplateError, match="control character") as caught:
        unstructured("Subject", f"a{hostile}b", field="subject", row=7)
    assert (caught.value.field, caught.value.row) == ("subject", 7)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_display_name_that_could_add_a_line_is_refused(hostile):
    with pytest.raises(TemplateError, match="control character"):
        mailboxes("To", [NamedAddress(f"a{hostile}b", "a@example.org")])


def test_plain_ascii_stays_readable():
    assert unstructured("Subject", "Your report, May") == b"Subject: Your report, May\r\n"


def test_long_texts_are_folded_at_spaces():
    assert unstructured("Subject", "word " * 20 + "end").count(b"\r\n word") == 1


def test_encoded_words_end_at_character_boundaries():
    words = unstructured("Subject", "👩‍🔬" * 40).split()[1:]
    assert all(email.header.decode_header(word.decode())[0][0].decode() for word in words)


def test_a_long_url_keeps_its_shape_in_a_field_of_its_own():
    url = f"<https://example.org/{'a' * 200}>"
    assert unstructured("List-Unsubscribe", url, keep_words=True) == f"List-Unsubscribe: {url}\r\n".encode()


@pytest.mark.parametrize(
    "name", ["From", "BCC", "Content-Type", "resent-to", "DKIM-Signature", "Date", "X-Original-To"]
)
def test_fields_the_package_writes_cannot_be_set(name):
    with pytest.raises(TemplateError, match="cannot be set"):
        check_name(name)


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X\r\nBcc", "Ü", "X" * 51])
def test_what_is_no_field_name_is_refused(name):
    with pytest.raises(TemplateError, match="not a header name"):
        check_name(name)


@pytest.mark.parametrize(
    ("box", "text"),
    [
        (NamedAddress("", "a@example.org"), "a@example.org"),
        (NamedAddress("Ada L", "a@example.org"), "Ada L <a@example.org>"),
        (NamedAddress('Smith, "Bob"', "a@example.org"), '"Smith, \\"Bob\\"" <a@example.org>'),
    ],
)
def test_a_mailbox_is_shown_with_its_name_quoted_where_it_must_be(box, text):
    assert mailbox_text(box) == text
