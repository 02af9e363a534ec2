"""EHLO replies into extensions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.response import SMTPResponse
from notebookmail.smtp.wire.extensions import Extensions, read_extensions


def offered(*lines: str) -> Extensions:
    return read_extensions(SMTPResponse(250, "\n".join(["mx.example.org greets you", *lines])))


def test_keywords_are_known_in_any_case() -> None:
    extensions = offered("Pipelining", "SIZE 1000", "8BITMIME")
    assert extensions.can_pipeline
    assert "pipelining" in extensions
    assert "PIPELINING" in extensions
    assert dict(extensions.parameters) == {"pipelining": "", "size": "1000", "8bitmime": ""}


def test_the_greeting_line_is_no_keyword() -> None:
    assert not read_extensions(SMTPResponse(250, "PIPELINING")).can_pipeline


def test_auth_in_old_and_new_form_adds_up() -> None:
    assert offered("AUTH PLAIN LOGIN", "AUTH=LOGIN CRAM-MD5").auth_methods == ("plain", "login", "cram-md5")


@pytest.mark.parametrize(("line", "size"), [("SIZE 42", 42), ("SIZE", None), ("SIZE 0", None), ("SIZE ²", None)])
def test_size_is_a_number_or_unlimited(line: str, size: int | None) -> None:
    assert offered(line).size == size


@pytest.mark.parametrize("line", ["<script>alert(1)</script>", "", "-X", "X\u00df", "A<b>"])
def test_what_is_no_keyword_is_passed_over(line: str) -> None:
    assert dict(offered(line, "DSN").parameters) == {"dsn": ""}


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    extensions = read_extensions(SMTPResponse(250, text))
    assert all(name.isascii() and name == name.lower() for name in extensions.parameters)


@pytest.mark.parametrize(
    ("line", "limits"),
    [  # RFC 9422 3 and 4; what is no limit is passed over
        ("LIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1", {"rcptmax": 20, "mailmax": 5, "rcptdomainmax": 1}),
        ("limits rcptmax=1", {"rcptmax": 1}),
        ("LIMITS", {}),
        ("LIMITS RCPTMAX MAILMAX= X=-1 Y=0 Z=1234567 A=²", {}),
    ],
)
def test_limits_are_numbers_by_name(line: str, limits: dict[str, int]) -> None:
    assert dict(offered(line).limits) == limits


def test_chunking_is_an_extension() -> None:
    assert offered("CHUNKING").can_chunk
    assert not offered("PIPELINING").can_chunk
