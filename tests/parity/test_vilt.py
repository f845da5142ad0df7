"""ViLT is that of its published code, and a changed number shows."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from models.checkpoints import load_network
from models.network import Network
from tests.parity import vilt
from tests.parity.damage import change, change_json
from tests.parity.vilt import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "vilt"
TWIN, SIZES, PROBE, CASES, RESIZING = 1, 2 * 8, 5, 3 * 7, 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(FIXTURES, tmp_path / "vilt"))


def beyond(folder: Path) -> list[str]:
    return [each.name for each in compare(folder) if not each.within]


def test_every_number_is_the_published_codes() -> None:
    comparisons = list(compare(FIXTURES))
    assert len(comparisons) == TWIN + SIZES + PROBE + CASES + RESIZING
    assert len({each.name for each in comparisons}) == len(comparisons)
    assert [each for each in comparisons if not each.within] == []


@pytest.mark.parametrize(
    ("file", "tensor"),
    [
        ("vqa_square_64", "text_feats"),
        ("vqa_square_64", "image_cls_feats"),
        ("vqa_square_64", "cls_feats"),
        ("vqa_nonsquare_48x96", "image_feats_raster"),
        ("vqa_nonsquare_48x96", "vqa_logits"),
        ("vqa_mixed_sizes_padded", "image_valid_raster"),
        ("vqa_mixed_sizes_padded", "vqa_loss"),
        ("layer_norm_eps_probe", "cls_feats"),
    ],
)
def test_one_changed_number_shows(folder: Path, file: str, tensor: str) -> None:
    change(folder / f"{file}.safetensors", lambda tensors: tensors[tensor].flatten()[0].add_(1e-3))
    assert beyond(folder) == [f"{file}.{tensor}"]


def test_a_changed_weight_size_or_picture_shows(folder: Path) -> None:
    change(folder / "vqa.safetensors", lambda state: state["transformer.norm.bias"][0].add_(1e-2))
    change_json(folder / "config.json", lambda config: config.update(encoder_layer_norm_eps=1e-5))
    change_json(folder / "resize.json", lambda sizes: sizes[0].update(out_width=32))
    names = beyond(folder)
    assert "vqa.ckpt, differing of 57" in names
    assert {f"vqa.{kind}.encoder_layer_norm_eps" for kind in ("ckpt", "safetensors")} <= set(names)
    assert "vqa_square_64.text_feats" in names
    assert "resize, differing of 37" in names


@pytest.mark.parametrize(("right", "wrong"), [(1e-6, 1e-5), (1e-12, 1e-6)])
def test_the_probe_shows_a_wrong_eps(right: float, wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(file: Path, *, heads: int | None) -> Network:
        network = load_network(file, heads=heads)
        for norm in network.backbone.modules():
            if isinstance(norm, nn.LayerNorm) and norm.eps == right:
                norm.eps = wrong
        return network

    monkeypatch.setattr(vilt, "load_network", load)
    assert {"layer_norm_eps_probe.text_feats", "layer_norm_eps_probe.cls_feats"} <= set(beyond(FIXTURES))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "cannot be read as JSON"),
        (lambda folder: [file.unlink() for file in folder.glob("vqa.*")], "has no checkpoint"),
        (lambda folder: (folder / "notes.txt").touch(), r"not compared: notes\.txt"),
        (
            lambda folder: change(folder / "vqa_square_64.safetensors", lambda case: case.update(mlm=torch.ones(1))),
            "vqa_square_64: nothing to compare mlm with",
        ),
        (
            lambda folder: change(folder / "vqa_square_64.safetensors", lambda case: case.pop("pixel_values")),
            "vqa_square_64 has no pixel_values",
        ),
        (lambda folder: change_json(folder / "config.json", lambda config: config.pop("vqa_labels")), "'vqa_labels'"),
    ],
)
def test_what_cannot_be_compared_is_said(folder: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(folder)
    with pytest.raises(ValueError, match=message):
        list(compare(folder))
