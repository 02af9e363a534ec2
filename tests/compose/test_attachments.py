import email
import email.policy
import io
import tracemalloc
from pathlib import Path, PurePosixPath

import pandas as pd
import polars as pl
import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notebookmail.compose.attachments import attachments
from notebookmail.compose.attachments.attachments import Attachments, Named, listed_attachments
from notebookmail.compose.cache import Cache
from notebookmail.compose.files import ReadFolder
from notebookmail.compose.groups import Varying
from notebookmail.compose.row_functions import FunctionRow, as_path, called, is_callable, is_path
from notebookmail.errors import TemplateError

ENV = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
FRAME = pd.DataFrame({"a": [1, 2]})
HOSTILE_PATHS = [
    "../../etc/passwd", "/etc/passwd", "a\r\nb", "a\0b", "a\u2028b", "a\ud800b", "=?utf-8?Q?=0D=0ABcc:_x=40y.z?=",
    "a@b.c,x@y.z", "a\u202egnp.exe", "<script>", "{{7*7}}", "x" * 100_000, ".", "..", "~root/x",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("héllo\n", encoding="utf-8")
    (tmp_path / "in" / "b.pdf").write_bytes(bytes(range(256)))
    return ReadFolder(tmp_path / "in")


def made(items, folder, row=None, label=7):
    row = row or {}
    return Attachments(ENV, listed_attachments(items), folder).parts(row, FunctionRow(row, label), label)


def parsed(part):
    return email.message_from_bytes(b"".join(part), policy=email.policy.default)


def names_and_contents(items, folder, row=None):
    parts = map(parsed, made(items, folder, row))
    return [(part.get_filename(), part.get_payload(decode=True)) for part in parts]


def test_a_file_is_attached_under_its_own_name(folder):
    assert names_and_contents("b.pdf", folder) == [("b.pdf", bytes(range(256)))]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, []),
        ((), []),
        ("a.txt", ["a.txt"]),
        (Path("a.txt"), ["a.txt"]),
        (["a.txt", "b.pdf"], ["a.txt", "b.pdf"]),
        (("a.txt", "b.pdf"), ["a.txt", "b.pdf"]),
        (("x.bin", b"x"), ["x.bin"]),
        (("x.txt", Path("a.txt")), ["x.txt"]),
        ([("x.txt", "a.txt"), ("y.csv", FRAME)], ["x.txt", "y.csv"]),
        ((("x.bin", b"x"), ("y.bin", b"y")), ["x.bin", "y.bin"]),
        (("a.txt", ("y.bin", b"y")), ["a.txt", "y.bin"]),
        ({"x.txt": "a.txt", "y.bin": b"y"}, ["x.txt", "y.bin"]),
        (lambda row: "a.txt", ["a.txt"]),
        (lambda row: None, []),
        (lambda row: ["a.txt", ("y.bin", b"y")], ["a.txt", "y.bin"]),
        (lambda row: {"y.bin": b"y"}, ["y.bin"]),
        (("x.csv", lambda row: FRAME), ["x.csv"]),
        (("x.txt", lambda row: "a.txt"), ["x.txt"]),
        (("x.txt", lambda row: None), []),
        (Named("x.bin", b""), ["x.bin"]),
    ],
)
def test_every_way_to_say_what_is_attached(given, names, folder):
    assert [name for name, _ in names_and_contents(given, folder)] == names


@pytest.mark.parametrize("given", [1, FRAME, [FRAME], [1], [("a", "b", "c")], [(1, "a")], b"x", object()])
def test_what_cannot_be_attached_is_refused_with_the_remedy(given):
    with pytest.raises(TemplateError, match=r'cannot be attached: .*\("report.csv", df\)') as caught:
        listed_attachments(given)
    assert caught.value.field == "attachments"


def test_names_and_paths_are_templates(folder):
    items = ("For {{ name }}.pdf", Path("{{ file }}.pdf"))
    assert [name for name, _ in names_and_contents(items, folder, {"name": "Zoë", "file": "b"})] == ["For Zoë.pdf"]


