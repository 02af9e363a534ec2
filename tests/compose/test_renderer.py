import datetime as dt
import email
import email.policy

import pandas as pd
import pytest

from notebookmail.compose.groups import GroupedFrame
from notebookmail.compose.rows.frame import Row
from notebookmail.compose.template import Template
from notebookmail.errors import FrameError, TemplateError

WHEN = dt.datetime(2025, 5, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
ROW = {"email": "ada@example.org", "name": "Ada"}


def compile_row(template, fields=ROW, *, seed="s", label="r", **options):
    return template.renderer(tuple(fields), date=WHEN, **options).render(Row(0, label, fields), seed=seed)


def letter(**options):
    return Template("Hi", **{"text": "a", "sender": "Me <me@example.com>"} | options)


def parse(mail):
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def test_the_header_set_is_exactly_what_was_asked_for():
    mail = compile_row(
        letter(cc="c@example.org", bcc="b@example.org", reply_to="r@example.org", headers={"X-A": "{{ name }}"})
    )
    message = parse(mail)
    assert message.keys() == [
        "Date", "From", "To", "Cc", "Reply-To", "Subject", "X-A", "Message-ID", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    ]  # fmt: skip
    assert message["X-A"] == "Ada"
    assert message["Date"].datetime == WHEN


def test_a_column_without_a_name_is_no_part_of_a_letter():
    made = letter(text="Dear {{ name }}", html="<p>Dear {{ name }}</p>", headers={"X-A": "a {{ name }}"})
    message = parse(compile_row(made, ROW | {"": "row 1"}))
    assert "row 1" not in message.as_string()
    assert message["X-A"] == "a Ada"


def test_bcc_is_in_the_envelope_only():
    mail = compile_row(letter(bcc=["b@example.org", "{{ name }} <c@example.org>"]))
    assert mail.envelope.recipients == ("ada@example.org", "b@example.org", "c@example.org")
    assert b"b@example.org" not in mail.content
    assert b"c@example.org" not in mail.content


def test_a_recipient_named_twice_is_reached_once():
    mail = compile_row(letter(cc="ada@EXAMPLE.org", bcc="ada@example.org"))
    assert mail.envelope.recipients == ("ada@example.org",)


def test_the_same_seed_gives_the_same_bytes():
    template = letter(markdown="{{ name }}", text=None)
    assert compile_row(template).content == compile_row(template).content


def test_another_seed_gives_another_message_id_under_the_senders_domain():
    one, other = (compile_row(letter(), seed=seed) for seed in "ab")
    assert one.message_id != other.message_id
    assert one.message_id.endswith("@example.com>")
    assert parse(one)["Message-ID"] == one.message_id


def test_a_given_sender_comes_before_the_templates():
    mail = compile_row(letter(), sender="Other <o@example.net>")
    assert (mail.envelope.sender, str(parse(mail)["From"])) == ("o@example.net", "Other <o@example.net>")


def test_a_sender_may_differ_by_row():
    assert compile_row(letter(sender="{{ name }} <{{ name }}@example.com>")).envelope.sender == "Ada@example.com"


def test_without_a_sender_nothing_is_compiled():
    with pytest.raises(FrameError, match="sender="):
        letter(sender=None).renderer(("email",), date=WHEN)


def test_a_missing_column_is_found_before_any_row():
    with pytest.raises(FrameError, match="'city'"):
        letter(text="{{ city }}").renderer(("email",), date=WHEN)


def test_without_recipients_nothing_is_compiled():
    with pytest.raises(FrameError, match="to="):
        letter().renderer(("name",), date=WHEN)


def test_a_date_without_a_zone_is_refused():
    with pytest.raises(FrameError, match="time zone"):
        letter().renderer(("email",), date=dt.datetime(2025, 5, 1))  # noqa: DTZ001


@pytest.mark.parametrize("column", ["email", "E-Mail", " Mail "])
def test_the_frames_email_column_is_the_default_recipient(column):
    assert compile_row(letter(), {column: "x@example.org"}).envelope.recipients == ("x@example.org",)


@pytest.mark.parametrize(
    "name",
    ["Smith, Bob", "evil@e.com, Bob", "a <b@example.net>", '"q" \\ x', "a@b.c", "Bob;", "=?utf-8?q?x?=", "שלום"],
)
def test_a_name_is_only_ever_a_display_name(name):
    mail = compile_row(letter(to="{{ name }} <{{ email }}>"), {"email": "x@example.org", "name": name})
    (address,) = parse(mail)["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "x@example.org")
    assert mail.envelope.recipients == ("x@example.org",)


def test_an_empty_name_leaves_the_address():
    mail = compile_row(letter(to="{{ name }} <{{ email }}>"), {"email": "x@example.org", "name": ""})
    assert str(parse(mail)["To"]) == "x@example.org"


def test_an_authors_quotes_around_a_name_are_not_doubled():
    mail = compile_row(letter(to='"{{ name }}" <{{ email }}>'))
    assert parse(mail)["To"].addresses[0].display_name == "Ada"


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example,x@y.example", "a@b.example x@y.example", "a@b.example; x@y.example", "a@b.example RET=HDRS",
        "", " ", None, "Bob", "a@b.example\r\nBcc: x@y.example", "a@b.example\n", "a@b.example>, <x@y.example",
        "a@b\0.example", "@", "a@", "a@b.example\u2028", "<script>", "a@b.example\ud800", "=?utf-8?q?a=40b?=",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "to", ["{{ email }}", "{{ name }} <{{ email }}>", "{% if name %}{{ email }}{% endif %}", None]
)
def test_what_is_not_one_address_fails_its_row(address, to):
    with pytest.raises(TemplateError) as caught:
        compile_row(letter(to=to), {"email": address, "name": "Ada"}, label=5)
    assert (caught.value.field, caught.value.row) == ("to", 5)


@pytest.mark.parametrize("cell", [None, "", "  "])
def test_an_empty_copy_adds_nobody(cell):
    mail = compile_row(letter(cc="{{ boss }}", bcc="Boss <{{ boss }}>"), ROW | {"boss": cell})
    assert mail.envelope.recipients == ("ada@example.org",)
    assert "Cc" not in parse(mail)


@pytest.mark.parametrize("field", ["cc", "bcc"])
def test_two_addresses_in_a_copy_with_anything_but_a_comma_fail_the_row(field):
    with pytest.raises(TemplateError) as caught:
        compile_row(letter(**{field: "{{ boss }}"}), ROW | {"boss": "a@b.example; c@d.example"})
    assert caught.value.field == field


def test_a_copys_missing_name_is_an_error():
    with pytest.raises(TemplateError, match="'boss' is missing"):
        compile_row(letter(cc="{{ boss }} <{{ email }}>"), ROW | {"boss": None})


def test_an_international_domain_goes_out_as_a_labels():
    mail = compile_row(letter(), ROW | {"email": "ada@bücher.example"})
    assert mail.envelope.recipients == ("ada@xn--bcher-kva.example",)
    assert mail.content.isascii()
    assert not mail.needs_smtputf8


def test_an_international_local_part_needs_smtputf8():
    mail = compile_row(letter(), ROW | {"email": "jörg@example.org"})
    assert mail.needs_smtputf8
    assert mail.envelope.recipients == ("jörg@example.org",)
    assert "jörg@example.org".encode() in mail.content


def test_a_rehearsal_goes_to_one_mailbox_only():
    mail = compile_row(
        letter(to="{{ name }}, Dr <{{ email }}>", cc="c@example.org", bcc="b@example.org"),
        redirect_to="Me <me@example.net>",
    )
    message = parse(mail)
    assert mail.envelope.recipients == ("me@example.net",)
    assert (str(message["To"]), message["X-Original-To"]) == ("Me <me@example.net>", '"Ada, Dr" <ada@example.org>')
    assert "Cc" not in message


def test_a_rehearsal_still_finds_a_bad_copy():
    with pytest.raises(TemplateError):
        compile_row(letter(cc="{{ name }}"), redirect_to="me@example.net")


def test_a_rehearsal_needs_one_mailbox():
    with pytest.raises(FrameError, match="redirect_to"):
        compile_row(letter(), redirect_to="a@b.example, c@d.example")


def test_the_recipient_can_be_shown():
    renderer = letter().renderer(("email",), date=WHEN)
    assert renderer.recipient(Row(0, 0, {"email": "a@example.org"})) == "a@example.org"
    assert renderer.recipient(Row(0, 0, {"email": "nobody"})) == ""


def test_html_comes_after_its_text():
    message = parse(compile_row(letter(markdown="# {{ name }}", text=None)))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_plain_text_is_a_single_part():
    assert parse(compile_row(letter())).get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain\n" + "a" * 78, "7bit"),
        ("a" * 79, "quoted-printable"),
        ("a \nb", "quoted-printable"),
        ("a\x00b", "quoted-printable"),
        ("a café in Rome " * 10, "quoted-printable"),
        ("Привет", "base64"),
    ],
)
def test_a_body_is_encoded_no_more_than_it_must_be(text, encoding):
    assert parse(compile_row(letter(text=text)))["Content-Transfer-Encoding"] == encoding


