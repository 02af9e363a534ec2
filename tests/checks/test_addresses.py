"""Addresses that are valid and look wrong."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.checks.addresses import (
    address_remarks,
    intended_domain,
    is_one_slip,
    is_reserved,
    mailbox_key,
)

LETTERS = st.sampled_from(string.ascii_lowercase)


def kinds(address: str) -> list[str]:
    return [remark.kind for remark in address_remarks(address, "to")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("hotnail.com", "hotmail.com"),
        ("yaho.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("googlemial.com", "googlemail.com"),
        ("acme.con", "acme.com"),
        ("kernel.ogr", "kernel.org"),
    ],
)
def test_a_slip_is_called_by_what_was_meant(typed: str, meant: str) -> None:
    assert intended_domain(typed) == meant


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "mail.com", "ymail.com", "email.com", "cloud.com", "yahoo.ca", "outlook.be", "web.org",
     "lime.com", "acme.co", "uni-koeln.de", "me.com", "t-online.de"],
)  # fmt: skip
def test_a_real_domain_is_left_alone(domain: str) -> None:
    assert intended_domain(domain) is None


@given(st.text(LETTERS, min_size=3, max_size=12), st.data())
def test_every_single_slip_is_one(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(LETTERS)
    slips = {
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    } - {word}
    assert all(is_one_slip(slip, word) and is_one_slip(word, slip) for slip in slips)


@pytest.mark.parametrize(
    ("typed", "meant"), [("gmail", "gmail"), ("gmaaail", "gmail"), ("gamli", "gmail"), ("ab", "ba" * 2)]
)
def test_no_slip_and_two_slips_are_not_one(typed: str, meant: str) -> None:
    assert not is_one_slip(typed, meant)


@pytest.mark.parametrize(
    "domain", ["example.com", "mail.example.org", "x.test", "x.invalid", "localhost", "nas.local"]
)
def test_reserved_domains_are_known(domain: str) -> None:
    assert is_reserved(domain)


@pytest.mark.parametrize("domain", ["examples.com", "test.de", "myexample.org", "contest"])
def test_no_other_domain_is_reserved(domain: str) -> None:
    assert not is_reserved(domain)


@pytest.mark.parametrize(
    "address", ["noreply@acme.org", "No-Reply@acme.org", "postmaster@acme.org", "abuse+x@acme.org"]
)
def test_an_address_of_no_person_is_named(address: str) -> None:
    assert kinds(address) == ["role"]


@pytest.mark.parametrize("address", ["ann@acme.org", "reply@acme.org", "ann.no-reply@acme.org"])
def test_a_persons_address_is_not(address: str) -> None:
    assert kinds(address) == []


def test_an_address_can_be_wrong_in_two_ways() -> None:
    assert kinds("noreply@gmial.com") == ["typo", "role"]


def test_tags_case_and_the_dots_of_gmail_do_not_make_another_mailbox() -> None:
    assert (
        len({mailbox_key(each) for each in ("Ann.Lee+x@gmail.com", "annlee@googlemail.com", "ANNLEE@Gmail.com")})
        == 1
    )
    assert mailbox_key("ann.lee@acme.org") != mailbox_key("annlee@acme.org")
    assert mailbox_key("+x@acme.org") == "+x@acme.org"
