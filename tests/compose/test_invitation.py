import base64
import datetime as dt
import email
import email.policy
import io
import re
import sys
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import dateutil.tz
import icalendar
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookmail.address import NamedAddress, has_control
from notebookmail.compose.invitation import Invitation
from notebookmail.compose.jinja.environment import environment
from notebookmail.compose.row_functions import FunctionRow
from notebookmail.compose.rows.missing import missing_value
from notebookmail.errors import TemplateError

ENV = environment(html=False, undefined="strict", na="error")
DATE = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ADA = NamedAddress("Ada", "ada@example.org")
BOB = NamedAddress("Bob", "bob@example.net")
BERLIN = ZoneInfo("Europe/Berlin")
MEETING = {"summary": "Review", "start": dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC), "duration": 60}
ICS = "BEGIN:VEVENT\r\nSUMMARY:Review\r\nDTSTART:20260501T080000Z\r\nDURATION:PT1H\r\n{}END:VEVENT\r\n"
HOSTILE = ["\r", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\ud800", "\r\r\nATTENDEE:mailto:x@y.z"]


def part(calendar, fields=None, *, organizer=ADA, attendees=(BOB,), token="ab12", date=DATE):
    fields = fields or {}
    made = Invitation(ENV, calendar)
    return made.part(
        fields, FunctionRow(fields, 7), 7, organizer=organizer, attendees=attendees, token=token, date=date
    )


def octets(calendar, fields=None, **options):
    return base64.b64decode(part(calendar, fields, **options)[-1])


def read(calendar, fields=None, **options):
    """Read an invitation back: the calendar, and its event."""
    made = icalendar.Calendar.from_ical(octets(calendar, fields, **options))
    (event,) = made.events
    assert not event.errors
    return made, event


def refusal(calendar, fields=None):
    with pytest.raises(TemplateError) as caught:
        part(calendar, fields)
    assert caught.value.field == "calendar"
    return caught.value


def test_the_part_is_a_calendar_that_asks():
    message = email.message_from_bytes(b"".join(part(MEETING)), policy=email.policy.default)
    assert message.get_content_type() == "text/calendar"
    assert dict(message["Content-Type"].params) == {"method": "REQUEST", "charset": "utf-8"}
    assert message["Content-Transfer-Encoding"] == "base64"
    assert message.get_content().startswith("BEGIN:VCALENDAR\r\n")


def test_an_event_has_all_an_invitation_needs():
    calendar, event = read(MEETING)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == ("ab12@example.org", 0, "CONFIRMED")
    assert event["DTSTAMP"].dt == DATE
    assert event["ORGANIZER"] == "mailto:ada@example.org"
    assert event["ORGANIZER"].params["CN"] == "Ada"
    assert event["ATTENDEE"] == "mailto:bob@example.net"
    assert dict(event["ATTENDEE"].params) == {
        "CN": "Bob",
        "PARTSTAT": "NEEDS-ACTION",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }


def test_every_text_is_a_template_and_every_value_maybe_a_function():
    calendar = {
        "summary": "Review with {{ name }}",
        "start": lambda row: row.day,
        "duration": "{{ minutes }}",
        "location": "{{ room }}",
        "timezone": "{{ zone }}",
        "organizer": "{{ boss }} <boss@example.org>",
    }
    fields = {
        "name": "Bob",
        "day": dt.datetime.fromisoformat("2026-05-01 10:00"),
        "minutes": 90,
        "room": "R 1",
        "zone": "Europe/Berlin",
        "boss": "evil@example.com, Eve",
    }
    _, event = read(calendar, fields)
    assert event["SUMMARY"] == "Review with Bob"
    assert event["DTSTART"].dt == dt.datetime(2026, 5, 1, 10, tzinfo=BERLIN)
    assert event["DTEND"].dt == dt.datetime(2026, 5, 1, 11, 30, tzinfo=BERLIN)
    assert (event["LOCATION"], event["ORGANIZER"]) == ("R 1", "mailto:boss@example.org")
    assert event["ORGANIZER"].params["CN"] == "evil@example.com, Eve"
    assert Invitation(ENV, calendar).names == {"name", "minutes", "room", "zone", "boss", "row"}


def test_a_function_describes_the_whole_event_and_is_not_rendered():
    _, event = read(lambda row: {"summary": row.title, "start": "2026-05-01"}, {"title": "{{ 7 * 7 }}"})
    assert event["SUMMARY"] == "{{ 7 * 7 }}"
    assert Invitation(ENV, lambda row: None).names == {"row"}


def test_a_row_without_an_event_gets_no_part():
    assert part(lambda row: None) is None


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=120).filter(lambda text: not has_control(text))
pieces = st.sampled_from(
    [
        "\\",
        "\\n",
        "\\N",
        ";",
        ",",
        ":",
        '"',
        "^",
        "^n",
        "\N{RIGHT SINGLE QUOTATION MARK}",
        "é",
        "👩‍🔬",
        " ",
        "ATTENDEE:",
        "a" * 80,
    ]
)
lines = st.lists(pieces | texts, max_size=6).map("".join)


