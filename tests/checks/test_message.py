"""What a careful person would see in a finished message, and what is no slip."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_runs import ANYTHING, PNG

from notebookmail import Template
from notebookmail.checks.links import judge_link
from notebookmail.checks.message import GMAIL_OCTETS, MessageChecks, transport_remarks
from notebookmail.checks.parsed_message import read
from notebookmail.compose.rows.frame import row_of
from notebookmail.mail.message import Envelope, Mail

DATE = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
ROW = {"name": "Ann", "email": "ann@acme.org"}


def made(template: Template, **values: Any) -> Mail:
    row = row_of({**ROW, **values})
    return template.renderer(tuple(row.fields), date=DATE, sender="desk@acme.org").render(row, seed="x")


def found(template: Template, **values: Any) -> dict[str, str]:
    """The kinds found, each with what was said of it last."""
    checks = MessageChecks(template.definition, [*ROW, *values])
    return {remark.kind: remark.message for remark in checks.remarks(read(made(template, **values)))}


def letter(body: str, subject: str = "News for {{ name }}", **options: Any) -> Template:
    return Template(subject, **{"markdown": body, **options})


def attached(mail: Mail, payload: bytes, kind: str = "text/csv") -> Mail:
    """Put a message and a file together, as a compiler does: short pieces joined, long ones as they are."""
    head, _, rest = mail.content.partition(b"Content-Type: ")
    opening = b'Content-Type: multipart/mixed;\r\n boundary="=_m"\r\n\r\n--=_m\r\nContent-Type: ' + rest
    fields = f"\r\n--=_m\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=x\r\n\r\n".encode()
    return mail._replace(segments=(head + opening + fields, payload, b"\r\n--=_m--\r\n"))


def test_a_good_letter_has_no_findings() -> None:
    assert found(letter("Dear {{ name }},\n\nwe [met](https://acme.org/a?b=1).\n\nYours")) == {}


# --- reading a message back ----------------------------------------------------------------------


LINES = Template("{{ name }}", html="<p>{{ word }} &amp; ü</p>")


def part(message: Any, subtype: str) -> str:
    return message.get_body((subtype,)).get_content().replace("\r\n", "\n")


@given(ANYTHING.filter(str.isprintable), ANYTHING.filter(str.isprintable))
def test_a_message_is_read_as_a_parser_reads_it(name: str, word: str) -> None:
    mail = made(LINES, name=f"x{name}x", word=word)
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    parsed = read(mail)
    assert parsed.subject == message["Subject"]
    assert (parsed.html, parsed.text) == (part(message, "html"), part(message, "plain"))
    assert parsed.to == "ann@acme.org"


@pytest.mark.parametrize(
    "subject",
    ['Content-Type: multipart/x; boundary="a"', "Content-Disposition: attachment", "Content-Type: text/html"],
)
def test_no_subject_is_taken_for_another_field(subject: str) -> None:
    parsed = read(made(Template("{{ name }}", text="Dear all"), name=subject))
    assert (parsed.subject, parsed.text, parsed.html) == (subject, "Dear all\n", "")
    assert not parsed.has_attachment


def test_a_signed_message_is_read_as_the_unsigned_one() -> None:
    mail = made(LINES, word="ü", name="Ann")
    signed = mail._replace(segments=(b"DKIM-Signature: v=1; b=x\r\n", *mail.segments))
    assert (read(signed), read(signed).subject) == (read(mail), "Ann")


def test_the_html_is_measured_before_it_is_encoded() -> None:
    parsed = read(made(Template("x", html="<p>{{ name }}</p>"), name="ü" * 500))
    assert 1000 <= parsed.html_octets < 1500


@pytest.mark.parametrize("octets", [100, 100_000])
@pytest.mark.parametrize("kind", ["text/csv", "text/plain", "application/pdf"])
def test_what_is_attached_is_seen_and_never_read_as_the_text(octets: int, kind: str) -> None:
    parsed = read(attached(made(letter("Dear {{ name }}")), b"x" * octets, kind))
    assert parsed.has_attachment
    assert parsed.text == "Dear Ann\r\n".replace("\r", "")
    assert "Dear Ann" in parsed.html


# --- greetings and gaps ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "greeting",
    ["Hi {{ name }},", "Dear {{ name }}!", "Dear Mr. {{ name }}:", "Sehr geehrte Frau {{ name }},",
     "Bonjour {{ name }},", "Hola {{ name }}!", "Здравствуйте {{ name }}!", "Hello {{ name }} Smith,"],
)  # fmt: skip
def test_a_greeting_without_a_name_is_found(greeting: str) -> None:
    assert "greeting" in found(letter(f"{greeting}\n\nwe have news."), name="")
    assert "greeting" not in found(letter(f"{greeting}\n\nwe have news."))


@pytest.mark.parametrize(
    "greeting", ["Bonjour !", "Hello,", "Dear {% if name %}{{ name }}{% else %}all{% endif %},"]
)
def test_a_greeting_the_author_wrote_is_none(greeting: str) -> None:
    assert "greeting" not in found(letter(f"{greeting}\n\nwe have news.", subject="News"), name="")


@pytest.mark.parametrize("subject", ["Points for {{ name }}", "{{ name }}: your points", "The {{ name }} prize"])
def test_a_gap_in_the_subject_is_found(subject: str) -> None:
    assert "empty-value" in found(letter("Text", subject=subject), name="")
    assert "empty-value" not in found(letter("Text", subject=subject))


@pytest.mark.parametrize("subject", ["Facture n° {{ name }} : à régler", "Offre ; {{ name }} : rien d'autre"])
def test_a_blank_before_a_colon_is_french(subject: str) -> None:
    assert "empty-value" not in found(letter("Text", subject=subject))
    assert "empty-value" in found(letter("Text", subject=subject), name="")


def test_a_gap_the_author_wrote_is_none() -> None:
    assert found(letter("Text", subject="Nouveau  bilan !")) == {}


# --- missing values and leftovers ------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "NaT", "<NA>", "null", "undefined", "[object Object]"])
def test_a_missing_value_that_is_written_out_is_found(word: str) -> None:
    assert found(letter("Your score: {{ name }}.", subject="News"), name=word)["missing-value"].startswith(
        repr(word)
    )


@pytest.mark.parametrize(
    "text", ["None of us", "Nancy", "financial", "nan@acme.org", "https://acme.org/null", "None-such"]
)
def test_words_that_only_look_like_it_are_not(text: str) -> None:
    assert "missing-value" not in found(letter("About: {{ name }}", subject="News"), name=text)


def test_a_word_the_author_wrote_is_meant() -> None:
    assert "missing-value" not in found(letter("Write None or {{ name }}.", subject="News"), name="None")


def test_a_word_the_author_wrote_hides_no_other() -> None:
    assert found(letter("Write None or {{ name }}.", subject="x"), name="nan")["missing-value"].startswith("'nan'")
    assert "missing-value" not in found(letter("None, {{ name }}", subject="x"), name="nan-ny")


@pytest.mark.parametrize(
    "leftover", ["{name}", "${name}", "{name:>10}", "%(name)s", "[NAME]", "<<name>>", "«Name»", "[first name]"]
)
def test_a_placeholder_of_another_program_is_found_where_a_column_has_its_name(leftover: str) -> None:
    assert "leftover" in found(Template("x", text=f"Dear {leftover},"), first_name="A")


@pytest.mark.parametrize("text", ["[x]", "{city}", "a <<b>>", "f(name)", "100%", "[NAMES]"])
def test_brackets_without_a_column_in_them_are_left_alone(text: str) -> None:
    assert "leftover" not in found(Template("x", text=text))


def test_template_syntax_that_came_with_a_value_is_found() -> None:
    assert "leftover" in found(letter("{{ name }}"), name="{{ first_name }}")


def test_template_syntax_the_author_shows_on_purpose_is_not() -> None:
    assert "leftover" not in found(letter("{% raw %}Write {{ x }}{% endraw %}", subject="x"))


# --- the subject and the body ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "words"), [("{{ name }}", "empty"), ("x" * 151, "150"), ("GREAT SALE NOW!", "capitals")]
)
def test_a_subject_that_wants_a_look_is_found(subject: str, words: str) -> None:
    assert words in found(letter("Text", subject=subject), name="")["subject"]


def test_an_abbreviation_is_no_shouting() -> None:
    assert "subject" not in found(letter("Text", subject="NATO, EU"))


def test_a_body_without_text_is_found() -> None:
    assert "empty-body" in found(letter("{% if name %}Dear {{ name }}{% endif %}"), name="")
    assert found(Template("x", html='<img src="cid:p" alt="">', inline={"p": PNG})) == {}


@pytest.mark.parametrize(
    "text", ["The list is attached.", "Anbei die Liste.", "Vous trouverez ci-joint", "见附件", "Im Anhang"]
)
def test_a_missing_attachment_is_found(text: str) -> None:
    assert "attachment" in found(letter(text))


def test_an_attachment_that_is_there_is_not_missed() -> None:
    template = letter("The list is attached.")
    parsed = read(attached(made(template), b"x"))
    assert MessageChecks(template.definition, []).remarks(parsed) == []


@pytest.mark.parametrize("text", ["A detached house.", "Reattachments"])
def test_other_words_speak_of_no_attachment(text: str) -> None:
    assert "attachment" not in found(letter(text))


def test_each_thing_is_said_once_of_a_message() -> None:
    template = Template(
        "x", html="<p>attached: <a href='http://a.org'>a</a> <a href='http://a.org'>a</a></p>", text="attached"
    )
    remarks = MessageChecks(template.definition, []).remarks(read(made(template)))
    assert len(remarks) == len(set(remarks)) == 2


def test_html_and_a_text_of_its_own_are_both_looked_at() -> None:
    assert "missing-value" in found(Template("x", html="<p>{{ name }}</p>", text="ok"), name="nan")
    assert "missing-value" in found(Template("x", html="<p>ok</p>", text="{{ name }}"), name="nan")


# --- links and images ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    ["", "#", "https://", "https:/acme.org", "http:acme.org", "https://acme", "www.acme.org", "/page", "page.html",
     "https://ac me.org", "https://localhost/x", "http://127.0.0.1:8888/x", "http://192.168.0.7", "https://nas.local/",
     "file:///C:/x.pdf", "C:/x.pdf", "mailto:", "mailto:?subject=x", "java&#115;cript:alert(1)", "https://[x",
     "https://acme.org/{{ id }}"],
)  # fmt: skip
def test_a_link_that_leads_nowhere_is_found(target: str) -> None:
    assert [remark.kind for remark in judge_link(target, "here", "html")] == ["link"]


@pytest.mark.parametrize(
    "target",
    ["https://acme.org", "https://acme.org/a?b=1&amp;c=2#d", "mailto:ann@acme.org?subject=x", "tel:+49221", "#top",
     "https://münchen.de/", "https://[2606:4700::1111]/"],
)  # fmt: skip
def test_a_good_link_is_left_alone(target: str) -> None:
    assert judge_link(target, "here", "html") == ()


def test_a_link_without_encryption_is_found() -> None:
    assert "insecure-link" in found(letter("[here](http://acme.org)"))


@pytest.mark.parametrize(
    ("label", "target"),
    [("www.bank.com", "https://evil.net"), ("https://acme.org/x", "https://acme.org.evil.net/x")],
)
def test_a_link_that_shows_another_site_is_found(label: str, target: str) -> None:
    assert [remark.kind for remark in judge_link(target, label, "html")] == ["deceptive-link"]


@pytest.mark.parametrize(
    ("label", "target"),
    [("acme.org", "https://www.acme.org/x"), ("https://acme.org", "https://shop.acme.org"), ("report.pdf", "https://a.org"),
     ("our site", "https://a.org"), ("Node.js", "https://nodejs.org")],
)  # fmt: skip
def test_a_link_that_shows_words_or_its_own_site_is_not(label: str, target: str) -> None:
    assert judge_link(target, label, "html") == ()


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_link_breaks_the_check(target: str, label: str) -> None:
    assert all(remark.severity == "warning" for remark in judge_link(target, label, "html"))


def test_a_link_in_a_plain_text_is_judged_too() -> None:
    assert "insecure-link" in found(Template("x", text="See http://acme.org."))
    assert found(Template("x", text="See https://acme.org, or www.acme.org!")) == {}


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ('<img src="cid:picture">', "alt-text"),
        ('<img alt="a" src="https://acme.org/a.png">', "remote-image"),
        ('<img alt="" src="data:image/png;base64,AAAA">', "data-image"),
        ('<img alt="a" src="{{ name }}.png">', "link"),
    ],
)
def test_an_image_that_does_not_show_is_found(image: str, kind: str) -> None:
    assert list(found(Template("x", html=f"<p>a {image}</p>", inline={"picture": PNG}))) == [kind]


def test_a_picture_markdown_was_given_no_text_for_is_found() -> None:
    assert "alt-text" in found(letter("![](https://acme.org/a.png)"))
    assert "alt-text" not in found(letter("![Sales](https://acme.org/a.png)"))
    assert "alt-text" not in found(Template("x", html='<p>a <img src="https://acme.org/a.png" alt=""></p>'))
    assert found(letter("x {{ p | image(alt='') }}", inline={"p": PNG})) == {}


@pytest.mark.parametrize(
    "link", ["[a **b**](https://acme.org/my file.pdf)", "[x](file:///C:/x.pdf)", "[a b](c d)"]
)
def test_a_link_markdown_did_not_make_is_found(link: str) -> None:
    assert list(found(letter(f"See {link}."))) == ["link"]
    assert found(letter(f"See `{link}` [1] (b) [2](https://acme.org)")) == {}


def test_an_image_that_travels_with_its_text_is_good() -> None:
    html = '<p>a <img alt="Sales" src="cid:picture"></p>'
    assert found(Template("x", html=html, inline={"picture": PNG})) == {}


def test_a_letter_with_a_file_says_attached_with_reason() -> None:
    assert "attachment" in found(letter("The list is attached."))
    assert found(letter("The list is attached.", attachments={"list.csv": b"a,b"})) == {}
    assert "attachment" in found(letter("![x](cid:p) is attached.", inline={"p": PNG}))


# --- names and sizes -------------------------------------------------------------------------------------


def test_a_name_that_is_somebody_elses_address_is_found() -> None:
    template = letter("Text", to="{{ name }} <{{ email }}>", subject="x")
    assert "name" in found(template, name="bo@acme.org")
    assert "name" not in found(template, name="Ann@acme.org")


def test_a_recipient_who_also_gets_a_copy_is_found() -> None:
    assert "twice" in found(letter("Text", cc=["Boss <boss@acme.org>", "ANN@acme.org"]))
    assert "twice" not in found(letter("Text", cc="boss@acme.org"))


def test_html_that_gmail_would_cut_off_is_found() -> None:
    assert "clipped" in found(Template("x", html="<p>{{ name }}</p>"), name="words " * 17_000)
    assert "clipped" not in found(Template("x", html="<p>{{ name }}</p>"), name="words " * 10_000)


def mail_of(octets: int, **options: Any) -> Mail:
    return Mail(Envelope("a@acme.org", ("b@acme.org",)), (b"x" * octets,), **options)


@pytest.mark.parametrize(
    ("octets", "size", "expected"),
    [(1000, 999, [("error", "too-large")]), (1000, 1000, []), (1000, None, []),
     (GMAIL_OCTETS + 1, None, [("warning", "too-large")]), (GMAIL_OCTETS + 1, 10, [("error", "too-large")])],
)  # fmt: skip
def test_a_message_is_too_large_for_its_server_or_for_gmail(octets: int, size: int | None, expected: list) -> None:
    remarks = transport_remarks(mail_of(octets), server="mx", size=size, has_smtputf8=True)
    assert [(remark.severity, remark.kind) for remark in remarks] == expected


def test_an_international_address_needs_a_server_that_takes_it() -> None:
    mail = mail_of(10, needs_smtputf8=True)
    assert [each.kind for each in transport_remarks(mail, server="mx", size=None, has_smtputf8=False)] == [
        "not-supported"
    ]
    assert list(transport_remarks(mail, server="mx", size=None, has_smtputf8=True)) == []
