"""How well a network does on the embedded world as it is, nothing fine-tuned, beside what needs no image."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch

from models.architecture import Architecture
from models.batch import Batch, Split
from models.heads import TASKS
from models.inputs import read_batch
from models.network import Network
from models.shapes.baselines import baselines
from models.shapes.dataset import ShapesData
from models.workload import EMBEDDED_TASKS, TaskName

ROWS = 256  # passes of the network at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """Accuracies, 0 to 1, on the first `examples` of a split."""

    examples: int
    accuracy: float
    chance: float
    majority: float
    text_only: float


def report_world(
    network: Network, split: Split, *, counts: Mapping[TaskName, int] | None = None
) -> dict[TaskName, TaskReport]:
    """A report for each task; `counts` limits the examples of those it names."""
    reports = {}
    for task in EMBEDDED_TASKS:
        data = ShapesData(task)
        count = (counts or {}).get(task, data.sizes[split])
        score = plain_accuracy(network, task, data.examples(split, count))
        reports[task] = TaskReport(examples=count, accuracy=score, **asdict(baselines(data, split, count)))
    return reports


@torch.inference_mode()
def plain_accuracy(network: Network, task: TaskName, batch: Batch, architecture: Architecture | None = None) -> float:
    """The mean score of the network's own heads with nothing trained; without an architecture everything is kept."""
    judge, head = TASKS[task], network.head(task)
    chosen = architecture or Architecture.full(network.config.sub_layers)
    passes = batch.input_ids.shape[1] * batch.pixel_values.shape[1]
    total = 0.0
    for index in torch.arange(len(batch)).split(max(1, ROWS // passes)):
        part = batch.rows(index)
        inputs = read_batch(network.backbone, part).all()
        pooled = network.backbone(inputs.texts, inputs.images, chosen).pooled.unflatten(0, (-1, passes))
        total += judge.scores(judge.logits(head, pooled), part.targets).sum().item()
    return total / len(batch)
