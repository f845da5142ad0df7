"""ViLT (Kim et al., ICML 2021) with separately droppable self-attention and FFN; the architecture is an argument."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice
from models.backbone import Features, Images, ModuleSet, Texts
from models.layers.vilt_embeddings import ImageEmbeddings, TextEmbeddings
from models.layers.vilt_layers import Block, FeedForward, SelfAttention
from models.layers.vilt_stream import Stream
from models.modules.base import TrainableModule
from models.modules.beside import Beside
from models.vilt_config import ViltConfig


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
        self._check(architecture)
        stream = Stream.of(texts, images)
        scorer, filter_place = filter_places(architecture)
        scores = None
        for place, choice in enumerate(architecture.choices):
            if place == filter_place:
                stream = stream.filtered(scores, architecture, images.foreground)
            module = None if modules is None or choice.module is None else modules.at(place)
            if choice.keep or module is not None:
                first_patch = stream.first_patch if place == scorer else None
                update, found = self._update(place, choice, stream, module, first_patch)
                scores = scores if found is None else found
                stream = replace(stream, tokens=stream.tokens + update)
        return self._features(stream.tokens, texts.tokens.shape[1], pooler or self.pooler)

    def _update(
        self, place: int, choice: Choice, stream: Stream, module: TrainableModule | None, first_patch: int | None
    ) -> tuple[Tensor, Tensor | None]:
        """What the sub-layer at `place` and its module add to the stream, with patch scores where asked for."""
        beside = None if module is None else Beside(module, stream.context(module))
        output, scores = None, None
        if choice.keep:
            held = self.sub_layer(place)
            if isinstance(held, SelfAttention):
                output, scores = held(stream.tokens, stream.mask, beside, first_patch)
            else:
                output = held(stream.tokens, beside)
        added = None if beside is None else beside.module.update(stream.tokens, output, beside.context)
        parts = [part for part in (output, added) if part is not None]
        if not parts:
            raise ValueError(f"module '{choice.module}' cannot stand in the place of {self.config.sub_layers[place]}")
        return parts[0] if len(parts) == 1 else parts[0] + parts[1], scores

    def _features(self, tokens: Tensor, text_tokens: int, pooler: nn.Module) -> Features:
        normed = self.norm(tokens)
        pooled = torch.tanh(pooler(normed[:, 0]))
        return Features(normed[:, :text_tokens], normed[:, text_tokens:], pooled)

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
