"""Measures candidates on one worker: the backbone is loaded once, each candidate trains only its own few parameters."""

import gc
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

import torch

from search.algorithm_spec import DasSpec
from search.contracts import Candidate, Failure, Fidelity, Genome, Outcome, gene_key
from workers.expected_failures import EXPECTED, failure, lacks_memory
from workers.final_stage import FinalStage
from workers.optimiser import DivergedError
from workers.pack_size import TRAINED, PackSizes
from workers.precision import check_precision, products
from workers.probe import check_probe, probe
from workers.proxy_stage import Measured, ProxyStage
from workers.rung_states import RungStates
from workers.scoring_job import ScoringJob
from workers.screen_stage import ScreenStage
from workers.warm_start import WarmStart
from workers.workbench import Workbench

__all__ = ["Scorer", "ScoringJob", "best_device"]

FINALS = (Fidelity.FINAL, Fidelity.TEST, Fidelity.PLAIN)


class Scorer:
    """Turns candidates into measurements.

    On the CPU, with as many threads, equal jobs and candidates give equal accuracies, whatever shares a candidate's
    pass. On a GPU they only come close: its sums have no fixed order, and the switch that gives them one is the whole
    process's, so it is left alone. In bfloat16 equal packs give equal accuracies, and other packs close ones.
    """

    def __init__(
        self, job: ScoringJob, *, device: torch.device, threads: int = 1, memory_share: float | None = None
    ) -> None:
        """Open what the job names; `memory_share` caps what this process may take of a GPU's memory (0 to 1).

        Raises:
            ValueError: a part of it is missing, damaged, or does not go with another.
        """
        check_precision(job.spec.precision, device)
        torch.set_num_threads(threads)
        if memory_share is not None and device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(memory_share, device)
        self._bench = bench = Workbench(job, device=device)
        check_probe(job.spec, bench.network)
        self._states = RungStates(job)
        self._warm = WarmStart(bench)
        self._proxy = ProxyStage(bench, self._warm, self._states)
        self._screen = ScreenStage(bench, self._warm)
        self._final = FinalStage(bench, self._warm)
        self._sizes = PackSizes(bench, memory_share=memory_share)
        with self._products():
            bench.training(bench.recipe(job.spec.proxy))  # now, so that the first candidate is no slower than others
            bench.fitness()

    def pack_size(self, fidelity: Fidelity) -> int:
        """How many candidates of a fidelity this worker wants at once.

        It is 1 until the worker has trained one; the next call then tries what pays on this machine.
        """
        with self._products():
            return self._sizes.at(fidelity)

    def measure(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """The outcome of each candidate at its fidelity, in their order.

        Those of one fidelity share their passes, as far as they see the same patches; `seconds` is a candidate's share.
        Divergence, bad examples and lack of memory are failures, not exceptions. A pack that needs more memory than
        there is is halved until it fits, so that only what fails alone is a failure.
        """
        packs: dict[Hashable, list[int]] = {}
        for at, candidate in enumerate(candidates):
            packs.setdefault(self._together(at, candidate), []).append(at)
        outcomes: dict[int, Outcome] = {}
        for places in packs.values():
            found = self._pack([candidates[at].genome for at in places], candidates[places[0]].fidelity)
            outcomes |= zip(places, found, strict=True)
        return [outcomes[at] for at in range(len(candidates))]

    def _together(self, at: int, candidate: Candidate) -> Hashable:
        """What is equal for candidates that can share a pass."""
        if candidate.fidelity in TRAINED:
            return candidate.fidelity, self._bench.space.decode(candidate.genome).patches
        return candidate.fidelity if candidate.fidelity is Fidelity.SCREEN else at

    def _pack(self, genomes: Sequence[Genome], stage: Fidelity) -> list[Outcome]:
        start = time.perf_counter()
        try:
            with self._products():
                measured = self._stage(stage)(genomes)
        except EXPECTED as error:
            failed = failure(error, stage, self._bench.device)
            if failed is None:
                raise
            halves = lacks_memory(error) and len(genomes) > 1
        else:
            self._sizes.seen(stage)
            share = (time.perf_counter() - start) / len(genomes)
            return [_outcome(each, share) for each in measured]
        # after the handler, when what the pack held is let go of
        if self._bench.device.type == "cuda":
            gc.collect()
            torch.cuda.empty_cache()
        if not halves:
            return [failed] * len(genomes)
        self._sizes.too_many(stage, len(genomes))
        half = len(genomes) // 2
        return self._pack(genomes[:half], stage) + self._pack(genomes[half:], stage)

    def _products(self) -> AbstractContextManager[object]:
        """Everything that trains or scores runs within; splits too, whose frozen prefix is run once for all."""
        return products(self._bench.job.spec.precision, self._bench.device)

    def _stage(self, stage: Fidelity) -> Callable[[Sequence[Genome]], Sequence[Measured]]:
        """Who measures packs at a fidelity, the splits of another one let go of."""
        self._bench.enter(stage)
        if stage in FINALS:
            self._states.clear()
        if stage in TRAINED:
            return lambda genomes: self._proxy.measure(genomes, stage)
        stages: dict[Fidelity, Callable[[Sequence[Genome]], Sequence[Measured]]] = {
            Fidelity.WARM: lambda _: [self._warm.measure()],
            Fidelity.PROBE: lambda _: [self._probe()],
            Fidelity.SCREEN: self._screen.screen,
            Fidelity.FINAL: lambda genomes: [self._final.final(*genomes)],
            Fidelity.TEST: lambda genomes: [self._final.test(*genomes)],
            Fidelity.PLAIN: lambda _: [self._final.plain()],
        }
        return stages[stage]

    def _probe(self) -> dict[str, float]:
        """A number for each layer gene, by the algorithm's own way to look at the whole backbone."""
        bench, spec = self._bench, self._bench.job.spec
        recipe = bench.recipe(spec.proxy)
        if isinstance(spec.algorithm, DasSpec):
            recipe = replace(recipe, steps=spec.algorithm.steps)
        found = probe(spec, bench.space, bench.network, train=bench.training(recipe), held_out=bench.fitness())
        return {gene_key(gene): value for gene, value in enumerate(found)}


def _outcome(measured: Measured, seconds: float) -> Outcome:
    if isinstance(measured, DivergedError):
        return Failure(f"diverged: {measured}")
    return {**measured, "seconds": seconds}


def best_device() -> torch.device:
    """The GPU that this worker was given, else the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
