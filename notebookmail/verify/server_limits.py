"""What a server takes, in words: its EHLO reply, and its provider's limits beside the Server's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notebookmail.delivery.remedies import SIZE
from notebookmail.mail.providers import provider_at

from .step_result import StepResult, said, warned

if TYPE_CHECKING:
    from notebookmail.mail.provider import Provider
    from notebookmail.smtp.wire.extensions import Extensions

    from .target import Target

_KB, _MB = 1_000, 1_000_000
_SMALL: Final = _MB
"""Where a server takes no more octets, hardly any picture or attachment fits."""
_MEANINGS: Final = {
    "pipelining": ("PIPELINING", "commands in groups"),
    "chunking": ("CHUNKING", "content in chunks"),
    "8bitmime": ("8BITMIME", "8-bit text"),
    "smtputf8": ("SMTPUTF8", "international addresses"),
}
_UNUSED: Final = {
    "pipelining": "commands go one at a time",
    "chunking": "content goes by DATA, which takes no longer and is safe with every server; chunking=True uses it",
}
_LIMITS: Final = {
    "mailmax": "messages per connection",
    "rcptmax": "recipients per message",
    "rcptdomainmax": "recipient domains per message",
}


def offer(name: str, extensions: Extensions) -> StepResult:
    """Say what a server calls itself and offers."""
    words = said(name) or "no name"
    offered = said(" ".join(_keyword(*each) for each in extensions.parameters.items()))
    return StepResult(f"the server calls itself {words}", (offered,) if offered else ("it offers no extensions",))


def _keyword(name: str, parameters: str) -> str:
    return f"{name.upper()}={parameters}" if parameters and name != "auth" else name.upper()


def limits(target: Target, extensions: Extensions) -> StepResult:
    """Say what may go out: by the server, by its provider, and by the settings."""
    size = _size(extensions.size)
    can = [f"{name} ({use})" for word, (name, use) in _MEANINGS.items() if word in extensions]
    cannot = [f"{name} ({use})" for word, (name, use) in _MEANINGS.items() if word not in extensions]
    facts = [
        *(f"{number:,} {_LIMITS[name]}" for name, number in extensions.limits.items() if name in _LIMITS),
        *([f"has {', '.join(can)}"] if can else []),
        *([f"lacks {', '.join(cannot)}"] if cannot else []),
        *(f"does not use {each}: {_UNUSED[each.lower()]}" for each in _given_up(extensions)),
        f"set here: {_settings(target)}",
    ]
    found = provider_at(target.options.host)
    if extensions.size and extensions.size < _SMALL:
        return warned(StepResult(f"the server takes small messages only: {size}", tuple(facts)), SIZE.remedy)
    if found is None:
        return StepResult(size, tuple(facts))
    name, provider = found
    result = StepResult(size, (*facts, f"{name} publishes: {_published(provider)}"))
    excess = _excess(target, provider)
    return (
        warned(result, f'Server.preset("{name}", ...) keeps to what it publishes', f"{size}; {excess}")
        if excess
        else result
    )


def _size(octets: int | None) -> str:
    if not octets:
        return "no limit of size is named"
    return f"messages up to {octets / _MB:,.1f} MB" if octets >= _MB else f"messages up to {octets / _KB:,.1f} kB"


def _given_up(extensions: Extensions) -> list[str]:
    """List what the server offers and is not made use of."""
    return [word.upper() for word in _UNUSED if word in extensions and word in extensions.unused]


def _settings(target: Target) -> str:
    per_second, quota = target.messages_per_second, target.daily_quota
    rate = f"{60 * per_second:,.4g} messages a minute" if per_second else "no rate"
    return ", ".join(
        [_connections(target.max_connections), rate, f"{quota:,} a day" if quota else "no daily quota"]
    )


def _connections(count: int) -> str:
    return f"{count} connection{'s' if count != 1 else ''}"


def _published(provider: Provider) -> str:
    parts = [
        _connections(provider.max_connections) if provider.max_connections else "",
        provider.rate or "",
        f"{provider.daily_quota:,} a day" if provider.daily_quota else "",
    ]
    return ", ".join(filter(None, parts)) or "no limits that hold for every account"


def _excess(target: Target, provider: Provider) -> str:
    """Name what the settings allow beyond what the provider does."""
    beyond = []
    if provider.max_connections and target.max_connections > provider.max_connections:
        beyond.append(f"{_connections(target.max_connections)} are set, {provider.max_connections} allowed")
    if provider.daily_quota and not target.daily_quota:
        beyond.append(f"no daily quota is set, {provider.daily_quota:,} allowed")
    return ", ".join(beyond)
