"""What routing costs, with summaries of one token."""

from models.costs.module_forms.kind import Carried
from models.costs.site import FrozenLinear
from models.modules import options
from models.modules.options import RoutingFunction

FACTORS = {
    RoutingFunction.OUTER: 2,
    RoutingFunction.OUTER_RELU: 2,
    RoutingFunction.ONES: 1,
    RoutingFunction.ONES_RELU: 1,
    RoutingFunction.SELF: 1,
}
"""Products with an r-vector for each routed token; the other functions have none."""


def routed_tokens(carried: Carried, linear: FrozenLinear | None = None) -> list[int]:
    """How many tokens each routed modality has; no modality where the stack never meets the other."""
    _, direction = options.routing(carried.spec)
    found = carried.site.modalities(linear) if carried.site.fuses else {}
    return [tokens for modality, tokens in found.items() if direction.routes(modality)]


def routing_macs(carried: Carried, linear: FrozenLinear | None = None) -> int:
    """Of narrowing the summaries and of the routing function."""
    function, _ = options.routing(carried.spec)
    routed = routed_tokens(carried, linear)
    return carried.spec.size * (len(routed) * carried.site.width + FACTORS.get(function, 0) * sum(routed))
