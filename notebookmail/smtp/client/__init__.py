"""The public SMTP client: the documented face of aiosmtplib.

Stands on handshake.py, connection.py and `message`; no run sends through it. To change `SMTP` and `send`:
client.py. How it opens, shares and closes its connection: connecting.py. Commands by hand (EHLO, VRFY, ...):
commands.py. Login: login.py. Options as attributes: option_attributes.py. Whose turn it is when tasks share a
client: turns.py.
"""
