"""The route of points: what plots need of many candidates at once, as columns and without what takes long to make."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel

from search.contracts import Failure, Fidelity, Genome
from search.spec import Objective
from service.api.chromosomes import Chromosomes
from service.api.problems import RESPONSES
from service.api.services import Given
from service.domain.records import StoredCandidate
from service.observing.failure_class import FailureClass

router = APIRouter(prefix="/searches", tags=["searches"], responses=RESPONSES)

MOST = 5000  # in one page: about 0.6 MB of JSON
ONE_DIGIT = 10

AfterOrder = Annotated[int, Query(ge=-1, lt=2**31, description="the `told_order` of the last one that you have")]
Limit = Annotated[int, Query(ge=1, le=MOST)]


class PointPage(BaseModel):
    """Told candidates in the order of the tells, as columns: the n-th of each list is about the n-th candidate.

    A genome is one digit for each gene, or the genes with a comma behind each where one of them is 10 or more. A metric
    is null where it was not measured. `next` is the `after` of the next page, null at the end so far.
    """

    index: tuple[int, ...]
    fidelity: tuple[Fidelity, ...]
    told_order: tuple[int, ...]
    told_at: tuple[datetime | None, ...]
    genome: tuple[str, ...]
    accuracy: tuple[float | None, ...]  # 0 to 1
    macs: tuple[float | None, ...]  # per example
    parameters: tuple[float | None, ...]
    latency_ms: tuple[float | None, ...]
    peak_memory_mb: tuple[float | None, ...]
    seconds: tuple[float | None, ...]  # of scoring
    within: tuple[bool | None, ...]  # the bounds of the spec; null where nothing was measured
    failure: tuple[FailureClass | None, ...]
    reused: tuple[bool, ...]  # taken over from an earlier search
    next: int | None

    @classmethod
    def of(cls, found: Sequence[StoredCandidate], known: Chromosomes, *, full: bool) -> Self:
        """The page of `found`, behind which there may be more where it is `full`."""
        measured = [_measurement(each) for each in found]
        metrics = {str(name): [each.get(name) for each in measured] for name in Objective}
        return cls(
            index=[each.candidate.index for each in found],
            fidelity=[each.candidate.fidelity for each in found],
            told_order=[each.told_order for each in found],
            told_at=[each.told_at for each in found],
            genome=[written(each.candidate.genome) for each in found],
            seconds=[each.seconds for each in found],
            within=[known.affordable(each) if each else None for each in measured],
            failure=[_failure(each) for each in found],
            reused=[each.reused_from is not None for each in found],
            next=found[-1].told_order if full else None,
            **metrics,
        )


@router.get("/{search_id}/points")
def list_points(search_id: str, services: Given, after: AfterOrder = -1, limit: Limit = MOST) -> PointPage:
    """Candidates in the order of the tells, of all fidelities: what happened since `after`, for plots."""
    search = services.store.searches.get(search_id)
    found = services.store.candidates.told(search_id, after=after, limit=limit)
    known = Chromosomes.of(search, services) if found else Chromosomes()
    return PointPage.of(found, known, full=len(found) == limit)


def written(genome: Genome) -> str:
    """A genome as one word: digits, or numbers each with a comma behind it."""
    if all(gene < ONE_DIGIT for gene in genome):
        return "".join(map(str, genome))
    return "".join(f"{gene}," for gene in genome)


def _measurement(stored: StoredCandidate) -> Mapping[str, float]:
    return {} if stored.outcome is None or isinstance(stored.outcome, Failure) else stored.outcome


def _failure(stored: StoredCandidate) -> FailureClass | None:
    return FailureClass.of(stored.outcome.reason) if isinstance(stored.outcome, Failure) else None
