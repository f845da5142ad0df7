"""The weights that all chromosomes of a table share: trained once, each step under another random mask."""

import hashlib
import random
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.progress import track
from safetensors.torch import load_file, save_file

from benchmarks.table_space import TableSpace
from models.batch import Split
from models.folders import NOWHERE
from models.inputs import NOTHING
from models.network import file_digest
from models.shared_student import SharedStudent
from models.weights import WEIGHTS
from search.space import DROP
from workers.examples import Examples
from workers.objective import Objective
from workers.opening import Opened, open_search
from workers.optimiser import Optimiser, shuffled, training

CPU = torch.device("cpu")
STEPS = 400


@dataclass(frozen=True, slots=True)
class Shared:
    """The trained weights and the examples that chromosomes are scored on."""

    student: SharedStudent
    fitness: Examples

    @property
    def digest(self) -> str:
        """SHA-256 of what was trained."""
        trained = sorted((name, each) for name, each in self.student.named_parameters() if each.requires_grad)
        data = b"".join(name.encode() + each.detach().numpy().tobytes() for name, each in trained)
        return hashlib.sha256(data).hexdigest()


def train_shared(table: TableSpace, *, examples: int, kept_in: Path, steps: int = STEPS) -> Shared:
    """Train under masks whose MACs spread evenly from the cheapest to the dearest; what `kept_in` has is not trained.

    On the CPU and one thread equal arguments give equal weights.
    """
    opened = open_search(table.spec, table.entry, NOWHERE, splits=kept_in / "splits.json", device=CPU)
    student = _student(table, opened)
    file = kept_in / f"shared-{file_digest(table.entry.path / WEIGHTS)[:16]}-{table.genes}-{steps}.safetensors"
    if file.exists():
        student.load_state_dict(load_file(file))
    else:
        _train(student, table, _examples(opened, Split.TRAIN, None), steps)
        save_file(student.state_dict(), file)
    return Shared(student.eval(), _examples(opened, Split.FITNESS, examples))


def _student(table: TableSpace, opened: Opened) -> SharedStudent:
    ends = [table.whole(table.space.decode(genome)) for genome in (table.space.full, (DROP,) * table.genes)]
    choices = list(zip(*(end.choices for end in ends), strict=True))
    generator = torch.Generator().manual_seed(table.spec.seed)
    return SharedStudent(opened.network, table.spec.task, choices=choices, classifier_token=False, generator=generator)


def _train(student: SharedStudent, table: TableSpace, examples: Examples, steps: int) -> None:
    recipe = replace(training(table.spec.proxy, table.spec.task, table.spec.seed), steps=steps)
    objective = Objective(student.network, student.task, losses=recipe.losses, false_texts=recipe.false_texts)
    optimiser = Optimiser(student, objective, recipe)
    rng, space = random.Random(table.spec.seed), table.space
    least, most = space.min_macs(), space.macs(space.full)
    order = shuffled(len(examples), recipe, device=CPU)
    for _, index in zip(track(range(steps), description="shared weights"), order, strict=False):
        inputs, targets = objective.seen(*examples.rows(index))
        mask = space.sample(rng, target=rng.uniform(least, most))
        pooled = student.pooled(inputs, table.whole(space.decode(mask)))
        optimiser.step(objective(student.head, pooled, targets))


def _examples(opened: Opened, split: Split, count: int | None) -> Examples:
    backbone, longest = opened.network.backbone, opened.pixels.longest
    return Examples.of(backbone, opened.data, split, count, longest=longest, prefix=NOTHING, device=CPU)
