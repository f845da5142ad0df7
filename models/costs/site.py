"""`Site`: where a trainable module stands, in sizes and without torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.architecture import Stack, SubLayer, SubLayerKind
from models.modules.modality import Modality, spans

ADAPTED = ("query", "value", "up", "down")  # the linears that LoRA and its like change
ROUTED = ("query", "value", "up")  # those of them whose input is as wide as a summary
BIASED = ("query", "value", "out", "up", "down")  # softmax does not see a key's bias
FED = ("query", "key", "value", "up")  # the linears that read a sub-layer's input


def reads_other(sub_layer: SubLayer, linear: str) -> bool:
    """Whether a linear reads the other stream: key and value of cross-attention do."""
    return sub_layer.kind is SubLayerKind.CROSS_ATTENTION and linear in ("key", "value")


@dataclass(frozen=True, slots=True)
class FrozenLinear:
    """A frozen linear of a sub-layer, and on how many tokens it works; `other` if they are of the other stream."""

    inputs: int
    outputs: int
    tokens: int
    other: bool = False

    @property
    def size(self) -> int:
        """Entries of its weight."""
        return self.inputs * self.outputs


@dataclass(frozen=True, slots=True)
class Site:
    """Where a module stands: one sub-layer and the tokens of one example, padding included.

    `tokens` is the length of the sub-layer's own sequence, `other_tokens` that of the stream its cross-attention
    reads, `text_tokens` how many of a joint sequence are text.
    """

    sub_layer: SubLayer
    width: int
    ffn_size: int
    tokens: int
    other_tokens: int = 0
    text_tokens: int = 0

    @property
    def linears(self) -> Mapping[str, FrozenLinear]:
        """The frozen linears, by the names modules know."""
        width, tokens = self.width, self.tokens
        if self.sub_layer.kind is SubLayerKind.FFN:
            return {
                "up": FrozenLinear(width, self.ffn_size, tokens),
                "down": FrozenLinear(self.ffn_size, width, tokens),
            }
        own, read = FrozenLinear(width, width, tokens), FrozenLinear(width, width, self.other_tokens, other=True)
        names = ("query", "key", "value", "out")
        return {name: read if reads_other(self.sub_layer, name) else own for name in names}

    @property
    def fuses(self) -> bool:
        """Whether the sub-layer's stack meets both modalities."""
        return self.sub_layer.stack in (Stack.JOINT, Stack.TEXT, Stack.IMAGE)

    def modalities(self, linear: FrozenLinear | None = None) -> Mapping[Modality, int]:
        """How many tokens of each modality a linear works on; without one, how many the own sequence has."""
        tokens, other = (self.tokens, False) if linear is None else (linear.tokens, linear.other)
        found = spans(self.sub_layer.stack, tokens, self.text_tokens, other=other)
        return {modality: span.stop - span.start for modality, span in found.items()}
