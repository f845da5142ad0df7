"""Whoever wants to know it hears whose an outcome is, and which job of the cluster does the work."""

import re
import socket
from collections.abc import Sequence
from pathlib import Path

from models.registry import BackboneEntry
from search.contracts import Candidate
from search.spec import parse_spec
from tests.workers.sleeping import Endless, Sleepers
from tests.workers.test_pump import Generations
from workers.attendance import Presence
from workers.cluster import Cluster
from workers.lease_queue import Told
from workers.pump import pump
from workers.scoring_job import ScoringJob
from workers.tune_runner import TuneRunner


class Curious(Generations):
    """Notes what it is told beside outcomes, and how many of these it had by then."""

    def __init__(self) -> None:
        super().__init__(3, 1)
        self.credits: list[tuple[int, str, float, int]] = []

    def works_as(self, job: str) -> None:
        raise AssertionError("nobody has a job here")

    def credit(self, index: int, worker: str, seconds: float) -> None:
        self.credits.append((index, worker, seconds, len(self.told)))


class TwoWorkers:
    """Brings three outcomes, the last of which is nobody's."""

    room = 3

    def exchange(self, candidates: Sequence[Candidate], *, more: bool) -> Sequence[Told]:
        found = {"accuracy": 0.5}
        return [Told(0, found, 1.0, "node/0"), Told(1, found, 2.0, "node/1"), Told(2, found, 0.0)]

    def presence(self) -> Presence:
        return Presence(2, 10.0, 16.0)


def test_it_hears_whose_an_outcome_is_before_the_outcome() -> None:
    search = Curious()
    pump(search, TwoWorkers())
    assert search.credits == [(0, "node/0", 1.0, 0), (1, "node/1", 2.0, 1)]


class Watching(Endless):
    """A search on real workers that notes who they are."""

    def __init__(self) -> None:
        super().__init__(lambda search: len(search.told) >= 12 and len(search.tellers()) == 2)
        self.jobs: list[str] = []
        self.credits: dict[int, tuple[str, float]] = {}

    def works_as(self, job: str) -> None:
        assert not self.asked, "it is told before the first ask"
        self.jobs.append(job)

    def credit(self, index: int, worker: str, seconds: float) -> None:
        assert index not in self.told
        self.credits[index] = (worker, seconds)


def test_real_workers_say_who_they_are(tiny: BackboneEntry, cluster: Cluster, tmp_path: Path) -> None:
    job = ScoringJob(parse_spec({"backbone": tiny.name, "workers": 2}), tiny, tmp_path)
    search = Watching()
    TuneRunner(job, address=cluster.address, opener=Sleepers(0.05)).run(search)
    assert search.stopped, "it was not over in time"
    (found,) = search.jobs
    assert re.fullmatch(r"[0-9a-f]{8}", found)
    assert set(search.credits) >= set(search.told)
    by_process = {(found["pid"], search.credits[index][0]) for index, found in search.told.items()}
    assert {worker for _, worker in by_process} == {f"{socket.gethostname()}/{slot}" for slot in (0, 1)}
    assert len(by_process) == 2  # each process has one name
    assert all(seconds >= 0.05 for _, seconds in search.credits.values())
