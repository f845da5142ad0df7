"""A worker that cannot open its search: it ends the search, or only itself."""

from pathlib import Path
from typing import cast

import pytest

from models.registry import BackboneEntry
from tests.workers.specs import small_spec
from workers.desk import Desk
from workers.opener import Scoring
from workers.scoring_job import ScoringJob
from workers.worker_loop import Assignment, _opened


class Door:
    """Of a desk, what a worker that cannot open needs."""

    def __init__(self, *, over: bool) -> None:
        self._over = over
        self.reasons: list[str] = []

    def refuse(self, reason: str) -> bool:
        self.reasons.append(reason)
        return self._over


def broken(job: ScoringJob, *, threads: int, memory_share: float | None) -> Scoring:
    raise OSError("no such disk")


@pytest.mark.parametrize("over", [True, False])
def test_a_worker_that_cannot_open_goes_home_or_fails(tiny: BackboneEntry, tmp_path: Path, *, over: bool) -> None:
    assignment = Assignment(job=ScoringJob(small_spec(), tiny, tmp_path), opener=broken, threads=1, memory_share=None)
    door = Door(over=over)
    if over:
        assert _opened(assignment, cast(Desk, door)) is None
    else:
        with pytest.raises(OSError, match="no such disk"):
            _opened(assignment, cast(Desk, door))
    assert len(door.reasons) == 1
    assert door.reasons[0].endswith("no such disk")
