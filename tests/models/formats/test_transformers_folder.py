"""What `transformers` and `peft` load from the folder gives what the exported model gives."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import AutoModelForVisualQuestionAnswering, AutoTokenizer, ViltForImageAndTextRetrieval
from transformers import ViltForImagesAndTextClassification as ViltForTwoImages

from models.architecture import PatchKeep
from models.batch import Split
from models.formats.lightning import CheckpointError
from models.formats.peft_adapter import ADAPTER
from models.formats.transformers_folder import export_transformers
from models.shapes.dataset import ShapesData
from models.shapes.question import ANSWERS
from models.slim import SlimModel, load_slim
from models.workload import TaskName
from tests.models.formats.exports import exported
from tests.networks import TINY_METER


def assert_same(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def asked(theirs: nn.Module, task: TaskName, *, text: int = 0) -> Tensor:
    """Logits of the network of `transformers` on examples of the embedded world, with the text at `text` of each."""
    batch = ShapesData(task).examples(Split.TEST, 4)
    pixels = batch.pixel_values if task is TaskName.NLVR2 else batch.pixel_values[:, 0]
    mask = torch.ones(pixels.shape[:-3] + pixels.shape[-2:]).long()
    with torch.inference_mode():
        logits: Tensor = theirs(
            input_ids=batch.input_ids[:, text],
            attention_mask=batch.attention_mask[:, text],
            pixel_values=pixels,
            pixel_mask=mask,
        ).logits
    return logits


def expected(model: SlimModel) -> Tensor:
    return model.logits(ShapesData(model.task).examples(Split.TEST, 4))


def test_dropped_sub_layers_add_nothing_and_dropped_blocks_are_gone(tmp_path: Path) -> None:
    model = load_slim(exported(tmp_path / "model", dropped=(1, 2, 3)))  # an FFN, then a whole block
    done = export_transformers(tmp_path / "model", tmp_path / "theirs")
    theirs = AutoModelForVisualQuestionAnswering.from_pretrained(tmp_path / "theirs", local_files_only=True).eval()
    assert (done.loads_as, done.layers, done.adapter) == ("ViltForQuestionAnswering", 2, False)
    assert theirs.config.num_hidden_layers == 2
    assert [theirs.config.id2label[label] for label in range(len(ANSWERS))] == list(ANSWERS)
    assert_same(asked(theirs, TaskName.VQA), expected(model))


def test_the_tokenizer_reads_as_ours_does(tmp_path: Path) -> None:
    model = load_slim(exported(tmp_path / "model"))
    export_transformers(tmp_path / "model", tmp_path / "theirs")
    theirs: Any = AutoTokenizer.from_pretrained(tmp_path / "theirs", local_files_only=True)
    question = "what color is the circle ?"
    assert theirs(question)["input_ids"] == model.tokenizer.encode(question).ids
    assert theirs.pad_token_id == model.backbone.config.pad_id


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks transformers so
def test_lora_is_an_adapter_that_peft_puts_on(tmp_path: Path) -> None:
    model = load_slim(exported(tmp_path / "model", modules=("lora:3", "lora:3", "lora:2"), dropped=(2, 3)))
    assert export_transformers(tmp_path / "model", tmp_path / "theirs").adapter
    base = AutoModelForVisualQuestionAnswering.from_pretrained(tmp_path / "theirs", local_files_only=True).eval()
    without = asked(base, TaskName.VQA)
    adapted = PeftModel.from_pretrained(base, str(tmp_path / "theirs" / ADAPTER)).eval()
    assert_same(asked(adapted, TaskName.VQA), expected(model))
    assert (without - expected(model)).abs().max() > 0.01
    merged = adapted.merge_and_unload()
    assert_same(asked(merged, TaskName.VQA), expected(model))


def test_whoever_sees_the_folders_may_read_the_files(tmp_path: Path) -> None:
    exported(tmp_path / "model", modules=("lora:2",))
    export_transformers(tmp_path / "model", tmp_path / "theirs")
    files = [file for folder in ("model", "theirs") for file in (tmp_path / folder).rglob("*") if file.is_file()]
    assert len(files) == 4 + 6
    assert all(file.stat().st_mode & 0o044 == 0o044 for file in files)


def test_two_images(tmp_path: Path) -> None:
    model = load_slim(exported(tmp_path / "model", task=TaskName.NLVR2, dropped=(4,)))
    export_transformers(tmp_path / "model", tmp_path / "theirs")
    theirs = ViltForTwoImages.from_pretrained(tmp_path / "theirs", local_files_only=True).eval()
    assert_same(asked(theirs, TaskName.NLVR2), expected(model))
    assert theirs.config.id2label == {0: "false", 1: "true"}


def test_retrieval(tmp_path: Path) -> None:
    model = load_slim(exported(tmp_path / "model", task=TaskName.RETRIEVAL))
    export_transformers(tmp_path / "model", tmp_path / "theirs")
    theirs = ViltForImageAndTextRetrieval.from_pretrained(tmp_path / "theirs", local_files_only=True).eval()
    for text in (0, 1):
        found = asked(theirs, TaskName.RETRIEVAL, text=text)[:, 0]
        assert_same(found, expected(model)[:, text])


def test_nothing_is_drawn_but_what_loading_a_model_draws(tmp_path: Path) -> None:
    exported(tmp_path / "model")
    torch.manual_seed(5)
    load_slim(tmp_path / "model")
    expected_state = torch.get_rng_state()
    torch.manual_seed(5)
    export_transformers(tmp_path / "model", tmp_path / "theirs")
    assert torch.equal(torch.get_rng_state(), expected_state)


def test_what_transformers_cannot_hold_is_refused(tmp_path: Path) -> None:
    exported(tmp_path / "filter", modules=("bottleneck:4", "lora:2"), patches=PatchKeep(0.5, 1))
    with pytest.raises(CheckpointError, match=r"no patch filter; it has no modules such as bottleneck:4; `twinsieve"):
        export_transformers(tmp_path / "filter", tmp_path / "theirs")
    exported(tmp_path / "meter", TINY_METER)
    with pytest.raises(CheckpointError, match="it has no METER"):
        export_transformers(tmp_path / "meter", tmp_path / "theirs")
    assert not (tmp_path / "theirs").exists()
    with pytest.raises(FileExistsError, match="give a folder that does not"):
        export_transformers(exported(tmp_path / "model"), tmp_path / "meter")
