"""The stages around the proxy: what each trains, what it scores, and what it leaves behind."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.registry import BackboneEntry
from models.workload import TaskName
from search.contracts import Candidate, Failure, Fidelity, Genome
from tests.workers.specs import CPU, SMALL, alone, small_spec, without_time
from workers.examples import Examples
from workers.pack_training import PackTraining
from workers.rung_states import RungState, RungStates
from workers.scorer import Scorer, ScoringJob
from workers.warm_start import WarmStart

GENOMES: list[Genome] = [(1, 1, 0, 1, 1, 0), (0, 0, 1, 1, 0, 1), (1, 1, 0, 1, 0, 1), (1, 1, 1, 1, 1, 1)]
WARM: Mapping[str, object] = {"warm_steps": 6, "screen": 4, "screen_examples": 40}
COSTS = {"accuracy", "macs", "parameters", "trainable_parameters"}


def job(entry: BackboneEntry, artifacts: Path, **changes: object) -> ScoringJob:
    return ScoringJob(small_spec(**changes), entry, artifacts)


def opened(scoring: ScoringJob) -> Scorer:
    return Scorer(scoring, device=CPU)


def measured(scorer: Scorer, stage: Fidelity, genomes: list[Genome] | None = None) -> list[dict[str, float]]:
    asked = [Candidate(index, genome, stage) for index, genome in enumerate(genomes or GENOMES)]
    return [without_time(outcome) for outcome in scorer.measure(asked)]


@pytest.mark.parametrize("task", [TaskName.VQA, TaskName.RETRIEVAL])
def test_a_warm_start_is_trained_once_and_read_by_others(
    tiny: BackboneEntry, artifacts: Path, task: TaskName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker, and one after a restart, find the file; without it they train the same weights again."""
    warm = job(tiny, artifacts, task=task, fidelity=WARM)
    (first,) = measured(opened(warm), Fidelity.WARM, [(1,) * 6])
    assert list(first) == ["loss"]
    elsewhere = job(tiny, artifacts / "elsewhere", task=task, fidelity=WARM)
    again = measured(opened(elsewhere), Fidelity.SCREEN)
    written, retrained = load_file(warm.warm_file), load_file(elsewhere.warm_file)
    assert written.keys() == retrained.keys()
    assert all(torch.equal(tensor, retrained[name]) for name, tensor in written.items())
    monkeypatch.setattr(WarmStart, "_trained", lambda _: pytest.fail("the file is there"))
    other = opened(warm)
    assert measured(other, Fidelity.SCREEN) == again
    assert measured(other, Fidelity.WARM, [(1,) * 6]) == [first]


def test_candidates_start_from_the_shared_weights(tiny: BackboneEntry, artifacts: Path) -> None:
    """Where nothing else is trained, proxies score as screens do, and what FINAL leaves is what was shared."""
    none = {"steps": 0, "batch_size": 8}
    proxy = {**none, "fitness_examples": 40}
    cold = measured(opened(job(tiny, artifacts / "cold", proxy=proxy)), Fidelity.PROXY)
    warm = opened(job(tiny, artifacts / "warm", proxy=proxy, final=none, fidelity={**WARM, "warm_steps": 20}))
    screened = measured(warm, Fidelity.SCREEN)
    assert screened == measured(warm, Fidelity.PROXY) != cold
    assert set(screened[0]) == COSTS
    (final,) = measured(warm, Fidelity.FINAL, GENOMES[:1])
    student = warm._bench.student(warm._bench.space.decode(GENOMES[0]), start=warm._warm.weights())
    left = load_file(warm._bench.job.weights_file(GENOMES[0]))
    assert all(torch.equal(tensor, left[name]) for name, tensor in student.state_dict().items())
    assert final.keys() == COSTS


def test_weights_of_another_search_are_not_taken(tiny: BackboneEntry, artifacts: Path) -> None:
    first = job(tiny, artifacts, fidelity=WARM)
    measured(opened(first), Fidelity.WARM, [(1,) * 6])
    before = first.warm_file.read_bytes()
    other = job(tiny, artifacts, fidelity=WARM, seed=1)
    measured(opened(other), Fidelity.SCREEN)
    assert other.warm_file.read_bytes() != before
    assert job(tiny, artifacts, fidelity={**WARM, "screen": 8}, workers=7).training_digest == first.training_digest
    bounded = job(tiny, artifacts, fidelity=WARM, budget={"candidates": 8, "parameters": 10**9})
    assert bounded.training_digest != first.training_digest


def test_a_full_disk_costs_no_measurement(
    tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = opened(job(tiny, artifacts, fidelity={"rungs": [1]}))
    expected = measured(one, Fidelity.RUNG_1)

    def full(states: RungStates, genome: Genome, state: RungState) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RungStates, "keep", full)
    assert measured(one, Fidelity.RUNG_1) == expected
    assert caplog.text.count("No space left on device") == len(GENOMES)


def test_a_torn_file_is_trained_again(tiny: BackboneEntry, artifacts: Path) -> None:
    warm = job(tiny, artifacts, fidelity=WARM)
    whole = measured(opened(warm), Fidelity.SCREEN)
    warm.warm_file.write_bytes(warm.warm_file.read_bytes()[:100])
    assert measured(opened(warm), Fidelity.SCREEN) == whole


