"""`MeasureKeys`: all that a measurement follows from, as one short string; equal keys mean equal measurements."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from models.architecture import Architecture
from search.contracts import Candidate, Fidelity, Genome
from search.fidelity_spec import RUNGS
from search.spec import Objective, SearchSpec

OF_THE_MACHINE = frozenset({Objective.LATENCY, Objective.MEMORY})


class MeasureKeys:
    """The keys of one search's candidates: SHA-256 over canonical JSON of whatever their numbers depend on.

    Two genomes of different spaces that decode to one architecture have one key. The device is no part of it: on the
    CPU numbers are the same everywhere, and a GPU's are taken for what they are, as close as its own next run would be.
    A search that measures latency or memory has no keys at all, as these belong to one machine.
    """

    def __init__(
        self, spec: SearchSpec, decode: Callable[[Genome], Architecture], origin: Mapping[str, object]
    ) -> None:
        """`origin` is plain data: which files and which code measure, as `service.searches.origin` finds it."""
        self._spec = spec
        self._decode = decode
        self._common = self._of_every_candidate() | {"origin": dict(origin)}

    def of(self, candidate: Candidate) -> str | None:
        """64 hexadecimal digits; None where nothing may be taken over."""
        stage = self._stage(candidate.fidelity)
        if stage is None or _needs_this_machine(self._spec):
            return None
        depends_on = self._common | {"architecture": self._decode(candidate.genome).to_json(), "stage": stage}
        return hashlib.sha256(_canonical(depends_on).encode()).hexdigest()

    def _of_every_candidate(self) -> dict[str, Any]:
        spec = self._spec
        return {
            "data": [spec.data, spec.bad_examples],
            "foreground": spec.space.foreground,
            "task": spec.task,
            "seed": spec.seed,
            "precision": spec.precision,
            "recipe": spec.proxy.model_dump(mode="json", exclude={"steps", "fitness_examples", "pack"}),
            "warm": self._warm() if spec.fidelity.warm_steps else None,
        }

    def _warm(self) -> dict[str, Any]:
        """The shared weights are trained under random feasible masks of the whole space."""
        bounds = self._spec.budget.model_dump(mode="json", include={"macs", "macs_ratio", "parameters"})
        space = self._spec.space.model_dump(mode="json")
        return {"steps": self._spec.fidelity.warm_steps, "space": space, "bounds": bounds}

    def _stage(self, fidelity: Fidelity) -> dict[str, Any] | None:
        """What this stage does; None for those that later searches do not take over, as they leave files or times."""
        proxy, stages = self._spec.proxy, self._spec.fidelity
        if fidelity is Fidelity.SCREEN:
            return {"kind": fidelity, "examples": stages.screen_examples}
        if fidelity not in (*RUNGS, Fidelity.PROXY, Fidelity.AUDIT):
            return None
        steps, examples = stages.steps(fidelity, proxy=proxy.steps), proxy.fitness_examples
        if fidelity in RUNGS:  # whatever its number; the schedule is that of the whole run
            return {"kind": "rung", "steps": steps, "of": proxy.steps, "examples": examples}
        return {"kind": fidelity, "steps": steps, "examples": examples}


def _needs_this_machine(spec: SearchSpec) -> bool:
    bounded = spec.budget.latency_ms is not None or spec.budget.peak_memory_mb is not None
    return bounded or not OF_THE_MACHINE.isdisjoint(spec.objectives)


def _canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
