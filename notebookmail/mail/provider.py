"""What one mail provider says of its submission server; the providers there are stand in providers.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LoginName = Literal["address", "local part", "its own"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's submission server and its published limits.

    Attributes:
        hostname: Its submission server; "{region}" is to be filled in.
        port: Where to submit.
        security: How the connection is secured; "auto" only for a program on this machine.
        max_connections: How many at once, or None where nothing is published.
        rate: Messages a second or such as "30/min", or None.
        daily_quota: Messages in 24 hours of an ordinary account, or None.
        username: The user name that is the same for everybody, or None.
        login: How to log in, in words.
        credential: What is wanted as the password, in a word or two; "" where no password is taken.
        made_at: Where that is made, if it is not the password of the account itself.
        login_name: What the user name is: the whole address, what stands before its @, or one that the provider
            gives out.
        groups_passwords: True where a password is shown in groups with blanks between that are no part of it.
        domains: The domains of its mailboxes; ".example.org" stands for every domain below that one.
        exchanges: What the names of the servers end with that take mail for its customers' own domains (MX).
        aliases: Other names people type for it.
        source: Where the figures stand.
        checked: When the limits (without any: host and ports) were last read there, as an ISO date; "" where they
            were only found as others quote them.
    """

    hostname: str
    port: int
    security: Literal["tls", "starttls", "auto"]
    max_connections: int | None = None
    rate: str | None = None
    daily_quota: int | None = None
    username: str | None = None
    login: str = ""
    credential: str = "password"
    made_at: str = ""
    login_name: LoginName = "its own"
    groups_passwords: bool = False
    domains: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    source: str = ""
    checked: str = ""
