"""Owners and their keys, wishes beyond cancelling, counts that nobody has to count, and a journal."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
Utc = sa.DateTime(timezone=True)
ADDED = ("pause_requested", "owner", "labels", "notes", "extends", "front", "artifacts_deleted_at", "priority")
INDICES = (
    ("searches", ["owner", "id"]),
    ("searches", ["owner", "status", "id"]),
    ("candidates", ["search_id", "fidelity", "index"]),
)
STATISTICS = "CREATE STATISTICS st_searches_owner_status (mcv) ON owner, status FROM searches"
"""Without them an owner with no failed search is taken to have the usual share, and all searches are looked through."""
COUNTED = """
    INSERT INTO stage_counts (search_id, fidelity, asked, told, failed, reused, seconds)
    SELECT search_id, fidelity, count(*), count(told_order), count(failure), count(reused_from),
        coalesce(sum(seconds), 0)
    FROM candidates GROUP BY search_id, fidelity
"""


def upgrade() -> None:
    """Add the columns and tables, and count what is stored."""
    # inline: SQLite cannot add a constraint, and a table that others refer to cannot be written anew without their rows
    op.execute(
        "ALTER TABLE searches ADD COLUMN priority INTEGER DEFAULT 0 NOT NULL "
        "CONSTRAINT ck_searches_priority CHECK (priority BETWEEN -100 AND 100)"
    )
    for column in _columns():
        op.add_column("searches", column)
    for table, columns in INDICES:
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(STATISTICS)
    _people()
    _journal()
    op.create_table(
        "stage_counts",
        sa.Column("search_id", sa.String(26), sa.ForeignKey("searches.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("fidelity", sa.String(16), primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("asked", "told", "failed", "reused")),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.CheckConstraint("told BETWEEN 0 AND asked", name="told"),
    )
    op.execute(COUNTED)


def downgrade() -> None:
    """Forget all of it; searches stay."""
    for table in ("stage_counts", "deliveries", "webhooks", "submissions", "journal", "quotas", "api_keys"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP STATISTICS st_searches_owner_status")
    for table, columns in INDICES:
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table)
    for name in ADDED:
        op.drop_column("searches", name)


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("pause_requested", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("owner", sa.String(64), nullable=False, server_default="local"),
        sa.Column("labels", Json, nullable=False, server_default="[]"),
        sa.Column("notes", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("extends", sa.String(26)),
        sa.Column("front", Json),
        sa.Column("artifacts_deleted_at", Utc),
    )


def _people() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        *(sa.Column(name, Utc) for name in ("expires_at", "revoked_at", "last_used_at")),
        sa.CheckConstraint("role IN ('admin', 'member', 'viewer')", name="role"),
        sa.CheckConstraint("length(digest) = 64", name="digest"),
    )
    op.create_index(op.f("ix_api_keys_owner"), "api_keys", ["owner"])
    op.create_table(
        "quotas",
        sa.Column("owner", sa.String(64), primary_key=True),
        *(sa.Column(name, sa.Integer) for name in ("queued", "running", "candidates")),
        *(sa.Column(name, sa.Double) for name in ("gpu_hours", "weight")),
        sa.CheckConstraint("queued >= 0 AND running >= 0 AND candidates >= 0 AND gpu_hours >= 0", name="not_negative"),
        sa.CheckConstraint("weight > 0", name="weight"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("at", Utc, nullable=False),
        sa.Column("actor", sa.String(96), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("search_id", sa.String(26)),
        sa.Column("owner", sa.String(64)),
        sa.Column("detail", Json, nullable=False),
    )
    for name in ("search_id", "owner"):
        op.create_index(op.f(f"ix_journal_{name}_id"), "journal", [name, "id"])
    op.create_table(
        "submissions",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("search_id", sa.String(26), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
    )
    op.create_index(op.f("ix_submissions_created_at"), "submissions", ["created_at"])
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("actions", Json, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
    )
    op.create_index(op.f("ix_webhooks_owner"), "webhooks", ["owner"])
    op.create_table(
        "deliveries",
        sa.Column("webhook_id", sa.String(26), sa.ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("journal_id", Serial, sa.ForeignKey("journal.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", Utc),
        sa.Column("delivered_at", Utc),
        sa.Column("error", sa.Text),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
        sa.CheckConstraint("delivered_at IS NULL OR next_at IS NULL", name="delivered_is_over"),
    )
    op.create_index(op.f("ix_deliveries_next_at"), "deliveries", ["next_at"])
