"""Calls without `await`: from scripts, inside running loops, interrupted. Each in a process of its own.

nest-asyncio2 changes asyncio for a whole process, so no such call is made in the one that runs the tests. Nothing
is mocked: the programs send to a real server (aiosmtpd), which the test reads back.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from support.local_server import Taking, real_server

PREAMBLE = """
import asyncio, json, os, signal, sys, threading
from email.message import EmailMessage
from notebookmail import SMTP, SMTPRecipientsRefused, SMTPConnectError

port = int(sys.argv[1])
client = SMTP(hostname="127.0.0.1", port=port)
MAIL = ("a@example.org", ["b@example.org"], "Subject: x\\n\\nhello\\n")

def message():
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@example.org", "b@example.org", "x"
    letter.set_content("hello")
    return letter

def say(**facts):
    print(json.dumps(facts))
"""


async def run(program: str, port: int) -> dict[str, Any]:
    """Run a program against a server of this process's loop, and return what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        PREAMBLE + program,
        str(port),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    facts: dict[str, Any] = json.loads(output)
    return facts


@pytest.mark.parametrize("call", ["client.sendmail_sync(*MAIL)", "client.send_message_sync(message())"])
async def test_a_script_sends_without_a_loop(call: str) -> None:
    async with real_server() as (port, taking):
        said = await run(
            f"refused, reply = {call}\nsay(refused=refused, reply=reply, open=client.is_connected)", port
        )
    assert said == {"refused": {}, "reply": "2.0.0 taken", "open": False}
    (envelope,) = taking.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("a@example.org", ["b@example.org"])
    assert b"hello" in envelope.content


async def test_refusals_reach_the_script_as_they_are() -> None:
    program = """
try:
    client.sendmail_sync("a@example.org", ["b@example.org"], "x")
except SMTPRecipientsRefused as refusal:
    say(refused=[each.recipient for each in refusal.recipients])
"""
    async with real_server(handler=Taking(**{"b@example.org": "550 5.1.1 no such user"})) as (port, _):
        assert await run(program, port) == {"refused": ["b@example.org"]}


async def test_what_cannot_be_written_as_an_address_is_the_scripts_mistake() -> None:
    program = """
try:
    client.sendmail_sync("a@example.org", ["not an address"], "x")
except ValueError as mistake:
    say(mistake=str(mistake))
"""
    async with real_server() as (port, taking):
        assert "not an address" in (await run(program, port))["mistake"]
    assert taking.envelopes == []


async def test_a_call_in_a_running_loop_opens_a_connection_of_its_own() -> None:
    program = """
async def main():
    beat = asyncio.create_task(asyncio.sleep(0, "alive"))
    client.sendmail_sync(*MAIL)
    client.send_message_sync(message())
    say(open=client.is_connected, other_task=await beat)
asyncio.run(main())
"""
    async with real_server() as (port, taking):
        assert await run(program, port) == {"open": False, "other_task": "alive"}
    assert len(taking.envelopes) == 2


async def test_a_server_on_the_same_loop_is_no_deadlock() -> None:
    program = """
from notebookmail import Sandbox
async def main():
    async with Sandbox() as box:
        SMTP(hostname="127.0.0.1", port=box.server.port).sendmail_sync(*MAIL)
        say(received=len(box.received))
asyncio.run(main())
"""
    assert await run(program, 1) == {"received": 1}


async def test_a_connected_client_sends_over_its_own_connection() -> None:
    program = """
async def main():
    async with client:
        before = client.get_transport_info("sockname")
        client.sendmail_sync(*MAIL)
        await client.sendmail(*MAIL)
        client.send_message_sync(message())
        say(same=client.get_transport_info("sockname") == before, open=client.is_connected)
asyncio.run(main())
"""
    async with real_server() as (port, taking):
        assert await run(program, port) == {"same": True, "open": True}
    assert len(taking.envelopes) == 3


async def test_nothing_is_patched_until_it_is_needed() -> None:
    program = """
before = asyncio.Task
client.sendmail_sync(*MAIL)
say(patched=asyncio.Task is not before or hasattr(asyncio, "_nest_patched"))
"""
    async with real_server() as (port, _):
        assert await run(program, port) == {"patched": False}


async def test_under_uvloop_a_thread_sends_and_a_connected_client_says_what_to_do() -> None:
    program = """
import uvloop
async def main():
    reply = client.sendmail_sync(*MAIL)[1]
    async with client:
        await client.sendmail(*MAIL)
        try:
            client.sendmail_sync(*MAIL)
        except RuntimeError as error:
            say(reply=reply, error=str(error))
uvloop.run(main())
"""
    pytest.importorskip("uvloop")
    async with real_server() as (port, taking):
        said = await run(program, port)
    assert said == {
        "reply": "2.0.0 taken",
        "error": "the running event loop cannot be entered twice: await the call without _sync",
    }
    assert len(taking.envelopes) == 2


@pytest.mark.parametrize("is_in_loop", [False, True])
async def test_an_interrupt_ends_the_call_and_its_work(is_in_loop: bool) -> None:
    is_waiting = asyncio.Event()
    is_gone = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        await reader.readline()
        is_waiting.set()  # EHLO is never answered
        await reader.read()
        is_gone.set()
        writer.close()

    direct = """
try:
    client.sendmail_sync(*MAIL)
except KeyboardInterrupt:
    say(interrupted=True, tasks=0)
"""
    nested = """
async def main():
    # From the loop itself, so that it is not the waiting task that the interrupt happens to hit.
    asyncio.get_running_loop().call_later(0.3, signal.raise_signal, signal.SIGINT)
    try:
        client.sendmail_sync(*MAIL)
    except KeyboardInterrupt:
        say(interrupted=True, tasks=len(asyncio.all_tasks()) - 1)
signal.signal(signal.SIGINT, signal.default_int_handler)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
"""
    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", PREAMBLE + (nested if is_in_loop else direct), str(port)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        await asyncio.wait_for(is_waiting.wait(), 30)
        if not is_in_loop:
            process.send_signal(signal.SIGINT)
        output, errors = await asyncio.wait_for(process.communicate(), 30)
        await asyncio.wait_for(is_gone.wait(), 30)
    assert process.returncode == 0, errors.decode()
    assert json.loads(output) == {"interrupted": True, "tasks": 0}


ENDS_SLOWLY = """
import asyncio, json, signal, threading, time
from notebookmail.sync import run_sync

ended = []

async def work():
    try:
        threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(0.5)  # replies are awaited, outcomes recorded
        ended.append(True)
        raise

async def cell():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as kernels have it
    try:
        run_sync(work())
    except KeyboardInterrupt:
        print(json.dumps(ended))

asyncio.run(cell())
"""


def test_an_interrupt_goes_on_only_when_the_work_has_ended() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDS_SLOWLY], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == [True]
