"""The rows of logs: of each search the last lines that its driver said, wherever that ran."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables import Base, SearchRow, Utc


class LogTailRow(Base):
    """What the driver that began last said last; one that began earlier does not write over it."""

    __tablename__ = "log_tails"

    search_id: Mapped[str] = mapped_column(ForeignKey(SearchRow.id, ondelete="CASCADE"), primary_key=True)
    driver_began_at: Mapped[datetime] = mapped_column(Utc)
    written_at: Mapped[datetime] = mapped_column(Utc)
    # a line each
    text: Mapped[str] = mapped_column(Text)
