"""`Bounds`: what makes a candidate feasible, by what is known of it before and what was measured."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from search.budget_spec import BudgetSpec
from search.contracts import Failure, Measurement, Outcome
from search.spec import MEASURED_BOUNDS, Objective


@dataclass(frozen=True)
class Bounds:
    """The bound on each measured name; accuracy is a lower one, costs are upper ones."""

    limits: Mapping[str, float]

    @classmethod
    def of(cls, spec: BudgetSpec, *, macs: int | None) -> Self:
        """The bounds of a spec, whose bound on MACs is resolved to `macs`."""
        given = {name: getattr(spec, name) for name in (*MEASURED_BOUNDS, Objective.PARAMETERS)} | {
            Objective.MACS: macs
        }
        return cls({str(name): float(limit) for name, limit in given.items() if limit is not None})

    @property
    def measured(self) -> tuple[str, ...]:
        """The bounded names that only a measurement can tell."""
        return tuple(name for name in MEASURED_BOUNDS if name in self.limits)

    def violation(self, measurement: Measurement) -> float:
        """How far `measurement` lies beyond the bounds, summed as shares of them (Deb et al. 2002); 0: feasible.

        A closed-form cost that it does not name counts as kept: such costs are kept before anything is measured.
        """
        return math.fsum(self.excess(name, measurement[name]) for name in self.limits if name in measurement)

    def excess(self, name: str, value: float) -> float:
        """How far one `value` lies beyond the bound on `name`, as a share of the bound; 0 within."""
        limit = self.limits[name]
        beyond = limit - value if name == Objective.ACCURACY else value - limit
        return max(beyond, 0.0) / limit if limit else max(beyond, 0.0)

    def checked(self, index: int, outcome: Outcome) -> Outcome:
        """`outcome`; a failure where what a bound speaks of is not finite.

        Raises:
            ValueError: it was not measured.
        """
        if isinstance(outcome, Failure):
            return outcome
        for name in self.measured:
            if name not in outcome:
                found = ", ".join(outcome) or "nothing"
                raise ValueError(f"candidate {index} was measured without '{name}', which is bounded; it has {found}")
            if not math.isfinite(outcome[name]):
                return Failure(f"{name} is {outcome[name]}")
        return outcome


UNBOUNDED = Bounds({})
