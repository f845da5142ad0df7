"""`TestedModel`: one of the models that a search compares at its end, on the test split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from search.contracts import Fidelity, Genome, Measurement
from search.spec import Objective
from service.report.source import Source, measured


class Role(StrEnum):
    """What a tested model is in the comparison; in this order."""

    PLAIN = "backbone as it came"  # nothing trained, nothing dropped
    NO_SKIP = "no-skip adapters"  # nothing dropped, the same modules trained in the same way: the baseline
    WINNER = "winner"
    FINALIST = "finalist"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedModel:
    """A model and its only look at the test split; `validation` is the accuracy that winners are chosen by."""

    __test__ = False  # no test of ours, whatever its name begins with

    role: Role
    index: int
    genome: Genome
    kept: int | None  # sub-layers; None where the genome cannot be decoded here
    validation: float | None
    measurement: Measurement

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.role} {self.index}" if self.role is Role.FINALIST else str(self.role)


def tested_models(source: Source) -> tuple[TestedModel, ...]:
    """The models that were tested, baselines first, then the winner, then the other finalists as they were asked."""
    baseline = next((each.candidate.genome for each in source.at(Fidelity.PLAIN)), None)
    winner, validation = winner_genome(source), _validation(source)
    roles = {baseline: Role.NO_SKIP} | {winner: Role.WINNER}
    found = list[TestedModel]()
    for each in (*source.at(Fidelity.PLAIN), *source.at(Fidelity.TEST)):
        outcome, genome = measured(each), each.candidate.genome
        if outcome is None or Objective.ACCURACY not in outcome:
            continue
        plain, architecture = each.candidate.fidelity is Fidelity.PLAIN, source.architecture(genome)
        found.append(
            TestedModel(
                role=Role.PLAIN if plain else roles.get(genome, Role.FINALIST),
                index=each.candidate.index,
                genome=genome,
                kept=None if architecture is None else architecture.kept,
                validation=None if plain else validation.get(genome),
                measurement=outcome,
            )
        )
    order = list(Role)
    return tuple(sorted(found, key=lambda each: (order.index(each.role), each.index)))


def winner_genome(source: Source) -> Genome | None:
    """The chromosome that the search chose; None before its end, or where it chose none."""
    chosen = (source.search.result or {}).get("chosen")
    return next((each.candidate.genome for each in source.history if each.candidate.index == chosen), None)


def with_role(models: Sequence[TestedModel], role: Role) -> TestedModel | None:
    """The one of that role; None where it was not tested."""
    return next((each for each in models if each.role is role), None)


def _validation(source: Source) -> Mapping[Genome, float]:
    found = {each.candidate.genome: measured(each) for each in source.at(Fidelity.FINAL)}
    return {genome: outcome[Objective.ACCURACY] for genome, outcome in found.items() if outcome is not None}
