"""Header fields of a caller's message: what a parser reads back is what was given, and no line is too long."""

from __future__ import annotations

import email
import email.policy
from email.header import Header
from email.headerregistry import Address, Group
from email.message import EmailMessage, Message
from email.mime.text import MIMEText
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.address import has_control
from notebookmail.errors import SMTPNotSupported
from notebookmail.mail.message import Envelope
from notebookmail.smtp.message.envelope import recipients_of, sender_of
from notebookmail.smtp.message.mail_from_message import flatten, mail_from_message
from notebookmail.smtp.wire.extensions import Extensions

ID = f"<{'A0' * 60}@{'host.' * 8}example.org>"
KINDS = [EmailMessage, Message]
ENVELOPE = Envelope("a@example.org", ("b@example.org",))


def head(octets: bytes) -> bytes:
    return octets.partition(b"\r\n\r\n")[0] + b"\r\n"


def written(*fields: tuple[str, Any], kind: type = EmailMessage, utf8: bool = False) -> bytes:
    """Write a message of these fields, and prove what holds for all of them."""
    message = kind()
    for name, value in fields:
        message[name] = value
    before = list(message.raw_items())
    octets = head(flatten(message, utf8=utf8, eight_bit=True))
    assert list(message.raw_items()) == before
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert all(line.strip() for line in lines[:-1])
    assert not {b"\r", b"\n"} & {octets.replace(b"\r\n", b"")[n : n + 1] for n in range(len(octets))}
    assert read(octets).keys() == [name for name, _ in fields]
    return octets


def read(octets: bytes) -> EmailMessage:
    return email.message_from_bytes(octets, policy=email.policy.default)  # type: ignore[return-value]


# --- message ids and other words that mean something -------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "count"), [("References", 9), ("In-Reply-To", 2), ("Message-ID", 1), ("X-Ids", 3)]
)
def test_long_words_are_not_encoded(kind: type, name: str, count: int) -> None:
    octets = written((name, " ".join([ID] * count)), kind=kind)
    assert b"=?" not in octets
    assert octets.split()[1:] == [ID.encode()] * count


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_parsed_goes_out_as_it_came(kind: type) -> None:
    policy = email.policy.default if kind is EmailMessage else email.policy.compat32
    source = (
        f"References: {ID}\r\n\t{ID}\r\nDKIM-Signature: v=1; b={'x' * 300}\r\n  {'y' * 200}\r\n"
        "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= and\r\n more\r\nX-Odd:   three blanks  and  two \r\n"
        'To: "Lee, Ann"\r\n <a@example.org>, =?utf-8?q?J=C3=B6rg?= (Sales)\r\n <j@example.org>\r\n'
        "Received: from x by y;\r\n\tSat, 28 Nov 2026 12:00:00 +0000\r\n\r\n"
    ).encode()
    message = email.message_from_bytes(source, policy=policy)
    assert flatten(message, utf8=False, eight_bit=True) == source.replace(b":   three", b":" + b" three")


