"""Results without addresses: the same rows and counts, to be passed on whole.

Texts, labels and exceptions are rebuilt with every address masked, never patched where they are: the results they
come from stay as they were. An exception keeps its type, code and meaning; of other libraries' exceptions, which
may hold anything, only type and masked text are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookmail.delivery.explain import explain
from notebookmail.delivery.partial_delivery import Addresses
from notebookmail.delivery.results_frame import Outcomes
from notebookmail.delivery.row_search import RowSearch
from notebookmail.delivery.row_states import Rewording
from notebookmail.errors import AddressError, NotebookmailError
from notebookmail.privacy.masking import KnownNames, mask_address, mask_label, mask_text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from typing import TypeGuard

    import pandas as pd

    from notebookmail.delivery.results_frame import Outcome
    from notebookmail.delivery.row_states import RowStates
    from notebookmail.delivery.run_facts import RunFacts

_SHORTEST_CELL = 3  # a shorter one is in every other word


def redacted_states(states: RowStates) -> RowStates:
    """Make states of the same rows without addresses.

    Args:
        states: How the rows stand; they are not changed.
    """
    to = states.all_recipients()
    numbers, names = states.numbers, _names_in_trouble(states)
    words = Rewording(
        labels=redacted_labels(states.labels, to),
        recipients=[redacted_recipients(each) for each in to],
        stop_reason=redacted_notice(states.stop_reason, to),
        message_id=lambda position, text: mask_text(text, *to[position].split(", ")),
        reply=_masking(to, numbers.column("reply"), names),
        reason=_masking(to, numbers.column("reason"), names),
        error=lambda position, error: redacted_error(error, to[position], *names.found_in(str(error))),
        addresses=redacted_addresses,
    )
    return states.reworded(words)


def redacted_failures(states: RowStates) -> list[Exception]:
    """Make the exceptions of rows that were not sent, without addresses, each with its row's label as a note."""
    names = _names_in_trouble(states)
    found: list[Exception] = []
    for outcome in _in_trouble(states):
        if outcome.error is not None:
            error = redacted_error(outcome.error, outcome.to, *names.found_in(str(outcome.error)))
            error.__cause__ = None  # its words stand in the error's own
            error.add_note(f"row {mask_label(outcome.label)}, {outcome.status}")
            found.append(error)
    return found


def _in_trouble(states: RowStates) -> Iterator[Outcome]:
    return map(Outcomes(states).outcome, RowSearch(states).positions("failed", "deferred", "unconfirmed"))


def _names_in_trouble(states: RowStates) -> KnownNames:
    """Return what the rows that were not sent are called: servers speak of one in answer to another."""
    return KnownNames(name for row in _in_trouble(states) for name in (row.label, *row.to.split(", ")))


def redacted_notice(notice: str, recipients: Sequence[str]) -> str:
    """Mask what is said of a run as a whole."""
    return mask_text(notice, *sorted({each for each in recipients if each and each in notice}))


def redacted_facts(facts: RunFacts) -> RunFacts:
    """Mask the names that somebody gave a campaign or a folder."""
    return replace(facts, target=mask_text(facts.target), campaign=mask_text(facts.campaign))


def _masking(recipients: Sequence[str], numbers: Any, names: KnownNames) -> Callable[[int, str], str]:
    """Make what masks texts by number: every address, and what a text says of the mailboxes of its rows."""
    recipients_by_number: dict[int, set[str]] = {}
    for to, number in zip(recipients, numbers.tolist(), strict=True):
        if number:
            recipients_by_number.setdefault(number, set()).add(to)

    def masked(number: int, text: str) -> str:
        about = recipients_by_number.get(number, set())
        is_of_one = len(about) == 1  # what is said of many rows in the same words names no one by a local part
        private = {each for to in about for each in to.split(", ")}
        return names.mask(text, *sorted(each for each in private if is_of_one or each in text))

    return masked


