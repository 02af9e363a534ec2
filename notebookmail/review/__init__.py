"""Looking before sending: every message made, none sent.

Only the faces import it. To change check_frame: check.py, and what it returns: report.py (what can be found at
all stands in `checks`). To change preview_frame: preview.py; which rows it shows: pick.py. One row looked at,
for both: inspector.py.
"""
