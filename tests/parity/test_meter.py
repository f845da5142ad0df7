"""METER gives the published code's numbers, and a changed number shows; other tasks and names are understood."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.architecture import Architecture
from models.checkpoints import load_network
from models.heads import TASKS
from models.workload import TaskName
from tests.parity.meter import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "meter"
CASE = FIXTURES / "vqa_same_resolution.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "meter"))


def change(file: Path, name: str, by: float = 1e-3) -> None:
    tensors = load_file(file)
    tensors[name].view(-1)[0] += by
    save_file(tensors, file)


def test_every_value_is_the_published_codes() -> None:
    comparisons = list(compare(FIXTURES))
    assert len(comparisons) == 1 + 4 + 3 + 2 * 6
    assert [each for each in comparisons if not each.within] == []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("vqa_same_resolution", "text_feats"),
        ("vqa_same_resolution", "image_feats"),
        ("vqa_same_resolution", "cls_feats"),
        ("vqa_same_resolution", "vqa_logits"),
        ("vqa_same_resolution", "vqa_loss"),
        ("vqa_interpolated_80px", "positional_embedding"),
        ("layer_norm_eps_probe", "text_feats"),
    ],
)
def test_one_changed_value_shows(folder: Path, file: str, name: str) -> None:
    change(folder / f"{file}.safetensors", name)
    assert [each.name for each in compare(folder) if not each.within] == [f"{file}.{name}"]


def test_a_changed_weight_shows(folder: Path) -> None:
    change(folder / "vqa_48px.safetensors", "cross_modal_text_layers.1.crossattention.self.key.weight", by=1.0)
    beyond = {each.name for each in compare(folder) if not each.within}
    assert {"vqa_48px.ckpt", "vqa_same_resolution.text_feats", "vqa_interpolated_80px.vqa_logits"} <= beyond


def test_another_eps_shows(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["clip"]["layer_norm_eps"] = 1e-6
    (folder / "config.json").write_text(json.dumps(config))
    assert [each.name for each in compare(folder) if not each.within] == ["vqa_48px.clip.layer_norm_eps"]


def other_task(folder: Path, head: dict[str, Tensor], task: str, tensors: dict[str, Tensor], **labels: Any) -> None:  # noqa: ANN401 - JSON
    """A folder of a made-up checkpoint with that head, and one file of its inputs and outputs."""
    state = {key: value for key, value in load_file(FIXTURES / "vqa_48px.safetensors").items() if "vqa_" not in key}
    folder.mkdir()
    save_file({**state, **head}, folder / "weights.safetensors")
    config = json.loads((FIXTURES / "config.json").read_text())
    kept = {name: config[name] for name in ("config", "clip", "roberta", "fusion")}
    (folder / "config.json").write_text(json.dumps({**kept, **labels}))
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / f"{task}_case.safetensors")


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))) / 5


def classifier(task: str, inputs: int, classes: int) -> dict[str, Tensor]:
    sizes = {"0.weight": (64, inputs), "0.bias": (64,), "1.weight": (64,), "1.bias": (64,)}
    sizes |= {"3.weight": (classes, 64), "3.bias": (classes,)}
    return {f"{task}_classifier.{name}": drawn(*shape) for name, shape in sizes.items()}


def test_two_images_and_other_names(tmp_path: Path) -> None:
    """NLVR2: the second pass has its own type row; the file's outputs come from single passes put together here."""
    given = load_file(CASE)
    head = classifier("nlvr2", 128, 2)
    inputs = {"text_ids": given["input_ids"], "text_masks": given["attention_mask"]}
    inputs |= {"image_0": given["pixel_values"], "image_1": given["pixel_values"].flip(0)}
    other_task(tmp_path / "meter", head, "nlvr2", inputs, nlvr2_labels=[0, 1, 1])
    network = load_network(tmp_path / "meter" / "weights.safetensors", heads=4)
    texts, full = network.backbone.read_texts(*list(inputs.values())[:2]), Architecture.full(network.config.sub_layers)
    passes = [
        network.backbone(texts, network.backbone.read_images(inputs[f"image_{index}"], modality=index + 1), full)
        for index in range(2)
    ]
    pooled = torch.stack([each.pooled for each in passes], dim=1)
    logits = TASKS[TaskName.NLVR2].logits(network.heads["nlvr2"], pooled)
    file = tmp_path / "meter" / "nlvr2_case.safetensors"
    outputs = {"nlvr2_logits": logits, "cls_feats": pooled.flatten(1), "text_feats_1": passes[1].text}
    outputs["text_feats_0"] = passes[0].text
    outputs["nlvr2_loss"] = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 1]))[None]
    save_file({name: value.contiguous() for name, value in (inputs | outputs).items()}, file)
    comparisons = list(compare(tmp_path / "meter"))
    assert len(comparisons) == 4 + 5
    assert all(each.within for each in comparisons)
    change(file, "text_feats_1")
    assert [each.name for each in compare(tmp_path / "meter") if not each.within] == ["nlvr2_case.text_feats_1"]


