"""The rows of what happened: the journal, which is audit log and source of events, and who is told of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.storage.tables import Base, Json, Utc

Serial = BigInteger().with_variant(Integer, "sqlite")  # only an INTEGER counts by itself there


class JournalRow(Base):
    """One thing that somebody did; never changed. Those of one search come in the order of their ids."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    at: Mapped[datetime] = mapped_column(Utc)
    actor: Mapped[str] = mapped_column(String(96))
    action: Mapped[str] = mapped_column(String(32))
    # no foreign key: what happened stands, whatever becomes of the search
    search_id: Mapped[str | None] = mapped_column(String(26))
    owner: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(Json)

    __table_args__ = (Index(None, "search_id", "id"), Index(None, "owner", "id"))


class SubmissionRow(Base):
    """An idempotency key that an owner used, and the search that came of it."""

    __tablename__ = "submissions"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    search_id: Mapped[str] = mapped_column(String(26))
    created_at: Mapped[datetime] = mapped_column(Utc, index=True)


class WebhookRow(Base):
    """An address that is told of what happens to an owner's searches. Its secret is derived, not stored."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    url: Mapped[str] = mapped_column(Text)
    actions: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Utc)


class DeliveryRow(Base):
    """One entry of the journal on its way to one webhook."""

    __tablename__ = "deliveries"

    webhook_id: Mapped[str] = mapped_column(ForeignKey(WebhookRow.id, ondelete="CASCADE"), primary_key=True)
    journal_id: Mapped[int] = mapped_column(ForeignKey(JournalRow.id, ondelete="CASCADE"), primary_key=True)
    attempts: Mapped[int]
    next_at: Mapped[datetime | None] = mapped_column(Utc, index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("attempts >= 0", "attempts"),
        CheckConstraint("delivered_at IS NULL OR next_at IS NULL", "delivered_is_over"),
    )
