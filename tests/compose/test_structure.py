import email
import email.policy
from unittest import mock

from hypothesis import assume, given
from hypothesis import strategies as st

from notebookmail.compose.mime.multipart import joined, multipart
from notebookmail.compose.mime.transfer_encoding import BodyEncoder, base64_body

TOKEN = "0123456789abcdef"
BOUNDARIES = [f"--=_{letter}{TOKEN}{end}" for letter in "mar" for end in ("", "--", "_", "__--")]


def leaf(content):
    return [
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        base64_body(content),
    ]


def body(text):
    return [BodyEncoder("plain").encode(text)]


def shape(message):
    if message.is_multipart():
        return (message.get_content_subtype(), [shape(part) for part in message.iter_parts()])
    if message.get_content_maintype() == "text":
        return message.get_content().replace("\r\n", "\n")
    return message.get_payload(decode=True)


def parsed(pieces):
    message = email.message_from_bytes(b"".join(pieces), policy=email.policy.default)
    assert not message.defects
    return message


lines = st.lists(
    st.sampled_from([*BOUNDARIES, "", ".", "From x", "--"]) | st.text("ab -=_\t", max_size=90), max_size=6
)
texts = lines.map(lambda each: "".join(f"{line}\n" for line in each) or "\n")
leaves = st.binary(max_size=200).map(lambda content: (content, leaf(content))) | texts.map(
    lambda text: (text, body(text))
)


def wrapped(parts):
    return st.tuples(st.sampled_from(["mixed", "alternative"]), st.lists(parts, min_size=1, max_size=3)).map(
        lambda made: (
            (made[0], [expected for expected, _ in made[1]]),
            multipart(made[0], [part for _, part in made[1]], TOKEN),
        )
    )


@given(st.recursive(leaves, wrapped, max_leaves=6))
def test_what_is_put_together_is_read_back(made):
    expected, pieces = made
    assume(isinstance(expected, tuple) and not nests_itself(expected))
    assert shape(parsed(pieces)) == expected


def nests_itself(tree, above=()):
    """A kind inside the same kind, which no letter has: the same letter would stand in both boundaries."""
    return isinstance(tree, tuple) and (
        tree[0] in above or any(nests_itself(each, (*above, tree[0])) for each in tree[1])
    )


@given(lines)
def test_no_line_of_a_text_ends_its_part(each):
    text = "\n".join(each) + "\n"
    pieces = multipart("mixed", [body(text), leaf(b"x")], TOKEN)
    assert shape(parsed(pieces)) == ("mixed", [text, b"x"])


def test_a_letter_of_all_kinds():
    related = multipart("related", [[BodyEncoder("html").encode("<p>h")], leaf(b"i")], TOKEN)
    alternative = multipart("alternative", [body("t"), related], TOKEN)
    message = parsed(multipart("mixed", [alternative, leaf(b"a"), leaf(b"")], TOKEN))
    assert shape(message) == ("mixed", [("alternative", ["t\n", ("related", ["<p>h\n", b"i"])]), b"a", b""])
    assert message.get_body(("related",)).get_param("type") == "text/html"


def test_a_boundary_is_no_longer_than_allowed_whatever_a_text_holds():
    text = "\n".join(f"--=_m{TOKEN}{'_' * length}" for length in range(20))
    pieces = multipart("mixed", [body(text)], TOKEN)
    assert len(parsed(pieces).get_boundary()) <= 70


def test_a_boundary_stays_as_it_is_without_need():
    assert parsed(multipart("mixed", [body("x")], TOKEN)).get_boundary() == f"=_m{TOKEN}"


def test_long_pieces_are_never_copied():
    large = b"x" * 100_000
    pieces = joined(multipart("mixed", [body("t"), [b"A: b\r\n\r\n", large], [b"A: b\r\n\r\n", large]], TOKEN))
    assert [piece is large for piece in pieces] == [False, True, False, True, False]


@given(st.lists(st.binary(max_size=12)))
def test_joined_pieces_are_the_same_bytes_and_few(pieces):
    with mock.patch("notebookmail.compose.mime.multipart._LONG", 6):
        done = joined(pieces)
    assert b"".join(done) == b"".join(pieces)
    long = [piece for piece in pieces if len(piece) >= 6]
    assert len(done) <= 2 * len(long) + 1
    assert all(any(piece is each for each in done) for piece in long)


@given(st.binary(max_size=400))
def test_base64_comes_back_in_lines_that_end(content):
    encoded = base64_body(content)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert encoded == b"" or encoded.endswith(b"\r\n")
    assert parsed(leaf(content)).get_payload(decode=True) == content
