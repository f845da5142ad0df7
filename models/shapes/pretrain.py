"""Makes the weights that ship: pre-trains the small ViLT on the embedded world; stop it and call it again to go on."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import DataLoader

from models.batch import Split
from models.checkpoints import load_network, save_network
from models.network import Network
from models.shapes.pretraining import CONFIGS, Pretraining, thinned, total_loss
from models.shapes.report import report_world
from models.shapes.stream import Mixture, PretrainingStream, StreamBatch
from models.shapes.tokenizer import build_tokenizer
from models.weights import TOKENIZER
from models.workload import TaskName

STATE, PROGRESS = "state.safetensors", "progress.json"
GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How the embedded world's backbone is trained; a run is a function of it."""

    backbone: str = "vilt"  # or "meter"
    seed: int = 0
    steps: int = 2400
    learning_rate: float = 2e-3
    warm_up: float = 0.05  # of the steps, linear; then linear to zero
    weight_decay: float = 0.01
    drop: float = 0.1  # chance of a sub-layer to be left out of a step, at the end; grows from nothing
    mixture: Mixture = field(default_factory=Mixture)

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        warm_up = max(1, round(self.warm_up * self.steps))
        return self.learning_rate * min((step + 1) / warm_up, (self.steps - step) / (self.steps - warm_up + 1))


STEPS: Mapping[str, int] = {"vilt": 2400, "meter": 4800}  # of the weights that ship

Report = Callable[[int, Mapping[str, float]], None]
"""Called after every step with its number, from 1, and its losses by name."""


def pretrain_shapes(
    folder: Path,
    recipe: Recipe,
    *,
    report: Report | None = None,
    workers: int = 1,
    judged: Mapping[TaskName, int] | None = None,
) -> Network:
    """Train as the recipe says and write the network to `folder`; the run itself lives beside it in `<folder>.run`.

    Interrupted and called again, it goes on from the last checkpoint and ends with the same weights.

    Args:
        folder: gets `config.json`, `model.safetensors` and `tokenizer.json`, all at once.
        recipe: how to train.
        report: told of every step.
        workers: processes that draw batches ahead; 0 draws them in this one.
        judged: how many examples of a task the stated accuracies are measured on; the whole split where it is silent.

    Raises:
        ValueError: `<folder>.run` holds a run of another recipe.
        FloatingPointError: the loss is no finite number any more.
    """
    run = PretrainingRun(run_folder(folder), recipe)
    run.advance(recipe.steps, report=report, workers=workers)
    network = run.model.eval().network()
    accuracies = {
        split: {task: asdict(found) for task, found in report_world(network, split, counts=judged).items()}
        for split in (Split.VALIDATION, Split.TEST)
    }
    provenance = {
        "data": "shapes",
        "recipe": asdict(recipe),
        "versions": {name: version(name) for name in ("torch", "numpy", "pillow", "tokenizers")},
        "accuracies": accuracies,
    }
    with TemporaryDirectory() as scratch:
        tokenizer = Path(scratch) / TOKENIZER
        build_tokenizer().save(str(tokenizer))
        save_network(folder, replace(network, tokenizer=tokenizer), provenance=provenance)
    return load_network(folder)


def run_folder(folder: Path) -> Path:
    """Where the run that makes `folder` keeps its state."""
    return folder.with_name(f"{folder.name}.run")


class PretrainingRun:
    """A run that lives in a folder: after an interruption it goes on from the last checkpoint there."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        """Start, or take up what lies in `folder`.

        Raises:
            ValueError: a run of another recipe lies there.
        """
        self.folder = folder
        self.recipe = recipe
        self.config = CONFIGS[recipe.backbone]()
        self.model = Pretraining(self.config, generator=torch.Generator().manual_seed(recipe.seed))
        self._optimizer = torch.optim.AdamW(
            _groups(self.model, recipe.weight_decay), lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True
        )
        self.step = self._restore() if (folder / PROGRESS).is_file() else 0

    def advance(
        self, until: int, *, report: Report | None = None, workers: int = 1, checkpoint_every: int = 200
    ) -> None:
        """Train up to step `until`, with checkpoints on the way and one at the end."""
        self.model.train()
        for batch in _batches(self.recipe, self.step, until, workers):
            losses = self._train(batch)
            self.step += 1
            if report is not None:
                report(self.step, losses)
            if self.step % checkpoint_every == 0 or self.step == until:
                self.save()

    def _train(self, batch: StreamBatch) -> dict[str, float]:
        rng = Random(f"{self.recipe.seed}/depth/{self.step}")  # noqa: S311 - nothing secret
        drop = self.recipe.drop * self.step / self.recipe.steps
        losses = self.model(batch, self.recipe.mixture, thinned(self.config, drop=drop, rng=rng))
        total = total_loss(losses)
        if not math.isfinite(total.item()):
            raise FloatingPointError(f"the loss of step {self.step} is {total.item()}; lower the learning rate")
        self._optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.step)
        self._optimizer.step()
        return {name: loss.item() for name, loss in losses.items()}

    def save(self) -> None:
        """Write the state, then the note that names it, each whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {f"model.{key}": value for key, value in self.model.state_dict().items()} | self._optimizer_state()
        name = f"{self.step:07d}-{STATE}"
        save_file({key: value.contiguous() for key, value in state.items()}, self.folder / name)
        note = {"step": self.step, "state": name, "recipe": asdict(self.recipe)}
        staged = self.folder / f".{PROGRESS}"
        staged.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
        staged.rename(self.folder / PROGRESS)
        for old in self.folder.glob(f"*-{STATE}"):
            if old.name != name:
                old.unlink()

    def _optimizer_state(self) -> dict[str, Tensor]:
        state = self._optimizer.state_dict()["state"]
        return {f"optimizer.{place}.{key}": value for place, kept in state.items() for key, value in kept.items()}

    def _restore(self) -> int:
        note = json.loads((self.folder / PROGRESS).read_text(encoding="utf-8"))
        if note["recipe"] != json.loads(json.dumps(asdict(self.recipe))):
            raise ValueError(
                f"{self.folder} holds a run of the recipe {note['recipe']}, not {asdict(self.recipe)}; "
                "give its recipe to go on, or another folder"
            )
        state = load_file(self.folder / note["state"])
        self.model.load_state_dict(_under("model.", state))
        optimizer = self._optimizer.state_dict()
        for key, value in _under("optimizer.", state).items():
            place, name = key.split(".")
            optimizer["state"].setdefault(int(place), {})[name] = value
        self._optimizer.load_state_dict(optimizer)
        return int(note["step"])


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _groups(model: Pretraining, weight_decay: float) -> list[dict[str, object]]:
    """Matrices decay; biases, norms and embeddings' vectors do not."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in model.parameters() if parameter.dim() <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _batches(recipe: Recipe, start: int, until: int, workers: int) -> Iterator[StreamBatch]:
    """The batches of steps `start` to `until`, drawn ahead by `workers` processes (0: in this one)."""
    stream = PretrainingStream(recipe.seed, recipe.mixture)
    loader = DataLoader(stream, batch_size=None, sampler=range(start, until), num_workers=workers)
    yield from loader
