"""Searches and their candidates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables."""
    _create_searches()
    _create_candidates()


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("candidates")
    op.drop_table("searches")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _create_searches() -> None:
    op.create_table(
        "searches",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("spec", JSON, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_token", sa.String(64)),
        sa.Column("lease_expires_at", TIME),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("result", JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
        _check("searches", "status", "status IN ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')"),
        _check("searches", "running_has_lease", "(status = 'running') = (lease_token IS NOT NULL)"),
        _check("searches", "lease_expires", "(lease_token IS NULL) = (lease_expires_at IS NULL)"),
        _check(
            "searches",
            "finished_at",
            "(status IN ('cancelled', 'failed', 'succeeded')) = (finished_at IS NOT NULL)",
        ),
        _check("searches", "failed_says_why", "status <> 'failed' OR error IS NOT NULL"),
        _check("searches", "attempts", "attempts >= 0"),
    )
    op.create_index(op.f("ix_searches_status_id"), "searches", ["status", "id"])


def _create_candidates() -> None:
    op.create_table(
        "candidates",
        sa.Column("search_id", sa.String(26), nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("genome", JSON, nullable=False),
        sa.Column("fidelity", sa.String(16), nullable=False),
        sa.Column("asked_after", sa.Integer, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("told_order", sa.Integer),
        sa.Column("told_at", TIME),
        sa.Column("measurement", JSON),
        sa.Column("failure", sa.Text),
        sa.Column("seconds", sa.Double),
        sa.PrimaryKeyConstraint("search_id", "index", name=op.f("pk_candidates")),
        sa.ForeignKeyConstraint(
            ["search_id"], ["searches.id"], name=op.f("fk_candidates_search_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("search_id", "told_order", name=op.f("uq_candidates_search_id_told_order")),
        sa.UniqueConstraint("search_id", "fidelity", "genome", name=op.f("uq_candidates_search_id_fidelity_genome")),
        _check("candidates", "fidelity", "fidelity IN ('proxy', 'final', 'test', 'plain')"),
        _check("candidates", "told_has_outcome", "(told_order IS NULL) = (measurement IS NULL AND failure IS NULL)"),
        _check("candidates", "one_outcome", "measurement IS NULL OR failure IS NULL"),
        _check("candidates", "told_at", "(told_order IS NULL) = (told_at IS NULL)"),
        _check("candidates", "told_after_ask", "asked_after >= 0 AND told_order >= asked_after"),
    )
