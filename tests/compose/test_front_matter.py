from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookmail.compose.sources import front_matter
from notebookmail.compose.template import Template
from notebookmail.errors import TemplateError


def read(folder, source, name="letter.md"):
    """Write a file and read it."""
    path = folder / name
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return front_matter.read(path)


def values_of(folder, *lines):
    """Read front matter of a subject and these lines; return what the lines say."""
    values = read(folder, "\n".join(["---", "subject: s", *lines, "---", "body"]))
    return {key: value for key, value in values.items() if key not in {"subject", "markdown", "folder"}}


def test_a_file_becomes_a_templates_arguments(tmp_path):
    values = read(tmp_path, '---\nsubject: "Hi {{ name }}"\n---\n\nDear {{ name }}\n')
    assert values == {"subject": "Hi {{ name }}", "markdown": "Dear {{ name }}\n", "folder": tmp_path.resolve()}


def test_the_arguments_make_a_template(tmp_path):
    values = read(tmp_path, "---\nSubject: Hi {{ name }}\nFrom: A <a@example.org>\n---\n*{{ x }}*\n")
    values.pop("folder")
    assert Template(values.pop("subject"), **values).variables == {"name", "x"}


@pytest.mark.parametrize(
    ("name", "field"),
    [("a.md", "markdown"), ("a.MARKDOWN", "markdown"), ("a.html", "html"), ("a.htm", "html"), ("a.b.txt", "text")],
)
def test_the_files_ending_says_what_the_body_is(tmp_path, name, field):
    assert read(tmp_path, "---\nsubject: s\n---\nbody", name)[field] == "body"


@pytest.mark.parametrize("name", ["a.docx", "a", ".md"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(TemplateError, match=r"its name ends in \.md, "):
        read(tmp_path, "---\nsubject: s\n---\nbody", name)


def test_a_body_may_hold_lines_of_dashes(tmp_path):
    body = "a\n\n---\n\nb\n---\nc\n"
    assert read(tmp_path, f"---\nsubject: s\n---\n{body}")["markdown"] == body


def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path):
    source = "---\nsubject: Grüße\nto: [a, b]\n--- \nDear\nyou\n"
    changed = b"\xef\xbb\xbf" + source.replace("\n", "\r\n").encode()
    assert read(tmp_path, changed) == read(tmp_path, source)


# --- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["2025-05-01", "1.10", "0123", "no", "null", "~", "1e3", "0x10", "12:30:45"])
def test_a_text_is_read_as_it_is_written(tmp_path, value):
    assert values_of(tmp_path, f"preheader: {value}") == {"preheader": value}


def test_norwegian_is_no_boolean(tmp_path):
    assert values_of(tmp_path, "locale: no") == {"locale": "no"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=60))
def test_a_text_in_quotes_is_read_as_it_is_written(tmp_path_factory, text):
    quoted = text.replace("'", "''")
    assert values_of(tmp_path_factory.mktemp("a"), f"preheader: '{quoted}'") == {"preheader": text}


def test_every_key_of_a_template_can_be_given(tmp_path):
    values = values_of(
        tmp_path,
        "sender: A <a@example.org>",
        "to: b@example.org",
        'cc: ["{{ c }}", d@example.org]',
        "bcc:\n  - e@example.org",
        "reply-to: f@example.org",
        "headers:\n  X-Number: 007",
        "css: 'p { color: teal }'",
        "text: |\n  One\n  Two",
        'attachments: ["{{ number }}.pdf"]',
        "inline: {logo: img/logo.png}",
        "calendar: {summary: Call, start: 2025-05-01T10:00}",
        "list-unsubscribe: [mailto:a@example.org]",
        "preheader: p",
        "locale: de-CH",
        "undefined: empty",
        "na: empty",
    )
    assert values == {
        "sender": "A <a@example.org>",
        "to": "b@example.org",
        "cc": ["{{ c }}", "d@example.org"],
        "bcc": ["e@example.org"],
        "reply_to": "f@example.org",
        "headers": {"X-Number": "007"},
        "css": "p { color: teal }",
        "text": "One\nTwo\n",
        "attachments": ["{{ number }}.pdf"],
        "inline": {"logo": Path("img/logo.png")},
        "calendar": {"summary": "Call", "start": "2025-05-01T10:00"},
        "list_unsubscribe": ["mailto:a@example.org"],
        "preheader": "p",
        "locale": "de-CH",
        "undefined": "empty",
        "na": "empty",
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [("a.pdf", "a.pdf"), ("{report.pdf: out/1.pdf}", {"report.pdf": Path("out/1.pdf")}), ("[a, b]", ["a", "b"])],
)
def test_attachments_are_paths_with_or_without_names(tmp_path, written, value):
    assert values_of(tmp_path, f"attachments: {written}") == {"attachments": value}


