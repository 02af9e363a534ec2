"""Bounces go where they were asked to, each letter's to an address of its own if that is wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.errors import AddressError, FrameError
from notebookmail.mail.return_path import ReturnPath, alignment_notice

TOKEN = "0123456789abcdef" * 2
TO = ("ann@example.org",)


def test_without_a_choice_bounces_come_to_the_sender() -> None:
    envelope = ReturnPath().envelope("desk@example.org", TO, TOKEN)
    assert (envelope.sender, envelope.recipients, envelope.reports) == ("desk@example.org", TO, None)


def test_bounces_come_to_a_mailbox_of_their_own_whose_domain_is_in_ascii() -> None:
    path = ReturnPath.of("Bounces <bounces@bücher.example>", (), verp=False)
    assert path.envelope("desk@example.org", TO, TOKEN).sender == "bounces@xn--bcher-kva.example"


@given(st.text("abcdefgh0123456789.-_", min_size=1, max_size=31).filter(lambda text: ".." not in text))
def test_each_letters_return_address_gives_its_token_back_and_names_no_recipient(local: str) -> None:
    local = local.strip(".") or "a"
    sender = ReturnPath(f"{local}@example.org", verp=True).envelope("desk@example.org", TO, TOKEN).sender
    name, _, domain = sender.rpartition("@")
    assert name.rpartition("+") == (local, "+", TOKEN)
    assert domain == "example.org"
    assert len(name) <= 64
    assert "ann" not in sender


@pytest.mark.parametrize("local", ["a" * 32, '"a b"', "a+b"])
def test_a_mailbox_without_room_for_a_token_is_refused(local: str) -> None:
    with pytest.raises(FrameError, match="bounce_to='bounces@"):
        ReturnPath.of(f"{local}@example.org", (), verp=True)
    with pytest.raises(AddressError, match="bounce_to='bounces@"):
        ReturnPath(verp=True).envelope(f"{local}@example.org", TO, TOKEN)


@pytest.mark.parametrize(
    ("bounce_to", "notify", "words"),
    [("bounces", (), "bounce_to is not one mailbox"), (None, ("sometimes",), "'failure', 'delay'"),
     (None, ("never", "failure"), "stands alone")],
)  # fmt: skip
def test_what_cannot_be_is_refused(bounce_to: str | None, notify: tuple[str, ...], words: str) -> None:
    with pytest.raises(FrameError, match=words):
        ReturnPath.of(bounce_to, notify, verp=False)


@pytest.mark.parametrize(
    ("bounces", "sender", "is_said"),
    [
        ("b@example.org", "Desk <desk@example.org>", False),
        ("b@bounces.example.org", "desk@example.org", False),
        ("b@example.org", "desk@news.Example.org", False),
        ("b@example.net", "desk@example.org", True),
        ("b@anexample.org", "desk@example.org", True),
        ("", "desk@example.org", False),
        ("b@example.net", "{{ sender }}", False),
    ],
)
def test_it_is_said_where_spf_speaks_for_another_domain(bounces: str, sender: str, is_said: bool) -> None:
    assert ("SPF speaks for that domain" in alignment_notice(bounces, sender)) == is_said
