"""What the store really sends to its database, and what each statement costs there."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

STEP = 50  # instructions of SQLite's virtual machine between two looks
SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan")


@dataclass(frozen=True, slots=True)
class Sent:
    """One statement as it was sent."""

    statement: str
    parameters: Any


@dataclass(slots=True)
class Cost:
    """What a statement did: rows looked at in PostgreSQL, instructions of the virtual machine in SQLite."""

    work: int
    plan: str = field(repr=False)


@contextmanager
def listened(engine: Engine) -> Iterator[list[Sent]]:
    """Every statement that `engine` sends within the block, but those that add rows, as these look for nothing."""
    found = list[Sent]()

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            found.append(Sent(statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def cost(engine: Engine, sent: Sent) -> Cost:
    """Of `sent`, done once more and undone."""
    return (_sqlite if engine.dialect.name == "sqlite" else _postgres)(engine, sent)


def _sqlite(engine: Engine, sent: Sent) -> Cost:
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return 0

    with engine.execution_options(writes=True).connect() as connection:
        lines = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.statement}", sent.parameters).all()
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_progress_handler(look, STEP)
        try:
            done = connection.exec_driver_sql(sent.statement, sent.parameters)
            if done.returns_rows:
                done.all()
        finally:
            raw.set_progress_handler(None, STEP)
        connection.rollback()
    return Cost(looks * STEP, "\n".join(line[-1] for line in lines))


def _postgres(engine: Engine, sent: Sent) -> Cost:
    with engine.connect() as connection:
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sent.statement}"
        plan = connection.exec_driver_sql(explain, sent.parameters).scalar_one()[0]["Plan"]
        connection.rollback()
    scans = list(_scans(plan))
    lines = [
        f"{rows} rows: {node['Node Type']} {node.get('Relation Name', node.get('Index Name'))}" for node, rows in scans
    ]
    return Cost(sum(rows for _, rows in scans), "\n".join(lines))


def _scans(plan: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int]]:
    if plan["Node Type"] in SCANS:
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        yield plan, round((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def dearest(engine: Engine, work: Callable[[], object]) -> tuple[Cost, Sequence[Sent]]:
    """The dearest statement that `work` sends, and all of them."""
    with listened(engine) as sent:
        work()
    costs = [cost(engine, each) for each in sent]
    return max(costs, key=lambda each: each.work, default=Cost(0, "")), sent
