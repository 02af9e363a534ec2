"""Finished messages looked at before they go out: what a careful person would find in them.

Knows letters (compose.definition and compose.markup) and neither rows nor servers; `review` calls it, and `view`
shows what it finds. To add a warning: subject_and_text.py for words, addresses.py, links.py and link_values.py,
printed_values.py for numbers and dates that read like a computer's, message.py for the message as a whole. What
a finding is, and its remedy: findings.py. All findings of a check folded: summary.py; a message read back:
parsed_message.py; what a preview shows of one row: previewed_row.py.
"""
