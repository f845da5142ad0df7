"""`export_onnx`: an exported model as a folder with an ONNX graph, checked against the model it was made from."""

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.formats.trials import Canvas, Inputs, drawn_inputs, expected_logits
from models.formats.whole_images import WholeImages
from models.pixels import Frame
from models.slim import SlimModel, load_slim
from models.weights import TOKENIZER

GRAPH = "model.onnx"
FORMAT = "twinsieve-onnx/1"
NEEDED = ("onnxscript", "onnxruntime")
TALKERS = ("torch.onnx", "onnxscript", "onnx_ir")  # loggers
TRIALS = 8  # batches that both runtimes are compared on
TOLERANCE = 1e-4  # of the largest logit, at least of 1


class OnnxError(ValueError):
    """A model that cannot be written as ONNX, or does not give the same there; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxCheck:
    """What was written: the shapes of its inputs by name, its size, and how far its logits are from the model's."""

    folder: Path
    inputs: Mapping[str, tuple[int, ...]]
    answers: int
    size_bytes: int
    trials: int
    difference: float  # the largest of any logit
    largest: float  # logit, for comparison

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"folder": str(self.folder)}


def export_onnx(folder: Path, target: Path, *, batch: int = 1, canvas: Canvas | None = None) -> OnnxCheck:
    """Write the model in `folder` to a new folder: `model.onnx`, `config.json` and `tokenizer.json`.

    Sizes are fixed, as a graph has them: `batch` examples of one text and one image (NLVR2: two), texts padded to the
    model's length, images of one size without padding.

    Args:
        folder: one that `export_slim` wrote.
        target: appears whole or not at all.
        batch: examples in a call.
        canvas: the size of the images; by default the model's own square.

    Raises:
        FileExistsError: there is something at `target`.
        CheckpointError: the folder is missing, torn or of another format.
        OnnxError: the model cannot be written so, what that needs is not installed, or the graph gives other logits.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists; give a folder that does not, so that nothing is overwritten")
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise OnnxError(f"writing ONNX needs {' and '.join(missing)}: install the extra 'onnx'")
    model = load_slim(folder)
    size = _canvas(model, canvas)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".onnx-") as scratch:
        staged = Path(scratch, "model")
        staged.mkdir()
        check = _written(model, staged, batch=batch, canvas=size)
        (staged / "config.json").write_text(json.dumps(_description(model, check), indent=1) + "\n", encoding="utf-8")
        shutil.copyfile(folder / TOKENIZER, staged / TOKENIZER)
        staged.rename(target)
    return replace(check, folder=target)


def _canvas(model: SlimModel, wanted: Canvas | None) -> Canvas:
    side = model.pixels.size
    if wanted is None or wanted == (side, side):
        return side, side
    if model.pixels.frame is not Frame.VILT:
        raise OnnxError(f"this model reads every picture as a square of {side} pixels; it has no other canvas")
    patch = model.backbone.config.patch_size
    if any(length % patch or not 0 < length <= model.pixels.longest for length in wanted):
        raise OnnxError(
            f"a canvas has whole patches of {patch} pixels, up to {model.pixels.longest}; not {wanted[1]}x{wanted[0]}"
        )
    return wanted


def _written(model: SlimModel, folder: Path, *, batch: int, canvas: Canvas) -> OnnxCheck:
    """The graph in `folder`, compared.

    Raises:
        OnnxError: there is none, or it gives other logits.
    """
    try:
        network = WholeImages(model).eval()
    except ValueError as error:
        raise OnnxError(f"this model cannot be written as ONNX: {error}") from None
    trials = [drawn_inputs(model, batch=batch, canvas=canvas, seed=seed) for seed in range(TRIALS)]
    _export(network, trials[0], folder / GRAPH)
    expected = torch.stack([expected_logits(model, inputs) for inputs in trials])
    found = _run(folder / GRAPH, trials)
    difference, largest = (expected - found).abs().max().item(), expected.abs().max().item()
    if not difference <= TOLERANCE * max(1.0, largest):
        raise OnnxError(f"onnxruntime gives logits that differ by {difference:.2g}, of up to {largest:.2g}")
    return OnnxCheck(
        folder=folder,
        inputs={name: tuple(value.shape) for name, value in trials[0].items()},
        answers=expected.shape[-1],
        size_bytes=sum(file.stat().st_size for file in folder.iterdir()),
        trials=len(trials),
        difference=difference,
        largest=largest,
    )


def _export(network: WholeImages, inputs: Inputs, file: Path) -> None:
    from models.formats.onnx_operators import OPERATORS

    try:
        with torch.no_grad(), _quiet():
            program = torch.onnx.export(
                network,
                kwargs=dict(inputs),
                input_names=list(inputs),
                output_names=["logits"],
                dynamo=True,
                verbose=False,
                custom_translation_table=dict(OPERATORS),
            )
        assert program is not None  # noqa: S101 - with dynamo it gives one or raises
        program.save(file)
    except Exception as error:  # tracing, translating and saving raise whatever their parts raise
        cause: BaseException = error
        while cause.__cause__ is not None:  # the first one says what it was, the others how to report it
            cause = cause.__cause__
        told = next(iter(str(cause).strip().splitlines()), "")
        raise OnnxError(f"this model cannot be written as ONNX: {type(cause).__name__}: {told}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporter says of its own parts, such as operators of packages that are not installed."""
    levels = {log: log.level for log in map(logging.getLogger, TALKERS)}
    try:
        for log in levels:
            log.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in levels.items():
            log.setLevel(level)


def _run(file: Path, trials: Sequence[Inputs]) -> Tensor:
    """Logits (trials, B, classes) that onnxruntime gives.

    Raises:
        OnnxError: it cannot run the graph.
    """
    runtime = import_module("onnxruntime")  # it has no types
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        session = runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        wanted = {each.name for each in session.get_inputs()}
        fed = ({name: value.numpy() for name, value in inputs.items() if name in wanted} for inputs in trials)
        return torch.stack([torch.from_numpy(session.run(["logits"], each)[0]) for each in fed])
    except Exception as error:  # its errors have no class in common
        raise OnnxError(f"onnxruntime cannot run this model: {error}") from error


def _description(model: SlimModel, check: OnnxCheck) -> dict[str, Any]:
    """What whoever feeds the graph has to know."""
    return {
        "format": FORMAT,
        "task": str(model.task),
        "answers": list(model.answers),
        "pixels": model.pixels.to_json(),
        "foreground": model.foreground,
        "pad_id": model.backbone.config.pad_id,
        "inputs": {name: list(shape) for name, shape in check.inputs.items()},
        "output": {"logits": [check.inputs["input_ids"][0], check.answers]},
        "checked": {"batches": check.trials, "largest_difference": check.difference, "largest_logit": check.largest},
    }
