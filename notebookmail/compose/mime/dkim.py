"""DKIM: a domain answers for a message by a signature that anybody can check (RFC 6376, RFC 8463).

Messages leave here in the one form a signature can be made of at once: ASCII, CRLF, nothing a relay would rewrite.
Both canonicalizations are "relaxed": a relay may fold anew and trim blanks, and the signature holds. Fields a
message may hold once are named once more than they occur, so that none can be added either (RFC 6376 8.15). The
time is the message's own, so the same message has the same signature. There is no l= tag: it would let anybody
append. The signature is made with `cryptography`: the libraries for DKIM read a clock, and sign in plain Python.

The private key is read once and then never shown: not by repr, not in an error, not by pickling, which is refused.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import InitVar, dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, NoReturn

from notebookmail.errors import FrameError
from notebookmail.mail.header_folding import fold
from notebookmail.privacy.secret import Secret, seals_fields

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SIGNED: Final = (
    "From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip
"""The fields that are signed unless others are asked for (RFC 6376 5.4.1; the last two: RFC 8058 4)."""

# A List-* field is not among them: a relay that adds one must not make the message look forged.
_ONCE: Final = frozenset(name.lower() for name in SIGNED if not name.startswith("List-"))
_NEVER: Final = frozenset({"return-path", "received", "comments", "keywords", "bcc", "dkim-signature"})
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_SELECTOR: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_FIELD_NAME: Final = re.compile(r"[!-9<-~]+")  # no colon (RFC 5322), no semicolon, which would end the tag h=
_LONGEST_NAME: Final = 253  # RFC 1035: of a name in the DNS
_LEAST_BITS: Final = 1024  # RFC 8301 3.2: verifiers take no fewer
_FIELD_END: Final = re.compile(rb"\r\n(?![ \t])")
_FOLD: Final = re.compile(rb"\r\n(?=[ \t])")
_BLANKS: Final = re.compile(rb"[ \t]{2,}|\t")
_PIECE: Final = 72


@seals_fields("private_key")
@dataclass(frozen=True, slots=True, eq=False)
class DKIM:
    """A domain's key to sign messages with.

    Args:
        domain: The domain that answers for the messages: the From address's, or one above it.
        selector: Which of the domain's keys this is; names the DNS record.
        private_key: An RSA or Ed25519 key in PEM form without a password: its text, or the path of its file. Many
            receivers know RSA only.
        headers: The fields to sign, From among them; what a message does not hold is passed over.

    Raises:
        FrameError: A domain, selector, header or key that cannot be used, or `cryptography` is not installed.

    Example:
        >>> DKIM("example.org", "spring", "dkim.pem")  # doctest: +SKIP
        DKIM(domain='example.org', selector='spring')
    """

    domain: str
    selector: str
    private_key: InitVar[str | bytes | PurePath | Secret]
    headers: Sequence[str] = field(default=SIGNED, kw_only=True, repr=False)
    _key: RSAPrivateKey | Ed25519PrivateKey = field(init=False, repr=False)

    def __post_init__(self, private_key: str | bytes | PurePath | Secret) -> None:
        if not isinstance(self.domain, str) or not _DOMAIN.fullmatch(self.domain):
            raise FrameError(
                f"domain={self.domain!r}: give one like 'example.org', an international one as xn--..."
            )
        if not isinstance(self.selector, str) or not _SELECTOR.fullmatch(self.selector):
            raise FrameError(f"selector={self.selector!r}: letters, digits and hyphens, as in 'spring2026'")
        if len(self._record_name) > _LONGEST_NAME:
            raise FrameError("domain and selector together are longer than a name in the DNS can be")
        object.__setattr__(self, "headers", _checked_headers(self.headers))
        object.__setattr__(self, "_key", _key(_pem(private_key)))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a DKIM object holds a private key and is not pickled: make it anew where it is needed")

    @property
    def dns_record(self) -> tuple[str, str]:
        """The TXT record to publish: its name and its value (RFC 6376 3.6.1, RFC 8463 4.2).

        An RSA value is longer than the 255 characters of one string in the DNS: most panels cut it by themselves.
        """
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key()
        if self._kind == "rsa":
            key = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            key = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return self._record_name, f"v=DKIM1; k={self._kind}; p={b64encode(key).decode('ascii')}"

    def sign(self, content: bytes, date: dt.datetime) -> bytes:
        """Return the field to put before a message: `DKIM-Signature: ...`, with its final CRLF.

        Args:
            content: The message: header, empty line, body; lines end in CRLF.
            date: When it is signed, with a time zone.
        """
        head, _, body = content.partition(b"\r\n\r\n")
        names, fields = self._select(head + b"\r\n")
        *others, last = names
        words = [
            "v=1;", f"a={self._kind}-sha256;", "c=relaxed/relaxed;", f"d={self.domain};", f"s={self.selector};",
            f"t={int(date.timestamp())};", "h=", *(f"{name}:" for name in others), f"{last};",
            f"bh={b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode('ascii')};",
        ]  # fmt: skip
        # Signed is the field as it will be, with nothing in b= and no line end (RFC 6376 3.7).
        unsigned = _relaxed_field(fold("DKIM-Signature:", [*words, "b="]).removesuffix(b"\r\n"))
        signature = b64encode(self._signature(b"\r\n".join([*fields, unsigned]))).decode("ascii")
        pieces = [signature[start : start + _PIECE] for start in range(0, len(signature), _PIECE)]
        return fold("DKIM-Signature:", [*words, f"b={pieces[0]}", *pieces[1:]])

    @property
    def _record_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def _kind(self) -> str:
        return "rsa" if hasattr(self._key, "key_size") else "ed25519"

    def _select(self, head: bytes) -> tuple[list[str], list[bytes]]:
        """Return the names for h=, and the fields they stand for, of each name the last one first (5.4.2)."""
        present: dict[str, list[bytes]] = {}
        for each in _FIELD_END.split(head)[:-1]:
            canonical = _relaxed_field(each)
            present.setdefault(canonical.partition(b":")[0].decode("ascii"), []).append(canonical)
        names: list[str] = []
        fields: list[bytes] = []
        for name in map(str.lower, self.headers):
            found = present.get(name, [])
            names += [name] * (len(found) + (name in _ONCE))
            fields += reversed(found)
        return names, fields

    def _signature(self, signed: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(hashlib.sha256(signed).digest())  # RFC 8463 3: of the hash
        return self._key.sign(signed, PKCS1v15(), SHA256())


def _relaxed_field(line: bytes) -> bytes:
    """Write a field in the form that is signed, without its line end (RFC 6376 3.4.2)."""
    name, _, value = line.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _BLANKS.sub(b" ", _FOLD.sub(b"", value)).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    """Write a body in the form that is signed (RFC 6376 3.4.4)."""
    if b"  " in body or b"\t" in body:  # in base64, where the megabytes are, there are none
        body = _BLANKS.sub(b" ", body)
    lines = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""


def _checked_headers(headers: Sequence[str]) -> tuple[str, ...]:
    names = (headers,) if isinstance(headers, str) else tuple(headers)
    for name in names:
        if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):
            raise FrameError(f"headers: {name!r} is not a header name")
        if name.lower() in _NEVER:
            raise FrameError(f"headers: {name} is not signed: relays change it (RFC 6376 5.4.1)")
    if "from" not in map(str.lower, names):
        raise FrameError("headers: From is always signed (RFC 6376 5.4): add it")
    return tuple({name.lower(): name for name in names}.values())


def _pem(private_key: object) -> Secret:
    """Return a key's PEM text, read from its file if a path is given."""
    if isinstance(private_key, Secret) and (not private_key or b"-----BEGIN" in private_key.reveal()):
        return private_key
    if not isinstance(private_key, (Secret, PurePath)):
        raise FrameError(
            f"private_key= is a PEM text or the path of a PEM file, not a {type(private_key).__name__}"
        )
    content, reason = _read(private_key)
    if content is None:
        # The path is not shown: what was given may be a key after all, without its first line.
        raise FrameError(
            f"the file private_key= names cannot be read ({reason}); a key itself begins with '-----BEGIN'"
        )
    return content


