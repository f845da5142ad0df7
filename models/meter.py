"""METER (Dou et al., CVPR 2022): CLIP and RoBERTa under a two-stream fusion encoder, every sub-layer droppable."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from models.architecture import Architecture, Choice, PatchKeep, Stack, SubLayerKind
from models.backbone import Features, Images, ModuleSet, Output, Step, Texts
from models.layers.meter_embeddings import ImageEmbeddings, TextEmbeddings
from models.layers.meter_pooler import Pooler
from models.layers.meter_stacks import Stacks
from models.layers.meter_streams import Pair, Sight, Stream
from models.layers.meter_sub_layers import Attention, Call, FeedForward
from models.meter_config import MeterConfig
from models.modules.beside import Beside
from models.walk import walk


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
        stream = Stream.of(self.text(input_ids), attention_mask.bool())
        read = self._encoded(Sight(stream), Stack.LANGUAGE, last)
        return Texts(read.own.tokens, attention_mask.bool(), last)

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
        scorer = self._last_attention(last, Architecture.full(self.config.sub_layers).choices)
        read = self._encoded(Sight(Stream.of(self.image(pixels), None)), Stack.VISION, last, scorer=scorer)
        return Images(read.own.tokens, None, modalities, foreground, last, read.scores)

    def _encoded(self, sight: Sight, stack: Stack, blocks: int, *, scorer: int | None = None) -> Sight:
        """A stream after the first blocks of its encoder, with the scores of the self-attention at `scorer`."""
        for block in range(blocks):
            for place in self.config.places(stack, block):
                sight = self.advance(sight, place, Step(Choice(), scored=place == scorer))
        return sight

    def places(self, texts: Texts, images: Images) -> list[int]:
        """Both encoders from where they have been left, then layer by layer both streams of the fusion encoder."""
        config = self.config
        blocks = [
            *((Stack.LANGUAGE, block) for block in range(texts.blocks, config.language_blocks)),
            *((Stack.VISION, block) for block in range(images.blocks, config.vision_blocks)),
            *((stack, depth) for depth in range(config.depth) for stack in (Stack.TEXT, Stack.IMAGE)),
        ]
        return [place for stack, block in blocks for place in config.places(stack, block)]

    def begin(self, texts: Texts, images: Images, *architectures: Architecture) -> Pair:
        """Both streams as far as they are read.

        Raises:
            ValueError: an architecture is for another number of sub-layers, keeps one that a slim model lacks, or
                changes a block that has already run.
        """
        for architecture in architectures:
            self._check(architecture, texts, images)
        return Pair.of(texts, images, architectures[0].patches)

    def enter(self, state: Pair, place: int) -> Pair:
        """The patch filter, where it is at `place`; in front of a fusion layer, what both streams read."""
        gene = self.config.sub_layers[place]
        if place != self.config.places(gene.stack, gene.block).start:
            return state
        if gene.stack is Stack.VISION:
            at = None if state.patches is None else state.patches.after_block
            return state.filtered if gene.block == at else state
        if gene.stack is not Stack.TEXT:
            return state
        return (self._projected(state) if gene.block == 0 else state).entering

    def _projected(self, state: Pair) -> Pair:
        """Both streams as they enter the fusion encoder; the last place of a patch filter is here."""
        image = replace(state.image, tokens=self.vision_norm(state.image.tokens))
        state = replace(state, image=image).filtered
        text = self.text_projection(state.text.tokens) + self.modalities.weight[0]
        tokens = self.image_projection(state.image.tokens) + self.modalities(state.modality).unsqueeze(1)
        return replace(state, text=Stream.of(text, state.text.valid), image=Stream.of(tokens, state.image.valid))

    def mark(self, state: Pair, place: int, token: Tensor) -> Pair:
        """DAS's classifier token (D,) in the place of the projected text's first one (its published code)."""
        if place != 0:
            return state
        first = (token + self.modalities.weight[0]).expand(len(state.text.tokens), 1, -1)
        text = replace(state.text, tokens=torch.cat([first, state.text.tokens[:, 1:]], dim=1))
        return replace(state, text=text).entering

    def sight(self, state: Pair, place: int, choice: Choice) -> Sight:
        """The stream of the sub-layer at `place`; of the other one what cross-attention reads, or modules look at."""
        gene = self.config.sub_layers[place]
        sight = state.sight(gene.stack)
        if sight.other is None or (choice.keep and gene.kind is SubLayerKind.CROSS_ATTENTION):
            return sight
        return replace(sight, other=sight.other.first)

    def put(self, state: Pair, place: int, sight: Sight) -> Pair:
        """Both streams, with what the sub-layer at `place` made of its own."""
        return state.after(self.config.sub_layers[place].stack, sight)

    def scorer(self, architecture: Architecture) -> int | None:
        """The place of the self-attention that scores patches; None without a filter, or where none runs before it."""
        keep = architecture.patches
        return None if keep is None else self._last_attention(keep.after_block, architecture.choices)

    def _last_attention(self, blocks: int, choices: Sequence[Choice]) -> int | None:
        """The last self-attention that is kept in CLIP's first blocks; the first sub-layer of a block is one."""
        attentions = (self.config.places(Stack.VISION, block).start for block in range(blocks))
        return max((place for place in attentions if choices[place].keep), default=None)

    def lasts(self, architecture: Architecture, tokenwise: Collection[int]) -> frozenset[int]:
        """Of each stream, the places behind the last one that mixes its tokens or lets the other stream read them."""
        genes, choices, found = self.config.sub_layers, architecture.choices, set()
        needed = {Stack.TEXT: False, Stack.IMAGE: False}  # whether all tokens that leave the layer are
        for depth in reversed(range(self.config.depth)):
            read = set()
            for stack, other in ((Stack.TEXT, Stack.IMAGE), (Stack.IMAGE, Stack.TEXT)):
                for place in reversed(self.config.places(stack, depth)):
                    found |= {place} if not needed[stack] and place in tokenwise else set()
                    kind = genes[place].kind if choices[place].keep else None
                    needed[stack] |= kind is SubLayerKind.SELF_ATTENTION or place not in tokenwise
                    read |= {other} if kind is SubLayerKind.CROSS_ATTENTION else set()
            needed |= dict.fromkeys(read, True)
        return frozenset(found)

    def output(self, sight: Sight, place: int, *, scored: bool = False, first: bool = False) -> Output:
        """What the attention or FFN at `place` gives, with patch scores if asked."""
        call = self._call(sight, place, Step(Choice(), scored=scored, first=first))
        return self.stacks.at(place).output(sight.own.tokens, call)

    def advance(self, sight: Sight, place: int, step: Step) -> Sight:
        """The stream behind `place`, and new patch scores if asked.

        Raises:
            ValueError: the module in a dropped sub-layer's place adds nothing.
        """
        tokens, scores = self.stacks.at(place)(sight.own.tokens, self._call(sight, place, step))
        if not step.choice.keep and step.module is not None and tokens is sight.own.tokens:
            gene = self.config.sub_layers[place]
            raise ValueError(f"module '{step.choice.module}' cannot stand in the place of {gene}")
        own = replace(sight.own.first if step.first else sight.own, tokens=tokens)
        return replace(sight, own=own, scores=sight.scores if scores is None else scores)

    def _call(self, sight: Sight, place: int, step: Step) -> Call:
        gene, own, other = self.config.sub_layers[place], sight.own, sight.other
        beside = None if step.module is None else Beside(step.module, sight.context(gene.stack))
        if gene.kind is SubLayerKind.CROSS_ATTENTION and other is not None:
            return Call(step.choice, beside, memory=other.tokens, mask=other.mask, given=step.output)
        return Call(step.choice, beside, mask=own.mask, scored=step.scored, given=step.output, first=step.first)

    def first(self, state: Pair) -> Pair:
        """Token 0 of each stream."""
        ended = self._ended(state)
        return Pair(ended.text.first, ended.image.first, ended.modality)

    def pooled(self, state: Pair, pooler: Callable[..., Tensor]) -> Tensor:
        """`tanh(W h + b)` of token 0 of each stream, side by side: (R, 2 D)."""
        return pooler(state.text.tokens, state.image.tokens)

    def finish(self, state: Pair, pooler: Callable[..., Tensor]) -> Features:
        """All tokens of both streams."""
        ended = self._ended(state)
        return Features(ended.text.tokens, ended.image.tokens, self.pooled(ended, pooler))

    def _ended(self, state: Pair) -> Pair:
        """Both streams behind the last place, which without a fusion layer lies in front of the fusion encoder."""
        return state if self.config.depth else self._projected(state)

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
        return self.finish(walk(self, texts, images, architecture, modules), pooler or self.pooler)

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


def _last(blocks: int | None, held: int) -> int:
    if blocks is not None and not 0 <= blocks <= held:
        raise ValueError(f"the encoder has {held} blocks; it cannot run {blocks}")
    return held if blocks is None else blocks
