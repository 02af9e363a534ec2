"""The inbox, without a kernel: its list, its search, and how it follows a sandbox."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

import ipywidgets
import pytest
from support.paired_timings import ratio

from notebookmail import Received, Sandbox, send
from notebookmail.view.widgets import inbox as inbox_module
from notebookmail.view.widgets.inbox import PAGE, Inbox


def state_of(widget: ipywidgets.Widget) -> str:
    return str(widget.get_state()) + "".join(map(state_of, getattr(widget, "children", ())))


def received(number: int) -> Received:
    message = EmailMessage()
    message["From"], message["To"] = "desk@example.org", f"n{number}@example.org"
    message["Subject"] = f"Letter number {number}"
    message["Date"] = "Mon, 02 Mar 2026 10:15:00 +0000"
    message.set_content(f"the text of {number}.")
    return Received("desk@example.org", (f"n{number}@example.org",), message, message.as_bytes())


def inbox_of(count: int) -> Inbox:
    return Inbox([received(number) for number in range(count)])


def test_an_empty_inbox_says_so() -> None:
    assert "Nothing has arrived yet." in state_of(inbox_of(0).widget)


def test_the_first_message_is_open_and_another_opens_when_chosen() -> None:
    inbox = inbox_of(3)
    assert "the text of 0." in state_of(inbox.widget)

    inbox._list.widget.children[2].click()

    assert "the text of 2." in state_of(inbox.widget)


def test_the_state_holds_one_page_and_the_open_message_only() -> None:
    state = state_of(inbox_of(120).widget)

    assert f"n{PAGE - 1}@example.org" in state
    assert f"n{PAGE}@example.org" not in state
    assert "the text of 1." not in state


def test_one_message_after_the_other_is_opened_and_the_page_turns_with_them() -> None:
    inbox = inbox_of(120)
    for _ in range(50):
        inbox._next.click()
    assert inbox._where.value == "51\u2013100 of 120"
    assert "the text of 50." in state_of(inbox.widget)
    inbox._previous.click()

    assert inbox._where.value == "1\u201350 of 120"
    assert "the text of 49." in state_of(inbox.widget)


def test_a_message_stands_in_two_lines_and_one_button() -> None:
    inbox = inbox_of(3)
    (first, second), *_ = inbox._list.lines
    assert first.startswith("n0@example.org")
    assert second == "Letter number 0"
    assert [button.tabbable for button in inbox._list.widget.children] == [True, False, False]


def test_the_open_message_stays_open_when_the_page_turns_and_the_tab_when_the_message_does() -> None:
    inbox = inbox_of(120)
    inbox._reader._tabs.value = "Headers"
    inbox._later.click()
    assert inbox._where.value == "51\u2013100 of 120"
    assert inbox._list.place == 0  # what Tab reaches; none of these is open
    assert "n0@example.org" in inbox._reader._head.value
    inbox._next.click()
    assert inbox._where.value == "1\u201350 of 120"
    assert "n1@example.org" in inbox._reader._head.value
    assert inbox._reader._tabs.value == "Headers"


def test_pages_are_offered_where_there_is_more_than_one() -> None:
    assert inbox_of(PAGE)._pages.layout.display == "none"
    inbox = inbox_of(PAGE + 1)
    assert inbox._pages.layout.display is None
    assert (inbox._earlier.disabled, inbox._later.disabled) == (True, False)
    inbox._later.click()
    assert len(inbox._list.lines) == 1
    assert (inbox._earlier.disabled, inbox._later.disabled) == (False, True)
    inbox.close()


def test_the_newest_is_one_click_away() -> None:
    inbox = inbox_of(120)
    inbox._newest.click()

    assert inbox._where.value == "101\u2013120 of 120"
    assert inbox._next.disabled
    assert inbox._newest.disabled
    assert "the text of 119." in state_of(inbox.widget)


@pytest.mark.parametrize("wanted", ["N77@example", "number 77"])
def test_it_finds_recipients_and_subjects(wanted: str) -> None:
    inbox = inbox_of(120)
    inbox._text.value = wanted

    assert inbox._where.value == "1\u20131 of 1"
    assert "the text of 77." in state_of(inbox.widget)


def test_what_is_not_found_is_said() -> None:
    inbox = inbox_of(3)
    inbox._text.value = "nowhere"

    assert "No message holds this text." in state_of(inbox.widget)


def test_ten_thousand_messages_open_as_soon_as_a_hundred() -> None:
    few = [received(number) for number in range(100)]
    many = few * 100

    assert ratio(lambda: Inbox(many), lambda: Inbox(few)) < 3


def test_what_is_saved_of_it_names_no_one(capsys: pytest.CaptureFixture[str]) -> None:
    inbox = inbox_of(3)
    inbox._ipython_display_()

    assert "3 messages arrived." in capsys.readouterr().out
    assert repr(inbox) == "<Inbox, 3 messages>"


def test_a_page_without_widgets_lists_what_arrived_and_names_no_one() -> None:
    page = inbox_of(25)._repr_html_()
    assert "n...@example.org" in page
    assert "2026-03-02" in page
    assert "and 5 more" in page
    assert "In Jupyter this is a live view." in page
    assert "n1@" not in page
    assert "Letter number" not in page


async def post(box: Sandbox, to: str) -> None:
    options = box.server.options()
    await send(
        "Subject: hello\n\nx\n", sender="a@example.org", recipients=[to], hostname="127.0.0.1", port=options.port
    )


async def test_it_shows_what_arrives_and_ends_with_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "_LOOK_SECONDS", 0.01)
    async with Sandbox() as box:
        inbox = box.inbox()
        inbox.follow()
        changed = asyncio.Event()
        inbox._list.widget.observe(lambda _: changed.set(), "children")
        await post(box, "b@example.org")
        async with asyncio.timeout(5):
            await changed.wait()
        assert "b@example.org" in state_of(inbox.widget)
    assert len(asyncio.all_tasks()) == 1


async def test_the_open_message_stays_open_when_others_arrive() -> None:
    async with Sandbox() as box:
        await post(box, "b@example.org")
        await post(box, "c@example.org")
        inbox = box.inbox()
        inbox.follow()
        inbox._list.widget.children[1].click()
        await post(box, "d@example.org")
    assert len(inbox._list.lines) == 3
    assert inbox._list.place == 1


async def test_a_closed_inbox_follows_no_longer() -> None:
    async with Sandbox() as box:
        inbox = box.inbox()
        inbox.follow()
        await asyncio.sleep(0)
        inbox.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert inbox._watch is None
        inbox.follow()
        assert inbox._watch is None


def test_where_widgets_would_be_saved_none_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "saves_widgets", lambda: True)
    before = set(ipywidgets.widgets.widget._instances)
    inbox = inbox_of(3)

    assert set(ipywidgets.widgets.widget._instances) == before
    assert repr(inbox) == "<Inbox, 3 messages>"
    inbox.close()
