"""Providers that deliver the same message once, however often it is handed over: told by a header that names it.

Then a message whose answer was lost can be handed over again, and no row has to stay in doubt.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .message import Mail

_HOUR: Final = 3_600.0
_OCTETS: Final = 12


class Idempotency(NamedTuple):
    """How a provider is told that a message is the same as before.

    Attributes:
        header: The header field that names the message.
        seconds: For how long a message is handed over again: less than the provider remembers its name.
    """

    header: str
    seconds: float

    def named(self, mail: Mail) -> Mail:
        """Return a message with its name for the recipients it goes to now.

        The name holds no address. A message that goes to some of its recipients only, because the others have it,
        is another one: else the provider would take it for done.
        """
        field = f"{self.header}: ".encode("ascii")
        segments = mail.segments[1:] if mail.segments[0].startswith(field) else mail.segments
        of = "\0".join((mail.message_id, *sorted(mail.envelope.recipients)))
        name = blake2b(of.encode("utf-8", "surrogatepass"), digest_size=_OCTETS).hexdigest()
        return mail._replace(segments=(field + name.encode("ascii") + b"\r\n", *segments))


_BY_HOST: Final[Mapping[str, Idempotency]] = {
    # 24 hours, over SMTP too: resend.com/docs/dashboard/emails/idempotency-keys, resend.com/docs/send-with-smtp.
    # One hour less, for the answer is waited for, and clocks differ.
    "smtp.resend.com": Idempotency("Resend-Idempotency-Key", 23 * _HOUR),
}


def idempotency_of(host: str) -> Idempotency | None:
    """Return how a server is told that a message is the same as before; None where it would deliver it twice.

    Args:
        host: The one that all messages of a run go to; "" where there are several.
    """
    return _BY_HOST.get(host.lower())
