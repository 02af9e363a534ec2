"""Mailboxes: read what came back, file drafts and copies of what was sent. Speaks IMAP by imap-tools, never SMTP.

What a caller says: mailbox.py. What a reading hands over, and the seam for whatever can be read: reading.py; in
which batches: reader.py. One connection, in a thread of its own: session.py, connecting.py, worker_thread.py;
logging in: login.py; what FETCH answers: fetched.py. Which folder is for what: folders.py. Where a server's
mailbox is: discovery.py. The words for what goes wrong: refusals.py. Drafts as a place where messages go:
drafts.py, draft_store.py. Copies of what was sent: sent_folder.py. What `verify()` finds: verification.py.
"""
