"""What modules cost that change a frozen linear, or what attention reads."""

from collections.abc import Mapping

from models.architecture import SubLayerKind
from models.costs.module_forms.kind import Carried, Kind, Parts, linear
from models.costs.module_forms.routing import routed_tokens, routing_macs
from models.costs.site import ADAPTED, BIASED, FED, ROUTED
from models.modules import options
from models.modules.options import ContextForm, RoutingFunction


def _lora_macs(carried: Carried) -> int:
    return sum(each.tokens * carried.pair(each) for each in carried.linears(ADAPTED))


def _lora_parameters(carried: Carried) -> Parts:
    return {"": sum(map(carried.pair, carried.linears(ADAPTED)))}


def _routing_lora_macs(carried: Carried) -> int:
    return sum(each.tokens * carried.pair(each) + routing_macs(carried, each) for each in carried.linears(ROUTED))


def _routing_lora_merged(carried: Carried) -> int:
    """`add` leaves a vector for each summary; the other functions cannot be merged."""
    if options.routing(carried.spec)[0] is not RoutingFunction.ADD:
        return _routing_lora_macs(carried)
    return sum(len(routed_tokens(carried, each)) * carried.pair(each) for each in carried.linears(ROUTED))


def _routing_lora_parameters(carried: Carried) -> Parts:
    return {"": sum(map(carried.pair, carried.linears(ROUTED)))}


def _context_macs(carried: Carried) -> int:
    return 0 if options.context_form(carried.spec) is ContextForm.BIAS else _lora_macs(carried)


def _context_parameters(carried: Carried) -> Parts:
    if options.context_form(carried.spec) is ContextForm.BIAS:
        return {"": sum(len(carried.site.modalities(each)) * each.outputs for each in carried.linears(BIASED))}
    return {"": sum(len(carried.site.modalities(each)) * carried.pair(each) for each in carried.linears(ADAPTED))}


def _genft_macs(carried: Carried) -> int:
    """Four transforms of two products each make a change of weights, which is then applied."""
    return sum((8 * carried.spec.size + each.tokens) * each.size for each in carried.linears(ADAPTED))


def _genft_parameters(carried: Carried) -> Parts:
    linears, rank = carried.linears(ADAPTED), carried.spec.size
    rows = {f"genft-{each.inputs}x{rank}-rows": 2 * rank * each.inputs for each in linears}
    columns = {f"genft-{each.outputs}x{rank}-columns": 2 * rank * each.outputs for each in linears}
    return {"": 2 * sum(map(carried.pair, linears)), **rows, **columns}


def _pia_macs(carried: Carried) -> int:
    """In place: what is narrowed, widened, aggregated. Beside: a pair a token, and the weights that it passes."""
    site, size = carried.site, carried.spec.size
    if not carried.keep:
        return site.tokens * (site.width * size + carried.grouped_up) + site.width * size
    fed = [each for each in carried.linears(FED) if not each.other]
    return sum(each.tokens * carried.pair(each) + each.size * (size + 1) for each in fed)


def _pia_parameters(carried: Carried) -> Parts:
    downs = (1 if carried.keep else 2) * linear(carried.site.width, carried.spec.size)
    return {"": downs + carried.grouped_up + carried.site.width}


def _vfpt_merged(carried: Carried) -> int:
    """Every token attends to the prompts; their keys and values depend on no example, so a model can hold these."""
    return 2 * carried.site.tokens * carried.site.width * carried.spec.size


def _vfpt_macs(carried: Carried) -> int:
    return _vfpt_merged(carried) + 2 * carried.spec.size * carried.site.width**2


DELTAS: Mapping[str, Kind] = {
    "lora": Kind(options.no_options, _lora_macs, _lora_parameters, merged=lambda _: 0),
    "routing-lora": Kind(options.routing, _routing_lora_macs, _routing_lora_parameters, _routing_lora_merged),
    "context-peft": Kind(options.context_form, _context_macs, _context_parameters),
    "genft": Kind(options.no_options, _genft_macs, _genft_parameters, merged=lambda _: 0),
    "pia": Kind(
        options.grouped,
        _pia_macs,
        _pia_parameters,
        merged=lambda it: 0 if it.keep else _pia_macs(it),
        in_place=True,
    ),
    "vfpt": Kind(
        options.fourier_prompts,
        _vfpt_macs,
        lambda it: {"": it.spec.size * it.site.width},
        _vfpt_merged,
        serves=frozenset({SubLayerKind.SELF_ATTENTION}),
    ),
}
