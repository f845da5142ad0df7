"""SCREEN: many candidates scored by the shared weights as they are, without training."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.architecture import Architecture
from models.heads import exact_logits
from models.screen import screened
from models.shared_student import SharedStudent
from search.contracts import Genome
from workers.examples import Examples
from workers.warm_start import WarmStart
from workers.workbench import Workbench

ROWS = 256  # examples in one pass


class ScreenStage:
    """Candidates that begin alike run alike as far as that goes, and that part runs once for them."""

    def __init__(self, bench: Workbench, warm: WarmStart) -> None:
        self._bench = bench
        self._warm = warm

    def screen(self, genomes: Sequence[Genome]) -> list[dict[str, float]]:
        """The accuracy of each on the first `fidelity.screen_examples` of the fitness split.

        Raises:
            ValueError: the spec has no warm start.
            DivergedError: the warm start had to be trained, and a loss is NaN or infinite.
        """
        bench, shared = self._bench, self._warm.weights()
        if shared is None:
            raise ValueError("a screen needs shared weights; give fidelity.warm_steps")
        architectures = [bench.space.decode(genome) for genome in genomes]
        examples = bench.fitness(bench.job.spec.fidelity.screen_examples)
        accuracies = _accuracies(shared, architectures, examples)
        return [
            {"accuracy": accuracy} | bench.costs(architecture)
            for accuracy, architecture in zip(accuracies, architectures, strict=True)
        ]


@torch.inference_mode()
def _accuracies(shared: SharedStudent, architectures: Sequence[Architecture], examples: Examples) -> list[float]:
    sums, seen = list[Tensor](), 0
    for index in torch.arange(len(examples), device=examples.device).split(ROWS):
        inputs, targets = examples.rows(index)
        seen += len(targets)
        logits = (exact_logits(shared.task, shared.head, pooled) for pooled in screened(shared, architectures, inputs))
        sums.append(torch.stack([shared.task.scores(each, targets).sum() for each in logits]))
    return [sum(each) / seen for each in torch.stack(sums, dim=1).tolist()]
