"""Encoded-words: what is written reads back, in words no longer than allowed, each in the shorter of two forms."""

from __future__ import annotations

from email.header import decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st

from notebookmail.mail.header_folding import WORD, encoded_words

TEXTS = st.text(st.sampled_from("ab _.=?\u00e9\u00df\u65e5\u672c\U0001f600"), min_size=1, max_size=120)


@given(TEXTS, st.integers(20, WORD))
def test_encoded_words_read_back_and_fit(text: str, room: int) -> None:
    words = encoded_words(text, room, room)
    assert str(make_header(decode_header(" ".join(words)))) == text
    assert max(map(len, words)) <= room


@given(TEXTS)
def test_a_text_that_fits_in_one_word_is_one_in_its_shorter_form(text: str) -> None:
    (first, *others) = encoded_words(text, WORD)
    octets = text.encode()
    q_length = sum(1 if chr(octet) in "ab " else 3 for octet in octets)
    b_length = (len(octets) + 2) // 3 * 4
    shorter = min(q_length, b_length)
    if shorter <= WORD - len("=?utf-8?q??="):
        assert not others
        assert len(first) == shorter + len("=?utf-8?q??=")