def test_a_path_that_comes_out_empty_attaches_nothing(folder):
    assert names_and_contents("{{ file }}", folder, {"file": " "}) == []


def test_a_link_is_attached_under_its_own_name(folder):
    (folder.path / "nice.pdf").symlink_to("b.pdf")
    assert [name for name, _ in names_and_contents("nice.pdf", folder)] == ["nice.pdf"]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_hostile_path_is_refused_with_its_row(path, folder):
    with pytest.raises(TemplateError) as caught:
        list(made("{{ file }}", folder, {"file": path}))
    assert (caught.value.field, caught.value.row) == ("attachments", 7)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["../x", "a\r\nBcc: x@y.z", "a\u202egnp.exe", "", " ", "x" * 300, "a\ud800"])
def test_a_hostile_name_is_refused_with_its_row(name, folder):
    with pytest.raises(TemplateError, match="the file name") as caught:
        list(made(("{{ name }}", b"x"), folder, {"name": name}))
    assert (caught.value.field, caught.value.row) == ("attachments", 7)


def test_a_file_whose_own_name_is_hostile_is_refused(folder):
    (folder.path / "a\u202egnp.exe").touch()
    with pytest.raises(TemplateError, match="marks that change how it is read"):
        list(made("{{ file }}", folder, {"file": "a\u202egnp.exe"}))


def test_a_file_that_all_rows_get_is_looked_for_at_once(folder):
    with pytest.raises(TemplateError, match="is not there") as caught:
        Attachments(ENV, listed_attachments("none.pdf"), folder)
    assert caught.value.row is None


@pytest.mark.parametrize(
    ("name", "content", "kind", "charset"),
    [
        ("a.txt", "héllo".encode(), "text/plain", "utf-8"),
        ("a.txt", b"", "text/plain", "utf-8"),
        ("a.csv", "héllo".encode("latin-1"), "application/octet-stream", None),
        ("a.txt", "héllo".encode("utf-16"), "application/octet-stream", None),
        ("a.txt", b"x" * 65_535 + "é".encode(), "text/plain", "utf-8"),
        ("a.txt", "é".encode()[:1], "application/octet-stream", None),
        ("a.eml", b"From: a@b.c\r\n\r\nx", "application/octet-stream", None),
        ("a.pdf", b"%PDF", "application/pdf", None),
        ("noending", b"x", "application/octet-stream", None),
    ],
)
def test_a_part_says_only_what_is_true_of_its_content(name, content, kind, charset, folder):
    (part,) = made((name, content), folder)
    message = parsed(part)
    assert message.get_content_type() == kind
    assert message.get_content_charset() == charset
    assert message.get_payload(decode=True) == content


def test_parts_are_ascii_in_lines_of_78_that_end_in_crlf(folder):
    for part in made([("漢" * 60 + ".bin", bytes(range(256)) * 10)], folder):
        lines = b"".join(part).split(b"\r\n")
        assert all(line.isascii() and len(line) <= 78 and b"\n" not in line for line in lines)
        assert lines[-1] == b""


def test_a_file_of_many_rows_is_encoded_once(folder):
    made_by = Attachments(ENV, listed_attachments(("{{ n }}.pdf", Path("{{ f }}"))), folder)
    bodies = {id(next(made_by.parts({"n": n, "f": "b.pdf"}, None, n))[-1]) for n in range(5)}
    assert len(bodies) == 1


def test_a_file_that_was_changed_is_read_again(folder):
    made_by = Attachments(ENV, listed_attachments("{{ f }}"), folder)
    next(made_by.parts({"f": "b.pdf"}, None, 0))
    (folder.path / "b.pdf").write_bytes(b"new")
    assert parsed(next(made_by.parts({"f": "b.pdf"}, None, 1))).get_payload(decode=True) == b"new"


