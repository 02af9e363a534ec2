"""The embedded SMTP server: for first tries, practice, demos and tests. Nothing it takes leaves the machine.

Knows `server` (what a client is given) and `view` (its inbox). To add a fault: faults.py; when one strikes:
fault_conditions.py, what has happened so far: fault_injector.py; where in a session: session.py. The server
itself, and what it received: server.py. Ports: listener.py. What comes back of letters: answers.py, and
where to: mailbox.py. Its inbox for a browser: web_inbox.py. The only room that imports aiosmtpd.
"""
