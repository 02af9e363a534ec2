"""What a preset, and who logs in there, make of a Server: pure but for the question who logs in.

A preset holds what its provider publishes. What else a first message fails by is said here, before a connection is
made: a user name that is missing or not the whole address, and keys of AWS that SES does not take.
"""

from __future__ import annotations

import base64
import functools
import hmac
from typing import TYPE_CHECKING, Any, Final

from notebookmail.errors import FrameError
from notebookmail.mail.providers import PROVIDERS, provider_at, provider_named, provider_of_domain
from notebookmail.privacy.secret import Secret

from .questions import ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookmail.mail.provider import Provider

_PUBLISHED: Final = ("port", "security", "max_connections", "rate", "daily_quota", "username")
_LOGINS: Final = ("password", "oauth", "oauth_token_generator")
_SECRET_KEY_LENGTH: Final = 40
_GROUPS, _GROUP_LENGTH = 4, 4


def preset_settings(name: str, region: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the Server that a preset stands for.

    Args:
        name: The preset's name or an alias.
        region: Of the account, where the host depends on it.
        options: The caller's own arguments, which come first; a user name that is missing is asked for.

    Raises:
        FrameError: There is no such preset; a region, a user name or a part of one is missing, and nobody to ask.
    """
    return provider_settings(name, _meant(name, options.get("username")), region, options)


def provider_settings(
    name: str, provider: Provider, region: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of the Server of a provider that is known; the rest as for `preset_settings`."""
    hostname = provider.hostname
    if "{region}" in hostname:
        if not region:
            raise FrameError(f"the preset {name!r} wants the account's region: region='eu-west-1'")
        hostname = hostname.replace("{region}", region)
    elif region:
        raise FrameError(f"region= is for Amazon SES; the preset {name!r} has one host")
    known = {each: getattr(provider, each) for each in _PUBLISHED if getattr(provider, each) is not None}
    settings = {"hostname": hostname, **known, **options}
    settings["username"] = _user_name(name, provider, settings.get("username"))
    if not provider.credential and not any(options.get(each) for each in _LOGINS):
        raise FrameError(f"{provider.hostname} wants a sign-in: {provider.login}")
    return settings


def _meant(name: str, username: object) -> Provider:
    """Find the provider; who says "outlook" and logs in with a domain of their own means Microsoft 365."""
    provider = provider_named(name)
    if provider is PROVIDERS["outlook"] and isinstance(username, str) and "@" in username:
        found = provider_of_domain(username.strip().rpartition("@")[2])
        return provider if found and found[1] is provider else PROVIDERS["microsoft365"]
    return provider


def _user_name(name: str, provider: Provider, given: object) -> str:
    """Return who logs in, as the provider wants it.

    Raises:
        FrameError: Nobody, or only a part of an address.
    """
    example = _example(provider)
    hint = f" (such as {example})" if example else ""
    username = given if given is not None else ask(f"User name at {provider.hostname}{hint}: ")
    if username is None or not str(username).strip():
        wanted = f"username={example!r}" if example else "username="
        raise FrameError(f"the preset {name!r} wants {wanted}, who logs in. The login is {provider.login}")
    username = str(username).strip()
    if provider is PROVIDERS["ses"] and username.startswith("ASIA"):
        raise temporary_keys()
    if provider.username not in {None, username}:
        raise FrameError(
            f"username={username!r}: at {provider.hostname} everybody's user name is {provider.username!r}; leave "
            f"username= out. The login is {provider.login}"
        )
    if provider.login_name == "address" and "@" not in username:
        raise FrameError(
            f"username={username!r}: at {provider.hostname} it is the whole address, such as {example!r}"
        )
    return username


def _example(provider: Provider) -> str:
    domain = next((each for each in provider.domains if not each.startswith(".")), "example.org")
    return {"address": f"me@{domain}", "local part": "me", "its own": ""}[provider.login_name]


# --- Amazon SES -----------------------------------------------------------------------------------------------


def ses_login(
    name: str,
    region: str | None,
    access_key: str | None,
    secret_key: Secret | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return user name and SMTP password that belong to keys of AWS.

    Args:
        name: The preset's; the keys are for Amazon SES alone.
        region: The password is good for this region only.
        access_key: The id of an IAM user's key, "AKIA...".
        secret_key: The key itself.
        options: The caller's other arguments: no user name or password among them.

    Raises:
        FrameError: One of the three is missing.
    """
    if provider_named(name) is not PROVIDERS["ses"]:
        raise FrameError(f"access_key= and secret_key= are for Amazon SES; {name!r} wants username= and password=")
    if options.get("username") is not None or options.get("password") is not None:
        raise FrameError("give either access_key= and secret_key=, or username= and password=")
    if not region:
        raise FrameError("the SMTP password is made for one region: region='eu-west-1'")
    if not access_key or not secret_key:
        missing = "secret_key=" if access_key else "access_key="
        raise FrameError(f"{missing} is missing: the keys of an IAM user are two, access_key= and secret_key=")
    return {"username": access_key.strip(), "password": secret_key.map(functools.partial(_smtp_password, region))}


def temporary_keys() -> FrameError:
    """Say why keys of a session are refused."""
    return FrameError(
        "these are temporary keys (ASIA..., with a session token), and Amazon SES takes none over SMTP: give the "
        "keys of an IAM user (AKIA...) that may ses:SendRawEmail, or the SMTP credentials of the SES console"
    )


def _smtp_password(region: str, secret_key: bytes) -> bytes:
    """Make an SMTP password as AWS publishes it (docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html)."""
    signature = b"AWS4" + secret_key.strip()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.digest(signature, part.encode(), "sha256")
    return base64.b64encode(b"\x04" + signature)


# --- passwords as they are shown --------------------------------------------------------------------------------


def password_question(hostname: str, username: str) -> str:
    """Ask for what the provider wants as a password: mostly it is not the one that somebody thinks of."""
    found = provider_at(hostname)
    wanted = (found and found[1].credential) or "password"
    place = f" (made at {found[1].made_at})" if found and found[1].made_at else ""
    return f"{wanted[0].upper()}{wanted[1:]}{place} for {username} at {hostname}: "


def as_wanted(hostname: str, password: str | Secret | None) -> Secret | None:
    """Return a password as the server wants it, whatever its provider shows in its place.

    Google shows app passwords in groups, "abcd efgh ijkl mnop"; the blanks are no part of them, and copied from a
    page they are mostly no-break spaces, which no server overlooks. A secret access key of AWS has 40 letters and
    is never an SMTP password, which has 44: it is made into the one of the host's region.
    """
    sealed = Secret.of(password)
    found = provider_at(hostname) if sealed is not None else None
    if sealed is None or found is None:
        return sealed
    provider = found[1]
    if provider is PROVIDERS["ses"] and len(sealed) == _SECRET_KEY_LENGTH:
        return sealed.map(functools.partial(_smtp_password, hostname.lower().split(".")[1]))
    return sealed.map(_ungrouped) if provider.groups_passwords else sealed


def _ungrouped(password: bytes) -> bytes:
    groups = password.decode("utf-8", "replace").split()
    is_shown = len(groups) == _GROUPS and all(
        len(each) == _GROUP_LENGTH and each.isascii() and each.isalpha() for each in groups
    )
    return "".join(groups).encode() if is_shown else password