def test_half_a_surrogate_pair_fails_its_row():
    with pytest.raises(TemplateError, match="surrogate") as caught:
        compile_row(letter(text="{{ name }}"), ROW | {"name": "\ud83d"})
    assert (caught.value.field, caught.value.row) == ("text", "r")


def test_half_a_surrogate_pair_in_html_fails_its_row():
    with pytest.raises(TemplateError, match="surrogate"):
        compile_row(letter(markdown="{{ name }}"), ROW | {"name": "\ud83d"})


def test_a_boundary_in_a_body_is_avoided():
    mail = compile_row(letter(html="<p>a</p>"))
    boundary = parse(mail).get_boundary()
    message = parse(compile_row(letter(text=f"--{boundary}", html="<p>a</p>")))
    assert message.get_body(("plain",)).get_content().strip() == f"--{boundary}"


def test_lone_dots_and_long_lines_survive():
    body = ".\n..\n" + "x" * 3000 + "\n.\nFrom me"
    assert parse(compile_row(letter(text=body))).get_content().replace("\r\n", "\n") == body + "\n"


def test_blanks_of_any_kind_in_a_name_are_one_blank():
    mail = compile_row(
        letter(to="{{ name }} <{{ email }}>"), {"name": " =? \xa0=?\u3000 ", "email": "a@example.org"}
    )
    assert parse(mail)["To"].addresses[0].display_name == "=? =?"