def redacted_recipients(to: str) -> str:
    """Mask a row's recipients, several of which are joined by ", "."""
    return ", ".join(mask_address(each) for each in to.split(", "))


def redacted_labels(labels: Sequence[Hashable] | pd.Index[Any], recipients: Sequence[str]) -> Any:
    """Mask the labels that hold an address, and what a label says of its row's own mailbox.

    Args:
        labels: A frame's index, or any sequence of labels.
        recipients: Whom each row is for.

    Returns:
        Labels of the same kind: an index stays an index with its names.
    """
    import pandas as pd

    if isinstance(labels, range) or (isinstance(labels, pd.Index) and pd.api.types.is_numeric_dtype(labels.dtype)):
        return labels
    masked = [redacted_value(label, *to.split(", ")) for label, to in zip(labels, recipients, strict=True)]
    if isinstance(labels, pd.MultiIndex):
        return pd.MultiIndex.from_tuples(masked, names=labels.names)
    return pd.Index(masked, name=labels.name) if isinstance(labels, pd.Index) else masked


def redacted_error(error: Exception, to: str, *names: str) -> Exception:
    """Make an exception that says the same without addresses.

    A reply's wording can hang on a word that is also the recipient's local part ("user unknown" to user@...): that
    word stays where masking it would change what the exception means.

    Args:
        error: The exception of a row; it is not changed.
        to: Whom the row is for.
        names: Other rows' labels and recipients that it names.
    """
    private = [*to.split(", "), *names]
    masked = _masked_error(error, private)
    if explain(masked) == explain(error):
        return masked
    return _masked_error(error, [])


def _masked_error(error: Exception, private: Sequence[str]) -> Exception:
    private = [*private, *(each.text for each in (error, error.__cause__) if _is_about_a_cell(each))]
    if not isinstance(error, NotebookmailError):
        return NotebookmailError(f"{type(error).__name__}: {redacted_value(str(error), *private)}")
    masked = type(error)(*(redacted_value(each, *private) for each in error.args))
    for name, value in error.__dict__.items():
        setattr(masked, name, redacted_value(value, *private))
    if isinstance(error.__cause__, NotebookmailError):  # what a template's error means hangs on it
        masked.__cause__ = _masked_error(error.__cause__, private)
    return masked


def _is_about_a_cell(error: BaseException | None) -> TypeGuard[AddressError]:
    return isinstance(error, AddressError) and len(error.text) >= _SHORTEST_CELL


def redacted_value(value: Any, *private: str) -> Any:
    """Mask what a label or an exception's argument holds; a value without addresses stays itself.

    Args:
        value: Text, exceptions, and tuples, lists and mappings of them; anything else by how it prints.
        private: Mailboxes that it may be about.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Exception):
        return _masked_error(value, private)
    if isinstance(value, tuple | list):
        return type(value)(redacted_value(each, *private) for each in value)
    if isinstance(value, Mapping):
        return {redacted_value(key, *private): redacted_value(each, *private) for key, each in value.items()}
    text = str(value)
    masked = mask_text(text, *private)
    return value if masked == text and (isinstance(value, str) or "@" not in text) else masked


def redacted_addresses(addresses: Addresses) -> Addresses:
    """Mask what the addresses of a row said, and number those that become the same."""
    real = list(dict.fromkeys([*addresses.delivered, *addresses.refused]))
    names = dict(zip(real, _numbered(map(mask_address, real)), strict=True))
    replies = {
        names[each]: reply._replace(message=mask_text(reply.message, *real))
        for each, reply in addresses.refused.items()
    }
    delivered = tuple(names[each] for each in addresses.delivered)
    return Addresses(delivered, replies, frozenset(names[each] for each in addresses.copies if each in names))


def _numbered(masked: Iterable[str]) -> list[str]:
    found: list[str] = []
    for each in masked:
        name, number = each, 1
        while name in found:
            number += 1
            name = f"{each} ({number})"
        found.append(name)
    return found
