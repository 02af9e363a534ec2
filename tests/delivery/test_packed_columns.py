"""Columns give back what was put in, and say the same thing once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notebookmail.delivery.packed_columns import MessageIds, PackedNumbers, PackedTexts

HEXADECIMAL = st.text("0123456789abcdef", min_size=32, max_size=32)
IDS = st.one_of(
    st.builds("<{}@{}>".format, HEXADECIMAL, st.sampled_from(["example.org", "müller.example", "b.example"])),
    st.builds("<{}@example.org>".format, HEXADECIMAL.map(str.upper)),
    st.sampled_from(
        ["", "<1@x>", "no id", f"<{'0' * 31}@x>", f"<{'0' * 33}@x>", f"<{'0' * 32}@x>>", f"{'0' * 32}@x"]
    ),
)


@given(st.lists(st.text(st.characters())))
def test_every_text_is_found_by_its_number(texts: list[str]) -> None:
    store = PackedTexts()
    numbers = [store.add(text) for text in texts]
    assert [store[number] for number in numbers] == texts
    assert store.array()[numbers].tolist() == texts
    assert store[0] == ""


def test_a_text_that_comes_again_is_stored_once() -> None:
    store = PackedTexts()
    numbers = {store.add("250 OK") for _ in range(1000)} | {store.add("") for _ in range(10)}
    assert len(numbers) == len(store) == 2


def test_texts_that_never_come_again_are_not_remembered_twice() -> None:
    store = PackedTexts()
    for number in range(10_000):
        store.add(f"queued as {number}")
    assert len(store._recent) <= 256
    assert store[store.add("queued as 9999")] == "queued as 9999"


@given(st.lists(st.tuples(st.integers(0, 4), IDS)))
def test_every_message_id_is_found_by_its_row(given_ids: list[tuple[int, str]]) -> None:
    column, expected = MessageIds(5), [""] * 5
    for position, message_id in given_ids:
        column[position] = expected[position] = message_id
    assert [column[position] for position in range(5)] == expected == column.texts()
    twin = column.copy()
    twin[0] = "<other@x>"
    assert column.texts() == expected


def test_message_ids_of_more_domains_than_there_are_numbers_are_kept_too() -> None:
    column = MessageIds(70_000)
    expected = [f"<{position:032x}@d{position}.example>" for position in range(70_000)]
    for position, message_id in enumerate(expected):
        column[position] = message_id
    assert column.texts() == expected
    assert column[69_999] == expected[69_999]


SECONDS = st.integers(0, 1_000_000).map(lambda milliseconds: milliseconds / 1000)
SAID = st.tuples(st.integers(0, 2**31 - 1), st.just(0)) | st.tuples(st.just(0), st.integers(1, 2**31 - 1))
ROWS = st.builds(
    lambda attempts, seconds, said, sent_at: (attempts, seconds, *said, sent_at),
    st.integers(0, 65_535), SECONDS, SAID, st.floats(allow_nan=False),
)  # fmt: skip
NAMES = ("attempts", "seconds", "reply", "reason", "sent_at")


@given(st.dictionaries(st.integers(0, 4), ROWS))
def test_every_number_is_found_by_its_row_and_in_its_column(
    rows: dict[int, tuple[int, float, int, int, float]],
) -> None:
    numbers = PackedNumbers(5)
    for position, row in rows.items():
        numbers.write(position, *row)
    twin = numbers.copy()
    numbers.write(0, 7, 7, 7, 0, 7)
    expected = [rows.get(position, (0, 0.0, 0, 0, 0.0)) for position in range(5)]
    for position in range(5):
        attempts, seconds, *others = twin.read(position)
        assert [attempts, *others] == [each for place, each in enumerate(expected[position]) if place != 1]
        assert abs(seconds - expected[position][1]) <= 1e-4
    assert list(zip(*(twin.column(name).tolist() for name in NAMES), strict=True)) == list(
        map(twin.read, range(5))
    )


def test_a_row_takes_eighteen_octets_and_its_message_id_as_many() -> None:
    assert len(PackedNumbers(1000)._octets) == 18_000
    column = MessageIds(1000)
    assert column._tokens.nbytes + column._which.nbytes == 18_000


def test_more_tries_than_can_be_counted_are_as_many_as_can() -> None:
    numbers = PackedNumbers(1)
    numbers.write(0, 70_000, 1.5, 0, 2, 0.0)
    assert numbers.read(0) == (65_535, 1.5, 0, 2, 0.0)


def test_seconds_are_read_as_they_were_written_to_the_microsecond() -> None:
    numbers = PackedNumbers(1)
    for seconds in (0.1, 0.012345, 1.234567, 5.5):
        numbers.write(0, 1, seconds, 1, 0, 0.0)
        assert numbers.read(0)[1] == numbers.column("seconds")[0] == seconds
