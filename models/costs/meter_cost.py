"""What a METER's architecture costs (`models.cost.CostModel`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.architecture import Architecture, Choice, Stack, SubLayer, SubLayerKind
from models.cost import Parameters, looks_for_foreground
from models.costs.head_costs import HeadCost
from models.costs.module_costs import module_macs, module_parameters
from models.costs.site import Site
from models.meter_config import MeterConfig
from models.workload import Workload


@dataclass(frozen=True, slots=True)
class MeterCost:
    """Costs of a METER's architectures for one kind of example.

    With n tokens of a stream of width d, m of the other, and an FFN of 4d (DAS, NeurIPS 2023): `SA = 4nd² + 2n²d`,
    `CA = 2nd² + 2md² + 2nmd`, `FFN = 8nd²`.
    """

    config: MeterConfig
    workload: Workload

    @property
    def patches(self) -> int:
        """Patches of one image."""
        size = self.config.patch_size
        return (self.workload.image_height // size) * (self.workload.image_width // size)

    def macs(self, architecture: Architecture) -> int:
        """MACs of one example: every pass of the network, then the head."""
        config, hidden = self.config, self.config.hidden_size
        looking = self.workload.foreground_macs if looks_for_foreground(architecture) else 0
        embedding = self.patches * config.vision_width * 3 * config.patch_size**2
        text, image = self.workload.text_tokens, 1 + self._kept_patches(architecture)
        projections = (text * config.language_width + image * config.vision_width) * hidden
        pooler = 2 * hidden**2
        blocks = sum(
            self._sub_layer_macs(site, choice)
            for site, choice in zip(self._sites(architecture), architecture.choices, strict=True)
        )
        one_pass = looking + embedding + blocks + self._scoring(architecture) + projections + pooler
        return self.workload.passes * one_pass + HeadCost(config, self.workload).macs

    def _kept_patches(self, architecture: Architecture) -> int:
        return self.patches if architecture.patches is None else architecture.patches.count(self.patches)

    def _scoring(self, architecture: Architecture) -> int:
        """The attention logits of CLS that score the patches, if a self-attention runs before the filter."""
        if architecture.patches is None:
            return 0
        before = range(architecture.patches.after_block)
        attentions = (self.config.places(Stack.VISION, block)[0] for block in before)
        scored = any(architecture.choices[place].keep for place in attentions)
        return (1 + self.patches) * self.config.vision_width if scored else 0

    def _sites(self, architecture: Architecture) -> Iterator[Site]:
        """Each sub-layer with the tokens that it sees."""
        text, kept = self.workload.text_tokens, 1 + self._kept_patches(architecture)
        filter_place = self.config.vision_blocks if architecture.patches is None else architecture.patches.after_block
        tokens = {Stack.TEXT: (text, kept), Stack.IMAGE: (kept, text), Stack.LANGUAGE: (text, 0)}
        for sub_layer in self.config.sub_layers:
            before = sub_layer.block < filter_place
            own, other = tokens.get(sub_layer.stack, (1 + self.patches if before else kept, 0))
            sizes = self.config.sizes(sub_layer.stack)
            yield Site(sub_layer, sizes.width, sizes.ffn_size, own, other_tokens=other)

    @staticmethod
    def _sub_layer_macs(site: Site, choice: Choice) -> int:
        carried = 0 if choice.module is None else module_macs(choice.module, site, keep=choice.keep)
        if not choice.keep:
            return carried
        kind, width, tokens = site.sub_layer.kind, site.width, site.tokens
        if kind is SubLayerKind.FFN:
            return carried + 2 * tokens * width * site.ffn_size
        read = tokens if kind is SubLayerKind.SELF_ATTENTION else site.other_tokens
        return carried + 2 * (tokens + read) * width**2 + 2 * tokens * read * width

    def parameters(self, architecture: Architecture) -> Parameters:
        """Parameters of the slim model with its head; trainable are modules, classifier token, pooler and head."""
        config, hidden = self.config, self.config.hidden_size
        named = list(zip(self._sites(architecture), architecture.choices, strict=True))
        carried = [(choice.module, site, choice.keep) for site, choice in named if choice.module]
        token = hidden if architecture.classifier_token else 0
        pooler = 2 * (hidden + 1) * hidden
        trainable = module_parameters(carried) + token + pooler + HeadCost(config, self.workload).parameters
        looking = self.workload.foreground_parameters if looks_for_foreground(architecture) else 0
        held = sum(self._sub_layer_parameters(site, choice) for site, choice in named)
        return Parameters(self._around() + held + looking + trainable, trainable)

    def _around(self) -> int:
        """Embeddings with their norms, the image encoder's last norm, projections and modality types."""
        config = self.config
        text = (config.vocabulary + config.max_positions + config.token_types + 2) * config.language_width
        image = (1 + config.grid**2 + 1 + 3 * config.patch_size**2 + 2 + 2) * config.vision_width
        projections = (config.language_width + config.vision_width + 2) * config.hidden_size
        return text + image + projections + config.modalities * config.hidden_size

    @staticmethod
    def _sub_layer_parameters(site: Site, choice: Choice) -> int:
        """Of a sub-layer as far as a slim model holds it."""
        norm = 2 * site.width if _uses_norm(site.sub_layer, choice) else 0
        if not choice.keep:
            return norm
        if site.sub_layer.kind is SubLayerKind.FFN:
            return norm + (site.width + 1) * site.ffn_size + (site.ffn_size + 1) * site.width
        return norm + 4 * (site.width + 1) * site.width


def _uses_norm(sub_layer: SubLayer, choice: Choice) -> bool:
    """A norm in front of a sub-layer goes with it; one behind it also follows a module in its place, unless bare."""
    post = sub_layer.stack is not Stack.VISION
    return choice.keep or (post and choice.module is not None and not choice.bare)
