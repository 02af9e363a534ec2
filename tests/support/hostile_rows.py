"""What strangers put into cells, and what must be true of the mail that comes of it."""

HOSTILE = [
    "\r", "\n", "\r\n", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800",
    "=?utf-8?Q?=0D=0ABcc:_x=40y.z?=",
    "\r\n.\r\n", "\n.\n", "\r\n\r\n", "Bcc: x@y.example", "a@b.example,x@y.example", "a@b.example NOTIFY=NEVER",
    "evil@e.example, Bob", "", "<script>", "{{7*7}}", "{{''.__class__}}", "\u202e", "👩‍🔬", "שלום", "東京", "é",
    "Привет", " ", "  ", ".", "=", "x" * 1200, "a@example.org", "<", ">", '"', "\\", ",", "&amp;", "--", "\x1f",
]  # fmt: skip


def normal(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def spoken(text):
    """What a browser shows of escaped text: parsers turn NUL into U+FFFD, nothing else is changed."""
    return (
        text.replace("&", "&amp;")
        .replace(">", "&gt;")
        .replace("<", "&lt;")
        .replace("'", "&#39;")
        .replace('"', "&#34;")
    )


def assert_safe_on_the_wire(mail):
    lines = mail.content.split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert mail.needs_smtputf8 or mail.content.isascii()
    head = mail.content.partition(b"\r\n\r\n")[2]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert max(map(len, lines)) <= 998
