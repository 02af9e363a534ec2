"""Stops a run that goes wrong as a whole, before it has harmed the sender's name.

One refusal is a row's. Many of them, and hardly one message accepted between, are the run's: a blocked sender, a
text that looks like spam, a column that does not hold what it should. So refusals are weighed against what was
accepted: each counts one, each accepted message takes one away, never below none, and at a limit the run stops
(Page's cumulative sum test). All refused, it stops after exactly that many; half and half it stops late; a list
with its share of bad rows never gets there: that a list of a million rows ever does by chance has, with 10 % bad
addresses, a probability of about 10^-18, with 25 % of 10^-6, and with 5 % refused by policy 10^-7.
"""

from __future__ import annotations

from typing import Final

POLICY_IN_A_ROW: Final = 10
ADDRESSES_IN_A_ROW: Final = 25


class Breaker:
    """Weighs refusals against what was accepted."""

    def __init__(self) -> None:
        self._policy = 0
        self._addresses = 0

    def accepted(self) -> None:
        """Note a message that the server took."""
        if self._policy:
            self._policy -= 1
        if self._addresses:
            self._addresses -= 1

    def refused(self, category: str) -> str:
        """Note a row refused for good; return why the run shall stop, or ""."""
        if category == "policy":
            self._policy += 1
        elif category == "address":
            self._addresses += 1
        if self._policy >= POLICY_IN_A_ROW:
            return (
                f"of late the server refused {self._policy} more messages by its policy than it took: find out "
                "why before the others go (often SPF or DKIM is missing, or the text looks like spam)"
            )
        if self._addresses >= ADDRESSES_IN_A_ROW:
            return (
                f"of late the server refused {self._addresses} more addresses than it took: look whether the "
                "column holds the right ones before the others go"
            )
        return ""
