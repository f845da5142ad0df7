"""What every training-free score is: a function from a network and some examples to one value per sub-layer."""

from collections.abc import Callable
from dataclasses import dataclass

from models.architecture import ModuleSpec
from models.batch import Batch
from models.network import Network
from models.workload import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringInputs:
    """A frozen network in eval mode, and the examples of a task that it is looked at with.

    `calibration` and `held_out` have no example in common. `module` is the one whose training AdaPEFT judges; None is
    a bottleneck of an eighth of the hidden size, DAS's share. `seed` is that of its initial weights. `chunk` is how
    many examples a pass takes at a time; it bounds the memory and changes results by rounding alone.
    """

    network: Network
    task: TaskName
    calibration: Batch
    held_out: Batch
    module: ModuleSpec | None = None
    seed: int = 0
    chunk: int = 32


Score = Callable[[ScoringInputs], list[float]]
"""One value per place of `network.config.sub_layers`, higher where the sub-layer is more worth keeping.

It leaves the network as it was. Raises `NoHeadError` where the score needs a head that the checkpoint does not have.
"""
