"""Campaigns that go to files: the same letters, the same promises, and nobody mailed."""

from __future__ import annotations

import mailbox
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers.process import DELIVER_SECONDS, wait_until

from notebookmail import Folder, FrameError, Sandbox, SendResults, Template, check_frame, plan_frame, send_frame
from notebookmail.folder.eml import EmlFiles, file_name
from notebookmail.folder.mbox import MboxFile
from notebookmail.mail.message import Envelope, Mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from notebookmail.delivery.transport import Transport

TEMPLATE = Template("News, {{ name }}", text="From here on\n\nDear {{ name }}", sender="us@example.com")
PEOPLE = pd.DataFrame({"name": ["Ann", "Bo", "Ça"], "email": [f"{who}@example.com" for who in ("ann", "bo", "c")]})
KINDS = ["letters", "letters.mbox"]


def read(path: Path) -> list[EmailMessage]:
    """The messages in a folder or an mbox file, as another program reads them."""
    if path.suffix == ".mbox":
        box = mailbox.mbox(path, create=False)
        octets = [box.get_bytes(key).replace(b"\n>From ", b"\nFrom ") for key in list(box.iterkeys())]
        box.close()
    else:
        octets = [file.read_bytes() for file in sorted(path.iterdir())]
    return [message_from_bytes(each, policy=policy.default) for each in octets]


async def send(path: Path, people: pd.DataFrame = PEOPLE, campaign: str | None = None) -> SendResults:
    return await send_frame(
        people, TEMPLATE, Folder(path), journal=path.parent / "journal", campaign=campaign, progress=False
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_each_row_is_a_letter_there(tmp_path: Path, kind: str) -> None:
    results = await send(tmp_path / kind)
    assert results.counts["sent"] == 3
    found = {message["To"]: message for message in read(tmp_path / kind)}
    assert set(found) == set(PEOPLE["email"])
    assert found["c@example.com"]["Subject"] == "News, Ça"
    assert found["c@example.com"].get_content().splitlines() == ["From here on", "", "Dear Ça"]


async def test_a_file_holds_the_octets_that_a_server_would_get(tmp_path: Path) -> None:
    async with Sandbox() as box:
        mailed = await send_frame(PEOPLE, TEMPLATE, box.server, journal=False, progress=False)
        octets = {each.rcpt_to[0]: each.content for each in box.received}
    written = await send(tmp_path / "letters")
    assert (mailed.counts["sent"], written.counts["sent"]) == (3, 3)

    def without_its_own(content: bytes) -> list[bytes]:
        return [line for line in content.split(b"\r\n") if not line.startswith((b"Date:", b"Message-ID:"))]

    files = {message_from_bytes(f.read_bytes())["To"]: f.read_bytes() for f in (tmp_path / "letters").iterdir()}
    assert {to: without_its_own(each) for to, each in files.items()} == {
        to: without_its_own(each) for to, each in octets.items()
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_a_run_that_is_repeated_writes_no_second_one(tmp_path: Path, kind: str) -> None:
    await send(tmp_path / kind)
    before = [bytes(message) for message in read(tmp_path / kind)]
    results = await send(tmp_path / kind)
    assert (results.counts["sent"], results.counts["skipped"]) == (0, 3)
    assert [bytes(message) for message in read(tmp_path / kind)] == before


@pytest.mark.parametrize("kind", KINDS)
async def test_a_folder_is_a_world_of_its_own(tmp_path: Path, kind: str) -> None:
    await send(tmp_path / kind, campaign="may")
    elsewhere = tmp_path / f"other {kind}"
    results = await send_frame(
        PEOPLE, TEMPLATE, Folder(elsewhere), journal=tmp_path / "journal", campaign="may", progress=False
    )
    assert results.counts["sent"] == 3
    assert len(read(elsewhere)) == 3


async def test_two_campaigns_share_an_mbox_file(tmp_path: Path) -> None:
    for campaign in ("may", "june"):
        results = await send(tmp_path / "letters.mbox", campaign=campaign)
        assert results.counts["sent"] == 3
    assert len(read(tmp_path / "letters.mbox")) == 6


async def test_a_letter_that_cannot_be_made_is_its_rows_failure(tmp_path: Path) -> None:
    results = await send(tmp_path / "letters", PEOPLE.assign(name=["Ann", None, "Ça"]))
    assert (results.counts["sent"], results.counts["failed"]) == (2, 1)
    assert len(read(tmp_path / "letters")) == 2


async def test_a_folder_that_becomes_unusable_leaves_the_rest_pending(tmp_path: Path) -> None:
    def last_one(row: pd.Series) -> bytes:
        folder = tmp_path / "letters"
        if row["name"] == "Ça":
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        return b"x"

    template = Template("News", text="x", sender="us@example.com", attachments=[("x.bin", last_one)])
    results = await send_frame(
        PEOPLE, template, Folder(tmp_path / "letters"), journal=tmp_path / "journal", progress=False
    )
    assert results.counts["pending"] > 0
    assert "cannot write to" in str(results)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_place_that_cannot_be_written_to_is_told_before_anything_is(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FrameError, match=r"cannot write to .*file.*nothing was written"):
        await send_frame(PEOPLE, TEMPLATE, Folder(tmp_path / "file" / kind), journal=False, progress=False)


async def test_an_mbox_file_that_another_run_writes_to_is_left_alone(tmp_path: Path) -> None:
    box = MboxFile(tmp_path / "letters.mbox")
    box.open()
    with pytest.raises(FrameError, match=r"another run writes to .*letters\.mbox"):
        await send(box.path)
    box.close()
    assert (await send(box.path)).counts["sent"] == 3


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("", "give a path"),
        (None, "give a path"),
        (5, "give a path"),
        ("a-file", "is a file"),
        ("dir.mbox", "folder"),
    ],
)
def test_what_is_no_such_place_is_refused(tmp_path: Path, path: object, complaint: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "dir.mbox").mkdir()
    where = tmp_path / path if isinstance(path, str) and path else path
    with pytest.raises(FrameError, match=complaint):
        Folder(where)  # type: ignore[arg-type] -- what people type


