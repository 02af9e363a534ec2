"""From rows to results: what goes next, what became of it, and what is remembered.

Knows a Transport, not SMTP, and no widgets. To change what is tried again and when: retry_policy.py. What a reply
means and what to do about it, in words: remedies.py. The loop that brings every row to its end: runner.py. Another
way to deliver: transport.py. Rates and quotas: rate_limit.py, daily_quota.py. The columns of `results.frame`:
results_frame.py. What survives a crash: journal/.
"""
