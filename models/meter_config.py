"""The sizes of a METER, without torch: what a folder's `config.json` says and what costs are computed from."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Self

from models.architecture import Stack, SubLayer, SubLayerKind

ENCODER_KINDS = (SubLayerKind.SELF_ATTENTION, SubLayerKind.FFN)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSizes:
    """Sizes of one stack of transformer blocks."""

    blocks: int
    width: int
    heads: int
    ffn_size: int
    norm_eps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterConfig:
    """Sizes of one METER; lengths in tokens, images in pixels. The defaults are the published ones (CVPR 2022)."""

    hidden_size: int = 768  # of the fusion encoder
    heads: int = 12
    depth: int = 6  # fusion layers of each stream
    ffn_size: int = 3072
    vision_width: int = 768
    vision_heads: int = 12
    vision_blocks: int = 11  # of CLIP's 12, METER builds all but the last
    vision_ffn_size: int = 3072
    image_size: int = 384  # pixels; the position embedding's grid is image_size / patch_size
    patch_size: int = 16
    language_width: int = 768
    language_heads: int = 12
    language_blocks: int = 12
    language_ffn_size: int = 3072
    vocabulary: int = 50265
    max_positions: int = 514  # rows of RoBERTa's position embedding; the first pad_id + 1 are for padding
    max_text_length: int = 50
    token_types: int = 1  # rows of RoBERTa's own type embedding
    modalities: int = 2  # 3 where a second image has a type of its own (NLVR2)
    norm_eps: float = 1e-12
    vision_norm_eps: float = 1e-5
    language_norm_eps: float = 1e-5
    pad_id: int = 1

    def __post_init__(self) -> None:
        for stack in (Stack.TEXT, Stack.VISION, Stack.LANGUAGE):
            sizes = self.sizes(stack)
            if sizes.heads < 1 or sizes.width % sizes.heads:
                raise ValueError(f"{stack}: width {sizes.width} cannot be split over {sizes.heads} heads")
        if self.image_size < self.patch_size or self.image_size % self.patch_size:
            raise ValueError(f"image size {self.image_size} is no multiple of the patch size {self.patch_size}")
        if not 0 < self.max_text_length <= self.positions:
            raise ValueError(f"texts have 1 to {self.positions} tokens here, not up to {self.max_text_length}")

    @property
    def pooled_size(self) -> int:
        """Width of the pooled features: both streams' side by side."""
        return 2 * self.hidden_size

    @property
    def grid(self) -> int:
        """Patches along one side of an image."""
        return self.image_size // self.patch_size

    @property
    def positions(self) -> int:
        """The longest text that the position embedding has rows for."""
        return self.max_positions - self.pad_id - 1

    @property
    def patch_places(self) -> int:
        """Patches can be dropped after the embedding (0) up to after the whole image encoder."""
        return self.vision_blocks

    def width(self, sub_layer: SubLayer) -> int:
        """Width of the residual stream of a sub-layer."""
        return self.sizes(sub_layer.stack).width

    def sizes(self, stack: Stack) -> StackSizes:
        """The sizes of one of the four stacks; the fusion encoder's two are alike."""
        if stack is Stack.VISION:
            return StackSizes(
                blocks=self.vision_blocks,
                width=self.vision_width,
                heads=self.vision_heads,
                ffn_size=self.vision_ffn_size,
                norm_eps=self.vision_norm_eps,
            )
        if stack is Stack.LANGUAGE:
            return StackSizes(
                blocks=self.language_blocks,
                width=self.language_width,
                heads=self.language_heads,
                ffn_size=self.language_ffn_size,
                norm_eps=self.language_norm_eps,
            )
        return StackSizes(
            blocks=self.depth,
            width=self.hidden_size,
            heads=self.heads,
            ffn_size=self.ffn_size,
            norm_eps=self.norm_eps,
        )

    @property
    def sub_layers(self) -> tuple[SubLayer, ...]:
        """The droppable sub-layers in gene order: the fusion's text stream, its image stream, CLIP, RoBERTa."""
        return _sub_layers(self.depth, self.vision_blocks, self.language_blocks)

    def places(self, stack: Stack, block: int) -> range:
        """Where the sub-layers of a block lie in `sub_layers`."""
        fusion, vision = len(SubLayerKind) * self.depth, len(ENCODER_KINDS) * self.vision_blocks
        starts = {Stack.TEXT: 0, Stack.IMAGE: fusion, Stack.VISION: 2 * fusion, Stack.LANGUAGE: 2 * fusion + vision}
        each = len(ENCODER_KINDS if stack in (Stack.VISION, Stack.LANGUAGE) else SubLayerKind)
        return range(starts[stack] + each * block, starts[stack] + each * (block + 1))

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
            raise ValueError(f"a METER config has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        return cls(**data)


@lru_cache
def _sub_layers(depth: int, vision: int, language: int) -> tuple[SubLayer, ...]:
    def stack(name: Stack, blocks: int, kinds: tuple[SubLayerKind, ...]) -> Iterator[SubLayer]:
        return (SubLayer(block, kind, name) for block in range(blocks) for kind in kinds)

    return (
        *stack(Stack.TEXT, depth, tuple(SubLayerKind)),
        *stack(Stack.IMAGE, depth, tuple(SubLayerKind)),
        *stack(Stack.VISION, vision, ENCODER_KINDS),
        *stack(Stack.LANGUAGE, language, ENCODER_KINDS),
    )
