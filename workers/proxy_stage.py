"""RUNG, PROXY and AUDIT: short fine-tunes of several candidates in one pass, scored on the fitness split."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from models.batch import Split
from models.student import Student
from search.contracts import Fidelity, Genome
from search.fidelity_spec import RUNGS
from search.spec import Objective
from workers.optimiser import DivergedError, Recipe
from workers.pack_training import PackTraining
from workers.rung_states import RungState, RungStates
from workers.speed import quick_latency, quick_memory
from workers.warm_start import WarmStart
from workers.workbench import Workbench

log = logging.getLogger(__name__)

Measured = dict[str, float] | DivergedError
"""What was measured of a candidate, or how its training went wrong."""


class ProxyStage:
    """Trains packs. Equal candidates give equal numbers on a CPU, whatever shares their pass and however many rungs."""

    def __init__(self, bench: Workbench, warm: WarmStart, states: RungStates) -> None:
        self._bench = bench
        self._warm = warm
        self._states = states

    def measure(self, genomes: Sequence[Genome], stage: Fidelity) -> list[Measured]:
        """Train to the end of `stage` and score.

        A rung leaves behind what the next one goes on from; a PROXY goes on from the last rung, and then nothing of its
        run is kept; an AUDIT is a run of its own, with a longer schedule.

        Raises:
            DataError: an example is bad, and bad ones are not skipped.
            OSError: an example cannot be read, or a state not be removed.
        """
        spec = self._bench.job.spec
        steps, recipe = spec.fidelity.steps(stage, proxy=spec.proxy.steps), self._bench.recipe(spec.proxy)
        if stage is Fidelity.AUDIT:
            return self._trained(genomes, replace(recipe, steps=steps), [], until=steps, keeps=False)
        measured = self._resumed(genomes, recipe, until=steps, keeps=stage in RUNGS)
        if stage is Fidelity.PROXY:
            for genome in genomes:
                self._states.forget(genome)
        return measured

    def _resumed(self, genomes: Sequence[Genome], recipe: Recipe, *, until: int, keeps: bool) -> list[Measured]:
        """Those that have come equally far go on together."""
        found = [self._states.find(genome, until=until) for genome in genomes]
        taken = [0 if state is None else state.steps for state in found]
        measured: dict[int, Measured] = {}
        for steps in set(taken):
            places = [at for at, each in enumerate(taken) if each == steps]
            states = [state for at in places if (state := found[at]) is not None]
            group = self._trained([genomes[at] for at in places], recipe, states, until=until, keeps=keeps)
            measured |= zip(places, group, strict=True)
        return [measured[at] for at in range(len(genomes))]

    def _trained(
        self,
        genomes: Sequence[Genome],
        recipe: Recipe,
        states: Sequence[RungState],
        *,
        until: int,
        keeps: bool,
    ) -> list[Measured]:
        bench, start = self._bench, self._warm.weights()
        students = [bench.student(bench.space.decode(genome), start=start) for genome in genomes]
        training = PackTraining(students, recipe)
        if states:
            training.load([dict(state.tensors) for state in states])
        training.advance(bench.training(recipe), until)
        scored = training.evaluate(bench.fitness())
        if keeps:
            self._keep(genomes, training.states(), scored, until)
        return [
            each if isinstance(each, DivergedError) else each | bench.costs(student.architecture) | self._asked(student)
            for student, each in zip(students, scored, strict=True)
        ]

    def _keep(
        self, genomes: Sequence[Genome], left: Sequence[Mapping[str, Tensor]], scored: Sequence[Measured], until: int
    ) -> None:
        for genome, tensors, each in zip(genomes, left, scored, strict=True):
            if not isinstance(each, DivergedError):
                here = {name: tensor.cpu() for name, tensor in tensors.items()}
                try:
                    self._states.keep(genome, RungState(until, here))
                except OSError as error:  # the measurement is good; at worst the next rung begins from scratch
                    log.warning("a half-trained candidate cannot be written to the rungs folder: %s", error)

    def _asked(self, student: Student) -> dict[str, float]:
        """What a clock or a count of bytes says, where the search wants to know it; training changes neither."""
        bench, spec = self._bench, self._bench.job.spec
        measured: dict[str, float] = {}
        if Objective.LATENCY in spec.objectives or spec.budget.latency_ms is not None:
            single = bench.data.examples(Split.FITNESS, 1)
            measured["latency_ms"] = quick_latency(student, single, bench.look, device=bench.device)
        if Objective.MEMORY in spec.objectives or spec.budget.peak_memory_mb is not None:
            single = bench.data.examples(Split.FITNESS, 1)
            measured["peak_memory_mb"] = quick_memory(student, single, device=bench.device)
        return measured
