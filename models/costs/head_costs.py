"""What a task head costs."""

from dataclasses import dataclass

from models.backbone_config import BackboneConfig
from models.workload import TaskName, Workload


@dataclass(frozen=True, slots=True)
class HeadCost:
    """Costs of the head of a workload's task on a backbone of that config (`models.heads`)."""

    config: BackboneConfig
    workload: Workload

    @property
    def matrices(self) -> tuple[tuple[int, int], ...]:
        """The head's matrices as (inputs, outputs)."""
        pooled, hidden = self.config.pooled_size, 2 * self.config.hidden_size
        if self.workload.task is TaskName.RETRIEVAL:
            return ((pooled, 1),)
        classes = 2 if self.workload.task is TaskName.NLVR2 else self.workload.answers
        return ((self.workload.passes * pooled, hidden), (hidden, classes))

    @property
    def macs(self) -> int:
        """MACs of one example."""
        return sum(inputs * outputs for inputs, outputs in self.matrices)

    @property
    def parameters(self) -> int:
        """Weights, biases, and the norm of a classifier."""
        norm = 0 if self.workload.task is TaskName.RETRIEVAL else 4 * self.config.hidden_size
        return norm + sum((inputs + 1) * outputs for inputs, outputs in self.matrices)
