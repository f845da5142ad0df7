"""ViLT (Kim et al., ICML 2021) with separately droppable self-attention and FFN; the architecture is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.adapter import Adapters
from models.architecture import Architecture
from models.patch_filter import keep_patches, similarity_scores
from models.vilt_config import ViltConfig


@dataclass(frozen=True, slots=True)
class Embedded:
    """The sequence that enters block 0: text tokens, the image's CLS, its patches in raster order."""

    tokens: Tensor  # (B, S, D)
    valid: Tensor | None  # (B, S) bool, None where nothing is padding
    text_tokens: int

    @property
    def first_patch(self) -> int:
        """Place of the first patch in the sequence."""
        return self.text_tokens + 1


@dataclass(frozen=True, slots=True)
class Features:
    """What leaves the network: text (B, L, D), image (B, 1 + patches, D), pooled (B, D)."""

    text: Tensor
    image: Tensor
    pooled: Tensor


class SelfAttention(nn.Module):
    """Multi-head self-attention with the norm in front of it, so that dropping it drops both."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.out = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, tokens: Tensor, mask: Tensor | None, first_patch: int | None) -> tuple[Tensor, Tensor | None]:
        """The update to add to `tokens` (B, S, D), and patch scores (B, N) if `first_patch` asks for them.

        `mask` is (B, 1, 1, S) and False at padding. A patch's score is its attention from text token 0, mean over
        heads.
        """
        qkv = self.qkv(self.norm(tokens)).view(*tokens.shape[:2], 3, self.heads, -1)  # (B, S, 3, H, D/H)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (B, H, S, D/H)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        update = self.out(mixed.transpose(1, 2).flatten(2))  # (B, S, D)
        if first_patch is None:
            return update, None
        logits = (query[:, :, :1] @ key.transpose(-1, -2)) / query.shape[-1] ** 0.5  # (B, H, 1, S)
        if mask is not None:
            logits = logits.masked_fill(~mask, float("-inf"))
        attention: Tensor = logits.softmax(-1).mean(1).squeeze(1)  # (B, S)
        return update, attention[:, first_patch:]


class FeedForward(nn.Module):
    """The two-layer GELU network with the norm in front of it."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.up = nn.Linear(config.hidden_size, config.ffn_size)
        self.down = nn.Linear(config.ffn_size, config.hidden_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """The update to add to `tokens` (B, S, D)."""
        update: Tensor = self.down(F.gelu(self.up(self.norm(tokens))))
        return update


class Block(nn.Module):
    """One transformer block; a sub-layer that a slim model does not hold is None."""

    def __init__(self, config: ViltConfig, *, msa: bool, ffn: bool) -> None:
        super().__init__()
        self.msa = SelfAttention(config) if msa else None
        self.ffn = FeedForward(config) if ffn else None


class TextEmbeddings(nn.Module):
    """Words, positions and types of the text, normalised (BERT)."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocabulary, config.hidden_size)
        self.positions = nn.Embedding(config.max_text_length, config.hidden_size)
        self.types = nn.Embedding(config.token_types, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.text_norm_eps)

    def forward(self, input_ids: Tensor) -> Tensor:
        """(B, L) ids to (B, L, D).

        Raises:
            ValueError: the text is longer than there are positions.
        """
        length = input_ids.shape[1]
        if length > self.positions.num_embeddings:
            raise ValueError(f"a text has {length} tokens; the backbone has {self.positions.num_embeddings} positions")
        summed = self.words(input_ids) + self.positions.weight[:length] + self.types.weight[0]
        embedded: Tensor = self.norm(summed)
        return embedded


class ImageEmbeddings(nn.Module):
    """Patches by convolution, a CLS token, and positions stretched to each image's own grid."""

    def __init__(self, config: ViltConfig) -> None:
        super().__init__()
        self.grid = config.grid
        self.patch_size = config.patch_size
        self.cls = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        self.positions = nn.Parameter(torch.zeros(1, config.grid**2 + 1, config.hidden_size))
        self.patches = nn.Conv2d(3, config.hidden_size, config.patch_size, stride=config.patch_size)

    def forward(self, pixels: Tensor, pixel_mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(B, 3, H, W) pixels to (B, 1 + N, D), and which of these are no padding.

        Raises:
            ValueError: the image is smaller than a patch.
        """
        if min(pixels.shape[-2:]) < self.patch_size:
            size = f"{pixels.shape[-1]}x{pixels.shape[-2]}"
            raise ValueError(f"an image of {size} pixels is smaller than a patch of {self.patch_size}")
        maps = self.patches(pixels)  # (B, D, h, w)
        valid = None if pixel_mask is None else self._patch_mask(pixel_mask, maps.shape[-2:])
        patches = (maps + self._grid_positions(maps.shape[-2:], valid)).flatten(2).transpose(1, 2)  # (B, N, D)
        cls = (self.cls + self.positions[:, :1]).expand(len(pixels), -1, -1)
        if valid is not None:
            valid = F.pad(valid.flatten(1), (1, 0), value=True)
        return torch.cat([cls, patches], dim=1), valid

    def _patch_mask(self, pixel_mask: Tensor, size: Sequence[int]) -> Tensor:
        """A patch is valid where its first pixel is: (B, H, W) to (B, h, w)."""
        corners = pixel_mask[:, :: self.patch_size, :: self.patch_size]
        return corners[:, : size[0], : size[1]].bool()

    def _grid_positions(self, size: Sequence[int], valid: Tensor | None) -> Tensor:
        """Positions (1 or B, D, h, w): bilinear with aligned corners to the valid grid of each image."""
        height, width = size
        if valid is None:
            return self._stretch(height, width)
        tall, wide = valid[:, :, 0].sum(1).tolist(), valid[:, 0].sum(1).tolist()
        stretched = {(h, w): self._stretch(h, w)[0] for h, w in set(zip(tall, wide, strict=True))}
        return torch.stack(
            [F.pad(stretched[h, w], (0, width - w, 0, height - h)) for h, w in zip(tall, wide, strict=True)]
        )

    def _stretch(self, height: int, width: int) -> Tensor:
        grid = self.positions[:, 1:].transpose(1, 2).reshape(1, -1, self.grid, self.grid)  # (1, D, g, g)
        if (height, width) == (self.grid, self.grid):
            return grid
        stretched: Tensor = F.interpolate(grid, size=(height, width), mode="bilinear", align_corners=True)
        return stretched


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
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size)

    def block(self, index: int) -> Block:
        """The block at `index`."""
        block = self.blocks[index]
        assert isinstance(block, Block)  # noqa: S101 - for the type alone
        return block

    def embed(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        pixels: Tensor,
        pixel_mask: Tensor | None = None,
        *,
        modality: int = 1,
    ) -> Embedded:
        """The sequence of texts (B, L) and images (B, 3, H, W); `modality` is 2 for the second image of NLVR2."""
        text = self.text(input_ids) + self.modalities.weight[0]
        image, image_valid = self.image(pixels, pixel_mask)
        tokens = torch.cat([text, image + self.modalities.weight[modality]], dim=1)  # (B, S, D)
        if image_valid is None:
            image_valid = attention_mask.new_ones(image.shape[:2], dtype=torch.bool)
        valid = torch.cat([attention_mask.bool(), image_valid], dim=1)
        return Embedded(tokens, valid, text.shape[1])

    def forward(
        self,
        embedded: Embedded,
        architecture: Architecture,
        adapters: Adapters | None = None,
        pooler: nn.Module | None = None,
    ) -> Features:
        """Run the sub-layers that `architecture` keeps, each with its adapter; a dropped one is never called.

        Raises:
            ValueError: the architecture is for another number of sub-layers, or keeps one that a slim model lacks.
        """
        self._check(architecture)
        tokens, valid = embedded.tokens, embedded.valid
        mask = None if valid is None else valid[:, None, None]
        scorer, filter_place = filter_places(architecture)
        scores = None
        for place, choice in enumerate(architecture.choices):
            if place == filter_place:
                tokens, valid = self._filter(tokens, valid, scores, architecture, embedded.first_patch)
                mask = None if valid is None else valid[:, None, None]
            update = None
            if choice.keep:
                update, found = self._sub_layer(place, tokens, mask, embedded.first_patch if place == scorer else None)
                scores = scores if found is None else found
            adapter = None if adapters is None else adapters.at(place)
            if adapter is not None:
                update = adapter(tokens) if update is None else update + adapter(tokens)
            tokens = tokens if update is None else tokens + update
        return self._features(tokens, embedded.text_tokens, pooler or self.pooler)

    def _sub_layer(
        self, place: int, tokens: Tensor, mask: Tensor | None, first_patch: int | None
    ) -> tuple[Tensor, Tensor | None]:
        """The update of the kept sub-layer at `place`, with patch scores where `first_patch` asks for them."""
        block = self.block(place // 2)
        if place % 2:
            assert block.ffn is not None  # noqa: S101 - `_check` saw to it
            update: Tensor = block.ffn(tokens)
            return update, None
        assert block.msa is not None  # noqa: S101
        with_scores: tuple[Tensor, Tensor | None] = block.msa(tokens, mask, first_patch)
        return with_scores

    @staticmethod
    def _filter(
        tokens: Tensor, valid: Tensor | None, scores: Tensor | None, architecture: Architecture, first_patch: int
    ) -> tuple[Tensor, Tensor | None]:
        assert architecture.patches is not None  # noqa: S101 - the caller found the filter's place in it
        if scores is None:
            scores = similarity_scores(tokens, first_patch)
        count = architecture.patches.count(scores.shape[1])
        return keep_patches(tokens, valid, scores=scores, first_patch=first_patch, count=count)

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
