"""The same candidate gives the same measurement, whatever was scored before it; failures are values."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from PIL import Image

from models.batch import Split
from models.datasets import open_data
from models.heads import TASKS
from models.registry import BackboneEntry
from models.scores.names import ScoreName
from models.slim import load_slim
from models.workload import TaskName
from search.build import build_algorithm, build_space
from search.contracts import Candidate, Failure, Fidelity
from search.spec import SearchSpec
from tests.workers.specs import CPU, SMALL, alone, small_spec, without_time
from workers import final_stage, workbench
from workers.scorer import Scorer, ScoringJob


def scorer(spec: SearchSpec, entry: BackboneEntry, artifacts: Path) -> Scorer:
    return Scorer(ScoringJob(spec, entry, artifacts), device=CPU)


def test_a_measurement_does_not_depend_on_what_came_before(tiny: BackboneEntry, artifacts: Path) -> None:
    spec = small_spec()
    genomes = [(1, 1, 0, 1, 1, 0), (0, 0, 1, 1, 0, 1)]
    one = scorer(spec, tiny, artifacts)
    forwards = [without_time(alone(one, Candidate(index, genome))) for index, genome in enumerate(genomes)]
    other = scorer(spec, tiny, artifacts)
    backwards = [without_time(alone(other, Candidate(9, genome))) for genome in reversed(genomes)]
    assert forwards == backwards[::-1]
    assert without_time(alone(one, Candidate(5, genomes[0]))) == forwards[0]


@pytest.mark.parametrize("task", TaskName)
def test_every_task_is_measured_at_every_fidelity(tiny: BackboneEntry, artifacts: Path, task: TaskName) -> None:
    spec = small_spec(task=task, space=SMALL["space"] | {"patch_ratios": [1.0, 0.5]})  # type: ignore[operator]
    space = build_space(spec, tiny)
    one, genome = scorer(spec, tiny, artifacts), (1, 1, 0, 1, 1, 0, 1)
    stages = (Fidelity.PROXY, Fidelity.FINAL, Fidelity.TEST, Fidelity.PLAIN)
    proxy, final, test, plain = (without_time(alone(one, Candidate(0, genome, each))) for each in stages)
    for measured in (proxy, final, test, plain):
        assert 0 <= measured["accuracy"] <= 1
    assert proxy["macs"] == final["macs"] == test["macs"] == space.macs(genome)
    assert plain["macs"] > test["macs"]
    recalls = {f"{side}_at_{cutoff}" for side in ("tr", "ir") for cutoff in (1, 5, 10)}
    assert recalls & set(test) == (recalls if task is TaskName.RETRIEVAL else set())
    assert test["peak_memory_mb"] > 0
    model = load_slim(ScoringJob(spec, tiny, artifacts).model_folder(genome))
    assert model.architecture == space.decode(genome)


@pytest.mark.parametrize("task", TaskName)
def test_meter_goes_the_same_way(tiny_meter: BackboneEntry, artifacts: Path, task: TaskName) -> None:
    """Both sieves at once: patches dropped after the image encoder, sub-layers of both streams dropped."""
    space = {**SMALL["space"], "patch_ratios": [1.0, 0.5], "classifier_token": True}  # type: ignore[dict-item]
    spec = small_spec(task=task, space=space)
    one, genome = scorer(spec, tiny_meter, artifacts), (1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1)
    measured = [without_time(alone(one, Candidate(0, genome, each))) for each in (Fidelity.PROXY, Fidelity.FINAL)]
    tested = without_time(alone(one, Candidate(0, genome, Fidelity.TEST)))
    assert measured[0]["macs"] == tested["macs"] == build_space(spec, tiny_meter).macs(genome)
    model = load_slim(ScoringJob(spec, tiny_meter, artifacts).model_folder(genome))
    data = open_data("shapes-small", task).examples(Split.TEST)
    assert TASKS[task].scores(model.logits(data), data.targets).mean().item() == pytest.approx(tested["accuracy"])
    parts = (model.backbone, model.carried, model.head)
    assert sum(each.numel() for part in parts for each in part.parameters()) == tested["parameters"]


PROBES: list[Mapping[str, object]] = [
    {"name": "das", "setting": "published", "skipped": 2, "steps": 6, "warm_steps": 2, "update_every": 2},
    {"name": "das", "setting": "corrected", "steps": 6, "warm_steps": 2, "update_every": 2},
    *({"name": "ranked", "score": score} for score in ScoreName),
]


@pytest.mark.parametrize(
    "algorithm", PROBES, ids=lambda each: f"{each['name']}-{each.get('setting', each.get('score'))}"
)
def test_a_look_at_the_whole_gives_a_number_for_each_gene(
    tiny_meter: BackboneEntry, artifacts: Path, algorithm: Mapping[str, object]
) -> None:
    """Equal specs give equal numbers, and the search decides by them."""
    bound = None if algorithm.get("setting") == "published" else 0.8
    space = {**SMALL["space"], "granularity": "layer", "classifier_token": True}  # type: ignore[dict-item]
    spec = small_spec(algorithm=algorithm, space=space, budget={"macs_ratio": bound})
    probe = Candidate(0, build_space(spec, tiny_meter).full, Fidelity.PROBE)
    first, second = (without_time(alone(scorer(spec, tiny_meter, artifacts), probe)) for _ in range(2))
    assert first == second
    assert list(first) == [f"gene.{gene}" for gene in range(4)]
    assert len(set(first.values())) > 1
    search = build_algorithm(spec, build_space(spec, tiny_meter))
    assert search.ask() == probe
    search.tell(0, first)
    assert 0 in search.front()[0].genome


def test_the_exported_model_gives_the_tested_accuracy_and_answers(tiny: BackboneEntry, artifacts: Path) -> None:
    """The slim folder, loaded without the search, scores what was reported, and holds only what is kept."""
    spec, genome = small_spec(), (1, 0, 0, 1, 1, 0)
    one = scorer(spec, tiny, artifacts)
    alone(one, Candidate(0, genome, Fidelity.FINAL))
    reported = alone(one, Candidate(1, genome, Fidelity.TEST))
    assert not isinstance(reported, Failure)
    folder = ScoringJob(spec, tiny, artifacts).model_folder(genome)
    model = load_slim(folder)
    batch = open_data("shapes-small", TaskName.VQA).examples(Split.TEST)
    right = batch.targets.gather(1, model.logits(batch).argmax(1, keepdim=True))
    assert right.mean().item() == pytest.approx(reported["accuracy"], abs=1e-6)
    held = {name.split(".")[1] + "." + name.split(".")[2] for name in model.backbone.state_dict() if "blocks" in name}
    assert held == {"0.msa", "1.ffn", "2.msa"}
    total = sum(p.numel() for module in (model.backbone, model.carried, model.head) for p in module.parameters())
    assert total == reported["parameters"]
    answers = model.answer(Image.new("RGB", (60, 40), "red"), "what color is the circle ?")
    assert [score for _, score in answers] == sorted((score for _, score in answers), reverse=True)
    assert {answer for answer, _ in answers} == set(open_data("shapes-small", TaskName.VQA).answers)


def test_divergence_is_a_failure_not_an_exception(tiny: BackboneEntry, artifacts: Path) -> None:
    proxy = {"steps": 200, "batch_size": 8, "fitness_examples": 64, "learning_rate": 1.0, "head_learning_rate": 1.0}
    one = scorer(small_spec(proxy=proxy), tiny, artifacts)
    with torch.no_grad():
        next(one._bench.network.backbone.pooler.parameters()).fill_(float("nan"))
    outcome = alone(one, Candidate(0, (1, 1, 1, 1, 0, 0)))
    assert isinstance(outcome, Failure)
    assert "diverged" in outcome.reason
    assert "step 1 of 200" in outcome.reason


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_recall_of_no_numbers_is_a_failure(
    tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    one = scorer(small_spec(task="retrieval"), tiny, artifacts)
    monkeypatch.setattr(final_stage, "score_matrix", lambda *_, **__: torch.full((128, 128), value))
    outcome = alone(one, Candidate(0, (1,) * 6, Fidelity.PLAIN))
    assert outcome == Failure("diverged: a score of an image and a text is NaN or infinite")


def test_large_splits_of_the_stage_before_are_let_go(
    tiny: BackboneEntry, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, genome = scorer(small_spec(), tiny, artifacts), (1, 1, 0, 1, 1, 0)
    held = []
    for kept_bytes in (workbench.KEPT_BYTES, 0):
        monkeypatch.setattr(workbench, "KEPT_BYTES", kept_bytes)
        for stage in (Fidelity.PROXY, Fidelity.FINAL, Fidelity.TEST):
            assert not isinstance(alone(one, Candidate(0, genome, stage)), Failure)
            held.append({split for split, _ in one._bench._splits})
    proxy = {Split.TRAIN, Split.FITNESS}
    assert held[:3] == [proxy, {*proxy, Split.VALIDATION}, {*Split}]
    assert held[3:] == [proxy, {Split.TRAIN, Split.VALIDATION}, {Split.TEST}]


def test_a_test_needs_the_weights_of_its_final(tiny: BackboneEntry, artifacts: Path) -> None:
    outcome = alone(scorer(small_spec(), tiny, artifacts), Candidate(0, (1, 1, 0, 0, 1, 1), Fidelity.TEST))
    assert isinstance(outcome, Failure)
    assert "final" in outcome.reason
