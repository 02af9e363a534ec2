import base64
import copy
import datetime as dt
import email
import pickle
import sys
import types

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebookmail.compose.mime.dkim import DKIM
from notebookmail.errors import FrameError

DATE = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
HEAD = (
    b"Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n"
    b"From: Ada <ada@example.org>\r\n"
    b"To: =?utf-8?q?Gr=C3=A9ta?= <greta@example.net>,\r\n Bob <bob@example.net>\r\n"
    b"Subject: The  report\r\n"
    b"X-Campaign: spring\r\n"
    b"List-Unsubscribe: <https://example.org/out>\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
)
CONTENT = HEAD + b"\r\nDear Greta,  \r\n\r\n\tthe  report.\r\n.\r\n\r\n\r\n"


def pem(key, layout=PrivateFormat.PKCS8, locked=None):
    return key.private_bytes(Encoding.PEM, layout, locked or NoEncryption())


RSA_KEY = rsa.generate_private_key(65537, 2048)
ED25519_KEY = ed25519.Ed25519PrivateKey.generate()
RSA_PEM = pem(RSA_KEY)
ED25519_PEM = pem(ED25519_KEY)
# openssl genrsa -traditional 512
SHORT_PEM = """-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBAKfE2Ry/0hIX5+HZyjISEu1fmDNLjC1HteGH9aJIhwZqUXIhOKec
ygwU4hyqmMljBcXCxW/axR8qlqleKmxeOg0CAwEAAQJAPXamvBuikLJlZ57srs9k
U8az8gb5ghVFkyzGVwAPR8/PhE8J8Tbn+p+zK8ONuzFZ+U1ddQIa7+DbqGAQb5BO
GQIhANytRAIZW1dFnBEEn6Oh74MXaWjDBiccXNqJlJq/bgd/AiEAwp+PzXzIKdnG
JDN1VFExZGopGMC1p5tsxwzrDaSdJHMCIQCICCrHHHho6NkWyIHb7cPmTHVHBglx
7JL0iCDZ761U4wIgGEw/cdIgU0lC+YYLIem5FuZCFzsH8tLus7MjLWLd040CIQC7
q4LJc0K+b9DRN4a4FlzKsiTTa1sMeW4lnqFwhkZA0A==
-----END RSA PRIVATE KEY-----
"""


@pytest.fixture(autouse=True)
def dkimpy_knows_ed25519(monkeypatch):
    """dkimpy checks Ed25519 with PyNaCl; where that is missing, cryptography stands in for it."""
    if hasattr(dkim, "nacl"):
        return

    class BadSignatureError(Exception):
        pass

    class VerifyKey:
        def __init__(self, text, encoder):
            self._key = ed25519.Ed25519PublicKey.from_public_bytes(encoder(text))

        def verify(self, message, signature):
            try:
                self._key.verify(signature, message)
            except InvalidSignature:
                raise BadSignatureError from None

    names = {
        "signing": types.SimpleNamespace(VerifyKey=VerifyKey),
        "encoding": types.SimpleNamespace(Base64Encoder=base64.b64decode),
        "exceptions": types.SimpleNamespace(BadSignatureError=BadSignatureError),
    }
    monkeypatch.setattr(dkim, "nacl", types.SimpleNamespace(**names), raising=False)


def is_valid(signer, content):
    name, value = signer.dns_record

    def look_up(asked, timeout=5):
        return value.encode() if asked == f"{name}.".encode() else b""

    return dkim.verify(content, dnsfunc=look_up)


def tags(field):
    value = b"".join(field.partition(b":")[2].split())
    return dict(tag.split(b"=", 1) for tag in value.split(b";"))


@pytest.fixture(params=[RSA_PEM, ED25519_PEM], ids=["rsa", "ed25519"])
def signer(request):
    return DKIM("example.org", "spring", request.param)


def test_a_signed_message_is_verified(signer):
    assert is_valid(signer, signer.sign(CONTENT, DATE) + CONTENT)


def test_a_message_without_a_body_is_verified(signer):
    assert is_valid(signer, signer.sign(HEAD + b"\r\n", DATE) + HEAD + b"\r\n")


