"""More stages around the proxy, workers that may be resized, and measurements that later searches take over."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

FIDELITIES_BEFORE = ("proxy", "final", "test", "probe", "plain")
FIDELITIES_AFTER = (
    *("warm", "screen", "rung-1", "rung-2", "rung-3"),
    *("proxy", "audit", "final", "test", "probe", "plain"),
)
UNCHANGED = {
    "told_has_outcome": "(told_order IS NULL) = (measurement IS NULL AND failure IS NULL)",
    "one_outcome": "measurement IS NULL OR failure IS NULL",
    "told_at": "(told_order IS NULL) = (told_at IS NULL)",
    "told_after_ask": "asked_after >= 0 AND told_order >= asked_after",
}
ADDED = {
    "measure_key": "length(measure_key) = 64",
    "reused_is_measured": "reused_from IS NULL OR measurement IS NOT NULL",
}
COLUMNS = {"measure_key": 64, "reused_from": 26}
INDEX = "ix_candidates_measure_key"


def upgrade() -> None:
    """Allow the stages, and add the columns."""
    # inline: SQLite cannot add a constraint, and a table that others refer to cannot be written anew without their rows
    op.execute("ALTER TABLE searches ADD COLUMN slots INTEGER CONSTRAINT ck_searches_slots CHECK (slots > 0)")
    for name, length in COLUMNS.items():
        op.add_column("candidates", sa.Column(name, sa.String(length)))
    _replace_checks({"fidelity": _one_of(FIDELITIES_BEFORE)}, {"fidelity": _one_of(FIDELITIES_AFTER)} | ADDED)
    op.create_index(op.f(INDEX), "candidates", ["measure_key"])


def downgrade() -> None:
    """Forget what was added; fails where a candidate of a new stage is stored, as its search could not be replayed."""
    op.drop_index(op.f(INDEX), "candidates")
    _replace_checks({"fidelity": _one_of(FIDELITIES_AFTER)} | ADDED, {"fidelity": _one_of(FIDELITIES_BEFORE)})
    for name in COLUMNS:
        op.drop_column("candidates", name)
    op.drop_column("searches", "slots")


def _one_of(fidelities: Sequence[str]) -> str:
    return f"fidelity IN ({', '.join(map(repr, fidelities))})"


def _replace_checks(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        _write_anew({**after, **UNCHANGED})
        return
    for name in before:
        op.drop_constraint(op.f(f"ck_candidates_{name}"), "candidates", type_="check")
    for name, condition in after.items():
        op.create_check_constraint(op.f(f"ck_candidates_{name}"), "candidates", condition)


def _write_anew(checks: Mapping[str, str]) -> None:
    """SQLite cannot change a constraint in place; whether it tells its checks depends on SQLAlchemy's version."""
    table = sa.Table("candidates", sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)
    for found in [each for each in table.constraints if isinstance(each, sa.CheckConstraint)]:
        table.constraints.discard(found)
    for name, condition in checks.items():
        table.append_constraint(sa.CheckConstraint(condition, name=op.f(f"ck_candidates_{name}")))
    with op.batch_alter_table("candidates", copy_from=table, recreate="always"):
        pass
