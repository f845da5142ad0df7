"""How much a search measures, as its spec says, and how long what is left of it will take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from search.audit import FEWEST
from search.contracts import Fidelity
from search.fidelity_spec import AUDIT_PROXIES, RUNGS
from search.sieve import EXACT
from search.spec import WITHOUT_PROXIES
from service.domain.records import FidelityProgress, Progress

NONE = FidelityProgress()
ONE_DECISION = ("das", "ranked")  # these end with one chromosome, not with several finalists
NO_DECISION = ("no-skip",)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many PROXY, AUDIT and FINAL candidates a search measures at most; the no-skip adapter model is a FINAL."""

    proxies: int
    audits: int
    finals: int

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """The plan of a stored spec, of whatever version."""
        name, finalists = spec["algorithm"]["name"], spec["final"]["finalists"]
        decided = 0 if name in NO_DECISION else 1 if name in ONE_DECISION else finalists
        proxies = 0 if name in WITHOUT_PROXIES else spec["budget"]["candidates"]
        return cls(proxies, _audits(spec, proxies), 1 + decided)

    def left(self, progress: Progress) -> Self:
        """What of it may still come: once a later stage has begun, there is nothing more of an earlier one."""
        proxy, audit, final = (progress.get(each, NONE) for each in (Fidelity.PROXY, Fidelity.AUDIT, Fidelity.FINAL))
        return type(self)(
            0 if audit.asked or final.asked else max(0, self.proxies - proxy.told),
            0 if final.asked else max(0, self.audits - audit.told),
            max(0, self.finals - final.told),
        )


def eta_seconds(spec: Mapping[str, Any], progress: Progress, *, workers: int) -> float | None:
    """What is left at the mean speed so far, over all workers; None as long as nobody can tell.

    As long as proxies are left, so is what all of them need of screens and rungs and has not come yet. Audits and
    finals whose like was not measured yet take as much longer than proxies as they have more steps.
    """
    plan, proxy = Plan.of(spec), _mean(progress.get(Fidelity.PROXY, NONE))
    left = plan.left(progress)
    stages = (
        (left.proxies, proxy),
        (left.audits, _like(proxy, progress.get(Fidelity.AUDIT, NONE), times=_audit_times(spec))),
        (left.finals, _like(proxy, progress.get(Fidelity.FINAL, NONE), times=_steps(spec, "final"))),
    )
    total = _below(spec, progress, plan.proxies) if left.proxies else 0.0
    for count, seconds in stages:
        if count and seconds is None:
            return None
        total += count * (seconds or 0.0)
    return total / workers


def _like(proxy: float | None, stage: FidelityProgress, *, times: float) -> float | None:
    """Seconds of one candidate of a stage: measured, else `times` as many as a proxy's."""
    found = _mean(stage)
    return found if found is not None or proxy is None else proxy * times


def _audit_times(spec: Mapping[str, Any]) -> float:
    steps = spec.get("fidelity", {}).get("audit_steps")
    return AUDIT_PROXIES if steps is None else steps / max(1, spec["proxy"]["steps"])


def _steps(spec: Mapping[str, Any], stage: str) -> float:
    """How many times as many as a proxy's."""
    return float(spec[stage]["steps"] / max(1, spec["proxy"]["steps"]))


def _below(spec: Mapping[str, Any], progress: Progress, proxies: int) -> float:
    """Seconds of the screens and rungs that are left until there are `proxies`."""
    seconds = 0.0
    for stage, ratio in _entering(spec).items():
        done = progress.get(stage, NONE)
        seconds += max(0.0, proxies * ratio - done.told) * (_mean(done) or 0.0)
    return seconds


def _audits(spec: Mapping[str, Any], proxies: int) -> int:
    """How many audits there are at most: also of what stopped on the way to its proxy."""
    chromosomes = math.ceil(round(proxies * max(_entering(spec).values(), default=1.0), EXACT))
    return 0 if proxies < FEWEST else min(chromosomes, spec.get("fidelity", {}).get("audit", 0))


def _entering(spec: Mapping[str, Any]) -> Mapping[Fidelity, float]:
    """How many chromosomes start each stage for one that reaches the proxy; `Sieve` rounds up batch by batch."""
    fidelity = spec.get("fidelity", {})
    rungs, screen = len(fidelity.get("rungs", ())), fidelity.get("screen", 1)
    found = {RUNGS[place]: fidelity["keep"] ** (place - rungs) for place in range(rungs)}
    return found if screen == 1 else {Fidelity.SCREEN: screen * max(found.values(), default=1.0), **found}


def _mean(progress: FidelityProgress) -> float | None:
    """Seconds of scoring of one candidate that was measured here."""
    measured = progress.told - progress.failed - progress.reused
    return progress.seconds / measured if measured and progress.seconds else None
