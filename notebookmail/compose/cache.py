"""What was costly to make, kept for the next row: the last ones used, up to a bounded number of octets."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Values by key; the one used longest ago goes first.

    Args:
        most_octets: How much is kept; the last value stays, whatever its size.
    """

    def __init__(self, most_octets: int) -> None:
        self._most = most_octets
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self.octets = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> Value | None:
        """Return a value, or None if it is not kept, or no longer."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value, octets: int) -> Value:
        """Keep a value of so many octets, and return it."""
        if key in self._values:
            self.octets -= self._values.pop(key)[1]
        self._values[key] = (value, octets)
        self.octets += octets
        while self.octets > self._most and len(self._values) > 1:
            self.octets -= self._values.popitem(last=False)[1][1]
        return value
