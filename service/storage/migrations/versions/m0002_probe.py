"""A candidate may be a look at the whole backbone: fidelity 'probe'."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BEFORE = ("proxy", "final", "test", "plain")
AFTER = ("proxy", "final", "test", "probe", "plain")
UNCHANGED = {
    "told_has_outcome": "(told_order IS NULL) = (measurement IS NULL AND failure IS NULL)",
    "one_outcome": "measurement IS NULL OR failure IS NULL",
    "told_at": "(told_order IS NULL) = (told_at IS NULL)",
    "told_after_ask": "asked_after >= 0 AND told_order >= asked_after",
}


def upgrade() -> None:
    """Allow it."""
    _allow(AFTER)


def downgrade() -> None:
    """Forbid it; fails where such a candidate is stored, since its search could not be replayed without it."""
    _allow(BEFORE)


def _allow(fidelities: Sequence[str]) -> None:
    condition = f"fidelity IN ({', '.join(map(repr, fidelities))})"
    if op.get_bind().dialect.name == "sqlite":
        _write_anew({"fidelity": condition} | UNCHANGED)
        return
    op.drop_constraint(op.f("ck_candidates_fidelity"), "candidates", type_="check")
    op.create_check_constraint(op.f("ck_candidates_fidelity"), "candidates", condition)


def _write_anew(checks: Mapping[str, str]) -> None:
    """SQLite cannot change a constraint in place; whether it tells its checks depends on SQLAlchemy's version."""
    table = sa.Table("candidates", sa.MetaData(), autoload_with=op.get_bind(), resolve_fks=False)
    for found in [each for each in table.constraints if isinstance(each, sa.CheckConstraint)]:
        table.constraints.discard(found)
    for name, condition in checks.items():
        table.append_constraint(sa.CheckConstraint(condition, name=op.f(f"ck_candidates_{name}")))
    with op.batch_alter_table("candidates", copy_from=table, recreate="always"):
        pass
