"""Candidates trained in bfloat16: what is rounded, what never is, and that float32 stays what it was."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from models.measure import Latency
from models.meter_config import MeterConfig
from models.registry import BackboneEntry
from models.vilt_config import ViltConfig
from models.workload import TaskName
from search.contracts import Candidate, Fidelity, Genome
from search.precision import Precision
from tests.networks import TINY, TINY_METER, random_network
from tests.workers.dtypes import Products
from tests.workers.specs import CPU, SMALL, alone, small_spec, without_time
from tests.workers.test_pack_training import examples_of, recipe_of, students_of
from tests.workers.test_scorer import PROBES
from workers import speed
from workers.finetune import evaluate, finetune
from workers.pack_training import PackTraining
from workers.precision import check_precision, products
from workers.scorer import Scorer, ScoringJob

BFLOAT16 = Precision.BFLOAT16
SPACE = cast("Mapping[str, object]", SMALL["space"])
GENOMES: list[Genome] = [(1, 1, 0, 1, 1, 0), (0, 0, 1, 1, 0, 1), (1, 1, 1, 1, 1, 1)]
STAGES: Mapping[str, object] = {"warm_steps": 4, "screen": 4, "screen_examples": 40, "rungs": [2]}
ONE_AFTER_THE_OTHER = (
    Fidelity.WARM,
    Fidelity.SCREEN,
    Fidelity.RUNG_1,
    Fidelity.PROXY,
    Fidelity.AUDIT,
    Fidelity.FINAL,
    Fidelity.TEST,
    Fidelity.PLAIN,
)
HEAD = 2 * TINY.hidden_size  # width of a head within
AGREE = 0.05  # of accuracies on 64 examples: three of them
CLOSE = 0.02  # of parameters that began equal, beside 0.003, which three steps of a rate of 0.001 move one at most


def opened(entry: BackboneEntry, artifacts: Path, **changes: object) -> Scorer:
    return Scorer(ScoringJob(small_spec(**{"precision": BFLOAT16, **changes}), entry, artifacts), device=CPU)


def measured(scorer: Scorer, stage: Fidelity, genomes: list[Genome]) -> list[dict[str, float]]:
    return [
        without_time(each) for each in scorer.measure([Candidate(at, each, stage) for at, each in enumerate(genomes)])
    ]


@pytest.mark.parametrize("precision", Precision)
@pytest.mark.parametrize("task", TaskName)
def test_every_stage_multiplies_in_what_the_spec_says(
    tiny: BackboneEntry, artifacts: Path, task: TaskName, precision: Precision
) -> None:
    space = {**SPACE, "patch_ratios": [0.5]}
    with Products() as reading:
        one = opened(tiny, artifacts, task=task, space=space, fidelity=STAGES, precision=precision)
    asked = getattr(torch, precision)
    assert reading.dtypes == {asked}  # the frozen prefix
    for stage in ONE_AFTER_THE_OTHER:
        with Products() as found:
            alone(one, Candidate(0, GENOMES[0], stage))
        assert asked in found.dtypes, stage
        assert found.dtypes <= {asked, torch.float32}, stage


@pytest.mark.parametrize("algorithm", PROBES[1:3], ids=lambda each: each["name"])
def test_so_does_a_look_at_the_whole(
    tiny_meter: BackboneEntry, artifacts: Path, algorithm: Mapping[str, object]
) -> None:
    space = {**SPACE, "granularity": "layer"}
    one = opened(tiny_meter, artifacts, algorithm=algorithm, space=space, budget={"macs_ratio": 0.8})
    with Products() as found:
        looked = alone(one, Candidate(0, one._bench.space.full, Fidelity.PROBE))
    assert torch.bfloat16 in found.dtypes
    assert len(without_time(looked)) == 4


def test_heads_alone_are_not_rounded(tiny: BackboneEntry, artifacts: Path) -> None:
    """On the way back neither."""
    with Products() as found:
        measured(opened(tiny, artifacts), Fidelity.PROXY, GENOMES)
    exact, rounded = (
        {sizes for dtype, sizes in found.seen if dtype is each} for each in (torch.float32, torch.bfloat16)
    )
    assert exact
    assert rounded
    assert all(HEAD in sizes for sizes in exact)
    assert not any(len(tiny.answers) in sizes for sizes in rounded)


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
@pytest.mark.parametrize("task", TaskName)
def test_parameters_gradients_moments_and_losses_are_float32(config: ViltConfig | MeterConfig, task: TaskName) -> None:
    network, recipe = random_network(config), recipe_of(task)
    examples, students = examples_of(network, task), students_of(network, task=task)
    with products(BFLOAT16, CPU):
        training = PackTraining(students, recipe)
        training.advance(examples, recipe.steps)
        pooled = students[0].pooled(examples.rows(torch.arange(16))[0])
        assert pooled.dtype is torch.bfloat16
        logits = students[0](examples.rows(torch.arange(16))[0])
    assert logits.dtype is torch.float32
    assert students[0].task.loss(logits, examples.rows(torch.arange(16))[1]).dtype is torch.float32
    state = training.states()[0]
    assert {tensor.dtype for name, tensor in state.items() if name != "steps"} == {torch.float32}
    assert {stack.parameter.grad.dtype for stack in training._pack.stacks if stack.parameter.grad is not None} == {
        torch.float32
    }


def test_what_is_written_is_float32(tiny: BackboneEntry, artifacts: Path) -> None:
    one = opened(tiny, artifacts, fidelity=STAGES)
    for stage in (Fidelity.WARM, Fidelity.RUNG_1, Fidelity.FINAL, Fidelity.TEST):
        if stage is Fidelity.FINAL:
            (rung,) = one._bench.job.rungs_folder.iterdir()
            assert {each.dtype for name, each in load_file(rung).items() if name != "steps"} == {torch.float32}
        alone(one, Candidate(0, GENOMES[0], stage))
    job = one._bench.job
    model = job.model_folder(GENOMES[0]) / "model.safetensors"
    for file in (job.warm_file, job.weights_file(GENOMES[0]), model):
        assert {each.dtype for each in load_file(file).values() if each.is_floating_point()} == {torch.float32}, file


@pytest.mark.parametrize("config", [TINY, TINY_METER], ids=["vilt", "meter"])
@pytest.mark.parametrize("task", TaskName)
def test_a_member_is_trained_as_if_alone(config: ViltConfig | MeterConfig, task: TaskName) -> None:
    network, recipe = random_network(config), recipe_of(task)
    examples, students = examples_of(network, task), students_of(network, task=task)
    with products(BFLOAT16, CPU):
        together = PackTraining(students, recipe)
        together.advance(examples, recipe.steps)
        found = together.evaluate(examples)
        for student, state, scored in zip(students, together.states(), found, strict=True):
            assert not isinstance(scored, Exception)
            finetune(student, examples, recipe)
            assert evaluate(student, examples)["accuracy"] == pytest.approx(scored["accuracy"], abs=0.1)
            for name, parameter in student.named_parameters():
                torch.testing.assert_close(state[f"value.student.{name}"], parameter.detach(), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("task", TaskName)
def test_packs_agree_with_each_alone_and_runs_with_each_other(
    tiny: BackboneEntry, artifacts: Path, task: TaskName
) -> None:
    one = opened(tiny, artifacts, task=task)
    together = measured(one, Fidelity.PROXY, GENOMES)
    for genome, found in zip(GENOMES, together, strict=True):
        assert without_time(alone(one, Candidate(0, genome))) == pytest.approx(found, abs=AGREE)
    assert measured(opened(tiny, artifacts / "again", task=task), Fidelity.PROXY, GENOMES) == together


def test_a_step_within_the_block_is_seen_by_the_next_one() -> None:
    """As it would not be if the block went on with the first rounding of a weight."""
    layer, tokens = nn.Linear(8, 8), torch.ones(2, 8)
    with products(BFLOAT16, CPU):
        before = layer(tokens)
        with torch.no_grad():
            layer.weight.mul_(2).add_(1)
        assert not torch.equal(layer(tokens), before)


@pytest.mark.parametrize("stage", [Fidelity.TEST, Fidelity.PLAIN, Fidelity.PROXY])
def test_speed_and_memory_are_those_of_float32(
    tiny: BackboneEntry, artifacts: Path, stage: Fidelity, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed = list[set[torch.dtype]]()

    def latency(call: object, *_: object, **__: object) -> Latency:
        assert callable(call)
        with Products() as found:
            call()
        timed.append(found.dtypes)
        return Latency(1.0, 1.0, 1)

    monkeypatch.setattr(speed, "measure_latency", latency)
    memory = list[float]()
    for precision in Precision:
        budget = {"candidates": 8, "latency_ms": 50, "peak_memory_mb": 50}
        one = opened(tiny, artifacts / precision, precision=precision, budget=budget)
        if stage is Fidelity.TEST:
            alone(one, Candidate(0, GENOMES[0], Fidelity.FINAL))
        memory.append(without_time(alone(one, Candidate(0, GENOMES[0], stage)))["peak_memory_mb"])
    assert len(timed) >= 2
    assert all(dtypes == {torch.float32} for dtypes in timed)
    assert memory[0] == memory[1]


def test_weights_of_another_precision_are_not_taken(tiny: BackboneEntry, artifacts: Path) -> None:
    digests = {ScoringJob(small_spec(precision=each), tiny, artifacts).training_digest for each in Precision}
    assert len(digests) == 2


def test_a_pack_size_is_found_in_the_precision_that_candidates_train_in(tiny: BackboneEntry, artifacts: Path) -> None:
    one = opened(tiny, artifacts, budget={"candidates": 64})
    alone(one, Candidate(0, GENOMES[0]))
    with Products() as found:
        assert one.pack_size(Fidelity.PROXY) >= 1
    assert torch.bfloat16 in found.dtypes


def test_a_device_that_cannot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_precision(Precision.FLOAT32, torch.device("meta"))
    with pytest.raises(ValueError, match="precision is bfloat16, which torch cannot do on meta; use float32"):
        check_precision(BFLOAT16, torch.device("meta"))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    with pytest.raises(ValueError, match="cannot do on cuda:0"):
        check_precision(BFLOAT16, torch.device("cuda", 0))


@pytest.mark.parametrize(("capabilities", "told"), [({}, True), ({"amx_bf16": False}, True), ({"bf16": True}, False)])
def test_a_processor_that_is_slow_at_it_is_told(
    tiny: BackboneEntry,
    artifacts: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capabilities: Mapping[str, bool],
    told: bool,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    opened(tiny, artifacts)
    assert ("cpu has no instructions for bfloat16" in caplog.text) == told
