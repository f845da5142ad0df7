"""What a ViLT's architecture costs (`models.cost.CostModel`)."""

from dataclasses import dataclass

from models.architecture import Architecture, Choice, SubLayer, SubLayerKind
from models.cost import Parameters, looks_for_foreground
from models.costs.head_costs import HeadCost
from models.costs.module_costs import Site, module_macs, module_parameters
from models.vilt_config import ViltConfig
from models.workload import Workload


@dataclass(frozen=True, slots=True)
class ViltCost:
    """Costs of a ViLT's architectures for one kind of example.

    With n tokens of width d (DAS, NeurIPS 2023): `SA = 4nd² + 2n²d`, `FFN = 8nd²` at an FFN of 4d.
    """

    config: ViltConfig
    workload: Workload

    @property
    def patches(self) -> int:
        """Patches of one image, padding included."""
        size = self.config.patch_size
        return (self.workload.image_height // size) * (self.workload.image_width // size)

    def macs(self, architecture: Architecture) -> int:
        """MACs of one example: every pass of the network, then the head."""
        width = self.config.hidden_size
        embedding = self.patches * width * 3 * self.config.patch_size**2
        looking = self.workload.foreground_macs if looks_for_foreground(architecture) else 0
        one_pass = looking + embedding + self._blocks_macs(architecture) + width**2  # the last: the pooler
        return self.workload.passes * one_pass + HeadCost(self.config, self.workload).macs

    def _blocks_macs(self, architecture: Architecture) -> int:
        fixed, patches, filters = self.workload.text_tokens + 1, self.patches, architecture.patches
        total, filter_place = 0, -1 if filters is None else 2 * filters.after_block
        for place, (sub_layer, choice) in enumerate(zip(self.config.sub_layers, architecture.choices, strict=True)):
            if filters is not None and place == filter_place:
                if any(choice.keep for choice in architecture.choices[:place:2]):
                    total += (fixed + patches) * self.config.hidden_size  # the attention logits of the scoring row
                patches = filters.count(patches)
            total += self._sub_layer_macs(sub_layer, choice, fixed + patches)
        return total

    def _sub_layer_macs(self, sub_layer: SubLayer, choice: Choice, tokens: int) -> int:
        width = self.config.hidden_size
        carried = 0
        if choice.module is not None:
            carried = module_macs(choice.module, self._site(sub_layer, tokens), keep=choice.keep)
        if not choice.keep:
            return carried
        if sub_layer.kind is SubLayerKind.FFN:
            return carried + 2 * tokens * width * self.config.ffn_size
        return carried + 4 * tokens * width**2 + 2 * tokens**2 * width

    def _site(self, sub_layer: SubLayer, tokens: int = 0) -> Site:
        return Site(
            sub_layer, self.config.hidden_size, self.config.ffn_size, tokens, text_tokens=self.workload.text_tokens
        )

    def parameters(self, architecture: Architecture) -> Parameters:
        """Parameters of the slim model with its head; trainable are modules, pooler and head."""
        config, width = self.config, self.config.hidden_size
        text = (config.vocabulary + config.max_text_length + config.token_types + 2) * width
        image = (1 + config.grid**2 + 1 + 3 * config.patch_size**2 + 1) * width
        pairs = list(zip(config.sub_layers, architecture.choices, strict=True))
        kept = sum(self._sub_layer_parameters(sub_layer.kind) for sub_layer, choice in pairs if choice.keep)
        carried = [(choice.module, self._site(each), choice.keep) for each, choice in pairs if choice.module]
        pooler = (width + 1) * width
        looking = self.workload.foreground_parameters if looks_for_foreground(architecture) else 0
        trainable = module_parameters(carried) + pooler + HeadCost(config, self.workload).parameters
        frozen = text + image + config.modalities * width + kept + 2 * width + looking
        return Parameters(frozen + trainable, trainable)

    def _sub_layer_parameters(self, kind: SubLayerKind) -> int:
        width, wide = self.config.hidden_size, self.config.ffn_size
        norm = 2 * width
        if kind is SubLayerKind.FFN:
            return norm + (width + 1) * wide + (wide + 1) * width
        return norm + (width + 1) * 3 * width + (width + 1) * width