@pytest.mark.parametrize("content", [FRAME, b"x" * 1000])
def test_a_content_of_all_rows_is_made_once_whatever_its_name(content, folder, monkeypatch):
    calls = []
    encode = attachments.base64_body
    monkeypatch.setattr(attachments, "base64_body", lambda octets: calls.append(1) or encode(octets))
    made_by = Attachments(ENV, listed_attachments(("{{ n }}.csv", content)), folder)
    parts = [next(made_by.parts({"n": n}, None, n)) for n in range(5)]
    assert [parsed(part).get_filename() for part in parts] == [f"{n}.csv" for n in range(5)]
    assert len({id(part[-1]) for part in parts}) == len(calls) == 1


def test_a_table_is_written_as_each_rows_name_asks_for(folder):
    made_by = Attachments(ENV, listed_attachments(("t.{{ e }}", FRAME)), folder)
    texts = [
        parsed(next(made_by.parts({"e": e}, None, 0))).get_payload(decode=True) for e in ("csv", "tsv", "csv")
    ]
    assert texts[0] == texts[2] == b"\xef\xbb\xbfa\r\n1\r\n2\r\n"
    assert parsed(next(made_by.parts({"e": "xlsx"}, None, 0))).get_payload(decode=True)[:2] == b"PK"


def test_what_is_fixed_is_one_part_for_all_rows(folder):
    made_by = Attachments(ENV, listed_attachments(["b.pdf", ("t.csv", FRAME)]), folder)
    first, second = (list(made_by.parts({}, None, n)) for n in range(2))
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_files_that_differ_by_row_are_kept_up_to_a_bounded_size(folder, monkeypatch):
    monkeypatch.setattr(attachments, "_KEPT_OCTETS", 3000)
    made_by = Attachments(ENV, listed_attachments("{{ f }}"), folder)
    for n in range(20):
        (folder.path / f"{n}.bin").write_bytes(bytes(700))
        next(made_by.parts({"f": f"{n}.bin"}, None, n))
    assert len(made_by._files) == 3
    assert made_by._files.octets <= 3000


def test_octets_that_a_function_returns_for_many_rows_are_encoded_once(folder):
    terms = bytes(10_000)
    attached = Attachments(ENV, listed_attachments(lambda row: (f"{row.n}.pdf", bytes(terms))), folder)
    first, second = (next(attached.parts({}, FunctionRow({"n": n}, n), n)) for n in (1, 2))
    assert first[-1] is second[-1]
    assert [parsed(part).get_filename() for part in (first, second)] == ["1.pdf", "2.pdf"]
    assert parsed(second).get_payload(decode=True) == terms


def test_octets_that_a_function_changes_are_encoded_anew(folder):
    octets = bytearray(10_000)
    attached = Attachments(ENV, listed_attachments(lambda _row: ("a.pdf", octets)), folder)
    first = next(attached.parts({}, FunctionRow({}, 1), 1))
    octets[0] = 7
    assert parsed(next(attached.parts({}, FunctionRow({}, 2), 2))).get_payload(decode=True) == bytes(octets)
    assert parsed(first).get_payload(decode=True) == bytes(10_000)


def test_kept_values_go_in_the_order_of_their_use():
    kept = Cache(3)
    for key in "abc":
        kept.put(key, key.upper(), 1)
    assert kept.get("a") == "A"
    kept.put("d", "D", 1)
    assert [kept.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_a_value_put_again_counts_once():
    kept = Cache(3)
    for _ in range(5):
        kept.put("a", "A", 2)
    assert (len(kept), kept.octets) == (1, 2)


def test_a_value_too_large_is_kept_until_the_next():
    kept = Cache(3)
    kept.put("a", "A", 1)
    kept.put("big", "B", 100)
    assert (kept.get("a"), kept.get("big"), kept.octets) == (None, "B", 100)
    kept.put("c", "C", 1)
    assert (kept.get("big"), kept.octets) == (None, 1)


def test_a_large_file_is_not_held_in_many_copies(folder):
    size = 4 * 2**20
    (folder.path / "large.bin").write_bytes(bytes(size))
    tracemalloc.start()
    try:
        made_by = Attachments(ENV, listed_attachments([("{{ n }}.bin", "large.bin")]), folder)
        parts = [list(made_by.parts({"n": n}, None, n)) for n in range(20)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(parts) == 20
    assert held < size * 1.6


def test_a_figure_has_the_name_of_what_it_is(folder):
    image = pytest.importorskip("PIL.Image").new("RGB", (2, 2))
    assert names_and_contents(("x.png", image), folder)[0][1].startswith(b"\x89PNG")
    with pytest.raises(TemplateError, match=r"name it \.png"):
        names_and_contents(("x.pdf", image), folder)


def test_frames_of_other_libraries_are_attached(folder):
    name, content = names_and_contents(("t.parquet", pl.DataFrame({"a": [1, 2]})), folder)[0]
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(content)), FRAME)
    assert name == "t.parquet"


