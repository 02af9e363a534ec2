"""What a person needs to know when mail does not go: one session with a server, looked at step by step.

Drives a connection of `smtp` itself; `server` calls verify_server. The order of the steps: steps.py and
session.py. Names and connections: reachability.py. TLS: certificate.py, certificate_trust.py. What a server
allows, beside what its provider publishes: server_limits.py. Why a step failed and what to do: failures.py. What
a step sees: step_result.py; what is looked at: target.py.
"""
