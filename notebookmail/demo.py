"""The demo: every carrier out of New York gets its own punctuality letter, through the embedded server.

Real figures (US Bureau of Transportation Statistics, flights of 2013), made-up people. Three of the sixteen rows
fail on purpose, each in a way analysts meet: a missing value, two addresses in one cell, a closed mailbox.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from .api import send_frame
from .compose.template import Template
from .sandbox.server import Sandbox
from .view.terminal.results import print_results

if TYPE_CHECKING:
    from email.message import EmailMessage

    from .campaign.results import SendResults

CLOSED_MAILBOX = "no.such.user@example.org"
_INTRODUCTION = """\
Mailing {count} carriers their punctuality letter, each its own, through a mail server
inside this process. Nothing leaves this machine. Three rows are wrong on purpose.
"""
_BUSY_ROUTE_FLIGHTS = 50  # below that a mean says little
_SECONDS_PER_MESSAGE = 0.12  # slow enough to watch the bar

TEMPLATE = Template(
    "{{ name }}: {{ late }} % of your New York flights came in late",
    sender="New York Punctuality Desk <desk@example.org>",
    to="{{ contact }} <{{ email }}>",
    markdown="""
Dear {{ contact }},

in 2013 **{{ name }}** flew {{ flights | number }} times out of New York.
{{ late }} % of the flights reached their destination at least a quarter of an hour late.
That is place **{{ place }}** of {{ carriers }} carriers.

| from | flights | late | mean delay |
|:-----|--------:|-----:|-----------:|
{% for airport in airports %}
| {{ airport.origin }} | {{ airport.flights | number }} | {{ airport.late }} % | {{ airport.delay }} min |
{% endfor %}

{% if place <= 3 %}Few were as punctual as you: congratulations.
{% else %}Your most delayed route was {{ worst.origin }} to {{ worst.destination }},
{{ worst.delay }} minutes late on average.
{% endif %}

Kind regards,\\
New York Punctuality Desk
""",
)


def data_folder() -> Path:
    """Find the demo's figures: inside the installed package, or in the checkout it runs from."""
    installed = Path(__file__).with_name("demo_data")
    return installed if installed.is_dir() else Path(__file__).parent.parent / "notebooks" / "data"


def load_letters(folder: Path | None = None) -> pd.DataFrame:
    """Make the demo's frame: one row per carrier, with its airports as a nested list.

    Args:
        folder: Where carriers.csv and punctuality.csv are; the demo's own data by default.

    Returns:
        Columns carrier, name, contact, email, flights, late (percent), place, carriers, airports, worst.
    """
    folder = folder or data_folder()
    carriers = pd.read_csv(folder / "carriers.csv")
    routes = pd.read_csv(folder / "punctuality.csv")
    routes["flown"] = routes["flights"] - routes["cancelled"]
    routes["minutes"] = routes["mean_delay"] * routes["flown"]
    total = _rates(routes, ["carrier"])
    by_route = _rates(routes, ["carrier", "origin", "destination"])
    by_route["busy"] = by_route["flights"] >= _BUSY_ROUTE_FLIGHTS
    by_route = by_route.sort_values(["busy", "delay"], ascending=False)
    total["place"] = total["late"].rank(method="min").astype(int)
    total["carriers"] = len(total)
    total["airports"] = _nested(_rates(routes, ["carrier", "origin"]), total.index)
    total["worst"] = _nested(by_route, total.index).str[0]
    return carriers.join(total.drop(columns="delay"), on="carrier")


def _rates(routes: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    sums = routes.groupby(by)[["flights", "flown", "late", "minutes"]].sum()
    late = (100 * sums["late"] / sums["flown"]).round(1)
    delay = (sums["minutes"] / sums["flown"]).round(1)
    return pd.DataFrame({"flights": sums["flights"], "late": late, "delay": delay}).dropna()


def _nested(rates: pd.DataFrame, carriers: pd.Index[Any]) -> pd.Series[Any]:
    """Gather each carrier's lines into a list of dicts, in the order they have."""
    records = [rates.xs(carrier, level="carrier").reset_index().to_dict("records") for carrier in carriers]
    return pd.Series(records, index=carriers, dtype=object)


async def run_demo(console: Console | None = None) -> SendResults:
    """Send the letters to the sandbox, with a progress bar, and show how every row ended.

    Args:
        console: Where to write; the terminal by default.
    """
    console = console or Console()
    letters = load_letters()
    console.print(Text(_INTRODUCTION.format(count=len(letters))))
    faults = {CLOSED_MAILBOX: "550 5.1.1 No such user here"}
    async with Sandbox(faults, delay_seconds=_SECONDS_PER_MESSAGE) as box:
        results = await send_frame(letters, TEMPLATE, box.server, max_connections=2, progress="text")
        print_results(results, console=console, positions=results.positions(), has_headline=False)
        console.print()
        console.print(_as_read(box.messages[0]))
    console.print(_where_to_look())
    return results


def _as_read(message: EmailMessage) -> Panel:
    body = message.get_body(("plain",))
    text = Text(str(body.get_content() if body is not None else "").strip())
    title = Text(f"{message['To']}", style="bold")
    return Panel(text, title=title, subtitle="one of the letters, as text", width=88, padding=(1, 3))


def _where_to_look() -> Text:
    notebook = Path(__file__).parent.parent / "notebooks" / "01-first-merge.ipynb"
    lines = ["\nWhere to look now"]
    if notebook.exists():
        lines.append("  the same as a notebook   jupyter lab notebooks/01-first-merge.ipynb")
    lines.append(f"  this demo's code         {Path(__file__)}")
    lines.append(f"  its figures              {data_folder()}")
    lines.append("  your own list            from notebookmail import Template, send_frame")
    return Text("\n".join(lines))
