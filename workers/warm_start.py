"""`WarmStart`: weights that all candidates start from, trained once under random architectures of the space."""

import logging
from dataclasses import replace
from statistics import fmean

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from models.data.whole_file import whole_file
from models.shared_student import SharedStudent
from workers.masks import Masks, choices
from workers.objective import Objective
from workers.optimiser import Optimiser, shuffled
from workers.workbench import Workbench

log = logging.getLogger(__name__)

PROGRESS_EVERY = 100  # steps between two log lines; the reported loss is the mean of as many last ones


class WarmStart:
    """Reads what some worker trained, or trains it: on a CPU under one seed that gives the same weights."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._steps = bench.job.spec.fidelity.warm_steps
        self._shared: SharedStudent | None = None
        self._loss = float("nan")

    def weights(self) -> SharedStudent | None:
        """The shared weights, in eval; None where the spec asks for no warm start.

        Raises:
            DivergedError: a loss is NaN or infinite.
            OSError: they cannot be written.
        """
        if self._steps and self._shared is None:
            self._shared = self._read() or self._trained()
        return self._shared

    def measure(self) -> dict[str, float]:
        """Train the weights, unless they lie there already; the mean `loss` of the last steps.

        Raises:
            ValueError: the spec asks for none.
            DivergedError: a loss is NaN or infinite.
            OSError: they cannot be written.
        """
        if self.weights() is None:
            raise ValueError("fidelity.warm_steps is 0: there are no shared weights to train")
        return {"loss": self._loss}

    def _new(self) -> SharedStudent:
        bench, spec = self._bench, self._bench.job.spec
        generator = torch.Generator().manual_seed(spec.seed)
        return SharedStudent(
            bench.network,
            spec.task,
            choices=choices(bench.space),
            classifier_token=spec.space.classifier_token,
            generator=generator,
        )

    def _trained(self) -> SharedStudent:
        """The proxy's recipe, with its schedule over the warm start's own steps."""
        bench, spec, shared = self._bench, self._bench.job.spec, self._new()
        recipe = replace(bench.recipe(spec.proxy), steps=self._steps)
        objective = Objective(bench.network, shared.task, losses=recipe.losses, false_texts=recipe.false_texts)
        optimiser, masks, losses = Optimiser(shared, objective, recipe), Masks(spec, bench.space), list[float]()
        examples = bench.training(recipe)
        order = shuffled(len(examples), recipe, device=examples.device)
        for step, index in zip(range(1, self._steps + 1), order, strict=False):
            inputs, targets = objective.seen(*examples.rows(index))
            pooled = shared.pooled(inputs, masks.at(step))
            losses = [*losses[1 - PROGRESS_EVERY :], optimiser.step(objective(shared.head, pooled, targets))]
            if step % PROGRESS_EVERY == 0 or step == self._steps:
                log.info("warm start: step %d of %d, loss %.4f", step, self._steps, fmean(losses))
        self._loss = fmean(losses)
        self._write(shared)
        return shared.requires_grad_(False)

    def _write(self, shared: SharedStudent) -> None:
        state = {name: tensor.cpu().contiguous() for name, tensor in shared.state_dict().items()}
        said = {"trained_by": self._bench.job.training_digest, "loss": repr(self._loss)}
        with whole_file(self._bench.job.warm_file) as file:
            file.write(save(state, metadata=said))

    def _read(self) -> SharedStudent | None:
        """None where nothing fits this search."""
        try:
            with safe_open(self._bench.job.warm_file, framework="pt") as file:
                said: dict[str, str] = file.metadata() or {}
                state: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - a file
        except (OSError, SafetensorError):
            return None
        if said.get("trained_by") != self._bench.job.training_digest:
            return None
        shared = self._new()
        shared.load_state_dict(state)
        self._loss = float(said["loss"])
        return shared.requires_grad_(False)
