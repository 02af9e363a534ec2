"""What a person needs to know when mail does not go: one session with a server, looked at step by step.

Drives a connection of `smtp` itself; `server` calls verify_server. The order of the steps: steps.py and
session.py. Names and connections: reachability.py; who is there where no greeting came: second_look.py. TLS:
certificate.py, certificate_trust.py. What a server allows: server_limits.py. Whether it takes mail of a sender:
envelope.py; whether receivers will believe it: sender_domain.py. Why a step failed: failures.py, in the words of
`delivery`. What a step sees: step_result.py; what is looked at: target.py.
"""
