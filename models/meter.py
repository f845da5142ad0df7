"""METER (Dou et al., CVPR 2022): CLIP and RoBERTa under a two-stream fusion encoder, every sub-layer droppable."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice, PatchKeep, Stack, SubLayerKind
from models.backbone import Features, Images, ModuleSet, Texts
from models.layers.meter_embeddings import ImageEmbeddings, TextEmbeddings
from models.layers.meter_run import Run, Stacks, Stream
from models.layers.meter_sub_layers import Attention, FeedForward
from models.meter_config import MeterConfig
from models.patch_filter import filter_patches, similarity_scores

FIRST_PATCH = 1  # behind the image's CLS


class Pooler(nn.Module):
    """`tanh(W h + b)` of token 0 of each stream, side by side."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.text = nn.Linear(width, width)
        self.image = nn.Linear(width, width)

    def forward(self, text: Tensor, image: Tensor) -> Tensor:
        """(R, L, D) and (R, 1 + N, D) to (R, 2 D)."""
        return torch.tanh(torch.cat([self.text(text[:, 0]), self.image(image[:, 0])], dim=-1))


class Meter(nn.Module):
    """An image and a text encoder, then fusion layers in which each stream attends to itself and to the other.

    `slim` builds only what it keeps; without it every sub-layer is there.
    """

    def __init__(self, config: MeterConfig, slim: Architecture | None = None) -> None:
        super().__init__()
        self.config = config
        self.text = TextEmbeddings(config)
        self.image = ImageEmbeddings(config)
        self.stacks = Stacks(config, slim or Architecture.full(config.sub_layers))
        self.vision_norm = nn.LayerNorm(config.vision_width, eps=config.vision_norm_eps)
        self.text_projection = nn.Linear(config.language_width, config.hidden_size)
        self.image_projection = nn.Linear(config.vision_width, config.hidden_size)
        self.modalities = nn.Embedding(config.modalities, config.hidden_size)
        self.pooler: nn.Module = Pooler(config.hidden_size)

    @property
    def classifier_token(self) -> Tensor | None:
        """(D,), what DAS's trained token starts as: RoBERTa's embedding of the text that is id 0 (its published code).

        None where the text encoder has another width than the fusion encoder: there is no published start then.
        """
        if self.config.language_width != self.config.hidden_size:
            return None
        with torch.no_grad():
            embedded: Tensor = self.text(torch.zeros(1, 1, dtype=torch.int64, device=self.text.words.weight.device))
        return embedded[0, 0]

    def sub_layer(self, place: int) -> nn.Module:
        """The frozen attention or FFN at `place`, without its norm.

        Raises:
            ValueError: this slim METER does not hold it.
        """
        body = self.stacks.at(place).body
        if body is None:
            raise ValueError(f"this slim METER does not hold {self.config.sub_layers[place]}")
        return body

    def bodies(self) -> list[nn.Module]:
        """Every attention and FFN that is held."""
        return [module for module in self.stacks.modules() if isinstance(module, Attention | FeedForward)]

    def linears(self, place: int) -> Mapping[str, tuple[Tensor, Tensor]]:
        """Weight (out, in) and bias (out,) of each linear of a sub-layer.

        Raises:
            ValueError: this slim METER does not hold it.
        """
        parts = self.sub_layer(place).named_children()
        return {name: (part.weight, part.bias) for name, part in parts if isinstance(part, nn.Linear)}

    def read_texts(self, input_ids: Tensor, attention_mask: Tensor, *, blocks: int | None = None) -> Texts:
        """Ids and mask (R, L) through the first `blocks` blocks of RoBERTa, everything in them kept (None: all).

        Raises:
            ValueError: there are fewer blocks, or the text is longer than there are positions.
        """
        last = _last(blocks, self.config.language_blocks)
        texts = Texts(self.text(input_ids), attention_mask.bool())
        return self._language(texts, self._everything(), last)

    def read_images(
        self,
        pixels: Tensor,
        pixel_mask: Tensor | None = None,
        *,
        modality: int = 1,
        foreground: Tensor | None = None,
        blocks: int | None = None,
    ) -> Images:
        """Pixels (R, 3, H, W) through the first `blocks` blocks of CLIP, everything in them kept (None: all).

        The patch scores of the last of these come along, so that a patch filter can go on from here.

        Raises:
            ValueError: there are fewer blocks, the images have another size than the backbone or padding, or there
                is no such modality.
        """
        last = _last(blocks, self.config.vision_blocks)
        if pixel_mask is not None and not bool(pixel_mask.all()):
            raise ValueError("METER reads square images without padding: resize or crop them")
        if not 1 <= modality < self.config.modalities:
            raise ValueError(
                f"this METER has {self.config.modalities} modality types; an image cannot be of {modality}"
            )
        modalities = torch.full((len(pixels),), modality, device=pixels.device)
        return self._vision(Images(self.image(pixels), None, modalities, foreground), self._everything(), last)

    def _everything(self) -> Run:
        return Run(self.stacks, Architecture.full(self.config.sub_layers))

    def forward(
        self,
        texts: Texts,
        images: Images,
        architecture: Architecture,
        modules: ModuleSet | None = None,
        pooler: nn.Module | None = None,
    ) -> Features:
        """Row r of the texts with row r of the images: the sub-layers that `architecture` keeps, each with its module.

        Blocks that have run on the texts and images are not run again.

        Raises:
            ValueError: the architecture is for another number of sub-layers, keeps one that a slim model lacks, or
                changes a block that has already run.
        """
        self._check(architecture, texts, images)
        run = Run(self.stacks, architecture, modules)
        text = self._project_text(self._language(texts, run, self.config.language_blocks), run)
        image = self._project_image(self._seen(images, run))
        for depth in range(self.config.depth):
            # both read the pair that entered the layer
            text, image = (
                self._fuse(Stack.TEXT, depth, text, image, run),
                self._fuse(Stack.IMAGE, depth, image, text, run),
            )
        pooled: Tensor = (pooler or self.pooler)(text.tokens, image.tokens)
        return Features(text.tokens, image.tokens, pooled)

    def _language(self, texts: Texts, run: Run, last: int) -> Texts:
        stream = Stream.of(texts.tokens, texts.valid)
        for block in range(texts.blocks, last):
            for place in self.config.places(Stack.LANGUAGE, block):
                stream, _ = run(place, stream)
        return replace(texts, tokens=stream.tokens, blocks=last)

    def _vision(self, images: Images, run: Run, last: int, *, scored: bool = True) -> Images:
        """The images after CLIP's first `last` blocks, with the scores of the last self-attention that ran."""
        stream, scores = Stream.of(images.tokens, images.valid), images.scores
        places = [place for block in range(images.blocks, last) for place in self.config.places(Stack.VISION, block)]
        scorer = self._last_attention(places, run) if scored else None
        for place in places:
            stream, found = run(place, stream, scored=place == scorer)
            scores = scores if found is None else found
        return replace(images, tokens=stream.tokens, blocks=last, scores=scores)

    def _last_attention(self, places: list[int], run: Run) -> int | None:
        attentions = (place for place in places if self.config.sub_layers[place].kind is SubLayerKind.SELF_ATTENTION)
        return max((place for place in attentions if run.architecture.choices[place].keep), default=None)

    def _seen(self, images: Images, run: Run) -> Images:
        """The images after all of CLIP, without the patches that the architecture drops on the way."""
        keep, last = run.architecture.patches, self.config.vision_blocks
        if keep is None:
            return self._normed(self._vision(images, run, last, scored=False))
        images = self._vision(images, run, keep.after_block)
        if keep.after_block == last:
            return _filtered(self._normed(images), keep)
        return self._normed(self._vision(_filtered(images, keep), run, last, scored=False))

    def _normed(self, images: Images) -> Images:
        return replace(images, tokens=self.vision_norm(images.tokens))

    def _project_text(self, texts: Texts, run: Run) -> Stream:
        """(R, L, D) into the fusion encoder; DAS's classifier token takes the first place (its published code)."""
        tokens = self.text_projection(texts.tokens)
        if (token := run.classifier_token) is not None:
            tokens = torch.cat([token.expand(len(tokens), 1, -1), tokens[:, 1:]], dim=1)
        return Stream.of(tokens + self.modalities.weight[0], texts.valid)

    def _project_image(self, images: Images) -> Stream:
        tokens = self.image_projection(images.tokens) + self.modalities(images.modality).unsqueeze(1)
        return Stream.of(tokens, images.valid)

    def _fuse(self, stack: Stack, depth: int, own: Stream, other: Stream, run: Run) -> Stream:
        """One stream after its fusion layer."""
        for place in self.config.places(stack, depth):
            own, _ = run(place, own, other)
        return own

    def _check(self, architecture: Architecture, texts: Texts, images: Images) -> None:
        genes, choices = self.config.sub_layers, architecture.choices
        if len(choices) != len(genes):
            raise ValueError(f"architecture has {len(choices)} sub-layers; this METER has {len(genes)}")
        ran = {Stack.VISION: images.blocks, Stack.LANGUAGE: texts.blocks}
        for place, (gene, choice) in enumerate(zip(genes, choices, strict=True)):
            if gene.block < ran.get(gene.stack, 0) and choice != Choice():
                raise ValueError(f"architecture changes {gene}, but {ran[gene.stack]} blocks have already run")
            if self.stacks.at(place).lacks(choice):
                raise ValueError(f"architecture needs {gene}, which this slim METER does not hold")
        self._check_filter(architecture.patches, images)

    def _check_filter(self, keep: PatchKeep | None, images: Images) -> None:
        if keep is None:
            return
        if not images.blocks <= keep.after_block <= self.config.vision_blocks:
            places = f"{images.blocks} to {self.config.vision_blocks}"
            raise ValueError(f"patches of these images can be dropped after block {places}, not {keep.after_block}")
        if images.blocks and images.scores is None:
            raise ValueError(
                f"{images.blocks} blocks have run on these images, but their patch scores did not come along"
            )


def _filtered(images: Images, keep: PatchKeep) -> Images:
    scores = similarity_scores(images.tokens, FIRST_PATCH) if images.scores is None else images.scores
    tokens, valid = filter_patches(
        images.tokens,
        images.valid,
        keep=keep,
        scores=scores,
        foreground=images.foreground,
        first_patch=FIRST_PATCH,
    )
    return replace(images, tokens=tokens, valid=valid, scores=None, foreground=None)


def _last(blocks: int | None, held: int) -> int:
    if blocks is not None and not 0 <= blocks <= held:
        raise ValueError(f"the encoder has {held} blocks; it cannot run {blocks}")
    return held if blocks is None else blocks