def test_several_texts_of_an_image_are_ranked_by_the_itm_head(tmp_path: Path) -> None:
    given = load_file(CASE)
    head = {"itm_score.fc.weight": drawn(2, 64), "itm_score.fc.bias": drawn(2)}
    inputs = {"text_ids": given["input_ids"], "text_masks": given["attention_mask"], "image": given["pixel_values"]}
    inputs |= {"false_text_0_ids": given["input_ids"].flip(0), "false_text_0_masks": given["attention_mask"].flip(0)}
    rows = torch.tensor([[0, 2], [1, 1], [2, 0]])
    other_task(tmp_path / "meter", head, "irtr", inputs)
    network = load_network(tmp_path / "meter" / "weights.safetensors", heads=4)
    texts = network.backbone.read_texts(given["input_ids"], given["attention_mask"]).rows(rows.flatten())
    images = network.backbone.read_images(given["pixel_values"]).rows(torch.arange(3).repeat_interleave(2))
    pooled = network.backbone(texts, images, Architecture.full(network.config.sub_layers)).pooled
    scores = (pooled @ head["itm_score.fc.weight"][1] + head["itm_score.fc.bias"][1]).view(3, 2)
    outputs = {"irtr_scores": scores, "irtr_loss": -scores.log_softmax(1)[:, 0].mean()[None], "cls_feats": pooled}
    save_file(inputs | outputs, tmp_path / "meter" / "irtr_case.safetensors")
    comparisons = list(compare(tmp_path / "meter"))
    assert len(comparisons) == 4 + 3
    assert all(each.within for each in comparisons)


def test_a_file_is_held_against_the_checkpoint_it_came_from(folder: Path) -> None:
    """Two checkpoints that differ in one bias, under names that say nothing."""
    state = load_file(folder / "vqa_48px.safetensors")
    (folder / "vqa_48px.ckpt").unlink()
    (folder / "vqa_48px.safetensors").rename(folder / "b.safetensors")
    state["cross_modal_text_pooler.dense.bias"] += 0.5
    save_file(state, folder / "a.safetensors")
    comparisons = list(compare(folder))
    assert len(comparisons) == 2 * 4 + 3 + 2 * 6
    assert all(each.within for each in comparisons)


def test_what_cannot_be_understood_is_refused(folder: Path) -> None:
    (folder / "more.json").write_text("{}")
    with pytest.raises(ValueError, match=r"holds what is not compared: more\.json"):
        list(compare(folder))
    (folder / "more.json").unlink()
    tensors = load_file(CASE)
    save_file({**tensors, "snli_logits": drawn(3, 3)}, folder / "vqa_same_resolution.safetensors")
    with pytest.raises(ValueError, match="nothing to compare snli_logits with"):
        list(compare(folder))
    del tensors["pixel_values"]
    save_file(tensors, folder / "vqa_same_resolution.safetensors")
    with pytest.raises(ValueError, match="expected images"):
        list(compare(folder))
    for file in folder.glob("vqa_48px*"):
        file.unlink()
    with pytest.raises(ValueError, match="has no checkpoint"):
        list(compare(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match="cannot be read"):
        list(compare(folder))
