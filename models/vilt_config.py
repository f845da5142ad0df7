"""The sizes of a ViLT, without torch: what a folder's `config.json` says and what costs are computed from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Self

from models.architecture import SubLayer, SubLayerKind

KINDS = (SubLayerKind.SELF_ATTENTION, SubLayerKind.FFN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViltConfig:
    """Sizes of one ViLT; lengths in tokens, images in pixels."""

    hidden_size: int = 768
    heads: int = 12
    blocks: int = 12
    ffn_size: int = 3072
    image_size: int = 384  # pixels; the position embedding's grid is image_size / patch_size
    patch_size: int = 32
    vocabulary: int = 30522
    max_text_length: int = 40
    token_types: int = 2  # rows of the text's own type embedding (BERT)
    modalities: int = 2  # 3 where a second image has a type of its own (NLVR2)
    norm_eps: float = 1e-6
    text_norm_eps: float = 1e-12
    pad_id: int = 0

    def __post_init__(self) -> None:
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden size {self.hidden_size} cannot be split over {self.heads} heads")
        if self.image_size % self.patch_size:
            raise ValueError(f"image size {self.image_size} is no multiple of the patch size {self.patch_size}")

    @property
    def pooled_size(self) -> int:
        """Width of the pooled features: text token 0's."""
        return self.hidden_size

    @property
    def patch_places(self) -> int:
        """Patches can be dropped after the embedding (0) up to before the last block."""
        return self.blocks - 1

    @property
    def grid(self) -> int:
        """Patches along one side of the position embedding."""
        return self.image_size // self.patch_size

    @property
    def sub_layers(self) -> tuple[SubLayer, ...]:
        """The droppable sub-layers in gene order: self-attention and FFN of block 0, of block 1, ..."""
        return _sub_layers(self.blocks)

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The config that `to_json` described.

        Raises:
            ValueError: keys are unknown, or sizes contradict each other.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ValueError(f"a ViLT config has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        return cls(**data)


@lru_cache
def _sub_layers(blocks: int) -> tuple[SubLayer, ...]:
    return tuple(SubLayer(block, kind) for block in range(blocks) for kind in KINDS)
