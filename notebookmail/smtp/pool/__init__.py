"""Connections kept busy by one source of messages, as many as the server takes well.

Stands on handshake.py, connection.py and quit.py; `campaign` runs it, `server` says its limits. To change when a
connection opens, ends or is given up: pool.py. What one connection does, message after message: worker.py. How
many at once: concurrency.py. What the pool takes messages from, and its limits: jobs.py.
"""
