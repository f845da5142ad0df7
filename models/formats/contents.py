"""What a checkpoint of any format holds, under our names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from models.meter_config import MeterConfig
from models.vilt_config import ViltConfig


@dataclass(frozen=True, slots=True)
class Contents:
    """The sizes, the tensors by our keys (`backbone....`, `heads....`), and the answers of the VQA head by label id."""

    config: ViltConfig | MeterConfig
    state: Mapping[str, Tensor]
    answers: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()  # keys of the file that were known and not needed
    tensors: int = 0  # in the file

    def named_by_label(self) -> "Contents":
        """The same, with label ids for the names of the answers."""
        bias = self.state.get("heads.vqa.out.bias")
        return self if bias is None else replace(self, answers=tuple(str(index) for index in range(len(bias))))