def instants(first, last):
    """Moments in UTC, to the second, from the start of one year to the start of another."""
    seconds = [int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) for year in (first, last)]
    return st.integers(*seconds).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "summary": lines.filter(str.strip),
            "location": lines,
            "description": st.lists(lines, max_size=3).map("\n".join),
            "uid": lines.map(str.strip),
            "start": instants(1971, 2200),
            "duration": st.integers(1, 60 * 24 * 40),
            "timezone": st.sampled_from(
                [
                    "UTC",
                    "Europe/Berlin",
                    "America/New_York",
                    "Asia/Kolkata",
                    "Australia/Lord_Howe",
                    "Africa/Casablanca",
                ]
            ),
        }
    )
)
def test_what_was_asked_is_read_back(values):
    content = octets(lambda row: values)
    calendar = icalendar.Calendar.from_ical(content)
    (event,) = calendar.events
    assert event["SUMMARY"] == values["summary"]
    assert event["UID"] == (values["uid"] or "ab12@example.org")
    # In UTC: a time that a zone has twice never equals one of another zone (PEP 495).
    start, end = (event[name].dt.astimezone(dt.UTC) for name in ("DTSTART", "DTEND"))
    assert (start, end) == (values["start"], values["start"] + dt.timedelta(minutes=values["duration"]))
    optional = {name: values[name.lower()] for name in ("LOCATION", "DESCRIPTION")}
    assert {name: str(event.get(name, "")) for name in optional} == optional
    assert not event.errors
    assert set(event) == {
        *("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS", "ORGANIZER", "ATTENDEE"),
        *(name for name, value in optional.items() if value),
    }
    assert max(map(len, content.split(b"\r\n"))) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")


def parameter(content, name, key):
    """Read a quoted parameter as RFC 5545 3.2 and RFC 6868 have it; icalendar makes more of a backslash."""
    line = next(line for line in content.decode().replace("\r\n ", "").split("\r\n") if line.startswith(name))
    quoted = re.search(f';{key}="([^"]*)"', line)
    return "" if quoted is None else re.sub(r"\^(.)", lambda pair: {"'": '"', "^": "^"}[pair[1]], quoted[1])


@settings(deadline=None)
@given(lines.map(str.strip), lines.map(str.strip))
def test_names_are_read_back_and_add_no_property(organizer, attendee):
    people = {
        "organizer": NamedAddress(organizer, ADA.address),
        "attendees": [NamedAddress(attendee, BOB.address)],
    }
    content = octets(MEETING, **people)
    assert parameter(content, "ORGANIZER", "CN") == organizer
    assert parameter(content, "ATTENDEE", "CN") == attendee
    _, event = read(MEETING, **people)
    assert (event["ORGANIZER"], event["ATTENDEE"]) == ("mailto:ada@example.org", "mailto:bob@example.net")
    assert set(event["ATTENDEE"].params) - {"CN"} == {"PARTSTAT", "ROLE", "RSVP"}
    assert set(event) == set(read(MEETING)[1])


@pytest.mark.parametrize(
    "address", ["a+b@x.org", "o'neil@x.org", "a%b@x.org", "a&c=?d@x.org", '"a:;b"@x.org', "жук@x.org"]
)
def test_an_address_is_a_mailto_uri(address):
    _, event = read(MEETING, attendees=[NamedAddress("", address)])
    assert unquote(event["ATTENDEE"]) == f"mailto:{address}"
    assert event["ATTENDEE"].isascii()
    assert "CN" not in event["ATTENDEE"].params


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("key", ["summary", "location", "description", "uid", "url"])
def test_control_characters_are_refused(key, hostile):
    problem = refusal({**MEETING, key: "a{{ value }}b"}, {"value": hostile})
    assert problem.row == 7
    assert "control characters" in problem.message


@pytest.mark.parametrize("key", ["summary", "location", "uid", "url"])
def test_only_the_description_has_several_lines(key):
    assert "only the description" in refusal({**MEETING, key: "a\nATTENDEE:mailto:x@y.z"}).message