def test_a_key_without_a_value_is_not_given(tmp_path):
    assert values_of(tmp_path, "cc:", "headers:   # none", "bcc: ''") == {"bcc": ""}


def test_a_style_sheet_may_be_a_file(tmp_path):
    (tmp_path / "letter.css").write_text("p { color: teal }")
    assert values_of(tmp_path, "css: letter.css") == {"css": "p { color: teal }"}


def test_a_style_sheet_lies_below_the_folder(tmp_path):
    (tmp_path / "out.css").write_text("x")
    (tmp_path / "letters").mkdir()
    with pytest.raises(TemplateError, match="outside"):
        values_of(tmp_path / "letters", "css: ../out.css")


# --- what is refused, with the remedy ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "preheader: {{ x }}",
        "preheader: {{ x }} hi",
        "preheader: {% if x %}",
        "preheader: Re: hi",
        "preheader: *x*",
        "preheader: !important",
        "preheader: @home",
        "preheader: [a]",
        "to: [a, {{ x }}]",
        "to: {{ x }}",
        "headers: {X-A: {{ x }}}",
        'preheader: "a" b',
    ],
)
def test_what_yaml_reads_otherwise_is_refused_with_its_line_and_a_hint_to_quote(tmp_path, line):
    with pytest.raises(TemplateError, match=r'letter.md, line 3: .*in quotes, as in subject: "\{\{ topic \}\}"'):
        values_of(tmp_path, line)


def test_the_hint_shows_what_was_written(tmp_path):
    with pytest.raises(TemplateError, match=r"^preheader: .*'\{\{ x \}\}' is a mapping and no text"):
        values_of(tmp_path, "preheader: {{ x }}")


@pytest.mark.parametrize("line", ["preheader: Order #{{ n }}", "preheader: #5", "preheader: a\n  b #c"])
def test_half_a_text_is_not_lost_as_a_comment(tmp_path, line):
    with pytest.raises(TemplateError, match=r"for a comment: put .* in quotes"):
        values_of(tmp_path, line)


def test_comments_are_allowed(tmp_path):
    assert values_of(tmp_path, "# all", "preheader: a#b # why", "cc: '#c' #d") == {"preheader": "a#b", "cc": "#c"}


def test_an_unknown_key_is_refused_with_one_that_comes_close(tmp_path):
    with pytest.raises(
        TemplateError, match=r"^replyto: letter.md, line 3: .*'replyto'; did you mean 'reply_to'\?"
    ):
        values_of(tmp_path, "replyto: a@example.org")


def test_an_unknown_key_is_refused_with_all_there_are(tmp_path):
    with pytest.raises(TemplateError, match=r"there are subject, sender, to, .*list_unsubscribe"):
        values_of(tmp_path, "zzz: 1")


@pytest.mark.parametrize(
    "lines",
    [
        ["to: a", "to: b"],
        ["to: a", "To: b"],
        ["from: a", "sender: b"],
        ["headers: {A: 1, A: 2}"],
        ["to:", "to: b"],
    ],
)
def test_a_key_that_is_there_twice_is_refused(tmp_path, lines):
    with pytest.raises(TemplateError, match=r"is there twice"):
        values_of(tmp_path, *lines)


def test_a_mapping_is_asked_for(tmp_path):
    with pytest.raises(TemplateError, match=r"^headers: .*names and values"):
        values_of(tmp_path, "headers: [a]")


def test_the_text_of_a_text_file_is_its_body(tmp_path):
    with pytest.raises(TemplateError, match="two texts"):
        read(tmp_path, "---\nsubject: s\ntext: a\n---\nb", "a.txt")


@pytest.mark.parametrize(
    "source", ["Dear you", "", "subject: s\n---\nbody", "---\nsubject: s\nbody", " ---\nsubject: s\n---\nbody"]
)
def test_without_front_matter_an_example_is_shown(tmp_path, source):
    with pytest.raises(TemplateError, match=r'---\nsubject: "Hello \{\{ name \}\}"\n---\n'):
        read(tmp_path, source)


@pytest.mark.parametrize("front", ["", "to: a\n", "subject:\n", "# subject: s\n"])
def test_without_a_subject_an_example_is_shown(tmp_path, front):
    with pytest.raises(TemplateError, match=r'names no subject.*\n---\nsubject: "Hello'):
        read(tmp_path, f"---\n{front}---\nbody")


