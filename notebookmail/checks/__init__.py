"""Finished messages looked at before they go out: what a careful person would find in them.

To add a warning: subject_and_text.py for words, addresses.py, links.py and link_values.py, printed_values.py for
numbers and dates that read like a computer's, message.py for the message as a whole. What a finding is, and its
remedy: findings.py.
"""
