"""Encodings: proved where they can be, guessed and said where not."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

from notebookmail import FrameError, read_table
from notebookmail.datafiles.encodings import encoding_of

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "cp1252": [
        "Zoë", "Müller, Weiß", "Peña, Martínez, Muñoz", "Lefèvre, Hélène, Garçon", "Håkan, Åsa, Björn",
        "Søren, Jørgensen", "João, Simões, Falcão", "Niccolò, Città", "Þórður, Guðrún, Jóhanna, Sigríður",
        "Renée \u2013 „Weiß“, 20 €", "Núria, Òscar", "Citroën, Noël", "Lindström, Mäkelä", "Jiménez, Íñigo",
        "Château d\u2019Yquem, Côte", "Größe, Straße, Österreich", "£ 5, £20", "m², 20 °C, §5", "Maß, Füße",
        "Depêche, Août, Œuvre, naïf",
    ],
    "cp1250": [
        "Łukasz, Wałęsa, Żółć", "Dvořák, Černý, Růžena", "Kučera, Novák", "Győri, Szűcs, Erdős",
        "Krešimir, Šimić, Đuro", "Ľubomír, Žďár", "Kovačić, Horvat, Jurčević", "Ján, Kováč, Vašíčková",
    ],
    "cp1251": ["Иван, Петров, Москва", "Ольга, Сергей, Київ"],
    "cp1253": ["Γιώργος, Παπαδόπουλος, Ελένη"],
    "cp1254": ["Ayşe, Y\u0131ld\u0131z, Gökçe, Oğuz"],
    "cp932": ["田中太郎, 山田花子"],
    "gb18030": ["王小明, 李娜, 张伟"],
    "cp949": ["김철수, 이영희"],
    "mac-roman": ["Müller, Köln, José, François"],
    "cp850": ["Müller, Köln, José, François"],
}  # fmt: skip
"""Names as files of each code page hold them; each is one file."""


@pytest.mark.parametrize(
    ("encoding", "names"), [(codec, names) for codec, all_ in NAMES.items() for names in all_]
)
def test_a_code_page_is_known_by_few_names_among_addresses(tmp_path: Path, encoding: str, names: str) -> None:
    people = [f"{name};user{place}@example.org" for place, name in enumerate(names.split(", "))]
    text = "name;email\n" + "\n".join(people) + "\n"
    path = tmp_path / "people.csv"
    path.write_bytes(text.encode(encoding))
    assert path.read_bytes().decode(encoding_of(path, None).codec) == text


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("name\temail\nZoë\ta@x.org\n".encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + "name\temail\nZoë\ta@x.org\n".encode("utf-16-be"), "UTF-16"),
        ("name\temail\nZoë\ta@x.org\n".encode("utf-16-le"), "UTF-16"),
        ("name\temail\nZoë\ta@x.org\n".encode("utf-16-be"), "UTF-16"),
        ("name\temail\nZoë\ta@x.org\n".encode("utf-32"), "UTF-32"),
        ("name\temail\nZoë\ta@x.org\n".encode("utf-8-sig"), "UTF-8"),
        ("name\temail\nZoë\ta@x.org\n".encode(), "UTF-8"),
    ],
)
def test_unicode_is_proved(tmp_path: Path, raw: bytes, name: str) -> None:
    path = tmp_path / "people.txt"
    path.write_bytes(raw)
    frame = read_table(path)
    assert frame.to_dict("list") == {"name": ["Zoë"], "email": ["a@x.org"]}
    assert frame.attrs["read_table"]["as"] == f"tab-separated, {name}"


def test_an_encoding_may_be_said_and_then_nothing_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("name,x\nErdős,1\n".encode("cp1250"))
    frame = read_table(path, encoding="cp1250")
    assert (frame["name"].tolist(), frame.attrs["read_table"]["as"]) == (["Erdős"], "comma-separated, cp1250")
    path.write_bytes("\ufeffname,x\nErdős,1\n".encode())
    assert read_table(path, encoding="UTF-8").columns.tolist() == ["name", "x"]


def test_utf8_with_a_line_of_another_encoding_is_refused_by_that_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("name,x\nJosé,1\nZoë,2\n".encode() + "Åsa,3\n".encode("cp1252"))
    with pytest.raises(FrameError, match="line 4 is not UTF-8, though most other lines are"):
        read_table(path)


def test_a_late_byte_that_no_encoding_of_the_first_lines_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(b"name,x\n" + "Zoë,1\n".encode("cp1252") * 40_000 + b"\x81\x8d,2\n")
    with pytest.raises(FrameError, match=r"encoding cannot be found out.*say encoding= \(--encoding\)"):
        read_table(path)
