"""What people were promised, held against what reached them, after every run of their cells.

1. At each address a letter arrives at most once in a generation of its campaign (people.py counts), a copy too.
2. The results say what happened: to every row, to the right person, and to each address where these differ.
3. The account's quota is never exceeded, and a run does not end for it while there is room.
4. In the end every letter that can arrive has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .people import DAY_SECONDS

if TYPE_CHECKING:
    from .cell import Cell, CellRun
    from .cells import CellWorld
    from .people import Letter

_QUOTA_SLACK_SECONDS = 120.0  # it is counted by whole minutes


def check_cell(world: CellWorld, cell: Cell) -> None:
    """Check what the runs of a process reported, if it lived to report."""
    if cell.is_dead:
        return
    for run in cell.runs:
        if not run.has_begun:
            continue  # it could not begin
        results = run.results
        if sum(results.counts.values()) != len(run.letters):
            world.complain(f"{len(run.letters)} rows, and the results say {results.counts}")
        for position, letter in enumerate(run.letters):
            _check_letter(world, cell, run, position, letter)
        for status, count in results.counts.items():
            world.tally[f"letter: {status}"] += count


def _check_letter(world: CellWorld, cell: Cell, run: CellRun, position: int, letter: Letter) -> None:
    outcome = run.results.outcome(position)
    status, truth, now = outcome.status, world.truth, world.run
    generation = cell.generations[run.mailing.number]
    reached = truth.at(letter.token, generation, letter.email)

    def complain(what: str) -> None:
        world.complain(f"the letter of {letter.email} is {status}: {what}")

    if outcome.to.lower() not in {"", letter.email}:
        complain(f"the results name {outcome.to}")
    if status == "sent" and not reached.taken[now]:
        complain("no server took it")
    if status == "skipped" and not reached.taken:
        complain("no server ever took it")
    if status not in {"sent", "skipped"} and reached.heard[now]:
        complain("its acceptance was heard")
    # A process may have heard of an acceptance and died before it was recorded: then it may be asked for again.
    if status == "pending" and reached.heard and reached.allowed == 1 and not cell.order.resend_unconfirmed:
        complain("an earlier run knows that it was sent")
    if status in {"failed", "deferred", "pending"} and reached.taken[now]:
        complain("a server took it")
    if status == "unconfirmed" and position not in run.held and not _is_in_doubt(world, letter):
        complain("every end of it was answered")
    _check_addresses(world, run, position, letter, generation)


def _is_in_doubt(world: CellWorld, letter: Letter) -> bool:
    place = (letter.token, world.run)
    return world.truth.ended[place] > world.truth.answered_ends[place]


def _check_addresses(world: CellWorld, run: CellRun, position: int, letter: Letter, generation: int) -> None:
    """Where the addresses of a row differ, each was reported as it was."""
    said = run.results._states.addresses.get(position)
    if said is None:
        return
    world.tally["addresses: differ"] += 1
    for address in said.delivered:
        if not world.truth.at(letter.token, generation, address.lower()).taken:
            world.complain(f"{address} is said to have taken {letter.token}, and did not")
    for address in said.refused:
        if world.truth.at(letter.token, generation, address.lower()).taken[world.run]:
            world.complain(f"{address} is said to have refused {letter.token}, and took it")


def check_end(world: CellWorld, cell: Cell) -> bool:
    """Check a run in fair weather; False where the quota leaves letters for another day."""
    if cell.ending != "finished":
        world.complain(f"in fair weather the cells ended: {cell.ending}")
    is_finished = True
    for run in cell.runs:
        for position, letter in enumerate(run.letters):
            status = run.results.status_at(position)
            if status in {"pending", "deferred"} and world.truth.quota is not None:
                is_finished = False
                _check_quota_is_used(world, cell)
            elif status not in _allowed(world, letter):
                world.complain(f"the letter of {letter.email} is {status} in fair weather")
    return is_finished


def _allowed(world: CellWorld, letter: Letter) -> set[str]:
    if not letter.name or letter.email in world.unknown:
        return {"failed", "unconfirmed"}
    return {"sent", "skipped", "unconfirmed"}


def _check_quota_is_used(world: CellWorld, cell: Cell) -> None:
    """A run that ends for the quota has used it, but for what nobody knows the end of."""
    truth = world.truth
    since = cell.loop.time() + world.clock_offset - DAY_SECONDS - _QUOTA_SLACK_SECONDS
    used = sum(moment >= since for moment in truth.sent_at)
    in_doubt = sum(count - truth.answered_ends[place] for place, count in truth.ended.items())
    in_doubt += world.lost_intents
    if truth.quota is not None and used + in_doubt < truth.quota:
        world.complain(f"letters wait for the quota of {truth.quota}, and {used} went within a day")