@pytest.mark.parametrize("key", ["start", "end", "duration", "timezone", "alarm", "sequence", "organizer"])
@pytest.mark.parametrize("hostile", [*HOSTILE, "2026\n", "../../etc/passwd", "nan", "1e999", "٣;X=1:"])
def test_hostile_values_are_refused_wherever_they_are(key, hostile):
    calendar = {**MEETING, key: "a{{ value }}"}
    if key == "end":
        del calendar["duration"]
    assert refusal(calendar, {"value": hostile}).row == 7


def test_texts_are_escaped():
    assert b"\r\nLOCATION:a\\, b\\; c\\\\d\r\n" in octets({**MEETING, "location": "a, b; c\\d"})


def test_line_breaks_of_a_description_may_be_written_in_either_way():
    assert read({**MEETING, "description": "a\r\nb"})[1]["DESCRIPTION"] == "a\nb"


@pytest.mark.parametrize(
    ("start", "end", "read_start", "read_end"),
    [
        ("2026-05-01", None, dt.date(2026, 5, 1), dt.date(2026, 5, 2)),
        (dt.date(2026, 5, 1), "2026-05-03", dt.date(2026, 5, 1), dt.date(2026, 5, 3)),
        (
            pd.Timestamp("2026-05-01 10:00:00.5", tz="Europe/Berlin"),
            pd.Timestamp("2026-05-01 09:00", tz="UTC"),
            dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC),
            dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC),
        ),
        (
            "2026-05-01T10:00+02:00",
            "2026-05-01T09:00Z",
            dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC),
            dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC),
        ),
    ],
)
def test_times_are_dates_datetimes_timestamps_and_iso_texts(start, end, read_start, read_end):
    _, event = read({"summary": "x", "start": start, "end": end})
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (read_start, read_end)


def test_a_timestamp_keeps_its_zone():
    content = octets({**MEETING, "start": pd.Timestamp("2026-05-01 10:00", tz="Europe/Berlin")})
    assert b"DTSTART;TZID=Europe/Berlin:20260501T100000\r\n" in content
    assert b"DTEND;TZID=Europe/Berlin:20260501T110000\r\n" in content


def test_utc_is_written_as_such():
    assert b"DTSTART:20260501T080000Z\r\n" in octets(MEETING)
    assert b"VTIMEZONE" not in octets(MEETING)


def test_a_whole_day_lasts_whole_days():
    _, event = read({"summary": "x", "start": "2026-05-01", "duration": dt.timedelta(days=2)})
    assert event["DTEND"].dt == dt.date(2026, 5, 3)
    assert "whole days" in refusal({"summary": "x", "start": "2026-05-01", "duration": 90}).message


@settings(deadline=None)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]),
    instants(2026, 2028),
)
def test_the_zones_definition_tells_the_same_moment(zone, start):
    content = octets({**MEETING, "start": start, "timezone": zone}).decode()
    line = next(line for line in content.partition("BEGIN:VEVENT")[2].split("\r\n") if line.startswith("DTSTART"))
    if not line.endswith("Z"):
        defined = dateutil.tz.tzical(io.StringIO(content)).get(zone)
        local = dt.datetime.strptime(line.rpartition(":")[2], "%Y%m%dT%H%M%S").replace(tzinfo=defined)
        assert local.astimezone(dt.UTC) == start


def test_clocks_change_by_the_time_they_showed_before():
    content = octets({**MEETING, "timezone": "America/New_York"})  # as in RFC 5545's own example, 3.6.5
    assert re.findall(rb"DTSTART:(\d+T\d+)\r\n[^:]+:(\w+)", content) == [
        (b"20260101T000000", b"EST"),
        (b"20260308T020000", b"EDT"),
        (b"20261101T020000", b"EST"),
    ]


def test_the_second_of_two_equal_hours_is_told_in_utc():
    start = dt.datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    assert b"DTSTART;TZID=Europe/Berlin:20261025T023000\r\n" in octets({**MEETING, "start": start})
    assert b"DTSTART:20261025T013000Z\r\n" in octets({**MEETING, "start": start.replace(fold=1)})


def test_an_hour_the_clocks_skip_is_refused():
    calendar = {**MEETING, "start": "2026-03-29 02:30", "timezone": "Europe/Berlin"}
    assert "does not exist in Europe/Berlin" in refusal(calendar).message


