"""`Reuse`: what earlier searches measured of the same architecture in the same way, so that nobody does it again."""

from collections.abc import Callable, Mapping

from search.contracts import Candidate, Failure, Fidelity, Genome
from search.fidelity_spec import RUNGS
from service.domain.records import Earlier
from service.searches.candidates import Candidates

Key = Callable[[Candidate], str | None]
"""Under which key a candidate's measurement is stored; None where it is this search's alone."""

TAKEN_OVER = (Fidelity.SCREEN, *RUNGS, Fidelity.PROXY, Fidelity.AUDIT)
"""The stages that leave nothing but numbers."""


class Reuse:
    """Every measurement is stored under its key; whether earlier ones are taken over is the spec's to say.

    A failure is never taken over: lack of memory or a lost worker may not come again.
    """

    def __init__(self, candidates: Candidates, key: Key, *, wanted: bool, extends: str | None = None) -> None:
        """`extends` is the search whose past is taken over also where measurements have no key."""
        self._candidates = candidates
        self.key = key
        self._wanted = wanted
        self._past = None if extends is None else Past(candidates, extends)

    def found(self, candidate: Candidate) -> Earlier | None:
        """The measurement that `candidate` has already, with no scoring time; None where a worker must make it."""
        if not self._wanted:
            return None
        key = self.key(candidate)
        earlier = None if key is None else self._candidates.measured_as(key)
        if earlier is None and self._past is not None:
            earlier = self._past.found(candidate)
        if earlier is None:
            return None
        return Earlier({**earlier.measurement, "seconds": 0.0}, earlier.search_id)


class Past:
    """The measurements of a search that is extended: same spec, same genes, so that genomes can be compared.

    For measurements without a key, which are those of searches that measure latency or memory: these belong to the
    machines of one search, and an extension is that search, gone on.
    """

    def __init__(self, candidates: Candidates, search_id: str) -> None:
        self._candidates = candidates
        self._search_id = search_id
        self._stages: dict[Fidelity, Mapping[Genome, Earlier]] = {}

    def found(self, candidate: Candidate) -> Earlier | None:
        """What the search measured of a genome at this fidelity."""
        stage = candidate.fidelity
        if stage not in TAKEN_OVER:
            return None
        if stage not in self._stages:
            self._stages[stage] = self._measured(stage)
        return self._stages[stage].get(candidate.genome)

    def _measured(self, stage: Fidelity) -> Mapping[Genome, Earlier]:
        return {
            each.candidate.genome: Earlier(each.outcome, each.reused_from or self._search_id)
            for each in self._candidates.measured(self._search_id, stage)
            if each.outcome is not None and not isinstance(each.outcome, Failure)
        }
