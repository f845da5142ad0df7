"""`metadata`: every table there is, for the migrations and for whoever compares with them."""

from service.storage.journal_tables import JournalRow
from service.storage.log_tables import LogTailRow
from service.storage.people_tables import KeyRow
from service.storage.tables import Base

__all__ = ["JournalRow", "KeyRow", "LogTailRow", "metadata"]  # importing the modules is what fills the metadata

metadata = Base.metadata
