"""`load_das`: a METER or ViLT that DAS (NeurIPS 2023) trained, with its adapters as our trainable modules."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import torch

from models.architecture import Architecture, Choice, Stack, SubLayer, bottleneck
from models.checkpoints import read_state
from models.formats.das_keys import Adapter, DasTensors, taken_apart
from models.formats.lightning import CheckpointError
from models.formats.original_meter import Heads, is_meter, meter_contents
from models.formats.original_vilt import vilt_contents
from models.modules.build import Modules, build_modules
from models.network import Network
from models.weights import build_backbone, build_heads, fill


@dataclass(frozen=True, slots=True)
class DasNetwork:
    """A backbone and its heads, with the adapters that stand beside its layers, or in place of skipped ones.

    A layer is a METER fusion layer of one stream (first the text stream's by depth, then the image stream's) or a
    ViLT block.
    """

    network: Network
    tensors: DasTensors

    @property
    def layers(self) -> tuple[tuple[Stack, int], ...]:
        """The layers that DAS can skip, in its order."""
        stacks = (Stack.JOINT, Stack.TEXT, Stack.IMAGE)
        return tuple(sorted(self.tensors.skipped, key=lambda layer: (stacks.index(layer[0]), layer[1])))

    def architecture(self, skipped: Collection[int]) -> Architecture:
        """What the layers at `skipped` make of the network: each is h + f(h), f the layer's own adapter.

        Raises:
            ValueError: there is no such layer.
        """
        if strange := sorted(set(skipped) - set(range(len(self.layers)))):
            raise ValueError(f"layers to skip are 0 to {len(self.layers) - 1}, not {strange}")
        gone = {self.layers[index] for index in skipped}
        seen: set[tuple[Stack, int]] = set()
        choices = []
        for sub_layer in self.network.config.sub_layers:
            layer = (sub_layer.stack, sub_layer.block)
            if layer in gone:
                choices.append(Choice(keep=False) if layer in seen else self._in_place(layer))
            else:
                choices.append(Choice(module=bottleneck(_size(self.tensors.beside.get(sub_layer)))))
            seen.add(layer)
        return Architecture(tuple(choices), classifier_token=self.tensors.classifier_token is not None)

    def modules(self, skipped: Collection[int]) -> Modules:
        """The trained modules of `architecture(skipped)`.

        Raises:
            ValueError: there is no such layer.
            CheckpointError: an adapter lacks a tensor.
        """
        architecture, backbone = self.architecture(skipped), self.network.backbone
        modules = build_modules(backbone, architecture, generator=torch.Generator())
        own: Adapter = {}
        for place, (sub_layer, choice) in enumerate(zip(backbone.config.sub_layers, architecture.choices, strict=True)):
            if choice.module is not None:
                own |= {f"by_place.{place}.{key}": value for key, value in self._adapter(sub_layer, choice).items()}
        if self.tensors.classifier_token is not None:
            own["classifier_token"] = self.tensors.classifier_token
        fill(modules, own, source="the DAS adapters")
        return modules.eval()

    def _in_place(self, layer: tuple[Stack, int]) -> Choice:
        """At a skipped layer's first sub-layer; METER's norm behind it is skipped too."""
        module = bottleneck(_size(self.tensors.skipped[layer]))
        return Choice(keep=False, module=module, bare=layer[0] is not Stack.JOINT)

    def _adapter(self, sub_layer: SubLayer, choice: Choice) -> Adapter:
        if choice.keep:
            return self.tensors.beside[sub_layer]
        return self.tensors.skipped[sub_layer.stack, sub_layer.block]


def load_das(
    path: Path, *, heads: int | None = None, vision_heads: int | None = None, language_heads: int | None = None
) -> DasNetwork:
    """The network in a checkpoint of DAS's METER or ViLT (`.ckpt`, or its state dict as `.safetensors`), in eval mode.

    Args:
        path: the file.
        heads: attention heads, where its hyper-parameters do not say; else hidden / 64.
        vision_heads: those of METER's image encoder; else heads of the fusion encoder's size.
        language_heads: those of its text encoder, likewise.

    Raises:
        CheckpointError: the file is torn, of another kind, or its keys or shapes are not DAS's.
    """
    state, settings = read_state(path)
    tensors = taken_apart(state)
    if not tensors.skipped:
        raise CheckpointError(f"{path.name} has no adapters of DAS; `load_network` reads other checkpoints")
    if is_meter(state):
        known = Heads(heads, vision_heads, language_heads)
        contents = meter_contents(tensors.plain, settings, heads=known, source=path.name)
    else:
        contents = vilt_contents(tensors.plain, settings, heads=heads, source=path.name)
    contents = contents.named_by_label()
    backbone = build_backbone(contents.config, contents.state, source=path.name)
    head_modules = build_heads(contents.state).eval().requires_grad_(False)
    network = Network(backbone, head_modules, contents.answers, provenance={"source": path.name})
    return DasNetwork(network, tensors)


def _size(adapter: Adapter | None) -> int:
    """The width of an adapter's bottleneck; 0 where there is none."""
    if adapter is None:
        return 0
    if "down.weight" not in adapter:
        raise CheckpointError(f"an adapter lacks down_proj.weight; it has {', '.join(sorted(adapter))}")
    return adapter["down.weight"].shape[0]