def test_a_message_id_longer_than_a_line_is_refused() -> None:
    message = EmailMessage()
    message["References"] = f"<{'x' * 1000}@example.org>"
    with pytest.raises(ValueError, match="the header References holds a word of more than 998 octets"):
        flatten(message, utf8=False, eight_bit=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_word_of_free_text_is_encoded_in_the_end(kind: type) -> None:
    octets = written(("Subject", "x" * 2000), kind=kind)
    assert read(octets)["Subject"] == "x" * 2000


# --- what could become another header ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Subject", "To", "References", "Content-Type", "X-Tag"])
@pytest.mark.parametrize(
    "value",
    [
        "a\r\nBcc: x@y.z",
        "a\nBcc: x@y.z",
        "a\rBcc: x@y.z",
        "ü\nBcc: x@y.z",
        Header("a\nBcc: x@y.z"),
        f"{'a ' * 60}\nB: c",
    ],
)
def test_a_line_break_in_a_value_is_refused(name: str, value: Any) -> None:
    message = Message()
    message[name] = value
    with pytest.raises(ValueError, match=f"the header {name} "):
        flatten(message, utf8=False, eight_bit=True)


@pytest.mark.parametrize("name", ["", "X Y", "Subject: x\r\nBcc", "Bcc:", "Ü", "X" * 901])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_header_name_is_refused(kind: type, name: str) -> None:
    message = kind()
    message[name] = "x"
    with pytest.raises(ValueError, match="not a header name"):
        flatten(message, utf8=False, eight_bit=True)


def test_a_fold_that_ends_the_head_for_some_readers_is_written_anew() -> None:
    message = email.message_from_string("Subject: a\n \n b\n\nbody", policy=email.policy.default)
    assert head(flatten(message, utf8=False, eight_bit=True)).count(b"\r\n") == 1


def test_an_encoded_line_break_stays_encoded() -> None:
    source = b"Subject: =?utf-8?Q?=0D=0ABcc:_x=40y.z?=\r\n\r\n"
    message = email.message_from_bytes(source, policy=email.policy.default)
    assert flatten(message, utf8=False, eight_bit=True) == source


# --- text --------------------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        "=?",
        "?=",
        "=?utf-8?Q?=0D=0ABcc:_x=40y.z?=",
        " ",
        "  ",
        "\t",
        '"',
        "\\",
        "a" * 90,
        "é",
        "👩‍🔬",
        "שלום",
        ",",
        "<",
        "@",
    ]
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200).filter(lambda text: not has_control(text))
hostile_texts = st.lists(pieces | texts, max_size=8).map("".join)


@given(hostile_texts)
def test_free_text_is_read_back_as_it_was(text: str) -> None:
    message = EmailMessage()
    message["Subject"] = text
    expected = str(message["Subject"])  # encoded-words are read when a value is set
    assert read(written(("Subject", text)))["Subject"] == expected


@given(hostile_texts.filter(lambda text: "=?" not in text and text == text.strip()))
def test_free_text_of_the_older_api_is_read_back_as_it_was(text: str) -> None:
    assert read(written(("X-Tag", text), kind=Message))["X-Tag"] == text


@given(st.lists(st.text("abcdef<>@.-=?0123", min_size=1, max_size=300), min_size=1, max_size=8).map(" ".join))
def test_printable_words_stay_whole_in_a_message_id_field(text: str) -> None:
    octets = written(("References", text), kind=Message)
    assert b" ".join(octets.split(b":", 1)[1].split()) == text.encode()


def test_raw_octets_in_a_header_are_read_as_utf_8() -> None:
    for policy in (email.policy.default, email.policy.compat32):
        message = email.message_from_bytes("Subject: Grüße\r\nTo: Jörg <a@b.org>\r\n\r\nx".encode(), policy=policy)
        octets = head(flatten(message, utf8=False, eight_bit=True))
        assert octets.isascii()
        assert read(octets)["Subject"] == "Grüße"
        assert read(octets)["To"].addresses[0].display_name == "Jörg"


def test_a_value_of_the_older_api_keeps_its_charset() -> None:
    octets = written(("Subject", Header("日本語" * 20, "iso-2022-jp")), kind=Message)
    assert b"=?iso-2022-jp?" in octets
    assert read(octets)["Subject"] == "日本語" * 20


def test_a_number_is_written_as_its_text() -> None:
    assert written(("X-Priority", 1), kind=Message) == b"X-Priority: 1\r\n"


def test_a_control_character_in_a_text_is_encoded() -> None:
    octets = written(("X-Tag", "a\x1b\x00b"), kind=Message)
    assert octets == b"X-Tag: =?utf-8?q?a=1B=00b?=\r\n"


# --- addresses ---------------------------------------------------------------------------------------------------