def _read(path: Secret | PurePath) -> tuple[Secret | None, str]:
    """Read a file; the second value says why it cannot be read."""
    try:
        return Secret(Path(path.reveal().decode() if isinstance(path, Secret) else path).read_bytes()), ""
    except (OSError, ValueError) as problem:
        return None, getattr(problem, "strerror", None) or "it is no path"


def _key(pem: Secret) -> RSAPrivateKey | Ed25519PrivateKey:
    """Read a private key; whatever goes wrong, the message says nothing of it."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as problem:
        raise FrameError("signing needs cryptography: pip install 'notebookmail[dkim]'") from problem
    try:
        key = load_pem_private_key(pem.reveal(), None)
    except TypeError:
        raise FrameError(
            "the private key is locked with a password: write it without one, "
            "openssl pkey -in locked.pem -out dkim.pem"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise FrameError(
            "private_key= is not a private key in PEM form; make one with "
            "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dkim.pem"
        ) from None
    if not isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)):
        raise FrameError("the private key is neither RSA nor Ed25519, which are all DKIM knows (RFC 8463)")
    if isinstance(key, RSAPrivateKey) and key.key_size < _LEAST_BITS:
        raise FrameError(f"the private key has {key.key_size} bits: receivers want 2048 (RFC 8301 3.2)")
    return key