def test_a_duration_is_counted_in_real_minutes():
    _, event = read({**MEETING, "start": "2026-03-29 01:30", "timezone": "Europe/Berlin"})
    assert event["DTEND"].dt.isoformat() == "2026-03-29T03:30:00+02:00"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"start": "2026-05-01 10:00"}, "timezone='Europe/Berlin'"),
        ({"start": "tomorrow"}, "is not a time"),
        ({"start": 20260501}, "start is a int"),
        ({"start": None}, "has no start"),
        ({"start": pd.NaT}, "has no start"),
        ({"start": "0001-01-01"}, "the year 1"),
        ({"start": "{{ '' }}"}, "has no start"),
        ({"end": "2026-05-01 10:00Z"}, "exclude each other"),
        ({"duration": None}, "has no end"),
        ({"duration": 0}, "not after its start"),
        ({"duration": -5}, "negative"),
        ({"duration": "an hour"}, "not a span"),
        ({"duration": True}, "not a span"),
        ({"duration": float("inf")}, "not a span"),
        ({"duration": dt.timedelta.max}, "longer than"),
        ({"duration": 10**13}, "not a span"),
        ({"duration": None, "end": "2026-05-01 07:00Z"}, "not after its start"),
        ({"duration": None, "end": dt.date(2026, 5, 2)}, "a date and a time"),
        ({"duration": None, "start": "2026-05-01", "end": "2026-05-01"}, "first day that no longer"),
        ({"timezone": "Berlin"}, "not the name of a time zone"),
        ({"timezone": 2}, "not the name of a time zone"),
        ({"summary": " "}, "has no summary"),
        ({"location": ["R1"]}, "location is a list"),
        ({"url": "javascript:alert(1)"}, "not a link"),
        ({"url": "https://example.org/a b"}, "percent-encoded"),
        ({"alarm": -1}, "negative"),
        ({"alarm": "soon"}, "not a span"),
        ({"sequence": -1}, "sequence"),
        ({"sequence": True}, "sequence"),
        ({"organizer": "a@b.c, d@e.f"}, "one mailbox|several"),
        ({"organizer": lambda row: "nobody"}, "organizer"),
    ],
)
def test_what_makes_no_clear_event_is_refused_with_the_remedy(changes, reason):
    problem = refusal({**MEETING, **changes})
    assert any(each in problem.message for each in reason.split("|"))


def test_a_missing_value_names_its_column():
    fields = {"when": missing_value("when", "error")}
    assert "column 'when' is missing" in refusal({**MEETING, "start": "{{ when }}"}, fields).message


@pytest.mark.parametrize(
    ("calendar", "reason"),
    [
        ({**MEETING, "sumary": "x"}, "did you mean 'summary'"),
        ({**MEETING, "colour": "red"}, "there are summary, start"),
        ({"summary": "x"}, "has no start"),
        ({"start": "2026-05-01"}, "has no summary"),
        ({**MEETING, "summary": "{{ name"}, "line 1"),
        (42, "a int is no event"),
        ("nothing", "cannot be read"),
        (b"\xff", "cannot be read"),
        (ICS.format("FOO;:\r\n"), "cannot be read"),
        (ICS.format("") * 2, "cannot be read"),
        (icalendar.Calendar(), "not one event"),
        ("BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", "not one event"),
        (f"BEGIN:VCALENDAR\r\n{ICS.format('') * 2}END:VCALENDAR\r\n", "not one event"),
        (f"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\n{ICS.format('')}END:VCALENDAR\r\n", "METHOD is CANCEL"),
        (ICS.format("").replace("SUMMARY:Review\r\n", ""), "no SUMMARY"),
        (ICS.format("").replace("080000Z", "080000"), "Europe/Berlin"),
        (ICS.format("").replace("DTSTART", "DTSTART;TZID=W. Europe Standard Time").replace("0Z", "0"), "IANA"),
        (ICS.format("DTSTART:20260501T080000Z\r\n"), "not one time"),
        (ICS.format("COMMENT:a\x1bb\r\n"), "control characters"),
    ],
)
def test_what_can_be_no_event_is_refused_when_the_template_is_made(calendar, reason):
    with pytest.raises(TemplateError) as caught:
        Invitation(ENV, calendar)
    assert reason in caught.value.message
    assert (caught.value.field, caught.value.row) == ("calendar", None)


@pytest.mark.parametrize("returned", [42, {"summary": "x"}, {**MEETING, "sumary": "x"}, "nothing"])
def test_what_a_function_returns_is_checked_as_well(returned):
    assert refusal(lambda row: returned).row == 7


def test_empty_cells_leave_optional_values_out():
    empty = dict.fromkeys(
        ["location", "description", "url", "uid", "alarm", "sequence", "organizer", "end"], "{{ '' }}"
    )
    _, event = read({**MEETING, **empty})
    assert not {"LOCATION", "DESCRIPTION", "URL"} & set(event)
    assert (event["UID"], event["SEQUENCE"], event["ORGANIZER"]) == (
        "ab12@example.org",
        0,
        "mailto:ada@example.org",
    )
    assert not event.alarms.times


