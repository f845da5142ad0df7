"""The rows: searches and their candidates. What must always hold is a constraint here, not a habit of the code."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from search.contracts import Fidelity
from service.domain.records import FINISHED, MOST_WORKER, Status

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite keeps no time zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """UTC, whatever zone the value had."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """UTC, as an aware datetime."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def any_of(values: list[StrEnum]) -> str:
    """The list of an SQL `IN`."""
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can name it too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class SearchRow(Base):
    """One search: what was asked for, who drives it, how it ended."""

    __tablename__ = "searches"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    spec: Mapped[dict[str, Any]] = mapped_column(Json)
    version: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Utc)
    started_at: Mapped[datetime | None] = mapped_column(Utc)
    finished_at: Mapped[datetime | None] = mapped_column(Utc)
    attempts: Mapped[int]
    lease_token: Mapped[str | None] = mapped_column(String(64))
    lease_expires_at: Mapped[datetime | None] = mapped_column(Utc)
    cancel_requested: Mapped[bool]
    pause_requested: Mapped[bool] = mapped_column(server_default=false())
    slots: Mapped[int | None]
    owner: Mapped[str] = mapped_column(String(64), server_default="local")
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    labels: Mapped[list[str]] = mapped_column(Json, server_default="[]")
    notes: Mapped[str] = mapped_column(Text, server_default=text("''"))
    # no foreign key: an extension stands, whatever becomes of the search that it took its past from
    extends: Mapped[str | None] = mapped_column(String(26))
    front: Mapped[list[int] | None] = mapped_column(Json)
    artifacts_deleted_at: Mapped[datetime | None] = mapped_column(Utc)
    error: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)

    __table_args__ = (
        CheckConstraint(f"status IN {any_of(list(Status))}", "status"),
        CheckConstraint("(status = 'running') = (lease_token IS NOT NULL)", "running_has_lease"),
        CheckConstraint("(lease_token IS NULL) = (lease_expires_at IS NULL)", "lease_expires"),
        CheckConstraint(f"(status IN {any_of(sorted(FINISHED))}) = (finished_at IS NOT NULL)", "finished_at"),
        CheckConstraint("status <> 'failed' OR error IS NOT NULL", "failed_says_why"),
        CheckConstraint("attempts >= 0", "attempts"),
        CheckConstraint("slots > 0", "slots"),
        CheckConstraint("priority BETWEEN -100 AND 100", "priority"),
        Index(None, "status", "id"),
        Index(None, "owner", "id"),
        Index(None, "owner", "status", "id"),
        Index(None, "status", "owner", "priority", "id"),
    )


class LabelRow(Base):
    """A search under one of its labels, for whoever looks for it; written along with the search's own list of them."""

    __tablename__ = "search_labels"

    label: Mapped[str] = mapped_column(String(64), primary_key=True)
    search_id: Mapped[str] = mapped_column(ForeignKey(SearchRow.id, ondelete="CASCADE"), primary_key=True, index=True)


class CandidateRow(Base):
    """One ask of a search, and its tell once it came."""

    __tablename__ = "candidates"

    search_id: Mapped[str] = mapped_column(ForeignKey(SearchRow.id, ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    genome: Mapped[list[int]] = mapped_column(Json)
    fidelity: Mapped[str] = mapped_column(String(16))
    asked_after: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(Utc)
    told_order: Mapped[int | None]
    told_at: Mapped[datetime | None] = mapped_column(Utc)
    measurement: Mapped[dict[str, float] | None] = mapped_column(Json)
    failure: Mapped[str | None] = mapped_column(Text)
    seconds: Mapped[float | None] = mapped_column(Double)
    measure_key: Mapped[str | None] = mapped_column(String(64), index=True)
    # no foreign key: what was taken over stands, whatever becomes of the search it came from
    reused_from: Mapped[str | None] = mapped_column(String(26))
    worker: Mapped[str | None] = mapped_column(String(MOST_WORKER))
    busy_seconds: Mapped[float | None] = mapped_column(Double)  # of that worker, also where it failed

    __table_args__ = (
        UniqueConstraint("search_id", "told_order"),
        UniqueConstraint("search_id", "fidelity", "genome"),
        Index(None, "search_id", "fidelity", "index"),
        CheckConstraint(f"fidelity IN {any_of(list(Fidelity))}", "fidelity"),
        CheckConstraint("(told_order IS NULL) = (measurement IS NULL AND failure IS NULL)", "told_has_outcome"),
        CheckConstraint("measurement IS NULL OR failure IS NULL", "one_outcome"),
        CheckConstraint("(told_order IS NULL) = (told_at IS NULL)", "told_at"),
        CheckConstraint("asked_after >= 0 AND told_order >= asked_after", "told_after_ask"),
        CheckConstraint("length(measure_key) = 64", "measure_key"),
        CheckConstraint("reused_from IS NULL OR measurement IS NOT NULL", "reused_is_measured"),
        CheckConstraint("busy_seconds >= 0", "busy_seconds"),
    )


class StageCountRow(Base):
    """How many candidates of one fidelity a search has, written along with them, so that nobody counts rows."""

    __tablename__ = "stage_counts"

    search_id: Mapped[str] = mapped_column(ForeignKey(SearchRow.id, ondelete="CASCADE"), primary_key=True)
    fidelity: Mapped[str] = mapped_column(String(16), primary_key=True)
    asked: Mapped[int]
    told: Mapped[int]
    failed: Mapped[int]
    reused: Mapped[int]
    seconds: Mapped[float] = mapped_column(Double)
    busy_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))  # of workers, also where they failed

    __table_args__ = (CheckConstraint("told BETWEEN 0 AND asked", "told"),)
