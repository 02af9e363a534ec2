"""SMTP without I/O: bytes in, bytes and decisions out.

No sockets, clocks, TLS or logging here, so every byte split and every hostile reply can be tested as plain
values. Errors are the package's own; anything else that comes out of this room is our bug.
"""
