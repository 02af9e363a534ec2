"""A thousand rows of the demo's figures through other projects' servers: a thousand received, all sent."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from notebookmail import Server, Template, send_frame

if TYPE_CHECKING:
    from peers import Peer

DATA = Path(__file__).parent.parent / "notebooks" / "data"
ROWS = 1_000

LETTER = Template(
    "{{ origin }} to {{ destination }}, {{ month }}",
    sender="New York Punctuality Desk <desk@example.org>",
    markdown="""
# {{ name }}

| flights | cancelled | late |
|--------:|----------:|-----:|
| {{ flights }} | {{ cancelled }} | {{ late }} |

Grüße aus New York
""",
)


def routes() -> pd.DataFrame:
    rows = pd.read_csv(DATA / "punctuality.csv").head(ROWS)
    carriers = pd.read_csv(DATA / "carriers.csv")[["carrier", "name"]]
    local = rows["carrier"] + "." + rows["origin"] + "." + rows["destination"] + "." + rows["month"]
    return rows.assign(email=local.str.lower() + "@example.org").merge(carriers, on="carrier")


async def assert_all_arrive(peer: Peer) -> None:
    df = routes()
    assert df["email"].nunique() == ROWS
    results = await send_frame(df, LETTER, Server(peer.host, peer.port), confirm=ROWS, progress=False)
    assert results.counts["sent"] == ROWS
    arrivals = peer.arrivals()
    assert len(arrivals) == ROWS
    assert sorted(arrival.recipients for arrival in arrivals) == sorted((address,) for address in df["email"])
    assert {arrival.sender for arrival in arrivals} == {"desk@example.org"}
    by_address = df.set_index("email")
    for arrival in arrivals:
        row = by_address.loc[arrival.recipients[0]]
        message = email.message_from_bytes(arrival.content, policy=email.policy.default)
        assert message["Subject"] == f"{row['origin']} to {row['destination']}, {row['month']}"
        assert message["To"] == arrival.recipients[0]
        text = message.get_body(("plain",))
        assert text is not None
        assert str(row["flights"]) in text.get_content()
        assert "Grüße aus New York" in text.get_content()


@pytest.mark.peer
async def test_a_thousand_rows_arrive_at_postfixs_smtp_sink(postfix_sink: Peer) -> None:
    await assert_all_arrive(postfix_sink)


@pytest.mark.peer
async def test_a_thousand_rows_arrive_at_npms_smtp_server(node_server: Peer) -> None:
    await assert_all_arrive(node_server)
