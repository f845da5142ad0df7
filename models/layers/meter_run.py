"""One forward call through METER's stacks: each sub-layer gets its choice, its module and what it may look at."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Stack, SubLayerKind
from models.backbone import ModuleSet
from models.layers.meter_sub_layers import Call, SubLayer, build_sub_layer
from models.meter_config import MeterConfig
from models.modules.base import Context
from models.modules.beside import Beside

MASKED = -10_000.0  # what the original adds to the attention logits of padding


@dataclass(frozen=True, slots=True)
class Stream:
    """Tokens (B, S, D) of one modality and which are no padding, (B, S) bool; None where nothing is.

    `mask` is what is added to attention logits on them, (B, 1, 1, S) or None.
    """

    tokens: Tensor
    valid: Tensor | None
    mask: Tensor | None

    @classmethod
    def of(cls, tokens: Tensor, valid: Tensor | None) -> "Stream":
        """The stream of tokens of which `valid` (B, S) bool says which are no padding."""
        mask = None if valid is None else torch.where(valid, 0.0, MASKED).to(tokens.dtype)[:, None, None]
        return cls(tokens, valid, mask)


class Stacks(nn.ModuleDict):
    """Every sub-layer, as `<stack>.<block>.<kind>`; a slim model's are built as far as it holds them."""

    def __init__(self, config: MeterConfig, slim: Architecture) -> None:
        super().__init__()
        self.genes = config.sub_layers
        for stack in (Stack.TEXT, Stack.IMAGE, Stack.VISION, Stack.LANGUAGE):
            self[stack] = nn.ModuleList(nn.ModuleDict() for _ in range(config.sizes(stack).blocks))
        for gene, choice in zip(self.genes, slim.choices, strict=True):
            block = self.get_submodule(f"{gene.stack}.{gene.block}")
            block.add_module(gene.kind, build_sub_layer(gene, config.sizes(gene.stack), choice=choice))

    def at(self, place: int) -> SubLayer:
        """The sub-layer whose gene is at `place`."""
        found = self.get_submodule(str(self.genes[place]))
        assert isinstance(found, SubLayer)  # noqa: S101 - for the type alone
        return found


@dataclass(frozen=True, slots=True)
class Run:
    """One forward call: which architecture, with which modules."""

    stacks: Stacks
    architecture: Architecture
    modules: ModuleSet | None = None

    @property
    def classifier_token(self) -> Tensor | None:
        """(D,), in place of the projected text's first token; None where the architecture has none."""
        return None if self.modules is None or not self.architecture.classifier_token else self.modules.classifier_token

    def __call__(
        self, place: int, own: Stream, other: Stream | None = None, *, scored: bool = False
    ) -> tuple[Stream, Tensor | None]:
        """The stream after the sub-layer at `place`, and patch scores if they are wanted.

        `other` is the stream of the other modality, which cross-attention reads and modules may look at.

        Raises:
            ValueError: the module in a dropped sub-layer's place adds nothing.
        """
        gene, choice = self.stacks.genes[place], self.architecture.choices[place]
        module = None if self.modules is None or choice.module is None else self.modules.at(place)
        beside = None if module is None else Beside(module, _context(gene.stack, own, other))
        call = Call(choice, beside, mask=own.mask, scored=scored)
        if gene.kind is SubLayerKind.CROSS_ATTENTION and other is not None:
            call = replace(call, memory=other.tokens, mask=other.mask)
        tokens, scores = self.stacks.at(place)(own.tokens, call)
        if not choice.keep and beside is not None and tokens is own.tokens:
            raise ValueError(f"module '{choice.module}' cannot stand in the place of {gene}")
        return replace(own, tokens=tokens), scores


def _context(stack: Stack, own: Stream, other: Stream | None) -> Context:
    """Token 0 of the stream as it enters the sub-layer, and of the other as it enters the fusion layer; padding."""
    near, far = own.tokens[:, :1], None if other is None else other.tokens[:, :1]
    text, image = (near, far) if stack in (Stack.TEXT, Stack.LANGUAGE) else (far, near)
    return Context(stack, 0, text, image, own.valid, None if other is None else other.valid)
