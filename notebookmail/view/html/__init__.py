"""Views as static HTML: no scripts, nothing loaded from anywhere, safe to save with a notebook.

A file a subject: results.py, report.py, preview.py, diagnosis.py, message.py, inbox_page.py (for a browser; its
script is the only one). Colours and sizes: style.py. The one guard against markup in values: escaping.py. A
stranger's letter in its frame: letter_frame.py. What stands in for a live view: stand_in.py.
"""