def test_a_plan_and_a_check_say_that_nobody_is_mailed(tmp_path: Path) -> None:
    plan = str(plan_frame(PEOPLE, TEMPLATE, Folder(tmp_path / "letters")))
    assert "3 messages" in plan
    assert "nobody is mailed" in plan
    assert check_frame(PEOPLE, TEMPLATE, Folder(tmp_path / "letters")).messages == 3
    assert not (tmp_path / "letters").exists()


def test_its_transport_is_one(tmp_path: Path) -> None:
    transport: Transport = Folder(tmp_path).transport()
    assert transport.connections == 0


# --- files ----------------------------------------------------------------------------------------------------


def mail(content: bytes = b"Message-ID: <1@x>\r\n\r\nhello\r\n", message_id: str = "<1@x>") -> Mail:
    return Mail(Envelope("us@example.com", ("ann@example.com",)), (content,), message_id)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300), st.text(max_size=40))
def test_any_recipient_makes_a_file_name(address: str, message_id: str) -> None:
    name = file_name(Mail(Envelope("", (address,)), (), message_id))
    assert not set(name) & set('/\\:*?"<>|\0\r\n')
    assert len(name.encode()) < 255 - len("..part")
    assert name == file_name(Mail(Envelope("", (address, "else")), (b"x",), message_id))


def test_what_a_crash_left_of_a_file_is_written_again(tmp_path: Path) -> None:
    store = EmlFiles(tmp_path)
    store.open()
    (tmp_path / f".{file_name(mail())}.part").write_bytes(b"Message-ID: <1")
    store.write(mail())
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [mail().content]


@pytest.mark.parametrize("last", [b"hello\r\n", b"\r\n\r\n\r\n", b"From me\r\n>From you\r\n", b"no end of line"])
def test_a_message_cut_short_anywhere_is_taken_out_of_an_mbox_file(tmp_path: Path, last: bytes) -> None:
    path = tmp_path / "x.mbox"
    first = mail()
    second = mail(b"Message-ID: <2@x>\r\n\r\n" + last, "<2@x>")
    box = MboxFile(path)
    box.open()
    box.write(first)
    begins = path.stat().st_size
    box.write(second)
    box.close()
    whole = path.read_bytes()
    for end in range(begins + len(b"From u"), len(whole) - 2):
        path.write_bytes(whole[:end])
        box = MboxFile(path)
        box.open()
        box.write(first)
        box.write(second)
        box.close()
        assert len(read(path)) == 2, end
        assert [message["Message-ID"] for message in read(path)] == ["<1@x>", "<2@x>"], end


# --- kill -9 --------------------------------------------------------------------------------------------------

ROWS = 80
PROGRAM = """
import sys
import pandas as pd
from notebookmail import Folder, Template, send_frame_sync

people = pd.DataFrame({"n": range(int(sys.argv[3]))})
people["email"] = "p" + people["n"].astype(str) + "@example.com"
template = Template("Number {{ n }}", text="x", sender="us@example.com")
results = send_frame_sync(people, template, Folder(sys.argv[1]), journal=sys.argv[2], progress=False)
print(results.counts["sent"] + results.counts["skipped"])
"""


@pytest.mark.parametrize(("kind", "kills"), [("letters", [40]), ("letters.mbox", [30])])
def test_killed_runs_write_every_letter_once(tmp_path: Path, kind: str, kills: list[int]) -> None:
    path = tmp_path / kind
    command = [sys.executable, "-c", PROGRAM, str(path), str(tmp_path / "journal"), str(ROWS)]

    def written() -> int:
        return path.read_bytes().count(b"\nSubject: ") if path.suffix else len(list(path.glob("*.eml")))

    def there_are(number: int) -> Callable[[], bool]:
        return lambda: path.exists() and written() >= number

    for number in kills:
        process = subprocess.Popen(command)
        wait_until(there_are(number), lambda: "it writes nothing", DELIVER_SECONDS)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DELIVER_SECONDS)
    assert done.stdout.strip() == str(ROWS)
    assert sorted(str(message["Subject"]) for message in read(path)) == sorted(f"Number {n}" for n in range(ROWS))
