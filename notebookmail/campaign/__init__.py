"""One call carried out: from a frame, a template and options to the results of every row.

Here letters, delivery and servers meet; `api`, `review` and what lies above import it, and it imports every room
below. What a caller may choose: options.py. Which rows go, and which do not: plan.py, exclusions.py. How a row
is found again in the journal: matching.py (by the rules of older journals: old_journal_keys.py). From the first
connection to the last event: run.py; in the background: job.py. What comes back: results.py, and of it what
is told of rows: row_results.py. One row's letter to oneself: trial.py. How long it would take: estimate.py.
`campaigns()` and `forget()`: history.py. After the send: read_feedback.py; which row a notice is of:
notice_matching.py, what came back: feedback.py, the next letter: follow_up.py. Who is never mailed again:
suppressions.py, and of a run, with suppress=, unwanted.py.
"""
