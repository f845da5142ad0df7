"""Labels are found through an index, and a place in the queue without looking at the rows that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

WAITING = "ix_searches_status_owner_priority_id"
FILED = {
    "postgresql": "SELECT DISTINCT value, searches.id FROM searches, jsonb_array_elements_text(labels) AS value",
    "sqlite": "SELECT DISTINCT value, searches.id FROM searches, json_each(labels)",
}


def upgrade() -> None:
    """Add both, and file the labels that there are."""
    op.create_table(
        "search_labels",
        sa.Column("label", sa.String(64), primary_key=True),
        sa.Column("search_id", sa.String(26), sa.ForeignKey("searches.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index(op.f("ix_search_labels_search_id"), "search_labels", ["search_id"])
    op.execute(f"INSERT INTO search_labels (label, search_id) {FILED[op.get_bind().dialect.name]}")
    op.create_index(WAITING, "searches", ["status", "owner", "priority", "id"])


def downgrade() -> None:
    """Forget both; searches keep their labels."""
    op.drop_index(WAITING, "searches")
    op.drop_table("search_labels")
