"""Layer genes: what each of them keeps or drops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.architecture import Stack, SubLayer, SubLayerKind
from search.space_spec import ENCODERS, Granularity, SpaceSpec
from search.spec import SpecError

FUSION = (Stack.JOINT, Stack.TEXT, Stack.IMAGE)  # DAS counts METER's text layers first


@dataclass(frozen=True, slots=True)
class LayerGene:
    """A gene that keeps or drops what `name` says: the sub-layers at `places`.

    What replaces them stands at the first place, `bare` or through that sub-layer's norm (see `Choice`).
    """

    name: str
    places: tuple[int, ...]
    bare: bool = False


def gene_stacks(sub_layers: Sequence[SubLayer], spec: SpaceSpec) -> tuple[Stack, ...]:
    """The stacks that have layer genes.

    Raises:
        SpecError: the spec names one that the backbone has not.
    """
    there = tuple(dict.fromkeys(each.stack for each in sub_layers))
    if unknown := [stack for stack in spec.stacks if stack not in there]:
        raise SpecError(f"space.stacks: the backbone has no stack '{unknown[0]}'; it has {', '.join(there)}")
    return spec.stacks or tuple(stack for stack in there if stack not in ENCODERS)


def layer_genes(sub_layers: Sequence[SubLayer], spec: SpaceSpec) -> tuple[LayerGene, ...]:
    """The layer genes of a backbone in the order of its sub-layers; whole layers by stack, text before image.

    Raises:
        SpecError: the spec names a stack that the backbone has not.
    """
    stacks = gene_stacks(sub_layers, spec)
    places = {place: each for place, each in enumerate(sub_layers) if each.stack in stacks}
    if spec.granularity is Granularity.NONE:
        return ()
    if spec.granularity is Granularity.LAYER:
        return _layers(places)
    attention_only = spec.granularity is Granularity.ATTENTION
    return tuple(
        LayerGene(str(each), (place,))
        for place, each in places.items()
        if not (attention_only and each.kind is SubLayerKind.FFN)
    )


def _layers(places: Mapping[int, SubLayer]) -> tuple[LayerGene, ...]:
    layers: dict[tuple[Stack, int], list[int]] = {}
    for place, each in places.items():
        layers.setdefault((each.stack, each.block), []).append(place)
    return tuple(
        LayerGene(f"{stack}.{block}", tuple(layers[stack, block]), bare=stack is not Stack.JOINT)
        for stack, block in sorted(layers, key=lambda layer: (FUSION.index(layer[0]), layer[1]))
    )
