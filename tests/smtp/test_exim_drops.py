"""Exim's `drop`: it refuses and closes the connection, in the middle of a group of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from peers import Setup, exim

from notebookmail import SMTP, Server, SMTPRecipientsRefused, SMTPSenderRefused, Template, send_frame

if TYPE_CHECKING:
    from pathlib import Path

DROPPED = "dropped@example.net"


@pytest.mark.peer
@pytest.mark.parametrize("options", [{}, {"chunking": True}, {"pipelining": False}], ids=str)
async def test_what_exim_refuses_and_drops_is_told_in_its_words_and_the_rows_behind_it_are_sent(
    tmp_path: Path, options: dict[str, bool]
) -> None:
    with exim(tmp_path, Setup()) as peer:
        for sender, to, error in (
            (DROPPED, "b@example.org", SMTPSenderRefused),
            ("a@example.org", DROPPED, SMTPRecipientsRefused),
        ):
            smtp = SMTP(hostname=peer.host, port=peer.port, timeout=20, **options)  # type: ignore[arg-type]
            await smtp.connect()
            with pytest.raises(error, match=r"550 5\.") as caught:
                await smtp.sendmail(sender, [to], b"Subject: x\r\n\r\nhello\r\n")
            assert not caught.value.unconfirmed
            smtp.close()
        emails = ["b@example.org", DROPPED, "c@example.org", "d@example.org"]
        server = Server(peer.host, peer.port, security="none", **options)  # type: ignore[arg-type]
        letter = Template("x", text="hello", sender="a@example.org")
        results = await send_frame(
            pd.DataFrame({"email": emails}), letter, server, journal=False, progress=False, max_connections=1
        )
        table = results.frame
        assert list(table.status) == ["sent", "failed", "sent", "sent"]
        assert list(table.attempts) == [1, 1, 1, 1]
        assert table.code[1] == 550
