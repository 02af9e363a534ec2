"""From a row and a template to a mail object.

Knows nothing of the network: no sockets, no event loop, no SMTP. What cannot be rendered exactly as asked is
refused with its row, field and remedy; nothing half-filled leaves this room.
"""