@pytest.mark.parametrize("alarm", [15, "15", dt.timedelta(minutes=15), pd.Timedelta("15min")])
def test_an_alarm_comes_before_the_start(alarm):
    _, event = read({**MEETING, "alarm": alarm})
    (reminder,) = event.walk("VALARM")
    assert reminder["TRIGGER"].dt == dt.timedelta(minutes=-15)
    assert (reminder["ACTION"], reminder["DESCRIPTION"]) == ("DISPLAY", "Review")


def test_the_same_uid_with_a_higher_sequence_updates_an_event():
    _, event = read({**MEETING, "uid": "review-{{ n }}", "sequence": "{{ n }}"}, {"n": 2})
    assert (event["UID"], event["SEQUENCE"]) == ("review-2", 2)


def test_the_same_row_makes_the_same_bytes():
    calendar = {**MEETING, "timezone": "Europe/Berlin"}
    assert part(calendar) == part(calendar)
    assert part(calendar) != part(calendar, token="cd34")


def test_a_draft_has_neither_organizer_nor_attendees():
    _, event = read(MEETING, organizer=None, attendees=())
    assert not {"ORGANIZER", "ATTENDEE"} & set(event)
    assert event["UID"] == "ab12@draft.invalid"


def event_object():
    event = icalendar.Event()
    event.add("summary", "Review")
    event.add("dtstart", dt.datetime(2026, 5, 1, 10, tzinfo=BERLIN))
    event.add("rrule", {"freq": "weekly"})
    return event


def wrapped(event):
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    return calendar


@pytest.mark.parametrize(
    "calendar",
    [
        event_object(),
        wrapped(event_object()),
        wrapped(event_object()).to_ical(),
        event_object().to_ical().decode(),
        lambda row: event_object(),
    ],
    ids=["event", "calendar", "bytes", "text", "function"],
)
def test_a_calendar_object_or_its_text_is_completed(calendar):
    made, event = read(calendar)
    assert (made["METHOD"], event["UID"]) == ("REQUEST", "ab12@example.org")
    assert (event["ORGANIZER"], event["ATTENDEE"]) == ("mailto:ada@example.org", "mailto:bob@example.net")
    assert (event["DTSTAMP"].dt, event["RRULE"]["FREQ"]) == (DATE, ["WEEKLY"])
    assert event["DTSTART"].dt == dt.datetime(2026, 5, 1, 10, tzinfo=BERLIN)
    assert [zone.tz_name for zone in made.timezones] == ["Europe/Berlin"]


def test_what_a_calendar_says_itself_is_kept():
    text = ICS.format(
        "DTSTAMP:20200101T000000Z\r\nUID:u1\r\nORGANIZER:mailto:eve@example.org\r\nATTENDEE;CN=X:MAILTO:Bob@example.net\r\n"
    )
    _, event = read(f"BEGIN:VCALENDAR\r\nPRODID:x\r\n{text}END:VCALENDAR\r\n")
    assert (event["UID"], event["ORGANIZER"]) == ("u1", "mailto:eve@example.org")
    assert event["ATTENDEE"] == "MAILTO:Bob@example.net"
    assert event["DTSTAMP"].dt == DATE
    _, event = read(text, attendees=[NamedAddress("", "new@example.net")])
    assert event["ATTENDEE"] == ["MAILTO:Bob@example.net", "mailto:new@example.net"]


def test_the_authors_object_is_never_changed():
    event = event_object()
    before = event.to_ical()
    part(event)
    assert event.to_ical() == before


def test_a_backslash_before_n_in_a_calendars_text_stays_one():
    _, event = read(ICS.format("LOCATION:C:\\\\New\r\nCOMMENT:\\\\Na\r\nCOMMENT:b\r\n"))
    assert (event["LOCATION"], event["COMMENT"]) == (r"C:\New", [r"\Na", "b"])


def test_a_name_in_a_calendar_stays_one():
    _, event = read(ICS.format('ATTENDEE;CN="\\\\";RSVP=TRUE:mailto:x@y.z\r\n'), attendees=())
    assert event["ATTENDEE"].params == {"CN": "\\", "RSVP": "TRUE"}


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "notebookmail.compose.calendar.vevent", raising=False)
    monkeypatch.delattr("notebookmail.compose.calendar.vevent", raising=False)
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(TemplateError, match=r"notebookmail\[calendar\]"):
        Invitation(ENV, MEETING)
