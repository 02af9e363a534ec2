"""What survives a crash: which row of which campaign was tried, and how it stands."""

from .claim import Claim, Entry
from .earlier import Earlier, EarlierRows
from .journal import CampaignRecord, Journal, default_path
from .schema import State
from .usage import Charge, minute_of

__all__ = [
    "CampaignRecord", "Charge", "Claim", "Earlier", "EarlierRows", "Entry", "Journal", "State", "default_path",
    "minute_of",
]  # fmt: skip
