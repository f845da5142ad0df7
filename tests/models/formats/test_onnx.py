"""An ONNX folder gives what its model gives, on pictures too; what cannot be written is refused, leaving nothing."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # it has no types
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.architecture import PatchKeep, PatchMode
from models.batch import Split
from models.formats.onnx_folder import GRAPH, OnnxError, export_onnx
from models.formats.onnx_operators import OPERATORS
from models.meter_config import MeterConfig
from models.pixels import Frame, PixelReading
from models.shapes.dataset import ShapesData
from models.slim import SlimModel, load_slim
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.models.formats.exports import exported
from tests.networks import TINY, TINY_METER


@dataclass(frozen=True)
class Case:
    """A model that is written as ONNX."""

    config: ViltConfig | MeterConfig = TINY
    modules: tuple[str, ...] = ()
    dropped: tuple[int, ...] = ()
    patches: PatchKeep | None = None
    foreground: str = "none"
    task: TaskName = TaskName.VQA
    batch: int = 1

    def model(self, folder: Path) -> Path:
        return exported(
            folder,
            self.config,
            modules=self.modules,
            dropped=self.dropped,
            patches=self.patches,
            task=self.task,
            foreground=self.foreground,
        )


CASES = {
    "vilt": Case(modules=("bottleneck:4", "lora:3"), dropped=(1, 4), patches=PatchKeep(0.5, 1), foreground="saliency"),
    "vilt that sees no foreground": Case(
        patches=PatchKeep(0.4, 0, PatchMode.SCORE_ONLY), modules=("routing-lora:2:mul",)
    ),
    "vilt with an adaptive share": Case(patches=PatchKeep(0.6, 2, foreground=None), foreground="saliency", batch=2),
    "vilt of two images": Case(task=TaskName.NLVR2, dropped=(2, 3)),
    "meter": Case(TINY_METER, ("lora:2", "bottleneck:4"), (0, 9), PatchKeep(0.5, 1), "saliency"),
    "meter that ranks": Case(
        TINY_METER, patches=PatchKeep(0.5, 2, PatchMode.SCORE_ONLY), task=TaskName.RETRIEVAL, batch=3
    ),
}


def answers(folder: Path, inputs: dict[str, Tensor]) -> Tensor:
    session = onnxruntime.InferenceSession(str(folder / GRAPH), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {name: value.numpy() for name, value in inputs.items()})[0])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_onnxruntime_gives_the_same_on_pictures_that_were_not_drawn_for_it(tmp_path: Path, case: Case) -> None:
    model = load_slim(case.model(tmp_path / "model"))
    done = export_onnx(tmp_path / "model", tmp_path / "onnx", batch=case.batch)
    assert done.difference < 1e-4 * max(1.0, done.largest)
    assert done.largest > 0.1  # there was something to compare
    if case.task is TaskName.RETRIEVAL:
        return  # the embedded world has several texts for an image; the graph takes one
    batch = ShapesData(case.task).examples(Split.TEST, case.batch)
    inputs = {
        "input_ids": batch.input_ids[:, 0],
        "attention_mask": batch.attention_mask[:, 0],
        "pixel_values": batch.pixel_values,
    }
    if case.foreground != "none":
        covered = torch.zeros(case.batch, batch.pixel_values.shape[1], 36)
        covered[..., 7:16] = 1.0
        inputs["foreground"] = covered
        batch = replace(batch, foreground=covered)
    torch.testing.assert_close(answers(tmp_path / "onnx", inputs), model.logits(batch), rtol=1e-3, atol=1e-4)


def test_the_folder_says_how_to_feed_the_graph(tmp_path: Path) -> None:
    exported(tmp_path / "model")
    export_onnx(tmp_path / "model", tmp_path / "onnx", batch=2)
    assert {file.name for file in (tmp_path / "onnx").iterdir()} == {"config.json", GRAPH, "tokenizer.json"}
    described = json.loads((tmp_path / "onnx" / "config.json").read_text())
    assert described["inputs"] == {"input_ids": [2, 13], "attention_mask": [2, 13], "pixel_values": [2, 1, 3, 48, 48]}
    assert described["output"] == {"logits": [2, len(described["answers"])]}
    assert Tokenizer.from_file(str(tmp_path / "onnx" / "tokenizer.json")).get_vocab_size() == TINY.vocabulary


def test_a_canvas_of_another_proportion(tmp_path: Path) -> None:
    """Only pictures that are read whole have one."""
    exported(tmp_path / "whole", pixels=PixelReading.of(Frame.VILT, 64))
    done = export_onnx(tmp_path / "whole", tmp_path / "onnx", canvas=(32, 64))
    assert done.inputs["pixel_values"] == (1, 1, 3, 32, 64)
    with pytest.raises(OnnxError, match="whole patches of 8 pixels, up to 96; not 60x32"):
        export_onnx(tmp_path / "whole", tmp_path / "other", canvas=(32, 60))
    exported(tmp_path / "square")
    with pytest.raises(OnnxError, match="a square of 48 pixels"):
        export_onnx(tmp_path / "square", tmp_path / "other", canvas=(32, 64))


def test_patches_by_chance_are_refused(tmp_path: Path) -> None:
    exported(tmp_path / "model", patches=PatchKeep(0.5, 1, PatchMode.RANDOM))
    with pytest.raises(OnnxError, match="cannot be written as ONNX: its patch filter keeps patches at random"):
        export_onnx(tmp_path / "model", tmp_path / "onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_a_graph_that_gives_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exported(tmp_path / "model")

    def other(model: SlimModel, _: object) -> Tensor:
        return torch.zeros(1, len(model.answers))

    monkeypatch.setattr("models.formats.onnx_folder.expected_logits", other)
    with pytest.raises(OnnxError, match="onnxruntime gives logits that differ by"):
        export_onnx(tmp_path / "model", tmp_path / "onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.formats.onnx_folder.find_spec", lambda _: None)
    with pytest.raises(OnnxError, match=r"needs onnxscript and onnxruntime: install the extra 'onnx'$"):
        export_onnx(tmp_path / "model", tmp_path / "onnx")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    with pytest.raises(FileExistsError, match="give a folder that does not"):
        export_onnx(exported(tmp_path / "model"), tmp_path / "onnx")


class Ordered(nn.Module):
    """The operators of the filter that the exporter lacks."""

    def forward(self, numbers: Tensor) -> tuple[Tensor, ...]:
        high = numbers > 1
        falling = numbers.sort(dim=1, descending=True, stable=True).indices
        return (
            falling,
            numbers.sort(dim=1, stable=True).indices,
            high.cumsum(1),
            (~high).sort(dim=1, stable=True).indices,
            torch.where(numbers == 0, high, ~high),
            torch.where(high, numbers, -numbers),
        )


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # of the exporter, about its own parts
def test_ties_are_broken_by_place_as_torch_breaks_them() -> None:
    drawn = torch.randint(0, 3, (4, 40), generator=torch.Generator().manual_seed(0)).float()
    program = torch.onnx.export(
        Ordered().eval(), (drawn,), dynamo=True, verbose=False, custom_translation_table=dict(OPERATORS)
    )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: drawn.numpy()})
    for theirs, ours in zip(found, Ordered()(drawn), strict=True):
        np.testing.assert_array_equal(theirs, ours.numpy())
