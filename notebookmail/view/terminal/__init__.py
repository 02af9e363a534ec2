"""Views as text: for terminals, through rich, and for the text half of every notebook output.

A file a subject: results.py (and the live bar), report.py, preview.py, diagnosis.py; plain_text.py is the repr of
results.
"""
