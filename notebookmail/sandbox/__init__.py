"""The embedded SMTP server: for first tries, rehearsals, demos and tests. Nothing it takes leaves the machine.

To add a fault: faults.py; when one strikes: fault_conditions.py and fault_injector.py; where in a session:
session.py. The server itself, and what it received: server.py.
"""
