import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail.compose.mime.structured_headers import is_structured, structured, unsubscribe_fields, with_token
from notebookmail.errors import TemplateError

ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
HOSTILE = ["\r", "\n", "\r\nBcc: x@y.z", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\ud800", "\t", "é", "<", ">"]
identifiers = st.from_regex(r"<[A-Za-z0-9.$/+!-]{1,60}@[A-Za-z0-9.-]{1,60}>", fullmatch=True)


def parse(fields):
    return email.message_from_bytes(fields + b"\r\n", policy=email.policy.compat32)


def unfolded(message, name):
    return message[name].replace("\r\n", "")


@settings(deadline=None)
@given(st.lists(identifiers, min_size=1, max_size=12))
def test_identifiers_are_read_back_as_they_were(ids):
    field = structured("References", " ".join(ids))
    message = parse(field)
    assert message.keys() == ["References"]
    assert unfolded(message, "References").split() == ids


def test_many_identifiers_are_folded_between_them():
    field = structured("References", " ".join(f"<number.{number}@mail.example.org>" for number in range(9)))
    lines = field.split(b"\r\n")
    assert len(lines) > 3
    assert max(map(len, lines)) <= 78


def test_an_identifier_longer_than_a_line_stays_whole():
    identifier = f"<{'a' * 300}@example.org>"
    assert structured("In-Reply-To", identifier) == f"In-Reply-To: {identifier}\r\n".encode()


def test_identifiers_other_programs_write_loosely_are_taken():
    assert b"<a..b[1]$@x_y>" in structured("In-Reply-To", "<a..b[1]$@x_y>")


def test_a_row_that_answers_no_message_has_no_such_field():
    assert structured("In-Reply-To", " ") == b""


@pytest.mark.parametrize(
    "value", ["a@b.c", "<a@b.c>,<d@e.f>", "<a@b.c> d@e.f", "<ab.c>", "<a@b@c>", "<>", "<a b@c>"]
)
def test_what_is_no_identifier_is_refused_with_the_remedy(value):
    with pytest.raises(TemplateError, match="angle brackets") as caught:
        structured("References", value, row=7)
    assert (caught.value.field, caught.value.row) == ("References", 7)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_identifier_that_could_add_a_line_is_refused(hostile):
    with pytest.raises(TemplateError):
        structured("In-Reply-To", f"<a{hostile}b@c.d>")


def test_an_identifier_too_long_for_any_line_is_refused():
    with pytest.raises(TemplateError, match="longer than 900"):
        structured("In-Reply-To", f"<{'a' * 900}@b.c>")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("in-reply-to", True),
        ("References", True),
        ("LIST-UNSUBSCRIBE", True),
        ("List-Unsubscribe-Post", True),
        ("X-Campaign", False),
    ],
)
def test_it_is_known_which_fields_have_a_syntax(name, answer):
    assert is_structured(name) is answer


def test_an_https_link_unsubscribes_with_one_click():
    fields = unsubscribe_fields(["mailto:out@example.org?subject=Out", "https://example.org/out?u=1,2"])
    assert fields == (
        b"List-Unsubscribe: <mailto:out@example.org?subject=Out>,\r\n <https://example.org/out?u=1,2>\r\n"
        + ONE_CLICK
        + b"Auto-Submitted: auto-generated\r\n"
    )


def test_a_mail_address_alone_does_not_promise_one_click():
    assert parse(unsubscribe_fields(["mailto:out@example.org"])).keys() == ["List-Unsubscribe", "Auto-Submitted"]


def test_auto_submitted_is_left_to_a_template_that_sets_it():
    fields = unsubscribe_fields(["mailto:out@example.org"], auto_submitted=False)
    assert parse(fields).keys() == ["List-Unsubscribe"]


@settings(deadline=None)
@given(
    st.from_regex(
        r"https://[a-z]{1,20}\.org/([A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-F]{2}){0,300}", fullmatch=True
    )
)
def test_a_link_is_read_back_as_it_was(uri):
    message = parse(unsubscribe_fields([uri]))
    assert message["List-Unsubscribe"] == f"<{uri}>"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "empty"),
        ("http://example.org/out", "https: only"),
        ("ftp://example.org/out", "is https://host"),
        ("https:///out", "is https://host"),
        ("mailto:", "is https://host"),
        ("mailto:nobody", "is https://host"),
        ("example.org/out", "is https://host"),
        ("<https://example.org>", "percent-encoded"),
        ("https://example.org/a b", "urlencode"),
        ("https://example.org/100%", "percent-encoded"),
        (f"https://example.org/{'a' * 900}", "longer than 900"),
    ],
)
def test_a_link_that_cannot_unsubscribe_is_refused_with_the_reason(uri, reason):
    with pytest.raises(TemplateError, match=reason) as caught:
        unsubscribe_fields(["mailto:out@example.org", uri], row=7)
    assert (caught.value.field, caught.value.row) == ("list_unsubscribe", 7)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_link_that_could_add_a_line_is_refused(hostile):
    with pytest.raises(TemplateError, match="percent-encoded"):
        unsubscribe_fields([f"https://example.org/{hostile}"])


def test_two_https_links_are_refused():
    with pytest.raises(TemplateError, match="several"):
        unsubscribe_fields(["https://a.org/", "https://b.org/"])


def test_no_link_at_all_is_refused():
    with pytest.raises(TemplateError, match="no link"):
        unsubscribe_fields([])


def test_a_field_set_by_hand_is_checked_and_kept():
    value = "<mailto:out@example.org> , <https://example.org/out>"
    assert structured("List-Unsubscribe", value) == (
        b"List-Unsubscribe: <mailto:out@example.org>, <https://example.org/out>\r\n"
    )


@pytest.mark.parametrize("value", ["", "https://example.org", "<https://a.org> <mailto:a@b.c>", "<mailto:a@b.c>,"])
def test_a_field_set_by_hand_without_its_brackets_is_refused(value):
    with pytest.raises(TemplateError, match="list_unsubscribe="):
        structured("List-Unsubscribe", value)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_field_set_by_hand_that_could_add_a_line_is_refused(hostile):
    with pytest.raises(TemplateError) as caught:
        structured("List-Unsubscribe", f"<https://example.org/{hostile}>", row=7)
    assert (caught.value.field, caught.value.row) == ("List-Unsubscribe", 7)


def test_one_click_set_by_hand_has_one_value():
    assert structured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") == ONE_CLICK
    with pytest.raises(TemplateError, match="the only value"):
        structured("List-Unsubscribe-Post", "yes\r\nBcc: x@y.z")


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("mailto:leave@x.org", "mailto:leave@x.org?subject=unsubscribe%20ab12"),
        ("MAILTO:leave@x.org?", "MAILTO:leave@x.org?subject=unsubscribe%20ab12"),
        ("mailto:leave@x.org?body=no%20more", "mailto:leave@x.org?body=no%20more&subject=unsubscribe%20ab12"),
        ("mailto:leave@x.org?Subject=leave", "mailto:leave@x.org?Subject=leave"),
        ("https://x.org/leave?user=7", "https://x.org/leave?user=7"),
    ],
)
def test_a_mail_that_unsubscribes_names_the_letter(link, named):
    assert with_token(link, "ab12") == named
    assert with_token(named, "other") == named
