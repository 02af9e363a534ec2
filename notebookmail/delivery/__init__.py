"""From rows to results: what goes next, what became of it, and what is remembered.

Knows a Transport, not SMTP, and neither letters nor widgets. What is tried again and when: retry_policy.py. What
a reply means and what to do about it, in words: remedies.py, by the rules of explain.py. The loop that brings
every row to its end, and the Transport it drives: runner.py. Which row is next: backlog.py. Rates and quotas:
rate_limit.py, daily_quota.py. What stops a run that goes wrong: circuit_breaker.py. Some addresses took it,
others not: partial_delivery.py. How rows stand: events.py, row_states.py; how they are found: row_search.py; the
columns of `results.frame`: results_frame.py. What survives a crash: recorder.py, journal/.
"""
