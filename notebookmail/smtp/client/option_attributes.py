"""A client's options as attributes: readable and assignable at any time, judged when they are used.

What is assigned waits for the next `connect` or `starttls`, which judges all options together: on the way from one
good set of options to another they may contradict each other. Credentials are no attributes: whatever shows an
object's attributes would show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from notebookmail.smtp.options import ConnectionOptions

if TYPE_CHECKING:
    import os
    import socket
    import ssl
    from collections.abc import Mapping

    from notebookmail.smtp.options import StrPath

_T = TypeVar("_T")


class OptionAttribute(Generic[_T]):
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

    hostname: OptionAttribute[str | None] = OptionAttribute()
    port: OptionAttribute[int | str | None] = OptionAttribute()
    username: OptionAttribute[str | bytes | None] = OptionAttribute()
    local_hostname: OptionAttribute[str | None] = OptionAttribute()
    source_address: OptionAttribute[tuple[str, int] | None] = OptionAttribute()
    timeout: OptionAttribute[float | None] = OptionAttribute()
    use_tls: OptionAttribute[bool] = OptionAttribute()
    start_tls: OptionAttribute[bool | None] = OptionAttribute()
    validate_certs: OptionAttribute[bool] = OptionAttribute()
    client_cert: OptionAttribute[StrPath | None] = OptionAttribute()
    client_key: OptionAttribute[StrPath | None] = OptionAttribute()
    tls_context: OptionAttribute[ssl.SSLContext | None] = OptionAttribute()
    cert_bundle: OptionAttribute[StrPath | None] = OptionAttribute()
    socket_path: OptionAttribute[str | bytes | os.PathLike[str] | None] = OptionAttribute()
    sock: OptionAttribute[socket.socket | None] = OptionAttribute()
    allow_plaintext_auth: OptionAttribute[bool] = OptionAttribute()
    pipelining: OptionAttribute[bool] = OptionAttribute()
    chunking: OptionAttribute[bool] = OptionAttribute()

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
