"""What survives a crash: which row of which campaign was tried, and how it stands.

Import from this package, but for `lifetime`. journal.py is its face, claim.py a campaign that this process runs.
Who may run one, and what the other is told: campaign_lock.py. The SQLite file: sqlite_database.py, its tables:
sqlite_schema.py. What is said when it cannot be used: error_messages.py. Turned bits: checksums.py,
integrity.py; another file in its place: replaced_file.py. What earlier runs left: earlier_outcomes.py,
recognition.py. What came back, and the rows it speaks of: feedback_book.py, row_lookup.py; who is never mailed
again: suppressions.py. Counting for the day's quota: quota_usage.py. Whether it will last: lifetime.py,
file_systems.py.
"""

from .claim import Claim, Entry
from .earlier_outcomes import Earlier, EarlierRows
from .feedback_book import FeedbackEntry, MailboxPosition
from .journal import CampaignRecord, Journal, default_path
from .quota_usage import Charge, minute_of
from .row_lookup import FoundRow
from .sqlite_schema import State
from .suppressions import Suppression, SuppressionCause, Suppressions

__all__ = [
    "CampaignRecord", "Charge", "Claim", "Earlier", "EarlierRows", "Entry", "FeedbackEntry", "FoundRow", "Journal",
    "MailboxPosition", "State", "Suppression", "SuppressionCause", "Suppressions", "default_path", "minute_of",
]  # fmt: skip
