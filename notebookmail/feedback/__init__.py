"""What comes back after the send: the octets of one message read as a notice.

Pure: knows no mailbox, no rows and no journal, and what it reads is bounded, whatever it is sent. What a notice
holds: notice.py; in which order a message is judged: reading.py. How a message is cut into parts and fields:
parts.py, fields.py. Imports the ground floor only (errors, address, mail, privacy); `campaign` finds the rows.
"""

from .notice import Notice, NoticeKind
from .reading import read_notice

__all__ = ["Notice", "NoticeKind", "read_notice"]
