"""What modules cost that add to the residual stream."""

from collections.abc import Mapping

from models.architecture import SubLayerKind
from models.costs.module_forms.kind import Carried, Kind, Parts, linear
from models.costs.module_forms.routing import routing_macs
from models.modules import options
from models.modules.options import PHA_EMBEDDING, PHA_HIDDEN, Granularity


def _bottleneck_parameters(carried: Carried) -> Parts:
    return {"": 2 * carried.site.width + carried.adapter}


def _mma_macs(carried: Carried) -> int:
    return carried.adapter_macs + 2 * carried.site.width  # the last: two logits of the first token


def _mma_parameters(carried: Carried) -> Parts:
    width = carried.site.width
    return {"": linear(width, carried.spec.size) + 2 * (carried.grouped_up + width) + linear(width, 2)}


def _crosses(carried: Carried) -> bool:
    return carried.site.sub_layer.kind is SubLayerKind.CROSS_ATTENTION


def _uniadapter_macs(carried: Carried) -> int:
    products = 2
    if _crosses(carried):
        products = 5 if carried.keep else 4  # query and output narrowed, where there is one; three widened
    return products * carried.site.tokens * carried.site.width * carried.spec.size


def _uniadapter_parameters(carried: Carried) -> Parts:
    width, size = carried.site.width, carried.spec.size
    key = f"uniadapter-{carried.site.sub_layer.block}-{width}x{size}"
    ups = [str(modality) for modality in carried.site.modalities()] + ["cross"] * _crosses(carried)
    down = {f"{key}-down": 2 * width + linear(width, size)}
    return down | {f"{key}-up-{name}": linear(size, width) for name in ups}


def _vl_pet_macs(carried: Carried) -> int:
    row = carried.site.tokens * carried.site.width
    gates = {Granularity.FULL: carried.adapter_macs, Granularity.ROW: row, Granularity.SCALAR: 2 * row}
    return carried.adapter_macs + gates.get(options.granularity(carried.spec), 0)


def _vl_pet_parameters(carried: Carried) -> Parts:
    width = carried.site.width
    gates = {
        Granularity.FULL: carried.adapter,
        Granularity.ROW: linear(width, 1),
        Granularity.COLUMN: width,
        Granularity.SCALAR: linear(2 * width, 1),
    }
    return {"": carried.adapter + gates[options.granularity(carried.spec)]}


def _pha_macs(carried: Carried) -> int:
    """Two layers of the hypernetwork, its heads, then the adapter that they gave."""
    layers = 3 * PHA_EMBEDDING * PHA_HIDDEN
    return layers + PHA_EMBEDDING * carried.adapter + carried.adapter_macs


def _pha_parameters(carried: Carried) -> Parts:
    layers = linear(2 * PHA_EMBEDDING, PHA_HIDDEN) + linear(PHA_HIDDEN, PHA_EMBEDDING)
    heads = linear(PHA_EMBEDDING, carried.adapter)
    prototype_and_norm = 3 * PHA_EMBEDDING
    key = f"pha-{carried.site.width}x{carried.spec.size}"
    return {"": PHA_EMBEDDING, key: prototype_and_norm + layers + heads}


UPDATES: Mapping[str, Kind] = {
    "bottleneck": Kind(options.no_options, lambda it: it.adapter_macs, _bottleneck_parameters, in_place=True),
    "routing-adapter": Kind(
        options.routing, lambda it: it.adapter_macs + routing_macs(it), lambda it: {"": it.adapter}, in_place=True
    ),
    "mma": Kind(options.grouped, _mma_macs, _mma_parameters, in_place=True),
    "uniadapter": Kind(options.no_options, _uniadapter_macs, _uniadapter_parameters, in_place=True),
    "vl-pet": Kind(options.granularity, _vl_pet_macs, _vl_pet_parameters, in_place=True),
    "pha": Kind(options.no_options, _pha_macs, _pha_parameters, in_place=True),
}
