"""Hostile sessions against the wire: the same bytes whole and in pieces, judged by what must always hold.

Each session is a conversation of the real decisions (openings, mechanisms, the state machine) with a server that
damages some of its answers. Whatever comes, the session goes on or ends in an SMTPException; no more replies are
handed out than commands were written; the reader holds no more than its bound and the chunk just fed; and where
the chunks were cut makes no difference. Anything else raises `Broken`, which names the seed for `judge(seed)`.
It refuses to know what a right answer would have been: that is for test_transitions.py.

As a script it holds any number of sessions: python tests/smtp/wire/fuzz.py --streams 1000000
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import multiprocessing
import re
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from smtp.wire.hostile_server import HostileServer

from notebookmail.errors import SMTPException
from notebookmail.mail.message import Envelope, Mail, Receipt
from notebookmail.privacy.secret import Secret
from notebookmail.smtp.wire import commands, sasl
from notebookmail.smtp.wire.commands import END_OF_DATA, NOOP, QUIT, RSET, STARTTLS
from notebookmail.smtp.wire.extensions import Extensions, read_extensions
from notebookmail.smtp.wire.protocol import GREETING, Protocol, State
from notebookmail.smtp.wire.replies import MAX_REPLY_OCTETS
from notebookmail.smtp.wire.transaction import judge_end_of_data, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from notebookmail.response import SMTPResponse
    from notebookmail.smtp.wire.commands import Command
    from notebookmail.smtp.wire.sasl import Mechanism
    from notebookmail.smtp.wire.transaction import Opened

    Talk = Generator[tuple[Command, ...], list[SMTPResponse], None]
    Cut = Callable[[bytes], Iterator[bytes]]

_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAIL = Mail(Envelope("a@example.org", ("b@example.org", "c@example.org")), (b"Subject: x\r\n\r\nhello\r\n",))
_MECHANISMS: tuple[Callable[[bytes, Secret], Mechanism], ...] = (
    sasl.plain,
    sasl.login,
    sasl.cram_md5,
    lambda name, password: sasl.scram_sha_256(name, password, b"nonce"),  # a fresh one would differ
    sasl.xoauth2,
    sasl.oauthbearer,
)


class Broken(AssertionError):
    """The wire did what it must never do."""


class Outcome(NamedTuple):
    """How a session went: the replies handed out, the bytes written, how it ended, and in which state."""

    replies: tuple[SMTPResponse, ...]
    written: bytes
    end: tuple[str, int | None]
    state: State


# --- the client -----------------------------------------------------------------------------------------------


def converse(protocol: Protocol, chance: Random) -> Talk:
    """Hold a conversation: yields groups of commands, is sent the replies."""
    (reply,) = yield (commands.ehlo("client"),)
    extensions = _looked_at(read_extensions(reply))
    for _ in range(chance.randrange(1, 4)):
        match chance.randrange(8):
            case 0:
                yield from _log_in(chance)
            case 1:
                yield (STARTTLS,)
                if protocol.state is State.TLS:
                    protocol.tls_started()
                    (reply,) = yield (commands.ehlo("client"),)
                    extensions = _looked_at(read_extensions(reply))
            case 2:
                yield (chance.choice((NOOP, RSET, commands.vrfy("x"), commands.help_(), commands.raw(b"XTRA"))),)
            case _:
                yield from _deliver_or_not(extensions, chance)
        if protocol.state is State.CONTENT:  # DATA was answered 354 although the opening gave up
            yield (END_OF_DATA,)
    yield (QUIT,)


def _looked_at(extensions: Extensions) -> Extensions:
    if not (extensions.size is None or 0 < extensions.size < 10**20):
        raise Broken(f"SIZE {extensions.size}")
    if any(method != method.lower() for method in extensions.auth_methods):
        raise Broken(f"AUTH {extensions.auth_methods}")
    return extensions


def _deliver(extensions: Extensions, chance: Random) -> Talk:
    """Send one message and perhaps, behind its content, open another."""
    opened = yield from opening(_MAIL, extensions, reset_first=chance.random() < 0.1)
    if isinstance(opened, Receipt):
        return  # its content went by BDAT
    if not extensions.can_pipeline or chance.random() < 0.3:
        yield from _end(opened)
        return
    ahead = opening(_MAIL, extensions)
    reply, *to_ahead = yield (END_OF_DATA, *next(ahead))
    judge_end_of_data(reply, opened)
    try:
        ahead.send(to_ahead)
    except StopIteration as done:
        if not isinstance(done.value, Receipt):
            yield from _end(done.value)


def _end(opened: Opened) -> Talk:
    (reply,) = yield (END_OF_DATA,)
    judge_end_of_data(reply, opened)


def _deliver_or_not(extensions: Extensions, chance: Random) -> Talk:
    with contextlib.suppress(SMTPException):
        yield from _deliver(extensions, chance)


def _log_in(chance: Random) -> Talk:
    mechanism = chance.choice(_MECHANISMS)(b"me", Secret(b"secret"))
    (reply,) = yield (commands.auth("X", next(mechanism)),)
    while reply.code == 334:
        try:
            answer = mechanism.send(base64.b64decode(reply.message.encode(), validate=True))
        except (StopIteration, binascii.Error, SMTPException):
            answer = None
        (reply,) = yield (commands.auth_response(answer),)


# --- the judge ------------------------------------------------------------------------------------------------


def run(seed: int, cut: Cut) -> Outcome:
    """Hold one session; the seed decides everything but the cuts."""
    chance = Random(seed)
    server, protocol = HostileServer(chance), Protocol()
    talk = converse(protocol, chance)
    replies: list[SMTPResponse] = []
    written: list[bytes] = []
    end: tuple[str, int | None] = ("finished", None)
    try:
        group, came = (GREETING,), _turn(protocol, server.answer((GREETING,)), cut)
        while not protocol.awaited:
            if len(came) != len(group):
                raise Broken(f"{len(group)} commands, {len(came)} replies")
            replies += came
            group = talk.send(came if written else None)
            octets = protocol.write(*group)
            written.append(octets.reveal() if isinstance(octets, Secret) else octets)
            came = _turn(protocol, server.answer(group), cut)
        end = ("silence", None)
        replies += came
    except StopIteration:
        pass
    except SMTPException as fault:
        end = (type(fault).__name__, getattr(fault, "code", None))
        _judge_poisoned(protocol)
    return Outcome(tuple(replies), b"".join(written), end, protocol.state)


def _turn(protocol: Protocol, turn: bytes, cut: Cut) -> list[SMTPResponse]:
    """Feed what the server says, piece by piece, and return the replies, having looked at each of them."""
    came: list[SMTPResponse] = []
    for piece in cut(turn):
        awaited = protocol.awaited
        fresh = protocol.receive(piece)
        if len(fresh) > awaited:
            raise Broken(f"{awaited} replies were awaited, {len(fresh)} came")
        reader = protocol._reader  # what it holds of an unfinished reply cannot be seen from outside
        if reader._octets + len(reader._buffer) - reader._start > MAX_REPLY_OCTETS + len(piece):
            raise Broken("the reader holds more than its bound")
        came += fresh
    protocol.receive(b"")  # an error behind good replies is kept for the next call
    for reply in came:
        if not 200 <= reply.code < 600 or _UNSHOWABLE.search(reply.message):
            raise Broken(f"not a reply: {reply!r}")
    return came


def _judge_poisoned(protocol: Protocol) -> None:
    """A session that ended in an error of the wire allows nothing any more."""
    try:
        protocol.receive(b"")
    except SMTPException:
        for use in (lambda: protocol.write(NOOP), lambda: protocol.receive(b"250 ok\r\n")):
            try:
                use()
            except SMTPException:
                continue
            raise Broken("a poisoned session was used") from None


def whole(turn: bytes) -> Iterator[bytes]:
    """Hand over each turn in one piece."""
    yield turn


def bytewise(turn: bytes) -> Iterator[bytes]:
    """Hand over one byte at a time."""
    return (turn[at : at + 1] for at in range(len(turn)))


def cut_by(chance: Random) -> Cut:
    """Hand over each turn in a few pieces of any size."""

    def cut(turn: bytes) -> Iterator[bytes]:
        start = 0
        while start < len(turn):
            end = start + chance.randrange(1, max(2, len(turn)))
            yield turn[start:end]
            start = end

    return cut


def judge(seed: int) -> Outcome:
    """Hold the session of a seed whole and in pieces.

    Raises:
        Broken: What must never happen did.
    """
    try:
        expected = run(seed, whole)
        cuts = [cut_by(Random(~seed))]
        if seed % 32 == 0 and len(expected.replies) < 50:
            cuts.append(bytewise)
        found = [run(seed, cut) for cut in cuts]
    except Exception as problem:
        raise Broken(f"seed {seed}: {problem!r}") from problem
    if any(outcome != expected for outcome in found):
        raise Broken(f"seed {seed}: cutting makes a difference:\n{expected}\n{found}")
    return expected


def _ends_of(seeds: range) -> Counter[str]:
    """Count how the sessions of some seeds end."""
    ends: Counter[str] = Counter()
    for seed in seeds:
        try:
            name, code = judge(seed).end
        except Broken as problem:
            print(problem, flush=True)
            name, code = "BROKEN", None
        ends[name if code is None else f"{name} {code}"] += 1
    return ends


def main() -> None:
    """Hold any number of sessions over several processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=100_000, help="how many (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--first-seed", type=int, default=0, help="default: %(default)s")
    options = parser.parse_args()
    first, last = options.first_seed, options.first_seed + options.streams
    lots = [range(start, min(last, start + 1_000)) for start in range(first, last, 1_000)]
    started = time.perf_counter()
    ends: Counter[str] = Counter()
    with multiprocessing.Pool(options.processes) as pool:
        for lot in pool.imap_unordered(_ends_of, lots):
            ends += lot
        pool.close()
        pool.join()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{ends.total()} sessions in {seconds:.0f} s, at most {peak:.0f} MB a process")
    for name, count in ends.most_common():
        print(f"{count:>9} {name}")
    sys.exit(1 if ends["BROKEN"] else 0)


if __name__ == "__main__":
    main()
