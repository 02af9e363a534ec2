from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.address import parse_mailbox
from notebookmail.errors import (
    AddressError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    TemplateError,
)
from notebookmail.privacy.masking import KnownNames, mask_address, mask_label, mask_text
from notebookmail.view.words.masked_errors import mask_error

LOCAL = st.from_regex(r"[a-z]{4}[a-z0-9.+_'=/-]{0,20}[a-z0-9]", fullmatch=True)
AROUND = st.sampled_from(["", " ", "<", ">", "(", ")", '"', "'", ": ", ";", ",", "[", "]", "=", "\n", "mailto:"])


@pytest.mark.parametrize(
    ("to", "masked"),
    [
        ("ada@example.org", "a...@example.org"),
        ("Ada Lovelace <ada@example.org>", "a...@example.org"),
        ('"ada lovelace"@example.org', '"...@example.org'),
        ("ada@[192.0.2.1]", "a...@[192.0.2.1]"),
        ("", ""),
        ("Ada Lovelace", "A..."),
    ],
)
def test_a_mailbox_keeps_its_first_letter_and_its_domain(to: str, masked: str) -> None:
    assert mask_address(to) == masked


@given(LOCAL, AROUND, AROUND, st.sampled_from(["@", "%40", "=40", "\uff20"]))
def test_no_address_survives_in_a_text(local: str, before: str, after: str, at: str) -> None:
    masked = mask_text(f"550 no {before}{local}{at}example.org{after} here")

    assert local not in masked
    assert "example.org" in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("<ada@example.org>: User unknown", "<a...@example.org>: User unknown"),
        ("see http://x.example/why?id=ada%40example.org;ip=1", "see http:/...%40example.org;ip=1"),
        ("'o'brien@example.org' is wrong", "'o...@example.org' is wrong"),
        ("a@x.org,b@y.org", "a...@x.org,b...@y.org"),
        ("undefined @ 0x1f", "undefined @ 0x1f"),
        ("no address here", "no address here"),
    ],
)
def test_a_text_keeps_everything_but_the_addresses(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SMTPRecipientRefused(550, "", "canary.bird@example.org"), "User canary.bird unknown"),
        (
            SMTPRecipientsRefused([SMTPRecipientRefused(550, "", "canary.bird@example.org")]),
            "no canary.bird, mailbox <canary.bird>",
        ),
        (SMTPSenderRefused(550, "", "canary.bird@example.org"), "not owned by canary.bird"),
        (AddressError("", "canary.bird of example"), "'canary.bird of example' has no @"),
    ],
)
def test_what_an_error_names_is_masked_also_without_its_domain(error: Exception, text: str) -> None:
    assert "canary" not in mask_error(error, text)


def test_a_local_part_is_masked_as_a_word_only() -> None:
    assert mask_text("no anna in Annaberg or annabel", "anna@example.org") == "no a... in Annaberg or annabel"


@pytest.mark.parametrize("hostile", ["a" * 200_000, "'a" * 100_000, '"' * 200_000, "a@" * 100_000, '"a' * 100_000])
def test_a_hostile_reply_costs_no_time(hostile: str) -> None:
    started = time.process_time()

    mask_text(hostile)

    assert time.process_time() - started < 10  # quadratic, it would be minutes


@pytest.mark.parametrize(
    "cell", ["pavel.dvorak(at)example.org", " Pavel Dvorak ", "o'brien|example.org", "tab\tbed"]
)
def test_a_cell_that_is_no_address_is_masked_in_its_error(cell: str) -> None:
    try:
        parse_mailbox(cell)
    except AddressError as problem:
        error = TemplateError(f"'to': {problem}", "to", 3)
        error.__cause__ = problem
        masked = mask_error(error, str(error))
        assert cell.strip() not in masked
        assert repr(cell.strip())[1:-1] not in masked
    else:
        pytest.fail("this is an address")


@pytest.mark.parametrize(
    ("label", "masked"),
    [
        (17, "17"), (1.5, "1.5"), ("0017", "0017"), ("2026-05-01", "2026-05-01"), (None, "None"), ("A", "A"),
        ("Ann Smith", "A..."), ("Bo", "B..."), ("李明", "李..."), ("ann.smith@example.org", "a...@example.org"),
        ("\x1b[31mAnn", "..."), ((2026, "Ann"), "(2026, A...)"), ((2026, "05"), "(2026, '05')"),
    ],
)  # fmt: skip
def test_a_label_that_may_be_a_name_is_masked(label: object, masked: str) -> None:
    assert mask_label(label) == masked


def test_a_bare_local_part_is_masked_in_any_case_and_in_a_return_path() -> None:
    said = "user Ann.Smith unknown; bounces+ann.smith=40example.org@relay.example, ann.smith=example.org"
    assert "ann.smith" not in mask_text(said, "ann.smith@example.org").lower()


def test_a_cell_of_one_letter_is_not_sought_in_every_word() -> None:
    said = "'x' has no @: an address looks like user@example.org"
    assert mask_text(said, "x") == said


def test_a_hint_shows_its_example_as_it_is() -> None:
    assert mask_text("write `Name <user@example.org>`") == "write `Name <user@example.org>`"


def test_what_is_said_of_one_row_names_no_other() -> None:
    names = KnownNames(["Bo Jones", "cyd@example.org", 17, "x"])
    assert names.mask("550 ask Bo Jones or cyd, not bo, 17 or x") == "550 ask B... or c..., not bo, 17 or x"


def test_errors_about_rows_are_masked_and_keep_the_cell() -> None:
    with pytest.raises(AddressError) as caught:
        parse_mailbox("Ann Smith <ann.smith@nowhere..org>")
    assert "ann.smith" not in f"{caught.value}".lower() + f"{caught.value.message}".lower()
    assert "Ann Smith" not in str(caught.value)
    assert caught.value.text == "ann.smith@nowhere..org"
    error = TemplateError("'bo@example.org' is no number", "text", "Bo Jones")
    assert str(error) == "row B..., text: 'b...@example.org' is no number"
    assert (error.row, error.message) == ("Bo Jones", "'bo@example.org' is no number")
