"""The rows of people: their API keys, of which only digests are kept, and what each owner may use."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.domain.person import Role
from service.storage.tables import Base, Utc, any_of


class KeyRow(Base):
    """One API key; who knows `digest` still cannot use it."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Utc)
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    last_used_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (
        CheckConstraint(f"role IN {any_of(list(Role))}", "role"),
        CheckConstraint("length(digest) = 64", "digest"),
        Index(None, "owner"),
    )


class QuotaRow(Base):
    """What one owner may use; a null leaves it to the installation's setting."""

    __tablename__ = "quotas"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    queued: Mapped[int | None]
    running: Mapped[int | None]
    candidates: Mapped[int | None]
    gpu_hours: Mapped[float | None] = mapped_column(Double)
    weight: Mapped[float | None] = mapped_column(Double)

    __table_args__ = (
        CheckConstraint("queued >= 0 AND running >= 0 AND candidates >= 0 AND gpu_hours >= 0", "not_negative"),
        CheckConstraint("weight > 0", "weight"),
    )
