"""Messages written to files instead of mailed: to read over, to keep, to hand on.

What a caller says: folder.py. One file a message: eml.py; all in one: mbox.py. Off the event loop's
thread: file_store.py; how messages get there: delivery/store_transport.py.
"""

from __future__ import annotations

from .folder import Folder

__all__ = ["Folder"]
