"""A journal that will not outlive its machine says so once, and what to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from notebookmail import Sandbox, Template, send_frame
from notebookmail.delivery.journal import lifetime
from notebookmail.delivery.journal.lifetime import short_lived_place

DISK = "/dev/sda1 / ext4 rw 0 0\n"
CONTAINER = "overlay / overlay rw 0 0\n/dev/sdb /data ext4 rw 0 0\nnfs:/homes /home nfs4 rw 0 0\n"
COLAB = "overlay / overlay rw 0 0\ndrive /content/drive fuse.drive rw 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "folder", "marks", "place"),
    [
        (DISK, "/home/me", (), ""),
        (DISK, "/home/me", ("KAGGLE_KERNEL_RUN_TYPE",), "Kaggle"),
        (DISK, "/home/jovyan", ("BINDER_LAUNCH_HOST",), "Binder"),
        (COLAB, "/home/me", ("COLAB_RELEASE_TAG", ".dockerenv"), "Google Colab"),
        (COLAB, "/content/drive/MyDrive", ("COLAB_RELEASE_TAG", ".dockerenv"), ""),
        (CONTAINER, "/root", (".dockerenv",), "this container's own disk"),
        (CONTAINER, "/root", ("KUBERNETES_SERVICE_HOST",), "this container's own disk"),
        (CONTAINER, "/data/journals", (".dockerenv",), ""),
        (CONTAINER, "/home/me", ("KUBERNETES_SERVICE_HOST", ".dockerenv"), ""),
        (CONTAINER, "/root", (), ""),
        (DISK + "none /run tmpfs rw 0 0\n", "/run/me", (), "a disk in this machine's memory"),
    ],
)
def test_where_a_journal_does_not_last(
    tmp_path: Path, mounts: str, folder: str, marks: tuple[str, ...], place: str
) -> None:
    table = tmp_path / "mounts"
    table.write_text(mounts)
    if ".dockerenv" in marks:
        (tmp_path / ".dockerenv").touch()
    found = short_lived_place(Path(folder), environment=dict.fromkeys(marks, "1"), root=tmp_path, table=table)
    assert found == place


async def test_the_first_run_says_it_and_the_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifetime, "short_lived_place", lambda _: "Google Colab")
    people = pd.DataFrame({"email": ["a@example.org"]})
    letter = Template("Hello", text="Hello", sender="shop@example.org")
    async with Sandbox() as box:
        notices = [
            (await send_frame(people, letter, box.server, journal=tmp_path / name, progress=False)).notice
            for name in ("one", "one", "two")
        ]
        without = (await send_frame(people, letter, box.server, journal=False, progress=False)).notice
    assert "mails everybody again. Keep it on a drive that is mounted: journal='/content/drive/" in notices[0]
    assert ["Google Colab" in each for each in notices] == [True, False, True]
    assert without == ""
