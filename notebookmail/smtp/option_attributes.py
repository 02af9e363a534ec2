"""A client's options as attributes: readable and assignable at any time, judged when they are used.

What is assigned waits for the next `connect` or `starttls`, which judges all options together: on the way from one
good set of options to another they may contradict each other. Credentials are no attributes: whatever shows an
object's attributes would show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from .options import ConnectionOptions

if TYPE_CHECKING:
    import os
    import socket
    import ssl
    from collections.abc import Mapping

    from .options import StrPath

_T = TypeVar("_T")


class Option(Generic[_T]):
    """One option of a client; ConnectionOptions says what it means."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: OptionAttributes, owner: type) -> _T: ...
    def __get__(self, client: OptionAttributes | None, owner: type) -> Self | _T:
        if client is None:
            return self
        value: _T = client.option(self._name)
        return value

    def __set__(self, client: OptionAttributes, value: _T) -> None:
        client.assign(self._name, value)


class OptionAttributes:
    """What a client was told about how to reach its server.

    Attributes:
        hostname: As for ConnectionOptions, like all of them; None where nothing was said.
    """

    hostname: Option[str | None] = Option()
    port: Option[int | str | None] = Option()
    username: Option[str | bytes | None] = Option()
    local_hostname: Option[str | None] = Option()
    source_address: Option[tuple[str, int] | None] = Option()
    timeout: Option[float | None] = Option()
    use_tls: Option[bool] = Option()
    start_tls: Option[bool | None] = Option()
    validate_certs: Option[bool] = Option()
    client_cert: Option[StrPath | None] = Option()
    client_key: Option[StrPath | None] = Option()
    tls_context: Option[ssl.SSLContext | None] = Option()
    cert_bundle: Option[StrPath | None] = Option()
    socket_path: Option[str | bytes | os.PathLike[str] | None] = Option()
    sock: Option[socket.socket | None] = Option()
    allow_plaintext_auth: Option[bool] = Option()
    pipelining: Option[bool] = Option()
    chunking: Option[bool] = Option()

    def __init__(self) -> None:
        self._options = ConnectionOptions()
        self._assigned: dict[str, Any] = {}

    def option(self, name: str) -> Any:
        """Return an option as it was assigned last, or given."""
        return self._assigned[name] if name in self._assigned else getattr(self._options, name)

    def assign(self, name: str, value: Any) -> None:
        """Keep an option for the next connection."""
        self._assigned[name] = value

    def _settle(self, changes: Mapping[str, Any]) -> ConnectionOptions:
        """Judge all options together, and keep them.

        Args:
            changes: Options that differ from now on.

        Raises:
            ValueError: They contradict each other; nothing is changed.
        """
        given = {**self._assigned, **changes}
        if given:
            self._options = self._options.changed(given)
            self._assigned.clear()
        return self._options
