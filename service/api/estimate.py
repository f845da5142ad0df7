"""How much a search measures, as its spec says, and how long what is left of it will take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from search.contracts import Fidelity
from search.spec import WITHOUT_PROXIES
from service.records import FidelityProgress, Progress

NONE = FidelityProgress()
ONE_DECISION = ("das", "ranked")  # these end with one chromosome, not with several finalists
NO_DECISION = ("no-skip",)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many PROXY and FINAL candidates a search measures at most, the no-skip adapter model among the latter."""

    proxies: int
    finals: int

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """The plan of a stored spec, of whatever version."""
        name, finalists = spec["algorithm"]["name"], spec["final"]["finalists"]
        decided = 0 if name in NO_DECISION else 1 if name in ONE_DECISION else finalists
        return cls(0 if name in WITHOUT_PROXIES else spec["budget"]["candidates"], 1 + decided)


def eta_seconds(spec: Mapping[str, Any], progress: Progress) -> float | None:
    """What is left at the mean speed so far, over all worker slots; None as long as nobody can tell.

    Finals whose like was not measured yet take as much longer than proxies as they have more steps.
    """
    plan, proxy, final = Plan.of(spec), progress.get(Fidelity.PROXY, NONE), progress.get(Fidelity.FINAL, NONE)
    proxy_seconds, final_seconds = _mean(proxy), _mean(final)
    if final_seconds is None and proxy_seconds is not None:
        final_seconds = proxy_seconds * spec["final"]["steps"] / max(1, spec["proxy"]["steps"])
    total = 0.0
    for left, seconds in ((plan.proxies - proxy.told, proxy_seconds), (plan.finals - final.told, final_seconds)):
        if left > 0 and seconds is None:
            return None
        total += max(0, left) * (seconds or 0.0)
    return total / int(spec["workers"])


def _mean(progress: FidelityProgress) -> float | None:
    """Seconds of scoring of one candidate that was measured."""
    measured = progress.told - progress.failed
    return progress.seconds / measured if measured and progress.seconds else None
