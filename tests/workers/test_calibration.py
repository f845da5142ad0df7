"""How many candidates share a pass: while doubling pays, fits, and is soon known."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from models.data.errors import DataError
from models.registry import BackboneEntry
from search.contracts import Candidate, Fidelity
from tests.workers.specs import CPU, SMALL, alone, small_spec
from workers import calibration, pack_size
from workers.calibration import MOST, STEPS, calibrated, chosen
from workers.free_memory import free_memory
from workers.pack_training import PackTraining
from workers.scorer import Scorer, ScoringJob
from workers.workbench import Workbench

MIB = 2**20


class Machine:
    """A step of K candidates takes `fixed` + K x `each` seconds, and holds K MiB."""

    def __init__(self, *, fixed: float, each: float, room: int = 10**6) -> None:
        self.fixed, self.each, self.room = fixed, each, room
        self.now, self.tried = 0.0, list[int]()

    def trial(self, size: int) -> tuple[float, int]:
        self.tried.append(size)
        if size > self.room:
            raise torch.OutOfMemoryError
        seconds = self.fixed + size * self.each
        self.now += STEPS * seconds
        return seconds, size * MIB

    def chosen(self, *, free: int = 10**12, allowed_steps: float = 1e6) -> int:
        return chosen(self.trial, lambda: free, allowed_steps=allowed_steps, clock=lambda: self.now)


def test_packs_grow_while_that_pays() -> None:
    """A step takes 1 + 1/K for each of K candidates: 5.6 % less at 16 than at 8, 2.9 % less at 32 than at 16."""
    machine = Machine(fixed=1.0, each=1.0)
    assert machine.chosen() == 16
    assert machine.tried == [1, 2, 4, 8, 16, 32]
    assert Machine(fixed=1.0, each=0.0).chosen() == MOST
    assert Machine(fixed=0.0, each=1.0).chosen() == 1


def test_packs_grow_no_further_than_memory() -> None:
    assert Machine(fixed=1.0, each=0.0).chosen(free=12 * MIB) == 8
    assert Machine(fixed=1.0, each=0.0).chosen(free=MIB) == 1
    machine = Machine(fixed=1.0, each=0.0, room=4)
    assert machine.chosen() == 4
    assert machine.tried == [1, 2, 4, 8]


def test_it_takes_no_longer_than_it_may() -> None:
    machine = Machine(fixed=1.0, each=1.0)
    assert machine.chosen(allowed_steps=15.0) == 2
    assert machine.tried == [1, 2]
    assert machine.now <= 15.0 * 2.0


def test_a_bug_is_no_lack_of_memory() -> None:
    def broken(size: int) -> tuple[float, int]:
        raise RuntimeError(f"{size} rows do not match")

    with pytest.raises(RuntimeError, match="1 rows"):
        chosen(broken, lambda: 0, allowed_steps=1.0, clock=lambda: 0.0)


def test_real_steps_change_no_result(tiny: BackboneEntry, artifacts: Path) -> None:
    job = ScoringJob(small_spec(), tiny, artifacts)
    one, candidate = Scorer(job, device=CPU), Candidate(0, (1, 1, 0, 1, 1, 0))
    before = alone(one, candidate)
    size = calibrated(one._bench, memory_share=None)
    assert size in (1, 2, 4, 8, 16, 32)
    after = alone(one, candidate)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert before | {"seconds": 0} == after | {"seconds": 0}


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), DataError("an image is broken")], ids=["memory", "data"]
)
def test_a_trial_that_fails_as_candidates_do_costs_no_worker(
    tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(students: object, recipe: object) -> PackTraining:
        raise error

    bench = Workbench(ScoringJob(small_spec(), tiny, artifacts), device=CPU)
    monkeypatch.setattr(calibration, "PackTraining", failing)
    assert calibrated(bench, memory_share=None) == 1
    error = RuntimeError("shapes do not match")
    with pytest.raises(RuntimeError, match="shapes do not match"):
        calibrated(bench, memory_share=None)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """As if 16 were right for this machine; returns how often that was found out."""
    calls = list[Workbench]()

    def calibrate(bench: Workbench, *, memory_share: float | None) -> int:
        assert memory_share is None
        calls.append(bench)
        return 16

    monkeypatch.setattr(pack_size, "calibrated", calibrate)
    return lambda: len(calls)


def test_the_size_is_found_out_when_it_is_needed(
    tiny: BackboneEntry, artifacts: Path, found: Callable[[], int]
) -> None:
    one = Scorer(ScoringJob(small_spec(budget={"candidates": 16}), tiny, artifacts), device=CPU)
    assert {stage: one.pack_size(stage) for stage in Fidelity} == dict.fromkeys(Fidelity, 1) | {Fidelity.SCREEN: 64}
    alone(one, Candidate(0, (1,) * 6, Fidelity.PLAIN))
    assert one.pack_size(Fidelity.PROXY) == 1
    alone(one, Candidate(1, (1,) * 6, Fidelity.PROXY))
    assert found() == 0
    sizes = {stage: one.pack_size(stage) for stage in Fidelity}
    trained = (Fidelity.RUNG_1, Fidelity.RUNG_2, Fidelity.RUNG_3, Fidelity.PROXY, Fidelity.AUDIT)
    assert sizes == dict.fromkeys(Fidelity, 1) | {Fidelity.SCREEN: 64} | dict.fromkeys(trained, 16)
    assert found() == 1


@pytest.mark.parametrize(("pack", "candidates", "expected"), [(3, 16, 3), (None, 8, 1)])
def test_it_is_not_found_out_where_it_is_said_or_does_not_pay(
    tiny: BackboneEntry,
    artifacts: Path,
    found: Callable[[], int],
    pack: int | None,
    candidates: int,
    expected: int,
) -> None:
    proxy = {**SMALL["proxy"], "pack": pack}  # type: ignore[dict-item]
    one = Scorer(ScoringJob(small_spec(proxy=proxy, budget={"candidates": candidates}), tiny, artifacts), device=CPU)
    alone(one, Candidate(0, (1,) * 6, Fidelity.PROXY))
    assert one.pack_size(Fidelity.PROXY) == expected
    assert found() == 0


def test_workers_share_the_machines_memory() -> None:
    whole = free_memory(CPU, workers=1)
    assert whole > 2**20
    assert free_memory(CPU, workers=4) == pytest.approx(whole / 4, rel=0.2)


@pytest.mark.parametrize(("share", "expected"), [(None, 700), (0.5, 400)])
def test_a_gpus_cache_is_free_and_a_share_caps_it(
    monkeypatch: pytest.MonkeyPatch, share: float | None, expected: int
) -> None:
    """Of 1000 bytes 100 are in use here, 200 are cached, and 500 are nobody's."""
    known = {"mem_get_info": (500, 1000), "memory_allocated": 100, "memory_reserved": 300}
    for name, value in known.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, value=value: value)
    assert free_memory(torch.device("cuda", 0), workers=4, share=share) == expected
