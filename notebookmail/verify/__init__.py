"""What a person needs to know when mail does not go: one session with a server, looked at step by step.

To change the steps: session.py. Names and connections: reachability.py. TLS: certificate.py, certificate_trust.py.
What a server allows: server_limits.py. Why a step failed and what to do: failures.py.
"""
