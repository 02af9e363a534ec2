"""Mailboxes: read what came back, file drafts and copies of what was sent. Speaks IMAP by imap-tools, never SMTP.

What a reading hands over, and the seam for whatever can be read: reading.py.
"""
