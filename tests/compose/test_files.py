import os

import pytest

from notebookmail.compose import files
from notebookmail.compose.files import ReadFolder
from notebookmail.errors import TemplateError


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "inside" / "deep").mkdir(parents=True)
    (tmp_path / "inside" / "a.txt").write_text("a")
    (tmp_path / "inside" / "deep" / "b.txt").write_text("b")
    return tmp_path / "inside"


@pytest.mark.parametrize("name", ["a.txt", "deep/b.txt", "deep/../a.txt", "./a.txt"])
def test_files_below_the_folder_are_found(root, name):
    assert ReadFolder(root).read(name) == (root / name).read_bytes()


def test_an_absolute_path_below_the_folder_is_found(root):
    assert ReadFolder(root).read(str(root / "a.txt")) == b"a"
    assert ReadFolder(root).read(root / "a.txt") == b"a"


@pytest.mark.parametrize("name", ["../secret.txt", "deep/../../secret.txt", "/etc/hostname", "..", "/"])
def test_what_lies_outside_is_refused_with_the_remedy(root, name):
    with pytest.raises(TemplateError, match=r"lies outside of .*folder="):
        ReadFolder(root).read(name)


def test_a_folder_beside_with_a_longer_name_is_outside(root):
    (root.parent / "inside2").mkdir()
    (root.parent / "inside2" / "c.txt").write_text("c")
    with pytest.raises(TemplateError, match="outside"):
        ReadFolder(root).read("../inside2/c.txt")


def test_a_link_that_leads_out_is_refused(root):
    (root / "link.txt").symlink_to("../secret.txt")
    (root / "linked").symlink_to("..")
    for name in ("link.txt", "linked/secret.txt"):
        with pytest.raises(TemplateError, match="outside"):
            ReadFolder(root).read(name)


def test_a_link_that_stays_inside_is_followed(root):
    (root / "link.txt").symlink_to("deep/b.txt")
    assert ReadFolder(root).read("link.txt") == b"b"


def test_a_folder_that_is_a_link_is_the_folder_it_leads_to(root):
    (root.parent / "link").symlink_to(root)
    assert ReadFolder(root.parent / "link").read("a.txt") == b"a"


@pytest.mark.parametrize("name", ["", " ", "a\0b"])
def test_what_is_no_name_is_refused(root, name):
    with pytest.raises(TemplateError, match="is not the name of a file"):
        ReadFolder(root).read(name)


@pytest.mark.parametrize(
    "name",
    [
        "none.txt",
        "a.txt/b",
        "a\r\nb",
        "a\ud800b",
        "x" * 5000,
        "~nobody-of-this-name/x",
        "a\u202eb",
        "{{7*7}}",
        "a.txt ",
    ],
)
def test_what_is_not_there_is_refused_in_one_short_line(root, name):
    with pytest.raises(TemplateError, match="is not there") as caught:
        ReadFolder(root).read(name)
    assert len(caught.value.message) < 200 + len(str(root))
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo], ids=["folder", "fifo"])
def test_what_is_no_file_is_refused_without_waiting(root, make):
    make(root / "odd")
    with pytest.raises(TemplateError, match="'odd' is not a file"):
        ReadFolder(root).read("odd")


def test_a_device_is_refused():
    with pytest.raises(TemplateError, match="is not a file"):
        ReadFolder("/dev").read("null")


def test_a_link_to_itself_is_refused(root):
    (root / "loop").symlink_to("loop")
    with pytest.raises(TemplateError, match="is not there"):
        ReadFolder(root).read("loop")


def test_an_empty_file_is_a_file(root):
    (root / "empty").touch()
    assert ReadFolder(root).read("empty") == b""


def test_a_file_larger_than_any_server_takes_is_refused(root, monkeypatch):
    monkeypatch.setattr(files, "MOST_OCTETS", 0)
    with pytest.raises(TemplateError, match="send a link"):
        ReadFolder(root).read("a.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(root):
    (root / "a.txt").chmod(0)
    with pytest.raises(TemplateError, match="cannot be read: Permission denied"):
        ReadFolder(root).read("a.txt")


def test_a_files_state_changes_with_its_content(root):
    folder = ReadFolder(root)
    before = folder.state("a.txt")
    assert folder.state("deep/../a.txt") == before
    (root / "a.txt").write_text("longer")
    assert folder.state("a.txt") != before


def test_without_a_path_it_is_the_working_folder(root, monkeypatch):
    monkeypatch.chdir(root)
    assert ReadFolder(None).read("a.txt") == b"a"


def test_a_file_that_goes_while_it_is_looked_at_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x")
    folder = ReadFolder(tmp_path)
    monkeypatch.setattr(ReadFolder, "find", lambda _folder, name: tmp_path / f"{name}.gone")
    with pytest.raises(TemplateError, match="cannot be read"):
        folder.state("a")
    with pytest.raises(TemplateError, match="cannot be read"):
        folder.read("a")
