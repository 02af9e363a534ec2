"""SASL mechanisms: the examples of their RFCs, octet by octet, and servers that prove nothing."""

from __future__ import annotations

import base64

import pytest

from notebookmail import SMTPAuthenticationError
from notebookmail.privacy.secret import Secret
from notebookmail.smtp.wire.sasl import (
    MAX_SCRAM_ITERATIONS,
    Mechanism,
    cram_md5,
    login,
    oauthbearer,
    plain,
    scram_sha_256,
    xoauth2,
)
from notebookmail.smtp.wire.saslprep import saslprep

# RFC 7677 3: the whole exchange.
NONCE = b"rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
CLIENT_FINAL = (
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram() -> Mechanism:
    return scram_sha_256(b"user", Secret(b"pencil"), NONCE)


def finished(mechanism: Mechanism) -> bool:
    """Tell the mechanism that the server accepts; True when it has nothing against that."""
    try:
        mechanism.send(None)
    except StopIteration:
        return True
    return False


def test_scram_follows_its_rfc() -> None:
    steps = scram()
    assert next(steps) == b"n,,n=user,r=" + NONCE
    assert steps.send(SERVER_FIRST) == CLIENT_FINAL
    assert steps.send(SERVER_FINAL) == b""
    assert finished(steps)


def test_every_scram_exchange_has_a_nonce_of_its_own() -> None:
    assert next(scram_sha_256(b"user", Secret(b"pencil"))) != next(scram_sha_256(b"user", Secret(b"pencil")))


@pytest.mark.parametrize(
    "first",
    [
        SERVER_FIRST.replace(b"rOpr", b"xOpr"),
        b"r=" + NONCE + b",s=W22Z,i=4096",
        SERVER_FIRST.replace(b"i=4096", b"i=0"),
        SERVER_FIRST.replace(b"i=4096", b"i=-1"),
        SERVER_FIRST.replace(b"i=4096", b"i=%d" % (MAX_SCRAM_ITERATIONS + 1)),
        SERVER_FIRST.replace(b"i=4096", b"i=00000000014096"),
        SERVER_FIRST.replace(b"W22ZaJ0SNY7soEsUEjb6gQ==", b"not base64"),
        b"",
        b"\xff\0,,,=,",
    ],
)
def test_scram_goes_on_only_after_what_the_rfc_allows(first: bytes) -> None:
    steps = scram()
    next(steps)
    with pytest.raises(SMTPAuthenticationError, match="not trusted") as caught:
        steps.send(first)
    assert (caught.value.code, caught.value.phase) == (-1, "auth")


@pytest.mark.parametrize("final", [b"v=AAAA", b"", b"v=", b"m=x", SERVER_FINAL.replace(b"6", b"7")])
def test_a_server_that_does_not_know_the_password_is_found_out(final: bytes) -> None:
    steps = scram()
    next(steps)
    steps.send(SERVER_FIRST)
    with pytest.raises(SMTPAuthenticationError, match="did not prove"):
        steps.send(final)


@pytest.mark.parametrize("heard", [[], [SERVER_FIRST]])
def test_a_server_that_accepts_without_its_proof_is_found_out(heard: list[bytes]) -> None:
    steps = scram()
    next(steps)
    for challenge in heard:
        steps.send(challenge)
    with pytest.raises(SMTPAuthenticationError, match="not trusted"):
        steps.send(None)


def test_scrams_own_refusal_ends_the_exchange() -> None:
    steps = scram()
    next(steps)
    steps.send(SERVER_FIRST)
    with pytest.raises(StopIteration):
        steps.send(b"e=invalid-proof")


def test_a_user_name_may_hold_commas_and_equals_signs() -> None:
    assert next(scram_sha_256(b"a=b,c", Secret(b"x"), b"n")) == b"n,,n=a=3Db=2Cc,r=n"


def test_oauthbearer_follows_its_rfc() -> None:
    """RFC 7628 4.1, with SMTP's host and port."""
    steps = oauthbearer(
        b"user@example.com", Secret(b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="), "server.example.com", 587
    )
    assert next(steps) == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=587\x01"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )
    assert steps.send(b'{"status":"invalid_token"}') == b"\x01"


def test_xoauth2_answers_an_error_with_nothing() -> None:
    steps = xoauth2(b"someuser@example.com", Secret(b"ya29.vF9d"))
    assert next(steps) == b"user=someuser@example.com\x01auth=Bearer ya29.vF9d\x01\x01"
    assert steps.send(b'{"status":"401"}') == b""


def test_cram_md5_follows_its_rfc() -> None:
    """RFC 2195 2."""
    steps = cram_md5(b"tim", Secret(b"tanstaaftanstaaf"))
    assert next(steps) is None
    challenge = base64.b64decode("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")
    assert steps.send(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert finished(steps)


def test_plain_and_login_say_what_their_papers_say() -> None:
    assert next(plain(b"tim", Secret(b"tanstaaftanstaaf"))) == b"\0tim\0tanstaaftanstaaf"
    steps = login(b"tim", Secret(b"secret"))
    assert [next(steps), steps.send(b"Username:"), steps.send(b"Password:")] == [None, b"tim", b"secret"]


def test_a_nul_cannot_shift_the_credentials_of_plain() -> None:
    with pytest.raises(ValueError, match="NUL"):
        next(plain(b"a\0b", Secret(b"c")))


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [  # RFC 4013 3, and what it forbids: that is left as it is
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0007\u00e9", "\u0007\u00e9"),
        ("\u06271", "\u06271"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_credentials_are_brought_into_one_form(typed: str, prepared: str) -> None:
    assert saslprep(typed.encode()).decode() == prepared


def test_credentials_that_are_no_text_stay_as_they_are() -> None:
    assert saslprep(b"\xff\xfe") == b"\xff\xfe"
