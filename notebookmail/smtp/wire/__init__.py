"""SMTP without I/O: bytes in, bytes and decisions out. Imports neither asyncio, socket, ssl, time nor logging.

To change which command may come when: protocol.py. One message's commands and what their replies mean:
transaction.py. How a command is written, and the guard against injection: commands.py, paths.py. Content:
payload.py. Login mechanisms: sasl.py, saslprep.py. Reply parsing: replies.py. What a server offers:
extensions.py.
"""
