"""Detectors from a local folder: two architectures with random weights, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    DetrConfig,
    DetrForObjectDetection,
    DetrImageProcessorPil,
    ResNetConfig,
    YolosConfig,
    YolosForObjectDetection,
    YolosImageProcessorPil,
)

from models.data.transforms import Geometry
from models.foreground import coverage, detector
from models.foreground.coverage import BoxForeground
from models.foreground.detector import load_detector
from models.foreground.provider import ForegroundError, Grid, Picture

SIZE = {"shortest_edge": 32, "longest_edge": 64}
LABELS = {0: "a", 1: "b", 2: "c"}
YOLOS = YolosConfig(
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    image_size=[32, 48],
    patch_size=16,
    num_detection_tokens=5,
    id2label=LABELS,
)


def yolos(folder: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the library draws from the global generator
        YolosForObjectDetection(YOLOS).save_pretrained(folder)
    YolosImageProcessorPil(size=SIZE).save_pretrained(folder)
    return folder


def detr(folder: Path) -> Path:
    backbone = ResNetConfig(embedding_size=4, hidden_sizes=[4, 8, 8, 16], depths=[1] * 4, layer_type="basic")
    config = DetrConfig(
        backbone_config=backbone,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_queries=5,
        id2label=LABELS,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        DetrForObjectDetection(config).save_pretrained(folder)
    DetrImageProcessorPil(size=SIZE).save_pretrained(folder)
    return folder


def noise(name: str, *, width: int, height: int) -> Picture:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    return Picture(name, pixels, Geometry(width, height, (1.0, 1.0)))


PICTURES = [noise("wide", width=70, height=50), noise("tall", width=30, height=90), noise("one", width=40, height=40)]


@pytest.mark.parametrize("make", [yolos, detr])
def test_boxes_lie_in_the_picture_and_do_not_depend_on_the_batch(
    make: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (detector, coverage):
        monkeypatch.setattr(module, "CONFIDENCE", 0.0)  # a detector that learned nothing is sure of nothing
    found = load_detector(make(tmp_path / "detector"))
    for picture in PICTURES:
        boxes = found.boxes(picture)
        assert len(boxes) == 5
        height, width = picture.pixels.shape[:2]
        for box in boxes:
            assert -width < box.left < box.right < 2 * width
            assert abs((box.left + box.right) / 2 - width / 2) < width / 2
            assert abs((box.top + box.bottom) / 2 - height / 2) < height / 2
    grid, provider = Grid(3, 2, 32), BoxForeground(found)
    together = provider.coverage(PICTURES, grid)
    assert together.shape == (3, 6)
    assert together.any(1).all()
    assert torch.equal(together, torch.cat([provider.coverage([picture], grid) for picture in PICTURES]))


def test_macs_are_those_of_the_closed_form(tmp_path: Path) -> None:
    """12 tokens: 6 patches of 16 x 16, CLS, 5 for boxes; a second call does not run the network again."""
    found = load_detector(yolos(tmp_path / "yolos"))
    tokens, width, ffn = 12, 16, 32
    embedding = 6 * width * 3 * 16 * 16
    layer = 4 * tokens * width**2 + 2 * tokens**2 * width + 2 * tokens * width * ffn
    heads = 5 * (2 * width**2 + width * 4) * 2  # four classes, "no object" among them, and four edges
    assert found.macs(32, 48) == embedding + 2 * layer + heads
    assert found.macs(32, 48) == found.macs(32, 48) < found.macs(32, 64)
    assert found.parameters == sum(each.numel() for each in YolosForObjectDetection(YOLOS).parameters())


def test_a_detr_is_counted(tmp_path: Path) -> None:
    """Its classifier and box heads alone are 5 queries x (16 x 4 + 2 x 16 x 16 + 16 x 4)."""
    found = load_detector(detr(tmp_path / "detr"))
    assert found.macs(32, 64) > found.macs(32, 32) > 5 * (16 * 4 + 2 * 16 * 16 + 16 * 4)
    assert found.parameters > 1000


def test_a_folder_that_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(ForegroundError, match="'nothing' is no object detector"):
        load_detector(tmp_path / "nothing")
    folder = yolos(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ForegroundError, match="'pickled' is no object detector with safetensors weights"):
        load_detector(folder)


def test_an_error_that_says_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("models.foreground.detector.AutoImageProcessor.from_pretrained", fail)
    with pytest.raises(ForegroundError, match="with safetensors weights: RuntimeError"):
        load_detector(tmp_path / "nothing")


def test_weights_that_do_not_fill_the_network(tmp_path: Path) -> None:
    folder = yolos(tmp_path / "torn")
    weights = load_file(folder / "model.safetensors")
    del weights["vit.layernorm.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ForegroundError, match=r"'torn' lacks 1 weights, such as vit\.layernorm\.weight"):
        load_detector(folder)


def test_weights_of_another_size(tmp_path: Path) -> None:
    folder = yolos(tmp_path / "wider")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 64}))
    with pytest.raises(ForegroundError, match="'wider' is no object detector"):
        load_detector(folder)


def test_what_is_found_does_not_depend_on_the_precision_of_who_asks(tmp_path: Path) -> None:
    found = load_detector(yolos(tmp_path / "yolos"))
    boxes = [found.boxes(picture) for picture in PICTURES]
    with torch.autocast("cpu", torch.bfloat16):
        assert [found.boxes(picture) for picture in PICTURES] == boxes
