"""What is said, the same for every face: counts, causes, remedies, findings in words.

A file a subject: results.py, report.py, preview.py, diagnosis.py. What an error says without the mailboxes it
carries: masked_errors.py (any other text: privacy/masking.py); whole results without addresses: redaction.py.
Values made visible: visible_text.py. Imports no other part of the view.
"""