def test_a_warm_start_that_diverges_is_a_failure(tiny: BackboneEntry, artifacts: Path) -> None:
    one = opened(job(tiny, artifacts, fidelity=WARM))
    with torch.no_grad():
        next(one._bench.network.backbone.pooler.parameters()).fill_(float("nan"))
    for stage in (Fidelity.WARM, Fidelity.SCREEN):
        outcome = alone(one, Candidate(0, (1,) * 6, stage))
        assert isinstance(outcome, Failure)
        assert "diverged: the loss is nan at step 1 of 6" in outcome.reason
    assert not one._bench.job.warm_file.exists()


@pytest.mark.parametrize("stage", [Fidelity.WARM, Fidelity.SCREEN])
def test_there_is_nothing_to_share_without_warm_steps(tiny: BackboneEntry, artifacts: Path, stage: Fidelity) -> None:
    with pytest.raises(ValueError, match="warm_steps"):
        opened(job(tiny, artifacts)).measure([Candidate(0, (1,) * 6, stage)])


@pytest.mark.parametrize("warm_steps", [0, 5])
def test_rungs_are_the_first_steps_of_the_proxy(tiny: BackboneEntry, artifacts: Path, warm_steps: int) -> None:
    """Whoever takes the next step: the same worker, one that finds the file, or one that finds nothing."""
    fidelity = {"rungs": [1, 3], "warm_steps": warm_steps}
    straight = measured(opened(job(tiny, artifacts / "straight", fidelity=fidelity)), Fidelity.PROXY)
    scoring = job(tiny, artifacts, fidelity=fidelity)
    one = opened(scoring)
    first = measured(one, Fidelity.RUNG_1)
    assert len(list(scoring.rungs_folder.iterdir())) == 4
    other = opened(scoring)
    second = measured(other, Fidelity.RUNG_2, GENOMES[:3])
    assert set(first[0]) == set(second[0]) == COSTS
    assert measured(other, Fidelity.PROXY) == straight  # three from rung 2, one from the file of rung 1
    assert list(scoring.rungs_folder.iterdir()) == []
    assert measured(one, Fidelity.PROXY, GENOMES[:1]) == straight[:1]  # from what it remembers of rung 1
    assert measured(opened(scoring), Fidelity.RUNG_2, GENOMES[:3]) == second


def test_a_rung_takes_only_its_own_steps(tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends, advance = list[int](), PackTraining.advance

    def noted(training: PackTraining, examples: Examples, until: int) -> None:
        ends.append(until)
        advance(training, examples, until)

    monkeypatch.setattr(PackTraining, "advance", noted)
    one = opened(job(tiny, artifacts, fidelity={"rungs": [1, 3], "audit_steps": 6}))
    for stage in (Fidelity.RUNG_1, Fidelity.RUNG_2, Fidelity.PROXY, Fidelity.AUDIT):
        measured(one, stage)
    assert ends == [1, 3, 4, 6]


def test_the_losers_states_go_when_the_finals_begin(tiny: BackboneEntry, artifacts: Path) -> None:
    scoring = job(tiny, artifacts, fidelity={"rungs": [2]})
    one = opened(scoring)
    measured(one, Fidelity.RUNG_1)
    measured(one, Fidelity.PROXY, GENOMES[:1])
    assert len(list(scoring.rungs_folder.iterdir())) == 3
    measured(one, Fidelity.FINAL, GENOMES[:1])
    assert not scoring.rungs_folder.exists()


def proxy(*, steps: int) -> dict[str, object]:
    return {**SMALL["proxy"], "steps": steps}  # type: ignore[dict-item]


def test_an_audit_is_a_longer_run_of_its_own(tiny: BackboneEntry, artifacts: Path) -> None:
    """Four proxies' steps where the spec says nothing, with a schedule as long."""
    audited = measured(opened(job(tiny, artifacts)), Fidelity.AUDIT)
    assert audited == measured(opened(job(tiny, artifacts / "16", proxy=proxy(steps=16))), Fidelity.PROXY)
    said = opened(job(tiny, artifacts / "said", fidelity={"audit_steps": 6}))
    six = opened(job(tiny, artifacts / "6", proxy=proxy(steps=6)))
    assert measured(said, Fidelity.AUDIT) == measured(six, Fidelity.PROXY)


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({"objectives": ["accuracy", "latency_ms"], "algorithm": {"name": "nsga2", "population": 4}}, "latency_ms"),
        ({"budget": {"candidates": 8, "latency_ms": 50}}, "latency_ms"),
        ({"budget": {"candidates": 8, "peak_memory_mb": 50}}, "peak_memory_mb"),
    ],
)
def test_a_clock_is_asked_where_the_search_wants_to_know(
    tiny: BackboneEntry, artifacts: Path, changes: Mapping[str, object], asked: str
) -> None:
    one = opened(job(tiny, artifacts, fidelity={"rungs": [2]}, **changes))
    for stage in (Fidelity.RUNG_1, Fidelity.PROXY):
        outcomes = one.measure([Candidate(0, genome, stage) for genome in GENOMES])
        for outcome in outcomes:
            assert not isinstance(outcome, Failure)
            assert set(outcome) == {*COSTS, "seconds", asked}
            assert outcome[asked] > 0
