"""From a row and a template to a message. Knows nothing of the network: no sockets, no event loop, no SMTP.

What cannot be rendered exactly as asked is refused with its row, field and remedy; nothing half-filled leaves
this room. Others import template.py (its face), renderer.py, recipients.py, groups.py, `rows`, `identity` and
`markup`. What the author said: definition.py; what is done once: compiled.py and body_conversion.py; for each
row: renderer.py, context.py, bodies.py. Functions of the row: row_functions.py; what a template shows by name:
inline_values.py; invitations: invitation.py. The parts: rows, jinja, markup (HTML, CSS, Markdown, text), mime,
tables, images, attachments, calendar, addresses, filters (numbers and dates for readers), sources (template
files), identity (who a row is), notebooks (reports as letters).
"""
