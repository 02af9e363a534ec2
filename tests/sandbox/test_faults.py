"""The vocabulary of faults: what can be written is read, and what cannot is refused in words that help."""

from __future__ import annotations

from typing import Any

import pytest

from notebookmail import FrameError, Sandbox
from notebookmail.sandbox.faults import _FREE_FORMS, _SETTINGS, KINDS, read_faults

EXAMPLES: dict[str, Any] = {
    **{name: kind.example for name, kind in KINDS.items()},
    **_SETTINGS,
    **_FREE_FORMS,
}


@pytest.mark.parametrize("key", EXAMPLES)
def test_every_example_can_be_written_and_is_documented(key: str) -> None:
    read_faults({key: EXAMPLES[key]})
    assert f'"{key}": ' in (Sandbox.__doc__ or "")


def test_all_of_them_together_are_read() -> None:
    faults = read_faults(EXAMPLES)
    keys = [fault.key for found in faults.at.values() for fault in found] + list(faults.addresses)
    assert sorted([*keys, *_SETTINGS]) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.ending == "reply"])
def test_whatever_answers_has_a_refusal_with_an_enhanced_code_and_takes_another(name: str) -> None:
    kind = KINDS[name]
    assert kind.reply[0] in "45"
    assert kind.reply[4:6] == f"{kind.reply[0]}."
    amount = 1 if isinstance(kind.example, str) and kind.example[:1] == "5" else kind.example
    ((fault,),) = read_faults({name: (amount, "452 4.5.3 Mine")}).at.values()
    assert fault.reply == "452 4.5.3 Mine"


@pytest.mark.parametrize(
    ("name", "amount", "seconds"),
    [("14/s", 14, 1), ("30/min", 30, 60), ("30 / min", 30, 60), ("1000/h", 1000, 3600), ("500/day", 500, 86_400)],
)
def test_a_rate_says_how_many_in_what_time(name: str, amount: int, seconds: float) -> None:
    ((fault,),) = read_faults({"rate": name}).at.values()
    assert (fault.condition.most, fault.condition.seconds) == (amount, seconds)  # type: ignore[attr-defined]


def test_an_outage_is_from_the_start_where_no_other_time_is_said() -> None:
    assert read_faults({"down": 60}).outage == (0, 60)
    assert read_faults({"down": (10, 60.5)}).outage == (10, 60.5)


WRONG: list[dict[str, Any]] = [
    {"451": 2},
    {"451": -0.1},
    {"451": float("nan")},
    {"451": "0.5"},
    {"451": None},
    {"451": (0.1, "550 no")},
    {"a@example.org": 0.5},
    {"a@example.org": "250 fine"},
    {"a@example.org": "550 no\r\n250 yes"},
    {"a@example.org": "550no"},
    {"a@example.org": (2, "550 no")},
    {"*@example.org": 0.5},
    {"drop": "550 no"},
    {"drop": (0.1, "550 no")},
    {"rate": 30},
    {"rate": "30/fortnight"},
    {"rate": "0/s"},
    {"rate": "550 no"},
    {"rate": ("30/min", "no")},
    {"rate": ("30/min", "421 a", "421 b")},
    {"quota": 0},
    {"quota": 1.5},
    {"quota": True},
    {"quota": "550 no"},
    {"connections": 0},
    {"greylist": -1},
    {"greylist": True},
    {"greylist": "5 minutes"},
    {"latency": -1},
    {"latency": float("inf")},
    {"latency": (1, "550 no")},
    {"down": (60, 10)},
    {"down": 0},
    {"down": (1, 2, 3)},
    {"down": "always"},
]


@pytest.mark.parametrize("faults", WRONG, ids=repr)
def test_an_amount_without_sense_is_refused_with_one_that_has(faults: dict[str, Any]) -> None:
    ((key, value),) = faults.items()
    with pytest.raises(FrameError, match="is not understood") as caught:
        read_faults(faults)
    said = str(caught.value)
    assert said.startswith(f"the fault {key!r} is not understood with {value!r}: write ")
    told = said.rpartition("such as ")[2]
    Sandbox(eval(f"{{{told}}}"))  # the example in the message works


@pytest.mark.parametrize("key", ["rain", "250", "45", "4511", "451x", "", "451\r\n250 ok"])
def test_an_unknown_fault_is_refused_with_all_there_are(key: str) -> None:
    with pytest.raises(FrameError, match="is not known") as caught:
        Sandbox({key: 0.1})
    listed = str(caught.value).partition("for example: ")[2]
    assert eval(listed) == EXAMPLES


def test_a_misspelt_fault_is_recognized() -> None:
    with pytest.raises(FrameError, match="did you mean 'drop_after'"):
        Sandbox({"drop-after": 0.1})
