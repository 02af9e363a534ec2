"""Looking before sending: every message made, none sent.

Only the faces import it. To change check_frame: check.py, and what it returns: report.py (what can be found at
all stands in `checks`). To change preview_frame: preview.py; what `pick=` may be: pick.py; which rows
are odd: extremes.py; search, order and place among the rows: shown_rows.py. One row looked at, for both:
inspector.py.
"""
