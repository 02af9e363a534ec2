"""Texts in a temporary file: what is known of a stream's rows in words lies where its rows lie, not in memory."""

from __future__ import annotations

import tempfile
import threading
import weakref
from array import array
from typing import Any

from .spool import disk_room


class SpooledTexts:
    """Texts by number, from 0. One that is changed is written anew behind the others.

    Pickled they are a list: a pickle is read where there is no such file.

    Raises:
        FrameError: They have no room on the disk.
    """

    def __init__(self) -> None:
        self._places = array("q")  # text n begins at this octet
        self._sizes = array("q")  # and has so many
        self._lock = threading.Lock()
        with disk_room():
            self._file = tempfile.TemporaryFile(prefix="notebookmail-", buffering=0)  # noqa: SIM115 -- as in a spool
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._places)

    def append(self, text: str) -> None:
        """Add a text."""
        place, size = self._written(text)
        self._places.append(place)
        self._sizes.append(size)

    def __setitem__(self, number: int, text: str) -> None:
        self._places[number], self._sizes[number] = self._written(text)

    def __getitem__(self, number: int) -> str:
        place, size = self._places[number], self._sizes[number]
        with self._lock:
            self._file.seek(place)
            octets = self._file.read(size)
        return octets.decode("utf-8", "surrogatepass")

    def __reduce__(self) -> tuple[Any, ...]:
        return list, ([self[number] for number in range(len(self))],)

    def _written(self, text: str) -> tuple[int, int]:
        octets = memoryview(text.encode("utf-8", "surrogatepass"))
        with self._lock, disk_room():
            place = self._file.seek(0, 2)
            rest = octets
            while rest:  # a disk that fills up takes a part
                rest = rest[self._file.write(rest) :]
        return place, len(octets)
