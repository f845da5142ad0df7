"""The route that says what a spec would ask for before anybody submits it: its MACs budget in context, its stages."""

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Self

from fastapi import APIRouter
from pydantic import BaseModel

from models.architecture import Architecture
from models.cost import cost_model
from models.registry import BackboneEntry
from search.build import build_space, macs_budget, workload
from search.space import SearchSpace
from search.spec import SearchSpec, SpecError
from service.api.auth import Looks
from service.api.body import BODY, GivenSpec
from service.api.estimate import Plan
from service.api.problems import RESPONSES
from service.api.services import Given, Services
from service.api.submission import Submission
from service.limits import DiskFullError, SpecTooLargeError

router = APIRouter(tags=["searches"], responses=RESPONSES)

REFUSALS = (SpecError, SpecTooLargeError, DiskFullError)


class MacsView(BaseModel):
    """MACs of one example, the largest of the task."""

    backbone: int  # as it came
    full: int  # of the no-skip adapter model, which a ratio is a share of
    cheapest: int  # of the cheapest chromosome
    bound: int | None  # of the spec; null: none


class LayerView(BaseModel):
    """What a layer gene decides about."""

    name: str
    saves: int  # MACs of one example when it alone is dropped; below 0 where what stands in its place costs more


class DropsView(BaseModel):
    """How many layers the MACs bound makes a chromosome drop where nothing else changes, as far as costs add up."""

    fewest: int  # where the dearest go
    most: int  # where the cheapest go


class Outlook(BaseModel):
    """What a spec asks for. `refused` says why it would not be taken as it is; null where it would be."""

    spec: Mapping[str, Any]  # with every default
    refused: str | None
    genes: int
    chromosomes_log10: float  # how many there are, as a power of ten
    macs: MacsView
    parameters: int | None  # of the no-skip adapter model
    layers: tuple[LayerView, ...]
    drops: DropsView | None  # null: no number of layers is enough
    proxies: int  # measured at most, as are the others
    audits: int
    finals: int

    @classmethod
    def of(cls, spec: SearchSpec, entry: BackboneEntry, services: Services, refused: str | None) -> Self:
        """The outlook of `spec` on its backbone.

        Raises:
            ValueError: what the spec names is not known here.
        """
        space = build_space(spec, entry, services.folders)
        cost, stored = cost_model(entry.config, workload(spec, entry, services.folders)), spec.model_dump(mode="json")
        bound, plan = macs_budget(spec, space), Plan.of(stored)
        saved = space.savings(space.full)
        return cls(
            spec=stored,
            refused=refused,
            genes=len(space.sizes),
            chromosomes_log10=math.log10(space.size),
            macs=MacsView(
                backbone=cost.macs(Architecture.full(entry.config.sub_layers)),
                full=space.macs(space.full),
                cheapest=space.min_macs(),
                bound=bound,
            ),
            parameters=space.parameters(space.full),
            layers=[LayerView(name=layer.name, saves=saves) for layer, saves in zip(space.layers, saved, strict=False)],
            drops=_drops(space, bound),
            proxies=plan.proxies,
            audits=plan.audits,
            finals=plan.finals,
        )


@router.post("/estimate", openapi_extra=BODY)
def estimate(spec: GivenSpec, services: Given, caller: Looks) -> Outlook:
    """What a search would ask for, and why it would be refused if it would; nothing is queued."""
    refused = None
    try:
        Submission(services, caller, None).check(spec)
    except REFUSALS as error:
        refused = str(error)
    try:
        return Outlook.of(spec, services.registry.get(spec.backbone), services, refused)
    except ValueError as error:  # without a backbone, data or a foreground there is nothing to say
        raise SpecError(refused or str(error)) from None


def _drops(space: SearchSpace, bound: int | None) -> DropsView | None:
    """By what each layer saves when dropped alone from the no-skip adapter model."""
    over = 0 if bound is None else space.macs(space.full) - bound
    saved = sorted(space.savings(space.full), reverse=True)
    fewest, most = _needed(saved, over), _needed(saved[::-1], over)
    return None if fewest is None or most is None else DropsView(fewest=fewest, most=most)


def _needed(savings: list[int], over: int) -> int | None:
    """How many of `savings`, taken in order, save as much as `over`; None where all are not enough."""
    sums = accumulate(savings, initial=0)
    return next((count for count, saved in enumerate(sums) if saved >= over), None)
