"""`PackSizes`: how many candidates a worker wants at once, by stage."""

import logging

from search.contracts import Fidelity
from search.fidelity_spec import RUNGS
from workers.calibration import MOST, calibrated
from workers.workbench import Workbench

log = logging.getLogger(__name__)

SCREENED = 64  # no training, so no gradients to hold: a pack shares the prefixes of its candidates
TRAINED = (*RUNGS, Fidelity.PROXY, Fidelity.AUDIT)
WORTH = 8  # candidates of a worker, below which it does not pay to find out how many should share a pass


class PackSizes:
    """The spec's `proxy.pack`, else what memory and measured speed suggest; it never changes a result on a CPU."""

    def __init__(self, bench: Workbench, *, memory_share: float | None) -> None:
        self._bench = bench
        self._share = memory_share
        self._limits: dict[Fidelity, int] = {}  # by what memory there was
        self._pack = bench.job.spec.proxy.pack
        spec = bench.job.spec
        if self._pack is None and spec.evaluations < WORTH * spec.workers:
            self._pack = 1
        self._needed = False

    def at(self, stage: Fidelity) -> int:
        """How many candidates to ask for; the first answer after a training was seen takes as long as two proxies."""
        if stage is not Fidelity.SCREEN and stage not in TRAINED:
            return 1
        return min(self._wanted(stage), self._limits.get(stage, MOST))

    def _wanted(self, stage: Fidelity) -> int:
        if stage is Fidelity.SCREEN:
            return SCREENED
        if self._pack is None and self._needed:
            self._pack = calibrated(self._bench, memory_share=self._share)
        return self._pack or 1

    def seen(self, stage: Fidelity) -> None:
        """A pack of this stage was measured; before one that trains, no size is worth to be found out."""
        self._needed = self._needed or stage in TRAINED

    def too_many(self, stage: Fidelity, size: int) -> None:
        """A pack of `size` took more memory than there was: ask for no more than half of that from now on."""
        self._limits[stage] = max(1, min(size // 2, self._limits.get(stage, size)))
        log.warning("%d candidates of the %s stage need more memory than there is; trying halves", size, stage)
