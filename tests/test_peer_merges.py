"""A thousand rows of the demo's figures through other projects' servers: a thousand received, all sent."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path
from typing import TYPE_CHECKING

import dkim
import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from matplotlib.figure import Figure

from notebookmail import DKIM, Server, Template, send_frame

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
@pytest.mark.slow
async def test_a_thousand_rows_arrive_at_postfixs_smtp_sink(postfix_sink: Peer) -> None:
    await assert_all_arrive(postfix_sink)


def letter_of_all() -> Template:
    figure = Figure(figsize=(4, 2))
    figure.subplots().bar(["a", "b"], [1, 2])
    return Template(
        "Bericht für {{ name }}",
        sender="Desk <desk@example.org>",
        markdown="{{ table }}\n\n{{ chart | image(alt='Two bars') }}\n\n{{ invitation }}",
        inline={"table": pd.DataFrame({"n": [1, 20_000]}), "chart": figure},
        attachments=[("größe {{ name }}.csv", pd.DataFrame({"n": [1]})), ("big.bin", bytes(range(256)) * 1_000)],
        calendar={"summary": "Talk", "start": "2026-04-09T15:00", "duration": 30, "timezone": "Europe/Berlin"},
        list_unsubscribe="https://example.org/u?{{ name | urlencode }}",
    )


@pytest.mark.peer
async def test_a_letter_of_all_there_is_arrives_whole_and_its_signature_holds(node_server: Peer) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = DKIM("example.org", "test", pem)
    df = pd.DataFrame({"name": ["Ann", "Zoë"], "email": ["ann@example.org", "zoe@example.org"]})
    template = letter_of_all()
    server = Server(node_server.host, node_server.port)
    results = await send_frame(df, template, server, dkim=signer, progress=False)
    assert results.counts["sent"] == 2
    arrivals = sorted(node_server.arrivals(), key=lambda each: each.recipients)
    for arrival, name in zip(arrivals, df["name"], strict=True):
        assert dkim.verify(arrival.content, dnsfunc=lambda *_args, **_: signer.dns_record[1].encode())
        assert not dkim.verify(arrival.content + b"x", dnsfunc=lambda *_args, **_: signer.dns_record[1].encode())
        message = email.message_from_bytes(arrival.content, policy=email.policy.default)
        kinds = [part.get_content_type() for part in message.walk() if not part.is_multipart()]
        assert kinds[:4] == ["text/plain", "text/html", "image/png", "text/calendar"]
        files = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
        assert files[f"größe {name}.csv"] == b"\xef\xbb\xbfn\r\n1\r\n"
        assert files["big.bin"] == bytes(range(256)) * 1_000


@pytest.mark.peer
@pytest.mark.slow
async def test_a_thousand_rows_arrive_at_npms_smtp_server(node_server: Peer) -> None:
    await assert_all_arrive(node_server)