lines = st.lists(
    st.text(st.sampled_from("ab.=;: \t"), max_size=12).map(lambda text: text.encode() + b"\r\n"), max_size=8
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=lines.map(b"".join),
    subject=st.from_regex(r"[a-z;=]{1,9}( {1,3}|\t|\r\n {1,3})[a-z;=]{1,9} {0,2}", fullmatch=True),
)
def test_any_message_is_verified(body, subject):
    signer = DKIM("example.org", "spring", ED25519_PEM)
    content = HEAD.replace(b"The  report", subject.encode()) + b"\r\n" + body
    assert is_valid(signer, signer.sign(content, DATE) + content)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"The  report", b"The reports"),
        (b"ada@example.org", b"eve@example.org"),
        (b"bob@example.net", b"eve@example.net"),
        (b"the  report", b"the reports"),
        (b"12:00:00", b"12:00:01"),
        (b"https://example.org/out", b"https://example.com/out"),
        (b"text/plain", b"text/html"),
        (b"\r\n.\r\n", b"\r\n.\r\nP.S.\r\n"),
    ],
)
def test_a_changed_message_is_not(signer, before, after):
    signed = signer.sign(CONTENT, DATE) + CONTENT
    assert before in signed
    assert not is_valid(signer, signed.replace(before, after))


@pytest.mark.parametrize(
    "added", ["From", "Subject", "To", "Cc", "Reply-To", "Date", "Content-Type", "Message-ID"]
)
@pytest.mark.parametrize("place", ["above", "below"])
def test_no_field_a_message_holds_once_can_be_added(signer, added, place):
    field = f"{added}: Eve <eve@example.org>\r\n".encode()
    signature = signer.sign(CONTENT, DATE)
    signed = field + signature + CONTENT if place == "above" else signature + HEAD + field + CONTENT[len(HEAD) :]
    assert not is_valid(signer, signed)


def test_what_relays_may_do_leaves_it_valid(signer):
    signed = signer.sign(CONTENT, DATE) + CONTENT
    relayed = (
        signed.replace(b",\r\n Bob", b", Bob").replace(b"Greta,  \r\n", b"Greta,\r\n").removesuffix(b"\r\n\r\n")
    )
    assert is_valid(signer, b"Received: from a by b\r\nList-Id: <x.example>\r\n" + relayed + b"\r\n")


def test_the_same_message_has_the_same_signature(signer):
    assert signer.sign(CONTENT, DATE) == signer.sign(CONTENT, DATE)


def test_the_time_is_the_messages_own(signer):
    assert tags(signer.sign(CONTENT, DATE))[b"t"] == b"1772366400"


def test_the_field_is_folded_ascii(signer):
    field = signer.sign(CONTENT, DATE)
    assert field.isascii()
    assert field.endswith(b"\r\n")
    assert max(map(len, field.split(b"\r\n"))) <= 78
    assert email.message_from_bytes(field + CONTENT).keys()[:2] == ["DKIM-Signature", "Date"]


def test_fields_are_named_as_often_as_they_occur_and_single_ones_once_more():
    signer = DKIM("example.org", "spring", ED25519_PEM, headers=["X-Campaign", "X-None", "Cc", "from", "From"])
    assert tags(signer.sign(CONTENT, DATE))[b"h"] == b"x-campaign:cc:from:from"


def test_a_field_there_twice_is_signed_twice():
    signer = DKIM("example.org", "spring", ED25519_PEM, headers=["From", "X-Campaign"])
    content = b"X-Campaign: other\r\n" + CONTENT
    signed = signer.sign(content, DATE) + content
    assert is_valid(signer, signed)
    assert not is_valid(signer, signed.replace(b"other", b"third"))


def test_the_dns_record_is_the_one_of_rfc_8463():
    seed = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")  # its Appendix A.1
    signer = DKIM(
        "football.example.com", "brisbane", pem(ed25519.Ed25519PrivateKey.from_private_bytes(seed)).decode()
    )
    assert signer.dns_record == (
        "brisbane._domainkey.football.example.com",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    )


