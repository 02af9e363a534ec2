"""What an event is, and how a letter carries and shows it (RFC 5545, 5546, 6047).

Knows no templates: compose/invitation.py fills one in and imports this. What a row may say of an event:
event.py; its times, zones and alarm: event_times.py. The iCalendar object: vevent.py, its time zones:
vtimezone.py, which alone know icalendar. The event as the letter itself shows it: event_card.py.
"""
