import email
import email.policy
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notebookmail.compose.mime.content_disposition import check_file_name, disposition, guess_type
from notebookmail.errors import TemplateError

HOSTILE = [
    "a\rb", "a\nb", "a\r\nBcc: x@y.z", "a\0b", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "a\u2029b",
    ".", "..", "...", "", " ", "../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "<script>", '"a"', '"',
    "invoice\u202egnp.exe", "a\u2066b", "a\u200bb", "\ufeffa", "a\ud800b", " a.txt", "a.txt ", "a.txt\u3000",
    "x" * 256, "é" * 128,
]  # fmt: skip
ODD = [
    "=?utf-8?Q?=0D=0ABcc:_x=40y.z?=", "a@b.c,x@y.z", "a@b.c NOTIFY=NEVER", "evil@e.com, Bob", "a<script>",
    "{{7*7}}", "{{''.__class__}}", 'a"b', "a'b", "utf-8''a", "a%20b", "a;b=c", "a; filename=x.exe", "CON",
    "x.", ".x", "a*b*0*=c", "Rechnung März.pdf", "請求書.pdf", "👩‍👩‍👧.png", "a (1).pdf", "a  b.txt",
    "é" * 127, "x" * 255, "a b" * 85, "~", "-rf",
]  # fmt: skip


def is_allowed(name):
    try:
        return check_file_name(name) == name
    except TemplateError:
        return False


def read_back(name, kind="attachment"):
    content = disposition(kind, name)
    part = email.message_from_bytes(content + b"\r\nx", policy=email.policy.default)
    assert part.keys() == ["Content-Disposition"]
    assert part.get_content_disposition() == kind
    assert part["Content-Disposition"].defects == ()
    return content, part.get_filename()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(TemplateError, match="the file name"):
        check_file_name(name)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_read_back_as_it_is(name):
    assert check_file_name(name) == name
    assert read_back(name)[1] == name


@given(st.text(min_size=1, max_size=255).filter(is_allowed))
@example("\N{FAMILY}" * 60)
@example("'" * 200)
@example("a%" * 100)
def test_every_allowed_name_is_read_back_as_it_is(name):
    content, name_read = read_back(name)
    assert name_read == name
    assert content.isascii()
    assert content.endswith(b"\r\n")
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))


@given(st.text(alphabet="%'\"*=;?\\ aé漢👩\N{ZERO WIDTH JOINER}", min_size=1, max_size=60).filter(is_allowed))
def test_names_of_what_parsers_look_for_are_read_back(name):
    assert read_back(name, "inline")[1] == name


def test_a_character_is_never_cut():
    for line in disposition("attachment", "a" + "é漢👩" * 28).split(b";\r\n")[1:]:
        octets = unquote_to_bytes(line.partition(b"*=")[2].rpartition(b"'")[2].rstrip())
        assert octets.decode()


def test_a_plain_name_is_written_plainly():
    assert disposition("attachment", "Report 2024.pdf") == (
        b'Content-Disposition: attachment;\r\n filename="Report 2024.pdf"\r\n'
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "text/csv"),
        ("A.PDF", "application/pdf"),
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.ics", "text/calendar"),
        ("a.eml", "application/octet-stream"),
        ("a.mht", "application/octet-stream"),
        ("a.tar.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("data:text/html,x", "application/octet-stream"),
        ("a.b:c/d?e", "application/octet-stream"),
        ("a.\r\nX: y", "application/octet-stream"),
    ],
)
def test_a_type_is_guessed_by_the_ending(name, kind):
    assert guess_type(name) == kind
