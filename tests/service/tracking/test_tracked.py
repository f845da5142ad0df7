"""A search algorithm with trackers is the same search algorithm, and every tell is one point."""

from datetime import timedelta

from search.constraints import UNBOUNDED, Bounds
from search.contracts import Candidate, Failure, Fidelity, SearchAlgorithm
from service.tracking.tracked import Tracked
from service.tracking.tracker import Point
from tests.service.toys import ToyAlgorithm, measure
from tests.service.tracking.runs import BEGAN


def tracked(algorithm: SearchAlgorithm, bounds: Bounds = UNBOUNDED) -> tuple[Tracked, list[Point]]:
    written: list[Point] = []
    return Tracked(algorithm, written.append, began=BEGAN, bounds=bounds), written


def drive(algorithm: SearchAlgorithm) -> list[Candidate]:
    asked = []
    while (candidate := algorithm.ask()) is not None:
        asked.append(candidate)
        algorithm.tell(candidate.index, measure(candidate))
    return asked


def test_the_search_is_the_same() -> None:
    plain = ToyAlgorithm()
    outer, written = tracked(ToyAlgorithm())
    assert drive(outer) == drive(plain)
    assert outer.finished
    assert outer.front() == plain.front()
    assert [point.step for point in written] == [1, 2, 3, 4, 5, 6]
    assert [point.values["search/candidate"] for point in written] == [0, 1, 2, 3, 4, 5]


class Given(ToyAlgorithm):
    """Asks what it is given."""

    def __init__(self, *candidates: Candidate) -> None:
        super().__init__(budget=len(candidates), width=len(candidates))
        self._given = list(candidates)

    def ask(self) -> Candidate | None:
        if len(self._asked) == len(self._given):
            return None
        self._asked.append(self._given[len(self._asked)])
        return self._asked[-1]


def test_what_a_point_says() -> None:
    screen = Candidate(0, (1,), Fidelity.SCREEN)
    proxies = [Candidate(index, (index,)) for index in (1, 2, 3, 4)]
    probe = Candidate(5, (1,), Fidelity.PROBE)
    algorithm, written = tracked(Given(screen, *proxies, probe), Bounds({"latency_ms": 5.0}))
    while algorithm.ask() is not None:
        pass
    algorithm.tell(0, {"accuracy": 0.9, "elapsed_seconds": 2.0})
    algorithm.tell(2, {"accuracy": 0.4, "latency_ms": 4.0, "macs": 10.0, "elapsed_seconds": 3.0})
    algorithm.tell(3, {"accuracy": 0.8, "latency_ms": 6.0, "elapsed_seconds": 4.0})
    algorithm.tell(1, Failure("diverged"))
    algorithm.tell(4, {"accuracy": 0.3, "latency_ms": 4.0, "elapsed_seconds": 5.0})
    algorithm.tell(5, {"gene.0": 0.1, "seconds": 1.0, "elapsed_seconds": 6.0})
    best, failed, place = "search/best_accuracy", "search/failed", "search/candidate"
    assert [point.values for point in written] == [
        {"screen/accuracy": 0.9, place: 0, failed: 0},
        {"proxy/accuracy": 0.4, "proxy/latency_ms": 4.0, "proxy/macs": 10.0, best: 0.4, place: 2, failed: 0},
        {"proxy/accuracy": 0.8, "proxy/latency_ms": 6.0, best: 0.4, place: 3, failed: 0},  # too slow to be the best
        {place: 1, failed: 1},
        {"proxy/accuracy": 0.3, "proxy/latency_ms": 4.0, best: 0.4, place: 4, failed: 1},
        {"probe/seconds": 1.0, best: 0.4, place: 5, failed: 1},
    ]
    assert [point.at for point in written] == [BEGAN + timedelta(seconds=second) for second in (2, 3, 4, 4, 5, 6)]
