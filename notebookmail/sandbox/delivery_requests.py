"""What a sender asks to be told of a message's way (RFC 3461): RET and ENVID of MAIL, NOTIFY and ORCPT of RCPT."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_OF_MAIL: Final = frozenset({"RET", "ENVID"})
_OF_RCPT: Final = frozenset({"NOTIFY", "ORCPT"})


@dataclass(slots=True)
class DeliveryRequests:
    """What was asked for one message.

    Attributes:
        envelope_id: What the sender calls the message (ENVID), or "".
        wants_headers_only: Whether a report shall return the headers alone (RET=HDRS).
        notify: Of each recipient that something was said for, the events it shall be told of; NEVER is none.
        original: The recipient as the sender knows it (ORCPT), by recipient.
    """

    envelope_id: str = ""
    wants_headers_only: bool = False
    notify: dict[str, frozenset[str]] = field(default_factory=dict)
    original: dict[str, str] = field(default_factory=dict)

    def note_mail(self, arguments: str) -> str:
        """Take in what MAIL asks for, and return its arguments without that."""
        rest, asked = _parted(arguments, _OF_MAIL)
        self.envelope_id = xtext_decoded(asked.get("ENVID", ""))
        self.wants_headers_only = asked.get("RET", "").upper() == "HDRS"
        return rest

    def note_recipient(self, arguments: str) -> str:
        """Take in what RCPT asks for, and return its arguments without that."""
        rest, asked = _parted(arguments, _OF_RCPT)
        address = rest.partition(":")[2].strip().removeprefix("<").partition(">")[0].lower()
        if "NOTIFY" in asked:
            self.notify[address] = frozenset(asked["NOTIFY"].upper().split(","))
        if "ORCPT" in asked:
            self.original[address] = xtext_decoded(asked["ORCPT"])
        return rest

    def wants(self, event: str, recipient: str) -> bool:
        """Tell whether the sender is to be told of an event: "FAILURE", "DELAY" or "SUCCESS".

        Without a word of the sender, servers tell of failures and delays (RFC 3461 4.1).
        """
        return event in self.notify.get(recipient.lower(), {"FAILURE", "DELAY"})


def xtext_decoded(text: str) -> str:
    """Return what an xtext stands for (RFC 3461 4): "+2B" is "+"; what is none stays as it is."""
    first, *rest = text.split("+")
    try:
        return first + "".join(chr(int(each[:2], 16)) + each[2:] for each in rest)
    except ValueError:
        return text


def _parted(arguments: str, names: frozenset[str]) -> tuple[str, dict[str, str]]:
    """Part the parameters of these names from a command's arguments."""
    asked: dict[str, str] = {}
    others = []
    for word in arguments.split(" "):
        name, equals, value = word.partition("=")
        if equals and name.upper() in names:
            asked[name.upper()] = value
        else:
            others.append(word)
    return " ".join(others), asked
