"""Everything kept equals the published model: the original code's numbers and `transformers`' classes."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from models.architecture import Architecture
from models.checkpoints import load_network
from models.heads import TASKS
from models.network import Network
from models.vilt import Features
from models.workload import TaskName

FIXTURES = Path(__file__).parent.parent / "fixtures" / "vilt"
CONFIG = json.loads((FIXTURES / "config.json").read_text())
CASES = ["vqa_square_64", "vqa_nonsquare_48x96", "vqa_mixed_sizes_padded"]


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(FIXTURES / "vqa.ckpt")


def run(network: Network, case: dict[str, Tensor]) -> Features:
    mask = case.get("pixel_mask")
    embedded = network.backbone.embed(case["input_ids"], case["attention_mask"], case["pixel_values"], mask)
    features: Features = network.backbone(embedded, Architecture.full(network.config.sub_layers))
    return features


def difference(ours: Tensor, reference: Tensor) -> float:
    return (ours - reference).abs().max().item()


@pytest.mark.parametrize("name", CASES)
def test_features_logits_and_loss_equal_the_original_code(network: Network, name: str) -> None:
    case = load_file(FIXTURES / f"{name}.safetensors")
    features = run(network, case)
    valid = case["image_valid_raster"].flatten(1).unsqueeze(-1)
    assert difference(features.text, case["text_feats"]) < 2e-5
    assert difference(features.image[:, 0], case["image_cls_feats"]) < 2e-5
    assert difference(features.image[:, 1:] * valid, case["image_feats_raster"].flatten(1, 2)) < 2e-5
    assert difference(features.pooled, case["cls_feats"]) < 1e-5
    vqa = TASKS[TaskName.VQA]
    logits = vqa.logits(network.head(TaskName.VQA), features.pooled.unsqueeze(1))
    assert difference(logits, case["vqa_logits"]) < 1e-5
    targets = torch.zeros_like(logits)
    for row, (labels, scores) in enumerate(zip(CONFIG["vqa_labels"], CONFIG["vqa_scores"], strict=True)):
        targets[row, labels] = torch.tensor(scores)
    assert vqa.loss(logits, targets).item() == pytest.approx(case["vqa_loss"].item(), abs=1e-5)


def test_every_layer_norm_has_the_original_eps(network: Network) -> None:
    """Weights and inputs scaled so small that the eps decides the result."""
    probe = load_file(FIXTURES / "layer_norm_eps_probe.safetensors")
    settings = CONFIG["layer_norm_eps_probe"]
    pixels = load_file(FIXTURES / settings["pixels_from"])
    state = load_file(FIXTURES / "vqa.safetensors")
    scaled = load_network(FIXTURES / "vqa.ckpt")
    from models.key_maps import ORIGINAL, ORIGINAL_DROPPED, grow_modalities, rename
    from models.weights import fill

    for key in settings["scaled_keys"]:
        state[key] = state[key] * settings["factor"]
    renamed, _ = rename(state, ORIGINAL, ORIGINAL_DROPPED)
    grown = grow_modalities(renamed)
    own = {key.removeprefix("backbone."): value for key, value in grown.items() if key.startswith("backbone.")}
    fill(scaled.backbone, own, source="probe")
    features = run(scaled, {**pixels, "input_ids": probe["input_ids"], "attention_mask": probe["attention_mask"]})
    valid = probe["image_valid_raster"].flatten(1).unsqueeze(-1)
    pairs = {
        "text_feats": features.text,
        "image_cls_feats": features.image[:, 0],
        "image_feats_raster": (features.image[:, 1:] * valid).unflatten(1, probe["image_valid_raster"].shape[1:]),
        "cls_feats": features.pooled,
    }
    for name, ours in pairs.items():
        assert difference(ours, probe[name]) / probe[name].abs().max().item() < 1e-5, name
