"""What trainable modules cost, in closed form and without torch: MACs an example, parameters; and which there are."""

from collections.abc import Mapping, Sequence

from models.architecture import ModuleSpec, SubLayer
from models.costs.module_forms.deltas import DELTAS
from models.costs.module_forms.kind import Carried, Kind
from models.costs.module_forms.updates import UPDATES
from models.costs.site import Site

__all__ = ["Site", "check_module", "module_macs", "module_parameters", "serves"]

KINDS: Mapping[str, Kind] = {**UPDATES, **DELTAS}
"""The kinds of modules by the name they have in a spec."""


def check_module(spec: ModuleSpec, *, in_place: bool) -> None:
    """Pass a module that can be built; `in_place` asks for one that may stand in for a dropped sub-layer.

    Raises:
        ValueError: the kind is unknown, its size or options do not fit it, or it cannot stand alone.
    """
    kind = KINDS.get(spec.kind)
    if kind is None:
        raise ValueError(f"no module is called '{spec.kind}'; there are {', '.join(sorted(KINDS))}")
    kind.check(spec)
    if in_place and not kind.in_place:
        able = ", ".join(sorted(name for name, each in KINDS.items() if each.in_place))
        raise ValueError(f"a module '{spec.kind}' needs its sub-layer; in place of a dropped one may stand {able}")


def serves(spec: ModuleSpec, sub_layer: SubLayer) -> bool:
    """Whether a module has anything to do at a sub-layer; where it has not, none is built and it costs nothing."""
    return sub_layer.kind in KINDS[spec.kind].serves


def module_macs(spec: ModuleSpec, site: Site, *, keep: bool, merged: bool = False) -> int:
    """MACs that a module adds to one example, beside a kept sub-layer or in place of a dropped one.

    Matrix products count, also those that make a module's weights and that a batch shares; elementwise products, sums,
    means, norms, activations and Fourier transforms do not. `merged` is the cost after training, once the frozen
    linears have taken up what they can; the cost as it runs where they cannot.
    """
    kind = KINDS[spec.kind]
    if not serves(spec, site.sub_layer):
        return 0
    form = kind.merged if merged and kind.merged is not None else kind.macs
    return form(Carried(spec, site, keep))


def module_parameters(carried: Sequence[tuple[ModuleSpec, Site, bool]]) -> int:
    """Parameters of all modules that an architecture carries, (module, site, keep) each; shared parts count once."""
    own, shared = 0, dict[str, int]()
    for spec, site, keep in carried:
        if serves(spec, site.sub_layer):
            parts = dict(KINDS[spec.kind].parameters(Carried(spec, site, keep)))
            own += parts.pop("", 0)
            shared |= parts
    return own + sum(shared.values())
