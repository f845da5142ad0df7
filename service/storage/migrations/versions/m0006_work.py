"""Who scored a candidate and for how long, and the last lines that a search's driver said."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Utc = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and the table; whose work it was that was scored before, or failed, nobody knows."""
    op.add_column("candidates", sa.Column("worker", sa.String(128)))
    # inline: SQLite cannot add a constraint
    double = sa.Double().compile(dialect=op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE candidates ADD COLUMN busy_seconds {double} "
        "CONSTRAINT ck_candidates_busy_seconds CHECK (busy_seconds >= 0)"
    )
    op.add_column("stage_counts", sa.Column("busy_seconds", sa.Double, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE stage_counts SET busy_seconds = seconds")
    op.create_table(
        "log_tails",
        sa.Column("search_id", sa.String(26), sa.ForeignKey("searches.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("driver_began_at", Utc, nullable=False),
        sa.Column("written_at", Utc, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Forget both; searches and their candidates stay."""
    op.drop_table("log_tails")
    op.drop_column("stage_counts", "busy_seconds")
    for name in ("busy_seconds", "worker"):
        op.drop_column("candidates", name)
