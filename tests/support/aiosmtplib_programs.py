"""Programs as aiosmtplib's documentation of its exceptions shows them, with nothing changed but the import.

The calls, the `except` clauses and their order are what such programs have; hosts and credentials are arguments,
and instead of printing they return what happened. They are judged in smtp/test_seed_examples.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import notebookmail as aiosmtplib

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage

CONTENT = "Subject: Test\n\nTest message"


async def send_once(message: EmailMessage, **server: Any) -> tuple[str, Any]:
    """One clause for everything."""
    try:
        return "sent", await aiosmtplib.send(message, **server)
    except aiosmtplib.SMTPException as error:
        return "refused", error


async def send_and_name_the_cause(message: EmailMessage, **server: Any) -> tuple[Any, ...]:  # noqa: C901, PLR0911, PLR0912 -- a clause for each exception is what is judged
    """A clause for each exception there is, the special before the general."""
    try:
        return "sent", await aiosmtplib.send(message, **server)
    except aiosmtplib.SMTPConnectTimeoutError as error:
        return "connect timeout", str(error)
    except aiosmtplib.SMTPConnectError as error:
        return "connect", str(error)
    except aiosmtplib.SMTPAuthenticationError as error:
        return "authentication", error.code, error.message
    except aiosmtplib.SMTPSenderRefused as error:
        return "sender", error.code, error.message, error.sender
    except aiosmtplib.SMTPRecipientRefused as error:
        return "recipient", error.code, error.message, error.recipient
    except aiosmtplib.SMTPRecipientsRefused as error:
        return "recipients", {each.recipient: each.message for each in error.recipients}
    except aiosmtplib.SMTPDataError as error:
        return "data", error.code, error.message
    except aiosmtplib.SMTPReadTimeoutError as error:
        return "read timeout", str(error)
    except aiosmtplib.SMTPNotSupported as error:
        return "not supported", str(error)
    except aiosmtplib.SMTPServerDisconnected as error:
        return "disconnected", str(error)
    except aiosmtplib.SMTPTimeoutError as error:
        return "timeout", str(error)
    except aiosmtplib.SMTPResponseException as error:
        return "response", error.code, error.message
    except aiosmtplib.SMTPException as error:
        return "other", str(error)


async def step_by_step(  # noqa: C901 -- the same
    smtp: aiosmtplib.SMTP, recipients: Sequence[str], *, password: str = "password"
) -> list[tuple[Any, ...]]:
    """Connect, log in, send and quit, each with clauses of its own; a server without AUTH is used all the same."""
    try:
        await smtp.connect()
    except aiosmtplib.SMTPConnectTimeoutError as error:
        return [("connect timeout", str(error))]
    except aiosmtplib.SMTPConnectError as error:
        return [("connect", str(error))]
    events: list[tuple[Any, ...]] = []
    try:
        await smtp.login("me", password)
    except aiosmtplib.SMTPAuthenticationError as error:
        smtp.close()
        return [("authentication", error.code, error.message)]
    except aiosmtplib.SMTPNotSupported:
        events.append(("no authentication",))
    try:
        response = await smtp.sendmail("sender@example.org", recipients, CONTENT)
        events.append(("sent", response[1]))
        events += [(recipient, str(reply)) for recipient, reply in response[0].items()]
    except aiosmtplib.SMTPSenderRefused as error:
        events.append(("sender", error.sender, error.message))
    except aiosmtplib.SMTPRecipientsRefused as error:
        events += [("recipient", each.recipient, each.message) for each in error.recipients]
    except aiosmtplib.SMTPDataError as error:
        events.append(("data", error.message))
    except aiosmtplib.SMTPServerDisconnected:
        events.append(("disconnected",))
    finally:
        if smtp.is_connected:
            try:
                await smtp.quit()
            except aiosmtplib.SMTPException:
                smtp.close()
    return events


async def try_several(message: EmailMessage, ports: Sequence[int], **server: Any) -> list[tuple[int, str]]:
    """One server after another until one takes the message; wrong credentials are not tried elsewhere."""
    events = []
    for port in ports:
        try:
            await aiosmtplib.send(message, port=port, **server)
            events.append((port, "sent"))
            break
        except aiosmtplib.SMTPConnectError:
            events.append((port, "connect"))
            continue
        except aiosmtplib.SMTPTimeoutError:
            events.append((port, "timeout"))
            continue
        except aiosmtplib.SMTPAuthenticationError:
            events.append((port, "authentication"))
            break
        except aiosmtplib.SMTPException:
            events.append((port, "other"))
            continue
    else:
        events.append((0, "none took it"))
    return events


async def tell_the_details(sender: str, recipients: Sequence[str], **server: Any) -> tuple[str, dict[str, Any]]:
    """What an exception knows about what went wrong."""
    smtp = aiosmtplib.SMTP(**server)
    try:
        await smtp.connect()
        await smtp.sendmail(sender, recipients, CONTENT)
    except aiosmtplib.SMTPSenderRefused as error:
        details = {"code": error.code, "message": error.message, "sender": error.sender, "args": error.args}
        return "sender", details
    except aiosmtplib.SMTPRecipientRefused as error:
        return "recipient", {"code": error.code, "message": error.message, "recipient": error.recipient}
    except aiosmtplib.SMTPResponseException as error:
        return "response", {"code": error.code, "message": error.message}
    except aiosmtplib.SMTPException as error:
        return "other", {"message": error.message, "type": type(error).__name__}
    finally:
        smtp.close()
    return "sent", {}
