"""The contract of composing is meaning: what a parser reads is what was asked for, or the row is refused."""

import datetime as dt
import email
import email.policy
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hostile_rows import HOSTILE, assert_safe_on_the_wire, normal, spoken

from notebookmail.address import has_control
from notebookmail.compose.addresses.address_lists import pieces_of
from notebookmail.compose.rows.frame import Row
from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError

WHEN = dt.datetime(2025, 5, 1, 12, 30, tzinfo=dt.UTC)
COLUMNS = ("email", "name", "value", "copy")
COMPILER = Template(
    "About {{ value }}",
    html='<html><body><p title="{{ value }}">{{ value }}</p></body></html>',
    text="{{ name }}\n{{ value }}\n",
    sender="Me <me@example.com>",
    to="{{ name }} <{{ email }}>",
    cc="{{ copy }}",
    bcc="hidden@example.net",
    headers={"X-Value": "{{ value }}"},
).renderer(
    COLUMNS,
    date=WHEN,
)
HEADERS = ["Date", "From", "To", "Cc", "Subject", "X-Value", "Message-ID", "MIME-Version", "Content-Type"]
values = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=30), max_size=6).map("".join)
addresses = st.sampled_from(["a@example.org", '"a b"@example.org', "ü@example.org", "a@bücher.example"]) | values


def compiled(renderer, fields):
    try:
        return renderer.render(Row(3, "label", fields), seed="seed"), None
    except TemplateError as refusal:
        return None, refusal


@settings(deadline=None, max_examples=150)
@given(addresses, values, values, addresses | st.none())
@example("a@example.org", "Bob", "ok", "c@example.org")
def test_a_row_is_compiled_exactly_as_asked_or_refused(address, name, value, copy):
    fields = {"email": address, "name": name, "value": value, "copy": copy}
    mail, refusal = compiled(COMPILER, fields)
    if refusal:
        assert refusal.row == "label"
        assert refusal.field in {"to", "cc", "subject", "text", "html", "X-Value"}
        return
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    copies = pieces_of(copy or "", [","])
    assert message.keys() == [each for each in HEADERS if each != "Cc" or copies]
    assert not has_control(value)
    assert message["Subject"] == f"About {value}"
    assert message["X-Value"] == value
    assert mail.envelope.sender == "me@example.com"
    assert mail.envelope.recipients[-1] == "hidden@example.net"
    assert len(mail.envelope.recipients) <= 2 + len(copies)
    (to,) = message["To"].addresses
    assert mail.needs_smtputf8 or to.addr_spec == mail.envelope.recipients[0]
    if len(name.encode()) <= 40:  # one encoded-word: see test_header_fields.short
        assert to.display_name == re.sub(r"\s{2,}", " ", name.strip())
    text, html = (part.get_content() for part in message.iter_parts())
    assert normal(text) == normal(f"{name}\n{value}\n")
    shown = spoken(value)
    assert normal(html) == normal(f'<html><body><p title="{shown}">{shown}</p></body></html>\n')
    assert_safe_on_the_wire(mail)


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400) | values)
def test_a_body_is_read_back_as_it_was(value):
    renderer = Template("s", text="{{ value }}", sender="a@example.com", to="b@example.com").renderer(
        ("value",), date=WHEN
    )
    mail, refusal = compiled(renderer, {"value": value})
    if refusal:
        assert re.search("[\ud800-\udfff]", value)
        return
    read = normal(email.message_from_bytes(mail.content, policy=email.policy.default).get_content())
    asked = normal(value)
    assert read == (asked if asked.endswith("\n") else asked + "\n")
    assert_safe_on_the_wire(mail)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(values, st.integers()), max_size=4), values)
def test_a_markdown_letter_takes_in_no_markup_from_values(rows, value):
    template = Template(
        "s",
        markdown="# {{ v }}\n\n| a | b |\n|---|--:|\n{% for k, n in rows %}\n"
        "| {{ k }} | {{ n }} |\n{% endfor %}\n\n> {{ v }}",
        sender="a@example.com",
        to="b@example.com",
    )
    renderer = template.renderer(("v", "rows"), date=WHEN)
    mail, refusal = compiled(renderer, {"v": value, "rows": rows})
    if refusal:
        assert refusal.field == "markdown"
        return
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    tags = re.findall(r"<(/?\w+)", message.get_body(("html",)).get_content())
    assert tags.count("td") == 2 * len(rows)
    assert tags.count("blockquote") == tags.count("table") == tags.count("h1") == 1
    assert "script" not in tags
    assert "\n\n\n" not in normal(message.get_body(("plain",)).get_content())
    assert_safe_on_the_wire(mail)
