"""From rows to results: what happens to each row, when, and what to say about it.

Knows a Sender protocol, not SMTP, and no widgets: the same engine runs in a notebook, a script and a test.
"""
