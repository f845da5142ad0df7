"""What a look at the whole backbone judges."""

from dataclasses import replace

import pytest

from models.architecture import ModuleSpec
from models.batch import Split
from models.checkpoints import load_network
from models.inputs import Prefix
from models.registry import BackboneEntry
from models.scores.contract import ScoringInputs
from models.scores.names import ScoreName
from models.shapes.dataset import ShapesData
from models.workload import TaskName
from search.build import build_space
from tests.workers.specs import CPU, SMALL, small_spec
from workers import probe
from workers.examples import Examples


@pytest.mark.parametrize(
    ("modules", "judged"),
    [
        (["bottleneck:4"], ModuleSpec("bottleneck", 4)),
        (["lora:2", "bottleneck:4"], ModuleSpec("lora", 2)),
        (["none"], None),
    ],
)
def test_adapeft_judges_the_module_that_the_space_carries(
    tiny: BackboneEntry, monkeypatch: pytest.MonkeyPatch, modules: list[str], judged: ModuleSpec | None
) -> None:
    seen: list[ModuleSpec | None] = []

    def noted(scoring: ScoringInputs) -> list[float]:
        seen.append(scoring.module)
        return [0.0] * len(scoring.network.config.sub_layers)

    monkeypatch.setattr(probe, "SCORES", {ScoreName.ADAPEFT: noted})
    space = {**SMALL["space"], "modules": modules}  # type: ignore[dict-item]
    spec = small_spec(algorithm={"name": "ranked", "score": "adapeft"}, space=space)
    network, data = load_network(tiny.path), ShapesData(TaskName.VQA, sizes=dict.fromkeys(Split, 4))
    examples = Examples.of(network.backbone, data, Split.TRAIN, longest=48, prefix=Prefix(), device=CPU)
    found = probe.probe(spec, build_space(spec, tiny), network, train=examples, held_out=replace(examples))
    assert found == [0.0] * 6
    assert seen == [judged]
