"""What one example of a task asks of a network: the sizes that its cost depends on."""

from dataclasses import dataclass
from enum import StrEnum


class TaskName(StrEnum):
    """The downstream tasks."""

    VQA = "vqa"
    NLVR2 = "nlvr2"
    RETRIEVAL = "retrieval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The shape of one example, padding included; lengths in tokens, image sizes in pixels.

    A retrieval example is one (image, text) pair; NLVR2 runs the network once for each of its two images.
    """

    task: TaskName
    text_tokens: int
    image_height: int
    image_width: int
    answers: int = 0  # size of the VQA vocabulary; other tasks have a head of fixed size
    foreground_macs: int = 0  # of the foreground provider, per image
    foreground_parameters: int = 0

    @property
    def passes(self) -> int:
        """How often the network runs for one example."""
        return 2 if self.task is TaskName.NLVR2 else 1
