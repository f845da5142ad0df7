"""`Chromosomes`: what this installation can say of a search's genomes, as far as it knows what the spec names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from search.build import build_space, macs_budget
from search.constraints import UNBOUNDED, Bounds
from search.contracts import Genome, Measurement
from search.space import SearchSpace
from search.spec import FREE, parse_spec
from service.api.services import Services
from service.domain.records import Search


@dataclass(frozen=True, slots=True)
class Chromosomes:
    """The space of a search, None where its spec, backbone, data or foreground is not known here; rows stand anyway.

    `bounds` are those on costs and accuracy. `genes` has a name for each gene: what a layer gene keeps or drops, or
    which field of the spec's space a free gene indexes.
    """

    space: SearchSpace | None = None
    bounds: Bounds = UNBOUNDED
    genes: Sequence[str] = ()

    @classmethod
    def of(cls, search: Search, services: Services) -> Self:
        """What is known of the genomes of `search`."""
        try:
            spec = parse_spec(search.spec)
            space = build_space(spec, services.registry.get(spec.backbone), services.folders)
        except ValueError:  # an unreadable folder, an unknown name, a spec of another version
            return cls()
        free = [name for name in FREE if len(getattr(spec.space, name)) > 1]
        return cls(
            space,
            Bounds.of(spec.budget, macs=macs_budget(spec, space)),
            (*(layer.name for layer in space.layers), *free),
        )

    def decode(self, genome: Genome) -> Mapping[str, Any] | None:
        """The architecture of a genome as JSON; None where the space is not known, or is not the genome's any more."""
        if self.space is None:
            return None
        try:
            return self.space.decode(genome).to_json()
        except ValueError:
            return None

    def affordable(self, measurement: Measurement) -> bool:
        """Whether what was measured is within the bounds; everything is where none is known."""
        return not self.bounds.violation(measurement)
