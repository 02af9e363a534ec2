"""Calls as users write them; type-checked, never run."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import assert_type

import pandas as pd

from notebookmail import (
    SMTP,
    Drafts,
    Mailbox,
    OAuth,
    Received,
    Report,
    Sandbox,
    SendResults,
    Server,
    SMTPRecipientsRefused,
    SMTPResponse,
    Template,
    check_frame,
    preview_frame,
    read_table,
    send,
    send_frame,
    send_frame_sync,
    send_test,
    start_frame,
)
from notebookmail.delivery.events import Status
from notebookmail.mailbox.reading import ReadableMailbox, ReadBatch


async def merge(df: pd.DataFrame) -> None:
    assert_type(read_table("people.csv", sep=";", encoding="cp1252"), pd.DataFrame)
    assert_type(read_table(Path("people.xlsx"), sheet="Guests"), pd.DataFrame)
    template = Template(
        "Hello {{ name }}", markdown="Dear {{ name }}", sender="a@example.org", cc=["b@example.org"]
    )
    Template("Hi", text="x", to=lambda row: row["email"].split(";"), cc=["{{ boss }}", str], split=[",", ";"])
    results = await send_frame(df, template, Server("smtp.example.org", username="me", password="x"), confirm=3)
    assert_type(results, SendResults)
    assert_type(results.failed, pd.DataFrame)
    assert_type(results.exceptions[0], Exception)
    assert_type(send_frame_sync(df, template), SendResults)
    assert_type(check_frame(df, template, sender="a@example.org"), Report)
    assert_type(check_frame(df, template).errors, pd.DataFrame)
    assert_type(template.render({"name": "Ann"}), EmailMessage)
    send_frame_sync(df, template, limmit=3)  # type: ignore[call-arg] # not an option
    send_frame_sync(df, template, limit="3")  # type: ignore[arg-type] # not a number
    assert_type(results.message(7), EmailMessage)
    assert_type(results["ann"].to, str)
    assert_type(next(iter(results)).status, Status)
    assert_type(await send_test(df, template, to="me@example.org", row=7, sender="a@example.org"), SendResults)
    await send_test(df, template)  # type: ignore[call-arg] # to whom?
    with Sandbox() as box:
        assert_type(box.find("ann"), list[Received])
        assert_type(len(box), int)
    async with Sandbox(faults={"451": 0.1, "x@example.org": "550 no"}) as box:
        await send_frame(df, template, box.server, duplicates="skip", progress=False)
        assert_type(box.received, list[Received])


async def client(message: EmailMessage) -> None:
    refused, reply = await send(message, hostname="smtp.example.org", port=587, start_tls=True, timeout=10)
    assert_type(refused, dict[str, SMTPResponse])
    assert_type(reply, str)
    async with SMTP(hostname="smtp.example.org", use_tls=True) as smtp:
        assert_type(await smtp.login("me", "x"), SMTPResponse)
        assert_type(smtp.hostname, str | None)
        assert_type(smtp.validate_certs, bool)
        smtp.hostname, smtp.timeout, smtp.use_tls = "smtp.example.com", None, False
        try:
            await smtp.sendmail("a@example.org", ["b@example.org"], b"x", mail_options=["RET=HDRS"])
        except SMTPRecipientsRefused as error:
            assert_type(error.recipients[0].recipient, str)
        assert_type(await smtp.auth_oauthbearer("me", b"token"), SMTPResponse)
        assert_type(smtp.sendmail_sync("a@example.org", "b@example.org", "x"), tuple[dict[str, SMTPResponse], str])


async def look(df: pd.DataFrame, template: Template) -> None:
    preview = preview_frame(df, template, pick="extremes", group_by="email")
    assert_type(preview.message(3), EmailMessage)
    job = start_frame(df, template)
    job.pause()
    results = await job
    assert_type(results.redacted(), SendResults)
    assert_type(results.table().frame, pd.DataFrame)
    signing = Server.preset("gmail", username="me@gmail.com", oauth=OAuth.google("id", "secret"))
    await signing.sign_in(how="paste", timeout=60)
    await signing.sign_in(redirected="http://127.0.0.1:50000/?code=x")
    signing.sign_out()
    Server("smtp.example.org", username="me", password_command=["pass", "show", "mail"]).save_password()
    diagnosis = await Server.preset("gmail", username="me@gmail.com").verify()
    assert_type(diagnosis.ok, bool)
    assert_type(Server.for_address("me@example.org", rate="30/min"), Server)
    assert_type(Server.preset("ses", region="eu-west-1", access_key="AKIA", secret_key="x"), Server)
    assert_type(Server.profile("work").save_profile("home"), Path)


async def by_mailbox(df: pd.DataFrame, template: Template, server: Server) -> None:
    mailbox = Mailbox.for_server(server, folders=["INBOX", "Bounces"])
    assert_type(Mailbox("imap.example.org", 993, username="me", password="x", security="tls"), Mailbox)
    assert_type(await send_frame(df, template, Drafts(mailbox, folder="Letters")), SendResults)
    assert_type(await send_frame(df, template, server, save_sent=mailbox), SendResults)
    readable: ReadableMailbox = mailbox
    async for batch in readable.read({}):
        assert_type(batch, ReadBatch)
    print(await mailbox.verify())