@pytest.mark.parametrize("content", [1, object(), [1]])
def test_a_content_of_an_unknown_kind_is_refused(content, folder):
    with pytest.raises(TemplateError, match="give a path, bytes, a frame, or a figure"):
        names_and_contents([("x.bin", content)], folder)


def test_a_function_that_fails_is_an_error_of_its_row(folder):
    with pytest.raises(TemplateError, match=r"your function `<lambda>` failed: KeyError: 'x'") as caught:
        list(made(lambda row: row["x"], folder, {"a": 1}))
    assert (caught.value.field, caught.value.row) == ("attachments", 7)


def test_what_a_function_returns_is_checked(folder):
    with pytest.raises(TemplateError, match=r"what the function returned: a DataFrame alone") as caught:
        list(made(lambda row: FRAME, folder))
    assert caught.value.row == 7


def test_a_coroutine_function_is_refused(folder):
    async def attach(row):
        return "a.txt"

    with pytest.raises(TemplateError, match="write it with def, not async def"):
        list(made(attach, folder))


def test_a_row_is_read_by_name_and_by_attribute():
    row = FunctionRow({"name": "Ann", "the n": 2, "items": 3, "none": None}, 0)
    assert (row.name, row["the n"], row["items"], row.none) == ("Ann", 2, 3, None)
    assert dict(row) == {"name": "Ann", "the n": 2, "items": 3, "none": None}
    assert row.get("x") is None
    with pytest.raises(AttributeError, match="no column 'x'; it has 'name'"):
        _ = row.x


def test_a_column_of_several_values_cannot_be_read():
    with pytest.raises(TemplateError, match="several values in this group"):
        _ = FunctionRow({"a": Varying("a")}, 0)["a"]


def test_paths_and_functions_are_told_from_values():
    assert is_path("x")
    assert is_path(PurePosixPath("x"))
    assert not is_path(b"x")
    assert is_callable(len)
    assert not is_callable(FRAME)
    assert as_path(PurePosixPath("a") / "b") == "a/b"


def test_an_error_of_the_template_in_a_function_keeps_its_words():
    def fail(row):
        raise TemplateError("no such month")

    with pytest.raises(TemplateError, match=r"^row 3, inline: no such month$"):
        called(fail, None, "inline", 3)


def test_a_figure_of_all_rows_is_never_named_what_it_is_not(folder):
    pil = pytest.importorskip("PIL.Image")
    attached = Attachments(ENV, listed_attachments(("{{ f }}", pil.new("RGB", (2, 2)))), folder)
    names = []
    for name in ("a.png", "b.pdf", "c.PNG", "d.html"):
        try:
            names += [parsed(part).get_filename() for part in attached.parts({"f": name}, None, 7)]
        except TemplateError as refusal:
            names.append(refusal.field)
    assert names == ["a.png", "attachments", "c.PNG", "attachments"]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_table_that_cannot_be_written_fails_its_row_alone(kind, folder):
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(TemplateError, match="cannot be written") as caught:
        list(made(lambda _row: (f"a.{kind}", twice), folder))
    assert (caught.value.field, caught.value.row) == ("attachments", 7)