# The keys are new in every process: whoever shares the tests out among several needs names that stay.
@pytest.mark.parametrize(
    "given",
    [RSA_PEM, RSA_PEM.decode(), pem(RSA_KEY, PrivateFormat.TraditionalOpenSSL)],
    ids=["bytes", "text", "traditional"],
)
def test_a_key_is_a_text_or_bytes_of_either_pem_form(given):
    assert DKIM("example.org", "s", given).dns_record == DKIM("example.org", "s", RSA_PEM).dns_record


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_key_is_read_from_its_file(tmp_path, kind):
    path = tmp_path / "dkim.pem"
    path.write_bytes(RSA_PEM.replace(b"\n", b"\r\n"))
    assert DKIM("example.org", "s", kind(path)).dns_record == DKIM("example.org", "s", RSA_PEM).dns_record


def refusal(key):
    with pytest.raises(FrameError) as caught:
        DKIM("example.org", "s", key)
    return caught.value


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (b"", "not a private key"),
        (RSA_PEM.replace(b"\n", b"\n!", 9), "not a private key"),
        (RSA_PEM[:400], "not a private key"),
        ("nowhere/dkim.pem", "cannot be read"),
        ("a\0b", "cannot be read"),
        (RSA_PEM.decode()[30:], "begins with '-----BEGIN'"),
        (RSA_KEY, "not a RSAPrivateKey"),
        (pem(RSA_KEY, locked=BestAvailableEncryption(b"x")), "openssl pkey"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
        (SHORT_PEM, "512 bits"),
    ],
    ids=range(10),
)
def test_a_key_that_cannot_be_used_is_refused_with_the_remedy(key, reason):
    assert reason in str(refusal(key))


def secrets():
    text = "".join(RSA_PEM.decode().splitlines()[1:-1])
    return [text[start : start + 16] for start in range(0, len(text), 16)]


@pytest.mark.parametrize(
    "key",
    [RSA_PEM[:-40], RSA_PEM.decode()[30:], RSA_PEM.decode().replace("\n", "\\n")],
    ids=["end missing", "beginning missing", "one line"],
)
def test_a_refusal_never_shows_the_key(key):
    problem = refusal(key)
    shown = f"{problem!r} {problem.__cause__!r}"
    assert not [piece for piece in secrets() if piece in shown]


def test_its_repr_shows_domain_and_selector_alone(signer):
    assert repr(signer) == "DKIM(domain='example.org', selector='spring')"


@pytest.mark.parametrize("travel", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_not_pickled(signer, travel):
    with pytest.raises(TypeError, match="private key"):
        travel(signer)


def test_it_is_frozen(signer):
    with pytest.raises(AttributeError):
        signer.domain = "example.com"


@pytest.mark.parametrize(
    "domain", ["", "localhost", "exämple.org", "example.org; x=y", "a..b", "-a.org", "a.org\n", None]
)
def test_what_is_no_domain_is_refused(domain):
    with pytest.raises(FrameError, match="domain="):
        DKIM(domain, "s", RSA_PEM)


@pytest.mark.parametrize("selector", ["", "a b", "a;", "ä", "a\r\n", "a._domainkey", None])
def test_what_is_no_selector_is_refused(selector):
    with pytest.raises(FrameError, match="selector="):
        DKIM("example.org", selector, RSA_PEM)


def test_a_name_the_dns_cannot_hold_is_refused():
    with pytest.raises(FrameError, match="longer than a name"):
        DKIM(f"{'.'.join(['a' * 60] * 4)}.org", "s", RSA_PEM)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (["To"], "From is always"),
        (["From", "Received"], "not signed"),
        (["From", "a:b"], "not a header name"),
        (["From", "a;b"], "not a header name"),
        (["From", 1], "not a header name"),
    ],
)
def test_fields_that_cannot_be_signed_are_refused(headers, reason):
    with pytest.raises(FrameError, match=reason):
        DKIM("example.org", "s", RSA_PEM, headers=headers)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(FrameError, match=r"notebookmail\[dkim\]"):
        DKIM("example.org", "s", RSA_PEM)
