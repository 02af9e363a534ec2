"""Every column hostile at once: the message says exactly what was asked for, or the row fails and says why."""

import datetime as dt
import email
import email.policy
import re

import icalendar
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.hostile_rows import HOSTILE, assert_safe_on_the_wire, normal, spoken

from notebookmail.address import has_control
from notebookmail.compose.addresses.address_lists import pieces_of
from notebookmail.compose.rows.frame import Row
from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError

WHEN = dt.datetime(2025, 5, 1, 12, 30, tzinfo=dt.UTC)
PATHS = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "~",
    "a\0b",
    "\u202egnp.exe",
    "a/b",
    "a\\b",
    "CON",
    "x" * 300,
]
BENIGN = {
    "email": "ann@example.org",
    "name": "Ann",
    "copy": "c@example.org",
    "blind": "d@example.org",
    "reply": "r@example.org",
    "subject": "News",
    "extra": "value",
    "answer": "<1@example.org>",
    "leave": "https://example.org/u?1",
    "word": "word",
    "file": "report.txt",
    "path": "there.txt",
    "link": "https://example.org/",
    "title": "Meeting",
    "place": "Room 1",
}
values = st.one_of(
    st.sampled_from(HOSTILE + PATHS),
    st.lists(st.sampled_from(HOSTILE) | st.text(max_size=30), max_size=5).map("".join),
    st.text(max_size=60),
    st.none(),
)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("letters")
    (folder / "there.txt").write_text("was there", encoding="utf-8")
    template = Template(
        "About {{ subject }}",
        html='<html><body><p title="{{ word }}">{{ word }}</p><a href="{{ link }}">x</a></body></html>',
        text="{{ name }}\n{{ word }}\n",
        sender="Me <me@example.com>",
        to="{{ name }} <{{ email }}>",
        cc="{{ copy }}",
        bcc="{{ blind }}",
        reply_to="{{ reply }}",
        headers={"X-Extra": "{{ extra }}", "In-Reply-To": "{{ answer }}"},
        list_unsubscribe="{{ leave }}",
        preheader="{{ word }}",
        attachments=[("{{ file }}", b"attached"), "{{ path }}"],
        calendar={"summary": "{{ title }}", "location": "{{ place }}", "start": WHEN, "duration": 30},
        folder=folder,
    )
    return template.renderer(tuple(BENIGN), date=WHEN)


FIELDS = {
    "to", "cc", "bcc", "reply_to", "subject", "X-Extra", "In-Reply-To", "list_unsubscribe", "text", "html",
    "preheader", "attachments", "calendar",
}  # fmt: skip
HEADERS = [
    "Date", "From", "To", "Cc", "Reply-To", "Subject", "X-Extra", "In-Reply-To", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Auto-Submitted", "Message-ID", "MIME-Version", "Content-Type",
]  # fmt: skip


def compiled(renderer, fields):
    try:
        return renderer.render(Row(3, "label", fields), seed="seed"), None
    except TemplateError as refusal:
        return None, refusal


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(sorted(BENIGN)), values, max_size=2))
@example({})
@example({"path": ""})
@example({"name": "=?utf-8?Q?=0D=0ABcc:_x=40y.z?="})
@example({"file": "\u202egnp.exe"})
@example({"title": "x\r\nATTENDEE:mailto:x@y.example", "place": "y\\nATTENDEE:mailto:x@y.example"})
def test_a_row_goes_out_exactly_as_asked_or_fails_and_says_why(renderer, hostile):
    fields = BENIGN | hostile
    mail, refusal = compiled(renderer, fields)
    if refusal:
        assert hostile, "nothing hostile, and yet refused"
        assert refusal.row == "label"
        assert refusal.field in FIELDS
        return
    assert_safe_on_the_wire(mail)
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    copy, blind = (pieces_of(fields[name] or "", [","]) for name in ("copy", "blind"))
    absent = {"Cc"} if not copy else set()
    if not fields["answer"].strip():
        absent.add("In-Reply-To")  # an answer to nothing
    if not fields["leave"].lower().startswith("https:"):
        absent.add("List-Unsubscribe-Post")
    assert message.keys() == [name for name in HEADERS if name not in absent]
    assert_envelope(mail, message, [*copy, *blind])
    assert_headers(message, fields)
    assert_bodies(message, fields)
    assert_attachments(message, fields)


def assert_envelope(mail, message, copied):
    assert mail.envelope.sender == "me@example.com"
    assert 1 <= len(mail.envelope.recipients) <= 1 + len(copied)
    (to,) = message["To"].addresses
    assert mail.needs_smtputf8 or to.addr_spec == mail.envelope.recipients[0]
    assert not any(
        has_control(address) or " " in address for address in mail.envelope.recipients if address[0] != '"'
    )


def assert_headers(message, fields):
    for name in ("subject", "extra", "answer", "leave"):
        assert not has_control(fields[name])
    assert message["Subject"] == f"About {fields['subject']}"
    assert message["X-Extra"] == fields["extra"]
    assert (message["In-Reply-To"] or "").split() == fields["answer"].split()
    assert message["List-Unsubscribe"].strip("<> ") == fields["leave"].strip()
    (reply,) = message["Reply-To"].addresses
    assert reply.addr_spec


def assert_bodies(message, fields):
    letter = next(message.iter_parts())
    text, html, calendar = letter.iter_parts()
    assert normal(text.get_content()) == normal(f"{fields['name']}\n{fields['word']}\n")
    shown = spoken(fields["word"])
    page = html.get_content().replace("<br>", "\n")  # a value's line breaks, where they are text
    assert normal(page).count(normal(shown)) >= 3
    asked = f'<p title="{shown}">{shown}</p><a href="{spoken(fields["link"])}">x</a>'
    assert normal(asked) in normal(page)
    assert len(re.findall(r"<(?!/|!)", page)) == len(
        re.findall(r"<(?!/|!)", '<html><body><div><p title=""></p><a href=""></a>')
    )
    (event,) = icalendar.Calendar.from_ical(calendar.get_content()).walk("VEVENT")
    assert normal(str(event["SUMMARY"])) == normal(fields["title"])
    assert normal(str(event.get("LOCATION", ""))) == normal(fields["place"] or "")
    assert event.decoded("DTSTART") == WHEN
    attendee = event["ATTENDEE"]
    assert not isinstance(attendee, list)
    assert set(event) <= {
        "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "ORGANIZER", "ATTENDEE", "STATUS", "SEQUENCE",
    }  # fmt: skip


def assert_attachments(message, fields):
    attached = list(message.iter_attachments())
    names = [part.get_filename() for part in attached]
    assert names == [fields["file"]] + (["there.txt"] if fields["path"].strip() else [])
    assert attached[0].get_payload(decode=True) == b"attached"
    assert all(part.get_payload(decode=True) == b"was there" for part in attached[1:])


@settings(deadline=None, max_examples=75)
@given(st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=20), st.text(max_size=10))
def test_the_name_of_a_header_is_a_name_or_refused(name, value):
    try:
        template = Template("s", text="x", sender="a@example.com", to="b@example.com", headers={name: "{{ v }}"})
        mail = template.renderer(("v",), date=WHEN).render(Row(0, 1, {"v": value}), seed="s")
    except TemplateError:
        return
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert [key for key in message.keys() if key == name] == [name]  # noqa: SIM118 -- __contains__ ignores case
    assert (
        len(message.keys())
        == len({"Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "CT", "CTE"}) + 1
    )
