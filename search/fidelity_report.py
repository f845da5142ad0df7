"""`FidelityReport`: whether a search's cheap scores rank candidates as longer training does, and what each cost."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome
from search.rank_correlation import RankCorrelation
from search.scores import ORDER, Scores
from search.spec import SearchSpec
from search.verdict import Verdict

FEWEST_FINALS = 4
SAYS = {
    Verdict.TRUSTED: "can be trusted to rank",
    Verdict.NOT_TRUSTED: "cannot be trusted to rank",
    Verdict.OPEN: "is not known to rank",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a cheap fidelity ranks the candidates that were also measured `against` a dear one.

    It is `restricted` where the sample leaves out what the sieve stopped, or holds finalists only: among candidates
    that are all good, a score ranks worse than among all.
    """

    fidelity: Fidelity
    against: Fidelity
    steps: int
    against_steps: int
    correlation: RankCorrelation
    restricted: bool

    def __str__(self) -> str:
        training = "no training" if not self.steps else f"{self.steps} steps"
        only = ", in a restricted range: none that was stopped" if self.restricted else ""
        says = SAYS[self.correlation.verdict]
        return f"{self.fidelity} ({training}) {says} as {self.against_steps} steps do: {self.correlation}{only}"

    def to_json(self) -> dict[str, Any]:
        """The row as plain data; null where the correlation is undefined."""
        found = self.correlation
        return {
            "fidelity": str(self.fidelity),
            "against": str(self.against),
            "steps": self.steps,
            "against_steps": self.against_steps,
            "candidates": found.pairs,
            "spearman": found.value,
            "low": found.low,
            "high": found.high,
            "verdict": str(found.verdict),
            "restricted": self.restricted,
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What one fidelity cost: outcomes, failures among them, and scoring seconds over all workers."""

    candidates: int = 0
    failed: int = 0
    seconds: float = 0.0

    def plus(self, outcome: Outcome) -> "Cost":
        """With one outcome more. How long a failure took is not known."""
        failed = isinstance(outcome, Failure)
        seconds = 0.0 if isinstance(outcome, Failure) else outcome.get("seconds", 0.0)
        return Cost(self.candidates + 1, self.failed + failed, self.seconds + seconds)

    def to_json(self) -> dict[str, float]:
        """The cost as plain data."""
        return {"candidates": self.candidates, "failed": self.failed, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class FidelityReport:
    """The agreements of a search, its scores against audits and finals, and the cost of each fidelity."""

    agreements: tuple[Agreement, ...]
    costs: Mapping[Fidelity, Cost]

    @classmethod
    def of(cls, spec: SearchSpec, told: Iterable[tuple[Candidate, Outcome]]) -> Self:
        """The report on everything that a search was told so far; the order does not matter."""
        told = list(told)
        scores, costs = Scores.of(told), dict[Fidelity, Cost]()
        for candidate, outcome in sorted(told, key=lambda each: each[0].index):
            costs[candidate.fidelity] = costs.get(candidate.fidelity, Cost()).plus(outcome)
        rows = (
            _agreement(spec, scores, fidelity, against)
            for against in (Fidelity.AUDIT, Fidelity.FINAL)
            for fidelity in ORDER
        )
        return cls(tuple(row for row in rows if row is not None), costs)

    @property
    def summary(self) -> str:
        """One sentence for people: whether the proxy can be trusted to rank, then each stage before it."""
        rows = [each for each in reversed(self.agreements) if each.against is Fidelity.AUDIT]
        if not any(each.fidelity is Fidelity.PROXY for each in rows):
            return "Nobody knows whether the proxy can be trusted to rank: no candidate of it was audited."
        return f"The {'; the '.join(map(str, rows))}."

    def to_json(self) -> dict[str, Any]:
        """The report as plain data, without NaN: what is stored with a search."""
        return {
            "summary": self.summary,
            "agreements": [each.to_json() for each in self.agreements],
            "costs": {str(fidelity): cost.to_json() for fidelity, cost in self.costs.items()},
        }


def _agreement(spec: SearchSpec, scores: Scores, fidelity: Fidelity, against: Fidelity) -> Agreement | None:
    cheap, dear = scores.at(fidelity), scores.at(against)
    sample = sorted(cheap.keys() & dear.keys())
    final = against is Fidelity.FINAL
    if len(sample) < (FEWEST_FINALS if final else 1):
        return None
    pairs = [cheap[each] for each in sample], [dear[each] for each in sample]
    return Agreement(
        fidelity=fidelity,
        against=against,
        steps=spec.fidelity.steps(fidelity, proxy=spec.proxy.steps),
        against_steps=spec.final.steps if final else spec.fidelity.steps(against, proxy=spec.proxy.steps),
        correlation=RankCorrelation.of(*pairs, seed=spec.seed),
        restricted=final or _restricted(scores, sample, fidelity),
    )


def _restricted(scores: Scores, sample: Collection[Genome], fidelity: Fidelity) -> bool:
    """Whether the sieve stopped some before `fidelity`, or some at it or later of whom none is in the sample."""
    reached, place = scores.reached(), {each: index for index, each in enumerate(ORDER)}
    before = any(place[each] < place[fidelity] for each in reached.values())
    stopped = {each for each, last in reached.items() if place[fidelity] <= place[last] < place[Fidelity.PROXY]}
    return before or (bool(stopped) and stopped.isdisjoint(sample))
