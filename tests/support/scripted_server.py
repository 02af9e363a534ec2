"""A scripted server in one line: every command is answered with success unless the test says otherwise.

Served by `scripted_sessions`, which the smtp room has as the fixture `serve`. It keeps nothing and judges nothing;
what it heard stands in its session. Where a real server can be brought to answer like that, local_server.py and
peers/ have one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

SILENCE = ""
"""For a reply: none ever comes."""

HANG_UP = "hang up"
"""For a reply: the connection is cut instead."""

_DEFAULTS = {
    "greeting": "220 test ready",
    "helo": "250 test",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "data": "354 go",
    "content": "250 2.0.0 queued",
    "quit": "221 bye",
}


def answering(
    *extensions: str, tls: ssl.SSLContext | None = None, **replies: str | tuple[str, ...]
) -> Callable[[Any], Awaitable[None]]:
    """Make what speaks for a server.

    Args:
        *extensions: What EHLO offers; STARTTLS comes by itself with `tls`, until TLS is on.
        tls: The context to go on with after STARTTLS.
        **replies: By verb in lower case, or "greeting" or "content" (for the end of data). Of several replies,
            each but the last waits for another line: an exchange of AUTH.
    """

    async def speak(session: Any) -> None:
        await _answer(session, replies.get("greeting", _DEFAULTS["greeting"]))
        offered = [*extensions, *(["STARTTLS"] if tls else [])]
        while command := await session.hear():
            verb = command.split()[0].lower()
            hello = "\r\n".join([*(f"250-{each}" for each in ("test", *offered)), "250 HELP"])
            usual = hello if verb == "ehlo" else _DEFAULTS.get(verb, "250 2.0.0 OK")
            reply = replies.get(verb, usual)
            await _answer(session, reply)
            if verb == "data" and str(reply).startswith("354"):
                await session.content()
                await _answer(session, replies.get("content", _DEFAULTS["content"]))
            if verb == "starttls" and tls and str(reply).startswith("220"):
                await session.writer.start_tls(tls)
                offered = list(extensions)

    return speak


async def _answer(session: Any, reply: str | tuple[str, ...]) -> None:
    several = reply if isinstance(reply, tuple) else (reply,)
    for number, each in enumerate(several):
        if number:
            await session.hear()
        if each == HANG_UP:
            session.writer.transport.abort()
        elif each != SILENCE:
            await session.say(each)
