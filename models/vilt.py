"""ViLT (Kim et al., ICML 2021) with separately droppable self-attention and FFN; the architecture is an argument."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice, SubLayerKind
from models.backbone import Features, Images, ModuleSet, Output, Step, Texts
from models.layers.vilt_embeddings import ImageEmbeddings, TextEmbeddings
from models.layers.vilt_layers import Block, FeedForward, SelfAttention
from models.layers.vilt_stream import Stream
from models.modules.beside import Beside
from models.vilt_config import ViltConfig
from models.walk import walk


class Vilt(nn.Module):
    """One pre-norm transformer over [text; image CLS; patches], pooled at text token 0.

    `slim` builds only the sub-layers that it keeps; without it every sub-layer is there.
    """

    def __init__(self, config: ViltConfig, slim: Architecture | None = None) -> None:
        super().__init__()
        self.config = config
        held = [True] * len(config.sub_layers) if slim is None else [choice.keep for choice in slim.choices]
        self.text = TextEmbeddings(config)
        self.image = ImageEmbeddings(config)
        self.modalities = nn.Embedding(config.modalities, config.hidden_size)
        self.blocks = nn.ModuleList(
            Block(config, msa=msa, ffn=ffn) for msa, ffn in zip(held[::2], held[1::2], strict=True)
        )
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.pooler: nn.Module = nn.Linear(config.hidden_size, config.hidden_size)

    def block(self, index: int) -> Block:
        """The block at `index`."""
        block = self.blocks[index]
        assert isinstance(block, Block)  # noqa: S101 - for the type alone
        return block

    def read_texts(self, input_ids: Tensor, attention_mask: Tensor, *, blocks: int | None = None) -> Texts:
        """Texts (R, L) embedded; there is no text encoder, so `blocks` changes nothing."""
        del blocks
        return Texts(self.text(input_ids) + self.modalities.weight[0], attention_mask.bool())

    def read_images(
        self,
        pixels: Tensor,
        pixel_mask: Tensor | None = None,
        *,
        modality: int = 1,
        foreground: Tensor | None = None,
        blocks: int | None = None,
    ) -> Images:
        """Images (R, 3, H, W) embedded; there is no image encoder, so `blocks` changes nothing."""
        del blocks
        tokens, valid = self.image(pixels, pixel_mask)
        modalities = torch.full((len(pixels),), modality, device=pixels.device)
        return Images(tokens + self.modalities.weight[modality], valid, modalities, foreground)

    def sub_layer(self, place: int) -> nn.Module:
        """The frozen sub-layer at `place`.

        Raises:
            ValueError: this slim ViLT does not hold it.
        """
        named = self.config.sub_layers[place]
        held = getattr(self.block(named.block), named.kind)
        if not isinstance(held, nn.Module):
            raise ValueError(f"this slim ViLT does not hold {named}")  # noqa: TRY004 - no wrong type, an absence
        return held

    def bodies(self) -> list[nn.Module]:
        """Every self-attention and FFN that is held."""
        return [module for block in self.blocks for module in block.children()]

    def linears(self, place: int) -> Mapping[str, tuple[Tensor, Tensor]]:
        """Weight and bias of each linear of a sub-layer; query, key and value are thirds of one."""
        held = self.sub_layer(place)
        if isinstance(held, FeedForward):
            return {"up": (held.up.weight, held.up.bias), "down": (held.down.weight, held.down.bias)}
        assert isinstance(held, SelfAttention)  # noqa: S101 - a sub-layer is one or the other
        thirds = zip(("query", "key", "value"), held.qkv.weight.chunk(3), held.qkv.bias.chunk(3), strict=True)
        return {name: (weight, bias) for name, weight, bias in thirds} | {"out": (held.out.weight, held.out.bias)}

    def places(self, texts: Texts, images: Images) -> range:
        """All places; there is no encoder that runs ahead."""
        del texts, images
        return range(len(self.config.sub_layers))

    def begin(self, texts: Texts, images: Images, *architectures: Architecture) -> Stream:
        """The joint sequence of each text with its image.

        Raises:
            ValueError: an architecture is for another number of sub-layers, or keeps one that a slim model lacks.
        """
        for architecture in architectures:
            self._check(architecture)
        return Stream.of(texts, images, architectures[0].patches)

    def enter(self, state: Stream, place: int) -> Stream:
        """The patch filter, where it is at `place`."""
        if state.patches is None or state.scores is None or place != 2 * state.patches.after_block:
            return state
        return state.filtered(state.patches, state.scores)

    def mark(self, state: Stream, place: int, token: Tensor) -> Stream:
        """The same state: only a METER has a classifier token."""
        del place, token
        return state

    def sight(self, state: Stream, place: int, choice: Choice) -> Stream:
        """All of it."""
        del place, choice
        return state

    def put(self, state: Stream, place: int, sight: Stream) -> Stream:
        """What the sub-layer made of it."""
        del state, place
        return sight

    def scorer(self, architecture: Architecture) -> int | None:
        """The place of the self-attention that scores patches; None without a filter, or where none runs before it."""
        return filter_places(architecture)[0]

    def lasts(self, architecture: Architecture, tokenwise: Collection[int]) -> frozenset[int]:
        """Places behind the last one that mixes tokens, and that one if only its self-attention does.

        None in front of the patch filter.
        """
        _, filter_place = filter_places(architecture)
        found = set()
        for place in reversed(range(filter_place or 0, len(architecture.choices))):
            if place not in tokenwise:
                break
            found.add(place)
            if architecture.choices[place].keep and self.config.sub_layers[place].kind is not SubLayerKind.FFN:
                break
        return frozenset(found)

    def output(
        self, sight: Stream, place: int, *, scored: bool = False, first: bool = False, beside: Beside | None = None
    ) -> Output:
        """What the self-attention or FFN at `place` gives, with patch scores if asked."""
        held = self.sub_layer(place)
        if isinstance(held, SelfAttention):
            patch = sight.first_patch if scored else None
            return Output(*held(sight.tokens, sight.mask, beside, patch, first=first))
        return Output(held(sight.tokens, beside))

    def advance(self, sight: Stream, place: int, step: Step) -> Stream:
        """The stream behind `place`: plus what the sub-layer gives, if it is kept, and what the module adds.

        Raises:
            ValueError: the module in a dropped sub-layer's place adds nothing.
        """
        choice, module, output = step.choice, step.module, step.output
        if not choice.keep and module is None:
            return sight
        beside = None if module is None else Beside(module, sight.context(module))
        if choice.keep and output is None:
            output = self.output(sight, place, scored=step.scored, first=step.first, beside=beside)
        sight = sight.first if step.first else sight
        frozen, scores = (None, None) if output is None else (output.tokens, output.scores)
        added = None if beside is None else beside.module.update(sight.tokens, frozen, beside.context)
        parts = [part for part in (frozen, added) if part is not None]
        if not parts:
            raise ValueError(f"module '{choice.module}' cannot stand in the place of {self.config.sub_layers[place]}")
        update = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        return replace(sight, tokens=sight.tokens + update, scores=sight.scores if scores is None else scores)

    def first(self, state: Stream) -> Stream:
        """Text token 0."""
        return state.first

    def pooled(self, state: Stream, pooler: Callable[..., Tensor]) -> Tensor:
        """`tanh(W h + b)` of text token 0, normed: (R, D)."""
        return torch.tanh(pooler(self.norm(state.tokens[:, 0])))

    def finish(self, state: Stream, pooler: Callable[..., Tensor]) -> Features:
        """All tokens, normed."""
        normed = self.norm(state.tokens)
        return Features(
            normed[:, : state.text_tokens], normed[:, state.text_tokens :], torch.tanh(pooler(normed[:, 0]))
        )

    def forward(
        self,
        texts: Texts,
        images: Images,
        architecture: Architecture,
        modules: ModuleSet | None = None,
        pooler: nn.Module | None = None,
    ) -> Features:
        """Run the sub-layers that `architecture` keeps, each with its module; a dropped one is never called.

        Raises:
            ValueError: the architecture is for another number of sub-layers, or keeps one that a slim model lacks.
        """
        return self.finish(walk(self, texts, images, architecture, modules), pooler or self.pooler)

    def _check(self, architecture: Architecture) -> None:
        expected = len(self.config.sub_layers)
        if architecture.patches is not None and architecture.patches.after_block >= self.config.blocks:
            place = architecture.patches.after_block
            raise ValueError(f"patches cannot be dropped after block {place} of {self.config.blocks}: nothing follows")
        if len(architecture.choices) != expected:
            raise ValueError(f"architecture has {len(architecture.choices)} sub-layers; this ViLT has {expected}")
        for sub_layer, choice in zip(self.config.sub_layers, architecture.choices, strict=True):
            if choice.keep and getattr(self.block(sub_layer.block), sub_layer.kind) is None:
                raise ValueError(f"architecture keeps {sub_layer}, which this slim ViLT does not hold")


def filter_places(architecture: Architecture) -> tuple[int | None, int | None]:
    """Places of the self-attention that scores the patches (the last one kept before the filter) and of the filter.

    Both None without a filter; the first None where no self-attention runs before it.
    """
    if architecture.patches is None:
        return None, None
    filter_place = 2 * architecture.patches.after_block
    kept = [place for place in range(0, filter_place, 2) if architecture.choices[place].keep]
    return (kept[-1] if kept else None), filter_place
