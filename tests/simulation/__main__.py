"""Run worlds from the command line: `python -m simulation --seed 4711 --trace`, in the folder tests."""

from __future__ import annotations

import argparse
import sys
import time

from .many import Findings, run_worlds, run_worlds_in_parallel


def main() -> int:
    """Run the worlds asked for; 1 if one of them broke a promise."""
    parser = argparse.ArgumentParser(prog="simulation", description="Delivery in simulated worlds.")
    parser.add_argument("--seed", type=int, help="one world")
    parser.add_argument("--seeds", default="0:1000", help="many of them, from:to")
    parser.add_argument("--trace", action="store_true", help="say what happens in one world, step by step")
    parser.add_argument("--tally", action="store_true", help="say how often what happened")
    asked = parser.parse_args()
    begun = time.perf_counter()
    found = _one(asked.seed, is_traced=asked.trace) if asked.seed is not None else _many(asked.seeds)
    seconds = time.perf_counter() - begun
    if asked.tally:
        print(*(f"{number:8} {name}" for name, number in sorted(found.tally.items())), sep="\n")
    if asked.seed is None:
        print(f"{found.worlds} worlds, {found.steps} steps, {len(found.complaints)} complaints, {seconds:.1f} s")
    return 1 if found.complaints else 0


def _one(seed: int, *, is_traced: bool) -> Findings:
    traces: list[str] = []
    found = run_worlds([seed], traces=traces)
    if is_traced:
        print(*traces, sep="\n")
    print(*found.complaints, sep="\n")
    return found


def _many(seeds: str) -> Findings:
    first, _, last = seeds.partition(":")
    found = Findings()
    for each in run_worlds_in_parallel(range(int(first), int(last))):
        found.add(each)
        for complaint in each.complaints:
            print(complaint, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
