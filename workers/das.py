"""DAS's search (NeurIPS 2023) on one worker: skip sets share weights while they train, a bandit learns from them."""

import logging
import math
import random
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from models.architecture import Architecture
from models.layers.residual_dropout import residual_dropout
from models.network import Network
from models.shared_student import SharedStudent
from search import bandit
from search.algorithm_spec import DasSetting, DasSpec
from search.build import macs_budget
from search.das import Das
from search.space import SearchSpace
from search.spec import SearchSpec
from workers.examples import CHUNK, Examples
from workers.masks import choices
from workers.objective import Objective
from workers.optimiser import DivergedError, Optimiser, shuffled, training

log = logging.getLogger(__name__)

PUBLISHED_DROPOUT = 0.1  # of METER and ViLT in training


def das_preferences(
    spec: SearchSpec, das: DasSpec, space: SearchSpace, network: Network, *, train: Examples, held_out: Examples
) -> list[float]:
    """One preference per layer gene, higher where the layer should be skipped.

    As published: dropout on, rewards from one batch of the training data, sets by count. Corrected: eval mode, rewards
    from a fixed batch that no training sees, sets by the MACs budget.

    Raises:
        DivergedError: a loss is NaN or infinite.
    """
    return _DasRun(spec, das, space, network, train=train, held_out=held_out).preferences()


class _DasRun:
    def __init__(
        self,
        spec: SearchSpec,
        das: DasSpec,
        space: SearchSpace,
        network: Network,
        *,
        train: Examples,
        held_out: Examples,
    ) -> None:
        self._spec = das
        self._das = Das(space, das, macs_budget(spec, space))
        self._space = space
        self._backbone = network.backbone
        self._train = train
        self._dropout = PUBLISHED_DROPOUT if das.setting is DasSetting.PUBLISHED else 0.0
        self._published = das.setting is DasSetting.PUBLISHED
        self._rng = random.Random(spec.seed)  # noqa: S311 - nothing secret
        self._generator = torch.Generator().manual_seed(spec.seed)
        self._student = SharedStudent(
            network,
            spec.task,
            choices=choices(space),
            classifier_token=spec.space.classifier_token,
            generator=self._generator,
        )
        self._recipe = recipe = replace(training(spec.proxy, spec.task, spec.seed), steps=das.steps)
        self._objective = Objective(network, self._student.task, losses=recipe.losses, false_texts=recipe.false_texts)
        self._judged = train if self._published else held_out
        self._judged_count = min(len(self._judged), self._reward_examples(spec))

    def _reward_examples(self, spec: SearchSpec) -> int:
        """A batch as published; all fitness examples in the corrected setting."""
        return self._recipe.batch_size if self._published else spec.proxy.fitness_examples

    def preferences(self) -> list[float]:
        """Train to the end, with an update of the preferences every so many steps after the warm-up."""
        optimiser = Optimiser(self._student, self._objective, self._recipe)
        preferences = [0.0] * len(self._space.layers)
        for step, index in enumerate(self._batches(), start=1):
            inputs, targets = self._objective.seen(*self._train.rows(index))
            with residual_dropout(self._backbone, self._dropout, self._generator):
                pooled = self._student.pooled(inputs, self._architecture(self._das.draw(preferences, self._rng)))
            optimiser.step(self._objective(self._student.head, pooled, targets))
            if self._das.updates_at(step):
                preferences = self._updated(preferences)
                log.info("step %d of %d: skip first %s", step, self._spec.steps, bandit.ranked(preferences)[:4])
        return preferences

    def _batches(self) -> Iterator[Tensor]:
        order = shuffled(len(self._train), self._recipe, device=self._train.device)
        return (index for _, index in zip(range(self._spec.steps), order, strict=False))

    @torch.no_grad()
    def _updated(self, preferences: list[float]) -> list[float]:
        sets = self._das.candidates(preferences, self._rng)
        rewards = [bandit.reward({"loss": self._loss(skipped)}) for skipped in sets]
        return bandit.updated(preferences, sets, rewards)

    def _loss(self, skipped: bandit.SkipSet) -> float:
        """The mean loss of the judged examples without the layers in `skipped`."""
        architecture, total, seen = self._architecture(skipped), 0.0, 0
        with residual_dropout(self._backbone, self._dropout, self._generator):
            for index in torch.arange(self._judged_count, device=self._judged.device).split(CHUNK):
                inputs, targets = self._judged.rows(index)
                total += self._student.task.loss(self._student(inputs, architecture), targets).item() * len(targets)
                seen += len(targets)
        if not math.isfinite(total):
            raise DivergedError(f"the loss that a skip set is rewarded by is {total / seen}")
        return total / seen

    def _architecture(self, skipped: bandit.SkipSet) -> Architecture:
        return self._space.decode(self._das.genome(skipped))
