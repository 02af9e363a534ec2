"""From a row and a template to a message. Knows nothing of the network: no sockets, no event loop, no SMTP.

What cannot be rendered exactly as asked is refused with its row, field and remedy; nothing half-filled leaves this
room. template.py is its face; definition.py is what the author said, compiled.py what is done once, renderer.py
what is done for each row. The parts: rows, jinja, markup (HTML, CSS, Markdown, text), mime, tables, images,
attachments, calendar, filters (numbers and dates for readers), sources (template files), identity (who a row is).
"""
