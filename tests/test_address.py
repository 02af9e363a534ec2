"""Mailboxes: exactly one, or refused; never repaired."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from notebookmail.address import (
    NamedAddress,
    end_of_quoted_string,
    has_control,
    parse_address,
    parse_mailbox,
    to_ascii_domain,
)
from notebookmail.errors import AddressError


@pytest.mark.parametrize(
    "text",
    ["a@example.org", "a.b+c@sub.example.org", "o'brien@example.org", '"a b"@example.org', "a@[127.0.0.1]",
     "a@[IPv6:::1]", "root@localhost", "jürgen@example.org", "a@exämple.org", "用户@例え.jp"],
)  # fmt: skip
def test_an_address_is_taken_as_it_is(text: str) -> None:
    assert parse_address(text) == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "a@", "@b.org", "a@b", "a@b.org,c@d.org", "a@b.org; c@d.org", "a@b.org c@d.org", "a b@c.org",
     "a@b..org", "a..b@c.org", ".a@c.org", "a@-b.org", "a@b.org\n", "a@b.org\r\nBcc: x@y.z", "a@b.org\0",
     "a@b.org NOTIFY=NEVER", "<a@b.org>", "a@b.org>", "a" * 65 + "@b.org", "a@" + "b" * 64 + ".org", "a@b@c.org",
     "a@b.org\u2028", "\ud800@b.org", "a@[999]", "nan", "(comment)a@b.org", "a@b.org."],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert caught.value.text == text


@pytest.mark.parametrize(
    "text",
    ["a" * 64 + "@b.org", "a" * 64 + "@[127.0.0.1]", '"' + "a" * 62 + '"@[127.0.0.1]', "a@" + "b" * 63 + ".org"],
)
def test_the_longest_address_is_taken(text: str) -> None:
    assert parse_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a" * 65 + "@[127.0.0.1]", "ü" * 33 + "@[127.0.0.1]", "a b@[127.0.0.1]", "a..b@[127.0.0.1]",
        "a@" + ".".join(["b" * 50] * 5) + ".org", "a@" + ".".join(["b" * 50] * 9) + ".org",
    ],
)  # fmt: skip
def test_an_address_that_is_too_long_or_misspelt_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_address(text)


def test_an_endless_address_is_refused_for_its_length() -> None:
    with pytest.raises(AddressError, match="is too long for an address"):
        parse_address("a@" + "b." * 600 + "org")


def test_an_at_and_a_blank_in_quotes_are_not_several_addresses() -> None:
    assert parse_address('"a @ b"@example.org') == '"a @ b"@example.org'


@pytest.mark.parametrize("text", ["Ann <a@b.org>>", "Ann <a@b.org> <c@d.org>", "Ann <<a@b.org>", "A <a>@b.org>"])
def test_brackets_within_brackets_are_not_one_mailbox(text: str) -> None:
    with pytest.raises(AddressError, match="is not one mailbox: write"):
        parse_mailbox(text)


def test_a_quote_that_is_never_closed_opens_no_quoted_string() -> None:
    assert end_of_quoted_string('"abc') == end_of_quoted_string('"abc\\"') == 0
    assert end_of_quoted_string('"abc" x') == 5


def test_the_ascii_form_of_a_domain_is_that_of_its_lower_case() -> None:
    assert to_ascii_domain("a@B\u00dcCHER.de") == "a@xn--bcher-kva.de"


def test_the_domain_is_lowered_and_the_local_part_is_not() -> None:
    assert parse_address("Ann.Lee@Example.ORG") == "Ann.Lee@example.org"


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("a@b.org", NamedAddress("", "a@b.org")),
        ("  a@b.org ", NamedAddress("", "a@b.org")),
        ("Ann Lee <a@b.org>", NamedAddress("Ann Lee", "a@b.org")),
        ('"Lee, Ann" <a@b.org>', NamedAddress("Lee, Ann", "a@b.org")),
        ('"say \\"hi\\"" <a@b.org>', NamedAddress('say "hi"', "a@b.org")),
        ("山田 花子 <a@b.org>", NamedAddress("山田 花子", "a@b.org")),
        ("<a@b.org>", NamedAddress("", "a@b.org")),
        ('"a <b" <a@b.org>', NamedAddress("a <b", "a@b.org")),
        ('"a\\\\"<a@b.org>', NamedAddress("a\\", "a@b.org")),
        ('"" <a@b.org>', NamedAddress("", "a@b.org")),
    ],
)
def test_a_mailbox_has_a_name_and_an_address(text: str, mailbox: NamedAddress) -> None:
    assert parse_mailbox(text) == mailbox


@pytest.mark.parametrize(
    "text",
    ["a@b.org, c@d.org", "Lee, Ann <a@b.org>", "evil@e.com, Bob <b@c.org>", "a@b.org <c@d.org>", "Ann <a@b.org> x",
     "Ann <a@b.org>, Bob <c@d.org>", "Ann <>", "Ann <a@b.org", "Ann\r\nBcc: x@y.z <a@b.org>", "group: a@b.org;",
     "Lee; Ann <a@b.org>", "Ann; <a@b.org>", "Ann < Lee <a@b.org>", "Ann > Lee <a@b.org>", '"Ann" Lee <a@b.org>',
     '"Ann <a@b.org>', '"Ann\\" <a@b.org>', "Ann <a@b.org>>", "Ann <<a@b.org>"],
)  # fmt: skip
def test_what_may_be_several_mailboxes_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_mailbox(text)


@given(st.text(max_size=20), st.sampled_from(["ann@example.org", '"a b"@example.org']))
def test_a_name_in_quotes_is_read_back_as_it_is(name: str, address: str) -> None:
    assume(not has_control(name))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_mailbox(f'"{quoted}" <{address}>') == NamedAddress(name, address)


@given(st.lists(st.sampled_from(['"', "\\", "<", ">", ",", ";", "@", " ", "a", "a@b.org"]), max_size=12))
def test_a_text_with_brackets_is_one_mailbox_or_refused(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        mailbox = parse_mailbox(text)
    except AddressError:
        return
    assert parse_address(mailbox.address) == mailbox.address
    bare = mailbox.name if not text.strip().startswith('"') else ""
    assert not set('"<>,;@').intersection(bare)


def test_a_message_quotes_a_long_cell_in_part() -> None:
    for text in ("a" * 40_000, f"{'a' * 40_000} <b@example.org", f"{'a@b ' * 9_000}", f"{'é' * 2000}@example.org"):
        with pytest.raises(AddressError) as caught:
            parse_mailbox(text)
        assert len(str(caught.value)) < 300
        assert caught.value.text == text.strip()


@given(st.text(max_size=40))
def test_any_text_is_one_clean_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert not has_control(address)
    assert address.count("@") >= 1
    assert not set("<>,;").intersection(address) or address.startswith('"')


def test_an_international_domain_has_an_ascii_form() -> None:
    assert to_ascii_domain("a@exämple.org") == "a@xn--exmple-cua.org"
    assert to_ascii_domain("a@example.org") == "a@example.org"
