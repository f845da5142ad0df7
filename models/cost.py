"""What an architecture costs, in closed form and without torch: MACs an example, parameters total and trainable."""

from dataclasses import dataclass

from models.architecture import Architecture, Choice, SubLayerKind
from models.vilt_config import ViltConfig
from models.workload import TaskName, Workload


@dataclass(frozen=True, slots=True)
class Parameters:
    """How many numbers a model holds, and how many of them a fine-tune changes."""

    total: int
    trainable: int


@dataclass(frozen=True, slots=True)
class CostModel:
    """Costs of a ViLT's architectures for one kind of example.

    MACs are multiply-accumulates of matrix products and convolutions; norms, activations, additions and look-ups are
    not counted, as is usual (the forms: DAS, NeurIPS 2023, with n tokens of width d, `SA = 4nd² + 2n²d`,
    `FFN = 8nd²` at an FFN of 4d, `adapter = 2ndb`).
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
        one_pass = embedding + self._blocks_macs(architecture) + width**2  # the last: the pooler
        return self.workload.passes * one_pass + sum(rows * columns for rows, columns in self._head())

    def _blocks_macs(self, architecture: Architecture) -> int:
        fixed, patches, filters = self.workload.text_tokens + 1, self.patches, architecture.patches
        total, filter_place = 0, -1 if filters is None else 2 * filters.after_block
        for place, (sub_layer, choice) in enumerate(zip(self.config.sub_layers, architecture.choices, strict=True)):
            if filters is not None and place == filter_place:
                if any(choice.keep for choice in architecture.choices[:place:2]):
                    total += (fixed + patches) * self.config.hidden_size  # the attention logits of the scoring row
                patches = filters.count(patches)
            total += self._sub_layer_macs(sub_layer.kind, choice, fixed + patches)
        return total

    def _sub_layer_macs(self, kind: SubLayerKind, choice: Choice, tokens: int) -> int:
        width = self.config.hidden_size
        adapter = 2 * tokens * width * choice.bottleneck
        if not choice.keep:
            return adapter
        if kind is SubLayerKind.FFN:
            return adapter + 2 * tokens * width * self.config.ffn_size
        return adapter + 4 * tokens * width**2 + 2 * tokens**2 * width

    def parameters(self, architecture: Architecture) -> Parameters:
        """Parameters of the slim model with its head; trainable are adapters, pooler and head."""
        config, width = self.config, self.config.hidden_size
        text = (config.vocabulary + config.max_text_length + config.token_types + 2) * width
        image = (1 + config.grid**2 + 1 + 3 * config.patch_size**2 + 1) * width
        kept = sum(
            self._sub_layer_parameters(sub_layer.kind)
            for sub_layer, choice in zip(config.sub_layers, architecture.choices, strict=True)
            if choice.keep
        )
        adapters = sum(
            2 * width + (width + 1) * choice.bottleneck + (choice.bottleneck + 1) * width
            for choice in architecture.choices
            if choice.bottleneck
        )
        pooler = (width + 1) * width
        head = sum((rows + 1) * columns for rows, columns in self._head()) + 2 * self._head_norm()
        trainable = adapters + pooler + head
        return Parameters(text + image + config.modalities * width + kept + 2 * width + trainable, trainable)

    def _sub_layer_parameters(self, kind: SubLayerKind) -> int:
        width, wide = self.config.hidden_size, self.config.ffn_size
        norm = 2 * width
        if kind is SubLayerKind.FFN:
            return norm + (width + 1) * wide + (wide + 1) * width
        return norm + (width + 1) * 3 * width + (width + 1) * width

    def _head(self) -> list[tuple[int, int]]:
        """The head's matrices as (inputs, outputs)."""
        width = self.config.hidden_size
        if self.workload.task is TaskName.VQA:
            return [(width, 2 * width), (2 * width, self.workload.answers)]
        if self.workload.task is TaskName.NLVR2:
            return [(2 * width, 2 * width), (2 * width, 2)]
        return [(width, 1)]

    def _head_norm(self) -> int:
        return 0 if self.workload.task is TaskName.RETRIEVAL else 2 * self.config.hidden_size
