"""`Source`: everything a report is made of, read by whoever asks for one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.architecture import Architecture
from search.contracts import Failure, Fidelity, Genome, Measurement
from service.domain.records import Search, StoredCandidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A search with its history; what of its genomes nobody here knows any more stays empty."""

    search: Search
    history: Sequence[StoredCandidate]  # in the order of the asks
    made_at: datetime
    layers: Sequence[str] = ()  # a name for each layer gene
    sub_layers: Sequence[str] = ()  # of the backbone, in the order of an architecture's choices
    decode: Callable[[Genome], Mapping[str, Any] | None] = lambda _genome: None
    affordable: Callable[[Measurement], bool] = lambda _measurement: True  # within the bounds of the spec
    provenance: Mapping[str, Any] = field(default_factory=dict)  # what the exported model says of itself

    def at(self, fidelity: Fidelity) -> Sequence[StoredCandidate]:
        """The candidates of one fidelity, in the order of the asks."""
        return [each for each in self.history if each.candidate.fidelity is fidelity]

    def architecture(self, genome: Genome) -> Architecture | None:
        """What `genome` stands for, where that is known."""
        found = self.decode(genome)
        return None if found is None else Architecture.from_json(found)


def measured(candidate: StoredCandidate) -> Measurement | None:
    """The measurement; None where there is none yet, or a failure."""
    return None if isinstance(candidate.outcome, Failure) else candidate.outcome
