"""`drive`: one search from its stored state to its end, under a lease."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from models.patch_preview import PREVIEWS
from models.registry import UnknownBackboneError
from search.contracts import Candidate, ClusterLostError, Failure, Runner, RunnerError, SearchAlgorithm
from search.fidelity_report import FidelityReport
from search.spec import SearchSpec, SpecError, parse_spec
from service.domain.records import DuplicateCandidateError, Hold, Lease, LeaseLostError, Status
from service.driving.heartbeat import heartbeat
from service.driving.kept_log import kept_log
from service.driving.recorded import Recorded, ReplayMismatchError
from service.searches.reuse import Key, Reuse
from service.searches.store import Store
from service.tracking.followers import Follow, unfollowed

logger = logging.getLogger(__name__)

HOPELESS = (SpecError, UnknownBackboneError, ReplayMismatchError, RunnerError, DuplicateCandidateError)
"""Errors that another attempt would only meet again."""


Slots = Callable[[], int | None]
"""How many workers the user wants by now; None: as many as the spec says."""


class DecidingAlgorithm(SearchAlgorithm, Protocol):
    """A search that ends with a decision."""

    @property
    def stopped_by(self) -> str | None:
        """The key of the spec whose rule ended the search early; None where none did."""

    def chosen(self) -> Candidate | None:
        """The winner that is exported; None where every finalist failed, or none differs from the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a driver is made of; the composition root builds it."""

    store: Store
    algorithm: Callable[[SearchSpec], DecidingAlgorithm]
    runner: Callable[[SearchSpec, Slots], Runner]
    keys: Callable[[SearchSpec], Key]
    artifacts: Path  # the folder of this search
    exported: Callable[[SearchSpec, Candidate], Path]  # where in it the runner exports a winner
    published: Callable[[str], None] = lambda _artifact: None  # puts an export, by its path, where the API finds it
    reported: Callable[[], None] = lambda: None  # leaves a report of the search, once that has ended
    followers: Callable[[str], AbstractContextManager[Follow]] = lambda _search_id: nullcontext(unfollowed)
    version: str
    renew_seconds: float
    poll_seconds: float


def drive(lease: Lease, parts: Parts) -> None:
    """Replay, run, and write the end. A search that is taken away meanwhile is left alone.

    Errors that another attempt might not meet are raised: the process ends, and the dispatcher gives the search back.
    """
    leases, ended = parts.store.leases, False
    log = kept_log(parts.store.log_tails, lease, clock=parts.store.clock)
    with log, parts.followers(lease.search_id) as follow:
        with heartbeat(leases, lease, every=parts.renew_seconds):
            try:
                ended = _run(lease, parts, follow)
            except SystemExit:  # SIGTERM, by our handler or by the one that Ray puts in its place
                leases.release(lease)
            except ClusterLostError:
                raise
            except HOPELESS as error:
                ended = _finish(lease, parts, Status.FAILED, error=str(error))
        if ended:
            parts.reported()


def _run(lease: Lease, parts: Parts, follow: Follow) -> bool:
    """Whether it came to the search's end."""
    search = parts.store.searches.get(lease.search_id)
    spec = parse_spec(search.spec)
    algorithm = parts.algorithm(spec)
    reuse = Reuse(parts.store.candidates, parts.keys(spec), wanted=spec.reuse, extends=search.extends)
    recorded = Recorded(
        follow(algorithm, spec), parts.store, lease, version=parts.version, reuse=reuse, poll_seconds=parts.poll_seconds
    )
    utilisation = parts.runner(spec, lambda: recorded.slots).run(recorded)
    shares = {
        "utilisation": {**asdict(utilisation), "share": utilisation.share},
        "stopped_by": algorithm.stopped_by,
    }
    if algorithm.finished:
        decision = _decision(lease, parts, algorithm.chosen(), spec)
        return _finish(lease, parts, Status.SUCCEEDED, result=decision | shares | _story(lease, parts.store, spec))
    if recorded.hold is Hold.CANCELLED:
        return _finish(lease, parts, Status.CANCELLED, result=shares | _story(lease, parts.store, spec))
    if recorded.hold is Hold.PAUSED:
        parts.store.leases.paused(lease)
    elif recorded.hold is Hold.HELD:
        raise RunnerError("the runner returned although the search was not finished: see the driver's log")
    return False


def _story(lease: Lease, store: Store, spec: SearchSpec) -> dict[str, Any]:
    """How far the cheap scores can be trusted and what each stage cost; how many measurements were taken over."""
    history = store.candidates.history(lease.search_id)
    told = [(each.candidate, each.outcome) for each in history if each.outcome is not None]
    report = FidelityReport.of(spec, told)
    reused = sum(each.reused_from is not None for each in history)
    return {"fidelity": report.to_json(), "reused": reused}


def _decision(lease: Lease, parts: Parts, chosen: Candidate | None, spec: SearchSpec) -> dict[str, Any]:
    """The winner's index, and its exported model and patch preview as paths below the search's folder."""
    if chosen is None:
        if failure := _first_failure(lease, parts.store):
            raise RunnerError(f"there is no winner: {failure}")
        return {"chosen": None, "artifact": None, "patches": None}
    folder = parts.exported(spec, chosen)
    preview = parts.artifacts / PREVIEWS / folder.name
    return {"chosen": chosen.index, "artifact": _published(folder, parts), "patches": _published(preview, parts)}


def _published(folder: Path, parts: Parts) -> str | None:
    """The path below the search's folder of what is now where the API finds it; None where nothing was exported."""
    if not folder.is_dir():
        return None
    artifact = folder.relative_to(parts.artifacts).as_posix()
    parts.published(artifact)
    return artifact


def _first_failure(lease: Lease, store: Store) -> str | None:
    for each in store.candidates.history(lease.search_id):
        if isinstance(each.outcome, Failure):
            return f"candidate {each.candidate.index} failed with: {each.outcome.reason}"
    return None


def _finish(
    lease: Lease, parts: Parts, status: Status, *, result: dict[str, Any] | None = None, error: str | None = None
) -> bool:
    """Whether it could be written: a lease that is not current writes nothing."""
    try:
        parts.store.leases.finish(lease, status, result=result, error=error)
    except LeaseLostError as lost:
        logger.warning("%s; nothing is written", lost)
        return False
    return True