@pytest.mark.parametrize("front", ["- a\n", "just a text\n"])
def test_front_matter_is_keys_and_values(tmp_path, front):
    with pytest.raises(TemplateError, match="name: value"):
        read(tmp_path, f"---\n{front}---\nbody")


@pytest.mark.parametrize("body", ["", "\n \n"])
def test_a_letter_without_a_body_is_refused(tmp_path, body):
    with pytest.raises(TemplateError, match="has no body"):
        read(tmp_path, f"---\nsubject: s\n---\n{body}")


# --- files, and hostile ones ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"), [("no.md", "not there"), ("folder.md", "not a file"), ("a\0.md", "name of a file")]
)
def test_what_is_no_file_is_refused(tmp_path, name, message):
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(TemplateError, match=message):
        front_matter.read(f"{tmp_path}/{name}")


def test_a_file_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(TemplateError, match="not UTF-8"):
        read(tmp_path, "---\nsubject: Grüße\n---\nbody".encode("latin-1"))


def test_a_huge_file_is_refused(tmp_path):
    with pytest.raises(TemplateError, match="more than 1,048,576 bytes"):
        read(tmp_path, "---\nsubject: s\n---\n" + "x" * 2**20)


def test_huge_front_matter_is_refused(tmp_path):
    with pytest.raises(TemplateError, match=r"front matter of letter\.md has more than 65,536 characters"):
        values_of(tmp_path, "preheader: " + "x" * 2**16)


@pytest.mark.parametrize(
    "value",
    ["!!python/object/apply:os.mkdir ['{0}']", "!!python/name:os.system x", "!!binary YQ==", "!!set {{a}}"],
)
def test_no_object_is_made_of_a_tag(tmp_path, value):
    made = tmp_path / "made"
    with pytest.raises(TemplateError, match="for the name of a type"):
        values_of(tmp_path, "preheader: " + value.format(made))
    assert not made.exists()


def test_anchors_do_not_unfold(tmp_path):
    bomb = ["headers:", "  a0: &a0 [x, x]", *(f"  a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(TemplateError, match="is a sequence and no text"):
        values_of(tmp_path, *bomb)


@pytest.mark.parametrize(
    "lines", [["to: &a [x]", "cc: *a"], ["to: &a x", "cc: [*a]"], ["to: [&a x, *a]"], ["&a to: x", "cc: *a"]]
)
def test_an_anchor_is_refused(tmp_path, lines):
    with pytest.raises(TemplateError, match="write it out"):
        values_of(tmp_path, *lines)


def test_a_value_that_holds_itself_is_refused(tmp_path):
    with pytest.raises(TemplateError, match=r"no text|write it out"):
        values_of(tmp_path, "to: &a [*a]")


def test_endless_nesting_is_refused(tmp_path):
    with pytest.raises(TemplateError, match="nested too deeply"):
        values_of(tmp_path, "to: " + "[\n  " * 2000)


def test_control_characters_are_no_yaml(tmp_path):
    with pytest.raises(TemplateError, match="no YAML"):
        values_of(tmp_path, "to: a\x07")


@given(st.text(st.sampled_from("ab:#- \n'\"{}[]&*!|>%@`,?~\t\\"), max_size=60))
def test_whatever_stands_there_is_read_or_refused(tmp_path_factory, source):
    try:
        values = read(tmp_path_factory.mktemp("a"), f"---\nsubject: 's'\n{source}\n---\nbody")
    except TemplateError:
        return
    assert values["subject"] == "s"


def test_what_a_file_cannot_hold_is_given_with_it(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "letter.md").write_text(
        "---\nsubject: Old\nsender: a@example.org\ninline: {logo: a.png}\nheaders: {X-A: '1'}\n---\nbody {{ t }}"
    )
    made = Template.from_file(
        tmp_path / "letter.md", subject="New", inline={"t": pd.DataFrame({"n": [1]})}, headers={"X-B": "2"}
    )
    letter = made.render({})
    assert (letter["Subject"], letter["X-A"], letter["X-B"]) == ("New", "1", "2")
    assert set(made.definition.inline) == {"logo", "t"}


def test_a_file_without_front_matter_wants_its_subject_from_elsewhere(tmp_path):
    (tmp_path / "letter.txt").write_text("just a letter\n")
    assert Template.from_file(tmp_path / "letter.txt", subject="s").render({}).get_content() == "just a letter\n"
    with pytest.raises(TemplateError, match="does not begin with front matter"):
        Template.from_file(tmp_path / "letter.txt")
