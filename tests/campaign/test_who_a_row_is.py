"""Who a row is: known by what its letter reads, whatever the type, the spelling, the order and other columns."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import unicodedata
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.offline_runs import mails_of, sent_by

from notebookmail import FrameError, JournalError, Template, campaigns, forget
from notebookmail.campaign.options import SendSettings
from notebookmail.campaign.planning import make_plan
from notebookmail.compose.identity.keys import Keys

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

SENDER = "Shop <shop@example.org>"
LETTER = Template(
    "Hello {{ name }}",
    text="{{ row['First name'] }} {{ amount }} {{ day }} {{ count }}",
    sender=SENDER,
    na="empty",
)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def people() -> pd.DataFrame:
    return pd.DataFrame({
        "email": ["Ann@example.org", "josé@example.org", "cy@example.org", "dan@example.org"],
        "name": ["Ann", "José", "Cy", "Dan"],
        "First name": ["A.", "É.", "C.", "D."],
        "amount": [0.1, 17.0, 2.5, 1234.56],
        "day": pd.to_datetime(["2026-05-04", "2026-05-05", "2026-12-31", "2027-01-01"]),
        "count": [1, 2, 3, 4],
    })  # fmt: skip


def spelt(how: Callable[[str], str], *columns: str) -> Callable[[pd.DataFrame], Any]:
    return lambda df: df.assign(**{column: df[column].map(how) for column in columns})


SAME: dict[str, Callable[[pd.DataFrame], Any]] = {
    "rows in another order": lambda df: df.iloc[::-1],
    "columns in another order": lambda df: df[df.columns[::-1]],
    "a column nobody reads": lambda df: df.assign(status="sent", code=250),
    "another index": lambda df: df.set_index(pd.Index(list("wxyz"), name="label")),
    "objects": lambda df: df.astype(object),
    "strings": lambda df: df.astype({"name": "string", "email": "string"}),
    "categories": lambda df: df.astype({"name": "category"}),
    "float32": lambda df: df.astype({"amount": "float32"}),
    "Float64": lambda df: df.astype({"amount": "Float64", "count": "Int8"}),
    "decimals": lambda df: df.assign(amount=[Decimal(str(each)) for each in df["amount"]]),
    "floats": lambda df: df.astype({"count": float}),
    "texts": lambda df: df.assign(count=df["count"].astype(str), amount=df["amount"].astype(str)),
    "dates": lambda df: df.assign(day=pd.to_datetime(df["day"]).dt.date),
    "dates as texts": lambda df: df.assign(day=pd.to_datetime(df["day"]).dt.strftime("%Y-%m-%d")),
    "from CSV": lambda df: pd.read_csv(io.StringIO(df.to_csv(index=False))),
    "from CSV as texts": lambda df: pd.read_csv(io.StringIO(df.to_csv(index=False)), dtype=str),
    "arrow": lambda df: df.convert_dtypes(dtype_backend="pyarrow"),
    "a pyarrow table": lambda df: pa.table({column: df[column].tolist() for column in df}),
    "polars": lambda df: pl.DataFrame({column: df[column].tolist() for column in df}),
    "arrow scalars": lambda df: df.assign(count=[pa.scalar(each) for each in df["count"]]),
    "numpy scalars": lambda df: df.assign(
        count=pd.Series([np.int16(each) for each in df["count"]], index=df.index, dtype=object)
    ),
    "a row that misses one": lambda df: pd.concat([df, pd.DataFrame({"email": ["new@example.org"]})]).iloc[:-1],
    "blanks": spelt(lambda text: f"\u00a0 {text} \n", "name", "First name"),
    "NFD": spelt(lambda text: unicodedata.normalize("NFD", text), "name", "First name"),
    "upper case addresses": spelt(str.upper, "email"),
}


@pytest.mark.parametrize("options", [{}, {"campaign": "may"}, {"key": "count"}, {"campaign": "may", "key": "day"}])
@pytest.mark.parametrize("way", SAME)
def test_the_same_rows_made_in_another_way_mail_nobody_again(
    journal: Path, way: str, options: dict[str, Any]
) -> None:
    assert sent_by(journal, people(), LETTER, **options) == [0, 1, 2, 3]
    assert sent_by(journal, SAME[way](people()), LETTER, **options) == []


@settings(max_examples=25)
@given(st.lists(st.sampled_from(sorted(SAME.keys() - {"polars", "a pyarrow table"})), max_size=4), st.randoms())
def test_keys_are_the_same_through_any_of_these_ways(ways: list[str], chance: random.Random) -> None:
    df: Any = people()
    for way in ways:
        with contextlib.suppress(TypeError, ValueError):  # pandas does not turn every type into every other
            df = SAME[way](df)
    df = df.sample(frac=1, random_state=chance.randrange(2**31))

    def keys(frame: Any) -> set[bytes]:
        return {task.key for task in make_plan(frame, LETTER, SendSettings()).tasks()}

    assert keys(df) == keys(people())


@pytest.mark.parametrize(
    ("column", "value"),
    [("name", "Anne"), ("First name", "B."), ("amount", 0.2), ("day", pd.Timestamp("2026-05-06")), ("count", 11)],
)
def test_what_the_letter_reads_makes_another_row(journal: Path, column: str, value: Any) -> None:
    sent_by(journal, people(), LETTER)
    changed = people()
    changed.loc[0, column] = value
    assert sent_by(journal, changed, LETTER) == [0]
    assert sent_by(journal, changed, LETTER, campaign="may") == [0, 1, 2, 3]


PAIRS = [
    ("straße", "strasse"), ("\N{LATIN SMALL LETTER DOTLESS I}", "i"), ("\u0130", "i"), ("\ufb01", "fi"),
    ("\N{FULLWIDTH LATIN SMALL LETTER A}", "a"), ("ä", "a"), ("\N{LATIN SMALL LETTER LONG S}", "s"),
    ("a.b", "ab"), ("a+b", "a"),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("options", [{}, {"campaign": "may"}, {"campaign": "may", "duplicates": "skip"}])
def test_two_people_are_never_one(journal: Path, pair: tuple[str, str], options: dict[str, Any]) -> None:
    df = pd.DataFrame({"email": [f"{local}@example.org" for local in pair], "name": "x"})
    letter = Template("Hello", text="{{ name }}", sender=SENDER)
    assert sent_by(journal, df.head(1), letter, **options) == [0]
    assert sent_by(journal, df, letter, **options) == [1]
    assert sent_by(journal, df, letter, suppress=(df["email"][0],)) in ([1], [])
    assert sent_by(journal.with_name("other"), df, letter, suppress=(df["email"][0],)) == [1]


# --- functions of the row -------------------------------------------------------------------------------------


def _either(row: Any) -> bytes:
    return str(row.paper if row.kind == "a" else row["film"]).encode()


def _everything(row: Any) -> bytes:
    return repr({**row}).encode()


def _asking(row: Any) -> bytes:
    return str(row.get("note")).encode() + str(getattr(row, "extra", "")).encode()


def works() -> pd.DataFrame:
    base = {"email": ["a@example.org", "b@example.org"], "kind": ["a", "b"], "note": "x"}
    return pd.DataFrame(base | {"paper": [1, 2], "film": [3, 4]})


def drawn(function: Any) -> Template:
    return Template("Hello", text="x", sender=SENDER, attachments=[("x.txt", function)])


@pytest.mark.parametrize("place", ["attachments", "inline", "to", "calendar"])
def test_a_function_reads_what_it_touches_wherever_it_stands(journal: Path, place: str) -> None:
    def made(row: Any) -> Any:
        found = row.paper
        return {"to": row.email, "inline": pd.DataFrame({"x": [found]}), "attachments": b"x", "calendar": None}[
            place
        ]

    given: dict[str, Any] = {
        "attachments": {"attachments": [("x.txt", made)]},
        "inline": {"inline": {"table": made}, "text": "{{ table }}"},
        "to": {"to": made},
        "calendar": {"calendar": made},
    }[place]
    template = Template("Hello", **{"text": "x", "sender": SENDER, **given})
    assert sent_by(journal, works(), template) == [0, 1]
    assert sent_by(journal, works().assign(note="y", new=1), template) == []
    assert sent_by(journal, works().assign(paper=[1, 5]), template) == [1]


def test_a_function_may_touch_other_columns_in_other_rows(journal: Path) -> None:
    letter = drawn(_either)
    assert sent_by(journal, works(), letter) == [0, 1]
    assert sent_by(journal, works().assign(note="y", new=1).iloc[::-1], letter) == []
    assert sent_by(journal, works().assign(film=[9, 4]), letter) == []
    assert sent_by(journal, works().assign(paper=[1, 9]), letter) == []
    assert sent_by(journal, works().assign(paper=[9, 2]), letter) == [0]
    assert sent_by(journal, works().assign(film=[3, 9]), letter) == [1]
    assert sent_by(journal, works(), letter) == []


def test_a_new_column_mails_nobody_again_where_a_function_takes_the_whole_row(journal: Path) -> None:
    letter = drawn(_everything)
    assert sent_by(journal, works(), letter) == [0, 1]
    assert sent_by(journal, works().assign(status="sent"), letter) == []
    assert sent_by(journal, works().assign(note=["x", "y"], status="sent"), letter) == [1]


def test_a_column_that_a_function_asked_for_counts_once_it_is_there(journal: Path) -> None:
    letter = drawn(_asking)
    df = works().drop(columns="note")
    assert sent_by(journal, df, letter) == [0, 1]
    assert sent_by(journal, df.assign(note=None, other=1), letter) == []
    assert sent_by(journal, df.assign(note=["x", None]), letter) == [0]
    assert sent_by(journal, df.assign(note=["x", None], extra=[None, 1]), letter) == [1]


def test_functions_are_not_called_for_rows_that_were_sent(journal: Path) -> None:
    called: list[Any] = []

    def draw(row: Any) -> bytes:
        called.append(row.paper)
        return b"x"

    sent_by(journal, works(), drawn(draw))
    sent_by(journal, works(), drawn(draw))
    assert called == [1, 2]


def test_a_row_is_compared_only_under_the_names_its_own_entries_were_read_by(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 64
    columns = {f"c{bit}": range(count) for bit in range(6)}
    df = pd.DataFrame({"email": [f"p{n}@example.org" for n in range(count)], "bits": range(count), **columns})

    def touch(row: Any) -> bytes:
        return bytes(row[f"c{bit}"] for bit in range(6) if row.bits >> bit & 1)

    assert len(sent_by(journal, df, drawn(touch))) == count
    compared: list[Any] = []
    said = Keys.said

    def noting(keys: Keys, row: Any, to: str, names: tuple[str, ...]) -> Any:
        compared.append(row.position)
        return said(keys, row, to, names)

    monkeypatch.setattr(Keys, "said", noting)
    assert sent_by(journal, df, drawn(touch)) == []
    assert len(compared) == count


@pytest.mark.parametrize(
    "statement",
    ["UPDATE said SET digest = digest + 1", "UPDATE said SET person = 7", "UPDATE said SET number = number + 100",
     "UPDATE campaign SET known_by = 'fields'", "UPDATE campaign SET reads = '[]'"],
)  # fmt: skip
def test_what_the_disk_turned_of_what_rows_said_is_found(journal: Path, statement: str) -> None:
    sent_by(journal, people(), LETTER, campaign="may")
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(JournalError, match="damaged"):
        sent_by(journal, people(), LETTER, campaign="may")


def test_rows_of_a_group_may_come_in_any_order_with_other_columns(journal: Path) -> None:
    df = pd.DataFrame({"email": list("aabb"), "item": [1, 2, 3, 4], "note": "x"})
    df["email"] += "@example.org"
    for text in ("{% for each in rows %}{{ each.item }}{% endfor %}", "{{ rows | table }}"):
        letter = Template("Hello", text=text, sender=SENDER)
        assert sent_by(journal, df, letter, group_by="email") == [0, 1]
        assert sent_by(journal, df.iloc[::-1].assign(new=1), letter, group_by="email") == []
        assert sent_by(journal, df.assign(item=[1, 2, 3, 5]), letter, group_by="email") == [1]


# --- campaigns ------------------------------------------------------------------------------------------------


def png(width: int) -> bytes:
    octets = io.BytesIO()
    Image.new("RGB", (width, 1)).save(octets, "PNG")
    return octets.getvalue()


def test_octets_that_are_made_anew_do_not_make_another_campaign(journal: Path) -> None:
    def letter(octets: bytes, name: str = "a.pdf") -> Template:
        frame = pd.DataFrame({"x": [len(octets)]})
        return Template(
            "Hello",
            markdown="![a picture](cid:chart)",
            sender=SENDER,
            attachments=[(name, octets), ("b.csv", frame)],
            inline={"chart": png(len(octets))},
        )

    first, again, other = letter(b"1"), letter(b"22"), letter(b"1", "other.pdf")
    assert make_plan(people(), first, SendSettings()).digest("") == make_plan(
        people(), again, SendSettings()
    ).digest("")
    assert make_plan(people(), first, SendSettings()).digest("") != make_plan(
        people(), other, SendSettings()
    ).digest("")


def test_the_sender_is_the_same_wherever_it_stands(journal: Path) -> None:
    inside, outside = Template("x", text="x", sender=SENDER), Template("x", text="x")
    assert sent_by(journal, people(), inside) == [0, 1, 2, 3]
    assert sent_by(journal, people(), inside, sender=SENDER) == []
    assert sent_by(journal, people(), outside, sender=" Shop <SHOP@example.org> ") == []
    assert sent_by(journal, people(), outside, sender="Other <shop@example.org>") == [0, 1, 2, 3]


def test_names_of_campaigns_compare_without_blanks_and_case(journal: Path) -> None:
    assert sent_by(journal, people(), LETTER, campaign="May-Letters") == [0, 1, 2, 3]
    assert sent_by(journal, people(), LETTER, campaign="  may-letters ") == []
    assert sent_by(journal, people(), LETTER, campaign="may-letter") == [0, 1, 2, 3]
    assert len(campaigns(journal)) == 2
    assert forget("MAY-LETTERS", journal) == 4
    assert len(campaigns(journal)) == 1


@pytest.mark.parametrize("options", [{}, {"campaign": "may"}])
@pytest.mark.parametrize(
    ("before", "now"),
    [((), ("count",)), (("count",), ()), (("count",), ("count", "name")), (("count",), ("name",))],
)
def test_another_key_than_the_campaign_was_begun_with_is_refused(
    journal: Path, before: tuple[str, ...], now: tuple[str, ...], options: dict[str, Any]
) -> None:
    sent_by(journal, people(), LETTER, key=before, **options)
    with pytest.raises(JournalError, match=r"begun with its rows known.*nothing was sent.*resend=True"):
        sent_by(journal, people(), LETTER, key=now, **options)
    assert sent_by(journal, people(), LETTER, key=before, **options) == []
    assert sent_by(journal, people(), LETTER, key=now, resend=True, **options) == [0, 1, 2, 3]
    assert sent_by(journal, people(), LETTER, key=now, **options) == []


def test_a_campaign_of_which_nothing_was_sent_may_get_a_key(journal: Path) -> None:
    assert sent_by(journal, people().head(0), LETTER, campaign="may") == []
    assert sent_by(journal, people(), LETTER, campaign="may", key="count") == [0, 1, 2, 3]


# --- several rows of one person -------------------------------------------------------------------------------

ORDER = Template("Order {{ order }}", text="x", sender=SENDER)
MADE = Template("Order", text="x", sender=SENDER, attachments=[("x.txt", lambda row: str(row.order).encode())])
HOW: dict[str, tuple[Template, dict[str, Any]]] = {
    "named": (ORDER, {"campaign": "x"}),
    "named, by a function": (MADE, {"campaign": "x"}),
    "keyed": (ORDER, {"campaign": "x", "key": "who"}),
    "unnamed": (ORDER, {}),
    "unnamed, by a function": (MADE, {}),
}


@settings(max_examples=40)
@given(data=st.data(), how=st.sampled_from(sorted(HOW)))
def test_each_of_ones_rows_goes_once_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, how: str
) -> None:
    template, options = HOW[how]
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    sent: Counter[int] = Counter()
    there: list[int] = []
    for _ in range(data.draw(st.integers(2, 4))):
        there += range(len(there), len(there) + data.draw(st.integers(1, 3)))
        there = data.draw(st.permutations(there))
        who = [f"{'ab'[order % 2]}@example.org" for order in there]
        df = pd.DataFrame({"email": who, "who": who, "order": there, "new": data.draw(st.integers())})
        limit = data.draw(st.none() | st.integers(0, 3))
        went = sent_by(path, df, template, duplicates="send", limit=limit, **options)
        sent.update(there[position] for position in went)
        assert not sent or max(sent.values()) == 1
    df = pd.DataFrame({"email": who, "who": who, "order": there})
    sent.update(there[each] for each in sent_by(path, df, template, duplicates="send", **options))
    assert sent == Counter(there)


def test_rows_that_say_the_same_go_as_often_as_they_stand_there(journal: Path) -> None:
    df = pd.DataFrame({"email": ["a@example.org"] * 3, "order": 1})
    for options in ({}, {"campaign": "x"}):
        assert sent_by(journal, df.head(2), ORDER, duplicates="send", **options) == [0, 1]
        assert sent_by(journal, df, ORDER, duplicates="send", **options) == [2]
        assert sent_by(journal, df, ORDER, duplicates="send", **options) == []


def test_another_text_mails_none_of_ones_rows_again_in_a_named_campaign(journal: Path) -> None:
    df = pd.DataFrame({"email": ["a@example.org"] * 3, "order": [1, 2, 3], "item": list("xyz")})
    other = Template("Order {{ order }} {{ item }}", text="x", sender=SENDER)
    how: dict[str, Any] = {"campaign": "x", "duplicates": "send"}
    assert sent_by(journal, df.head(2), ORDER, **how) == [0, 1]
    assert sent_by(journal, df.iloc[::-1], other, **how) == [0]
    assert sent_by(journal, df.assign(order=[7, 8, 9]), other, **how) == []


def test_messages_of_one_person_have_identifiers_of_their_own(journal: Path) -> None:
    df = pd.DataFrame({"email": ["a@example.org"] * 3, "order": [1, 2, 3]})
    found = []
    for rows in ([1], [0, 1], [2, 0, 1]):
        found += [mail.message_id for _, mail in mails_of(journal, df.iloc[rows], MADE, duplicates="send")]
    assert len(set(found)) == 3


def test_a_person_of_a_named_campaign_gets_one_letter_whatever_it_says(journal: Path) -> None:
    assert sent_by(journal, people(), LETTER, campaign="may") == [0, 1, 2, 3]
    changed = people().assign(name="x", amount=7)
    assert sent_by(journal, changed, LETTER, campaign="may") == []
    with pytest.raises(FrameError, match="a second time"):
        sent_by(journal, pd.concat([people(), changed]), LETTER, campaign="may")