NAMES = [
    "A véry long name with non-ASCII char and, comma",
    "Müller, Jörg (Einkauf) [extern] <alt>",
    'Quote " and \\ backslash, Ünïcode',
    "x" * 90 + ", y",
    "=?utf-8?q?evil=2C?= @x",
    "Ann, Bob & Co; GmbH: Sales",
    "日本語、名前，" * 8,  # noqa: RUF001 -- as it is written there
    "Константин Константинопольский-Задунайский",
    "evil@example.com, Bob",
    "Ann  Lee",
    "Ann O'Neill-Smith Jr.",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("field", ["To", "From", "Resent-Cc"])
def test_a_name_is_read_back_with_its_address(name: str, count: int, field: str) -> None:
    boxes = [Address(name, f"u{place}", "example.org") for place in range(count)]
    header = read(written((field, boxes)))[field]
    assert [(each.display_name, each.addr_spec) for each in header.addresses] == [
        (" ".join(name.split()), f"u{place}@example.org") for place in range(count)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_set_as_text_is_read_back(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    for kind in KINDS:
        header = read(written(("To", f'"{quoted}" <u@example.org>, v@example.org'), kind=kind))["To"]
        assert [each.addr_spec for each in header.addresses] == ["u@example.org", "v@example.org"]


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=60)
names = st.lists(words | st.sampled_from(["=?x?=", '"', "a" * 80, "é", ","]), max_size=6).map(" ".join)
names = names.map(lambda name: " ".join(name.split())).filter(lambda name: not has_control(name))


@given(st.lists(names, min_size=1, max_size=4))
def test_any_name_is_read_back_with_its_address(given_names: list[str]) -> None:
    boxes = [Address(name, f"u{place}", "example.org") for place, name in enumerate(given_names)]
    header = read(written(("Cc", boxes)))["Cc"]
    assert [(each.display_name, each.addr_spec) for each in header.addresses] == [
        (each.display_name, each.addr_spec) for each in boxes
    ]


def test_groups_stay_groups() -> None:
    team = Group("Tëam, all", [Address("Jörg", "j", "bücher.example"), Address("", "k", "example.org")])
    header = read(written(("To", [team, Address("", "l", "example.org"), Group("none")])))["To"]
    assert [(group.display_name, [each.addr_spec for each in group.addresses]) for group in header.groups] == [
        ("Tëam, all", ["j@xn--bcher-kva.example", "k@example.org"]),
        (None, ["l@example.org"]),
        ("none", []),
    ]


@pytest.mark.parametrize("value", ["jörg@example.org", "Jörg <jörg@exämple.org>"])
def test_an_international_address_is_never_encoded(value: str) -> None:
    assert "jörg@ex".encode() in written_utf8(value)
    message = EmailMessage()
    message["To"] = value
    with pytest.raises(SMTPNotSupported, match="SMTPUTF8 is not supported"):
        flatten(message, utf8=False, eight_bit=True)


def written_utf8(value: str) -> bytes:
    message = EmailMessage()
    message["To"] = value
    return flatten(message, utf8=True, eight_bit=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "value",
    [
        "a@example.org (Ann Lee)",
        "Undisclosed Recipients",
        "undisclosed-recipients:;",
        "Bob b@example.org",
        "Ann (the boss) <a@example.org>, (nobody) b@example.org",
        'John "Jo" Smith <a@example.org>',
        "root",
    ],
)
def test_words_of_an_address_header_stay_as_they_were_set(kind: type, value: str) -> None:
    assert written(("To", value), kind=kind) == f"To: {value}\r\n".encode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("comma", [",", ", ", " ,  "])
def test_a_long_list_without_blanks_is_folded_at_its_commas(kind: type, comma: str) -> None:
    given = [f"user{number}@example.org" for number in range(60)]
    for mark in ("", "ü"):
        boxes = comma.join(f'"a, ({mark}b" <{each}>' if number % 2 else each for number, each in enumerate(given))
        message = kind()
        message["To"] = boxes
        assert recipients_of(message) == given
        header = read(written(("To", boxes), kind=kind))["To"]
        assert [each.addr_spec for each in header.addresses] == given
        assert header.addresses[1].display_name == f"a, ({mark}b"


def test_a_long_list_with_groups_and_comments_is_cut_between_mailboxes_only() -> None:
    entry = (
        'Team (a, b): x@example.org, "c, d" <y@example.org>;, a@[IPv6:::1] (e \\) , f), "q\\", r" <z@example.org>'
    )
    message = Message()
    message["To"] = ", ".join([entry] * 50)
    assert recipients_of(message) == ["x@example.org", "y@example.org", "a@[IPv6:::1]", "z@example.org"] * 50


@pytest.mark.parametrize("value", ["é x " * 40_000, '"' * 10_001, "(" * 10_000, "<" * 10_000, "a, b <" * 5000])
def test_a_hostile_address_header_is_refused(value: str) -> None:
    message = Message()
    message["To"] = value
    with pytest.raises(ValueError, match="the header To"):
        recipients_of(message)  # the standard library's parser alone would take minutes


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoded_name_in_quotes_is_a_name(kind: type) -> None:
    value = '"=?utf-8?q?J=C3=B6rg?=" <a@example.org>, "=?utf-8?q?x=2C?=y" <b@example.org>'
    message = kind()
    message["To"] = value
    assert recipients_of(message) == ["a@example.org", "b@example.org"]
    header = read(written(("To", value), kind=kind))["To"]
    assert [each.addr_spec for each in header.addresses] == ["a@example.org", "b@example.org"]
    assert header.addresses[0].display_name == "Jörg"


def test_an_encoded_comma_does_not_become_one() -> None:
    header = read(written(("To", "=?utf-8?q?evil=40x=2Ey=2C?= <a@example.org>")))["To"]
    assert [(each.display_name, each.addr_spec) for each in header.addresses] == [("evil@x.y,", "a@example.org")]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_list_of_mailboxes_is_not_guessed_at(kind: type) -> None:
    message = kind()
    message["To"] = "Ünï <x@example.org> and others"
    with pytest.raises(ValueError, match="no list of mailboxes"):
        flatten(message, utf8=False, eight_bit=True)


def test_an_empty_address_header_stays_empty() -> None:
    assert written(("To", "")) == b"To:\r\n"


# --- whatever a message holds ------------------------------------------------------------------------------------

odd_texts = st.lists(
    st.sampled_from([*'<>@"\\ ,;:.()[]=?a\té', "=?utf-8?q?", "?=", "\r\n ", "\r\n", "\n", "\0"]), max_size=14
).map("".join)
ALL = ["Message-ID", "To", "From", "References", "Content-Type", "Content-Disposition", "Date", "MIME-Version",
       "Content-Transfer-Encoding", "Subject", "Reply-To", "Sender"]  # fmt: skip


@given(st.sampled_from(ALL), odd_texts, st.booleans())
def test_no_header_crashes_the_standard_library_on_us(name: str, text: str, is_parsed: bool) -> None:
    refusals = []
    for policy in (email.policy.default, email.policy.compat32):
        message: Message
        if is_parsed:
            message = email.message_from_bytes(f"{name}: {text}\r\nX: y\r\n\r\nbody\r\n".encode(), policy=policy)
        else:
            message = Message()
            message[name] = text
        for call in (recipients_of, sender_of, lambda each: mail_from_message(each, ENVELOPE, Extensions())):
            try:
                call(message)
            except (ValueError, SMTPNotSupported) as refusal:
                refusals.append(str(refusal))
    assert all(refusals)


# --- parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["résumé, final.pdf", "x" * 300 + ".pdf", "日本語" * 60 + ".pdf", 'a "b" \\ c.pdf']
)
def test_a_file_name_is_read_back(name: str) -> None:
    message = EmailMessage()
    message["References"] = ID
    message.set_content("Grüße\n")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=name)
    octets = flatten(message, utf8=False, eight_bit=False)
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    (part,) = read(octets).iter_attachments()
    assert part.get_filename() == name


def test_a_letter_of_the_older_api_with_parts_is_sent_as_it_was() -> None:
    message = MIMEText("Grüße\n", "plain", "utf-8")
    message["Subject"] = "Grüße"
    message["To"] = "Jörg <a@example.org>"
    message.add_header("X-File", "x", filename="ü.pdf")
    back = read(flatten(message, utf8=False, eight_bit=False))
    assert (back["Subject"], back.get_content()) == ("Grüße", "Grüße\n")
    assert str(back["To"]) == "Jörg <a@example.org>"
