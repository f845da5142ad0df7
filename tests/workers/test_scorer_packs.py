"""Candidates that share a pass: the numbers of each are its own, and so are its failures."""

from pathlib import Path

import pytest
import torch

from models.architecture import Architecture
from models.registry import BackboneEntry
from models.shared_student import SharedStudent
from models.student import Student
from models.workload import TaskName
from search.contracts import Candidate, Failure, Fidelity, Genome
from tests.workers.specs import CPU, SMALL, alone, small_spec, without_time
from workers import proxy_stage
from workers.optimiser import Recipe
from workers.pack_training import PackTraining
from workers.scorer import Scorer, ScoringJob
from workers.workbench import Workbench

GENOMES: list[Genome] = [
    (1, 1, 0, 1, 1, 0),
    (0, 0, 1, 1, 0, 1),
    (1, 1, 1, 1, 1, 1),
    (0, 1, 0, 1, 0, 1),
    (1, 0, 1, 0, 1, 0),
]
NO_MEMORY = (
    torch.OutOfMemoryError("CUDA out of memory."),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
)


def scorer(entry: BackboneEntry, artifacts: Path, **changes: object) -> Scorer:
    return Scorer(ScoringJob(small_spec(**changes), entry, artifacts), device=CPU)


def candidates(genomes: list[Genome], stage: Fidelity = Fidelity.PROXY) -> list[Candidate]:
    return [Candidate(index, genome, stage) for index, genome in enumerate(genomes)]


@pytest.mark.parametrize("task", TaskName)
def test_a_pack_gives_what_each_gives_alone(tiny: BackboneEntry, artifacts: Path, task: TaskName) -> None:
    """Of both patch counts, which cannot share a pass; the order is that of the call."""
    one = scorer(tiny, artifacts, task=task, space=SMALL["space"] | {"patch_ratios": [1.0, 0.5]})  # type: ignore[operator]
    asked = candidates([(*genome, index % 2) for index, genome in enumerate(GENOMES)])
    together = [without_time(outcome) for outcome in one.measure(asked)]
    assert together == [without_time(alone(one, candidate)) for candidate in asked]
    assert len({each["macs"] for each in together}) > 2


def test_meters_packs_too(tiny_meter: BackboneEntry, artifacts: Path) -> None:
    space = {**SMALL["space"], "modules": ["bottleneck:4", "lora:2"], "classifier_token": True}  # type: ignore[dict-item]
    one = scorer(tiny_meter, artifacts, space=space)
    asked = candidates([(1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1, module) for module in (0, 1)] + [(1,) * 12 + (0,)])
    assert [without_time(each) for each in one.measure(asked)] == [without_time(alone(one, each)) for each in asked]


def test_seconds_are_shares_of_the_packs(tiny: BackboneEntry, artifacts: Path) -> None:
    outcomes = scorer(tiny, artifacts).measure(candidates(GENOMES[:3]))
    seconds = [outcome["seconds"] for outcome in outcomes if not isinstance(outcome, Failure)]
    assert len(seconds) == 3
    assert len(set(seconds)) == 1
    assert seconds[0] > 0


def test_stages_of_several_kinds_come_in_one_call(tiny: BackboneEntry, artifacts: Path) -> None:
    one = scorer(tiny, artifacts)
    stages = [Fidelity.PROXY, Fidelity.PLAIN, Fidelity.PROXY, Fidelity.FINAL]
    asked = [Candidate(at, GENOMES[at], stage) for at, stage in enumerate(stages)]
    assert [without_time(each) for each in one.measure(asked)] == [without_time(alone(one, each)) for each in asked]


def test_who_diverges_fails_alone(tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, student = scorer(tiny, artifacts), Workbench.student
    expected = [without_time(outcome) for outcome in one.measure(candidates(GENOMES))]
    broken = one._bench.space.decode(GENOMES[1])

    def breaking(bench: Workbench, architecture: Architecture, *, start: SharedStudent | None = None) -> Student:
        made = student(bench, architecture, start=start)
        if architecture == broken:
            with torch.no_grad():
                next(made.carried.parameters()).fill_(torch.nan)
        return made

    monkeypatch.setattr(Workbench, "student", breaking)
    outcomes = one.measure(candidates(GENOMES))
    failed = outcomes.pop(1)
    assert isinstance(failed, Failure)
    assert "diverged: the loss is nan at step 1 of 4" in failed.reason
    assert [without_time(outcome) for outcome in outcomes] == [expected[0], *expected[2:]]


@pytest.mark.parametrize("error", NO_MEMORY, ids=lambda error: type(error).__name__)
def test_a_pack_that_is_too_large_is_halved(
    tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    one, sizes = scorer(tiny, artifacts, proxy={**SMALL["proxy"], "pack": 8}), list[int]()  # type: ignore[dict-item]
    expected = [without_time(outcome) for outcome in one.measure(candidates(GENOMES))]
    _room_for(2, error, sizes, monkeypatch)
    outcomes = one.measure(candidates(GENOMES))
    assert sizes == [5, 2, 3, 1, 2]
    assert [without_time(outcome) for outcome in outcomes] == expected
    assert one.pack_size(Fidelity.PROXY) == 1  # three were too many, and a half of that is asked for from now on
    assert one.pack_size(Fidelity.RUNG_1) == 8


def test_who_has_no_room_even_alone_fails(
    tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, sizes = scorer(tiny, artifacts), list[int]()
    _room_for(0, NO_MEMORY[0], sizes, monkeypatch)
    assert one.measure(candidates(GENOMES[:2])) == [Failure("out of memory on cpu: CUDA out of memory.")] * 2
    assert sizes == [2, 1, 1]


def test_another_runtime_error_is_a_bug(tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = scorer(tiny, artifacts)
    _room_for(0, RuntimeError("shapes do not match"), [], monkeypatch)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        one.measure(candidates(GENOMES))


def _room_for(most: int, error: Exception, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a training of more than `most` had no memory; `sizes` hears of each try."""

    def begun(students: list[Student], recipe: Recipe) -> PackTraining:
        sizes.append(len(students))
        if len(students) > most:
            raise error
        return PackTraining(students, recipe)

    monkeypatch.setattr(proxy_stage, "PackTraining", begun)