def test_whom_a_row_is_for_is_known_although_its_name_is_missing():
    renderer = letter(to="{{ name }} <{{ email }}>").renderer(("name", "email"), date=WHEN)
    assert renderer.recipient(Row(0, 0, {"name": None, "email": "a@example.org"})) == "a@example.org"
    assert renderer.recipient(Row(0, 0, {"name": None, "email": "a@b.c, d@e.f"})) == ""


def test_each_row_has_its_own_sender():
    made = letter(sender="{{ name }} <{{ email }}>", to="b@example.org")
    renderer = made.renderer(("name", "email"), date=WHEN)
    rows = [{"name": name, "email": f"{name}@example.org".lower()} for name in ("Ada", "Bob", "Ada")]
    mails = [renderer.render(Row(0, 0, row), seed="s") for row in rows]
    assert [parse(mail)["From"] for mail in mails] == [f"{row['name']} <{row['email']}>" for row in rows]


@pytest.mark.parametrize("field", ["bcc", "reply_to", "sender"])
def test_an_international_address_anywhere_needs_smtputf8(field):
    assert not compile_row(letter(**{field: "jose@example.org"})).needs_smtputf8
    assert compile_row(letter(**{field: "josé@example.org"})).needs_smtputf8


@pytest.mark.parametrize("name", ["range", "dict", "namespace"])
def test_a_column_of_a_name_jinja_knows_is_the_column(name):
    message = parse(compile_row(letter(text=f"{{{{ {name} }}}}"), ROW | {name: 5}))
    assert message.get_content().strip() == "5"


def test_a_function_that_fails_names_its_row():
    made = letter(text="{{ x }}", inline={"x": lambda row: row.nothing})
    with pytest.raises(TemplateError) as caught:
        compile_row(made, label="r7")
    assert caught.value.row == "r7"


@pytest.mark.parametrize("shown", ["{{ name }}", "{{ row.name }}", "{{ name | default('x') }}"])
def test_a_value_that_differs_in_a_group_is_not_printed(shown):
    frame = GroupedFrame(pd.DataFrame({"email": ["a@example.org"] * 2, "name": ["Ada", "Bob"]}), "email")
    renderer = letter(text=shown).renderer(frame.columns, date=WHEN)
    with pytest.raises(TemplateError, match="'name' has several values"):
        renderer.render(next(frame.rows()), seed="s")
