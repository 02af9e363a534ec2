"""From rows to results: what goes next, what became of it, and what is remembered.

Knows a Transport, not SMTP, and neither letters nor widgets. Where mail goes, and what carries it:
transport.py, with a fake in fake_transport.py; over what keeps messages one by one: store_transport.py. What is
tried again and when: retry_policy.py; what the journal and the results are told of it: disposition.py. What a
reply means and what to do about it, in words: remedies.py, by the rules of explain.py. The loop that brings
every row to its end: runner.py. Which row is next: backlog.py; which get a message: untried_rows.py; when it is
made: making.py. Rates and quotas: rate_limit.py, daily_quota.py, quota_counting.py. What stops a run that goes
wrong: circuit_breaker.py. Some addresses took it, others not: partial_delivery.py. How rows stand: events.py,
row_states.py; how they are found: row_search.py; the columns of `results.frame`: results_frame.py. What
survives a crash: recorder.py, journal/.
"""

from .destination import Destination
from .transport import MessageSource, OutgoingMessage, Transport

__all__ = ["Destination", "MessageSource", "OutgoingMessage", "Transport"]
