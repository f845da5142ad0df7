"""ViLT's other tasks are compared where tensors name them; the cases are made here, without the code under test."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from models.architecture import Architecture
from models.backbone import Features
from models.checkpoints import load_network
from models.network import Network
from tests.parity.vilt import compare

FIXTURES = Path(__file__).parents[1] / "fixtures" / "vilt"
WIDTH = 32
HEADS = {
    "nlvr2_classifier.0.weight": (2 * WIDTH, 2 * WIDTH),
    "nlvr2_classifier.0.bias": (2 * WIDTH,),
    "nlvr2_classifier.1.weight": (2 * WIDTH,),
    "nlvr2_classifier.1.bias": (2 * WIDTH,),
    "nlvr2_classifier.3.weight": (2, 2 * WIDTH),
    "nlvr2_classifier.3.bias": (2,),
    "itm_score.fc.weight": (2, WIDTH),
    "itm_score.fc.bias": (2,),
    "rank_output.weight": (1, WIDTH),
    "rank_output.bias": (1,),
}
SIZES = 1
NLVR2_LABELS, ITM_LABELS = [1, 0, 1], [0, 1, 1]


@pytest.fixture
def state() -> dict[str, Tensor]:
    """A checkpoint with every head and a type for the second image."""
    generator = torch.Generator().manual_seed(0)
    state = load_file(FIXTURES / "vqa.safetensors")
    types = state["token_type_embeddings.weight"]
    state["token_type_embeddings.weight"] = torch.cat([types, torch.randn(1, WIDTH, generator=generator)])
    return state | {key: torch.randn(shape, generator=generator) for key, shape in HEADS.items()}


@pytest.fixture
def folder(tmp_path: Path, state: dict[str, Tensor]) -> Path:
    save_file(state, tmp_path / "many.safetensors")
    config = {"config": {"num_heads": 4}, "nlvr2_labels": NLVR2_LABELS, "itm_labels": ITM_LABELS}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.fixture
def network(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Tensor]) -> Network:
    file = tmp_path_factory.mktemp("original") / "many.ckpt"
    torch.save({"state_dict": state}, file)
    return load_network(file, heads=4)


@pytest.fixture
def given() -> dict[str, Tensor]:
    """Texts and images."""
    return load_file(FIXTURES / "vqa_square_64.safetensors")


def pooled(network: Network, ids: Tensor, mask: Tensor, pixels: Tensor, *, modality: int = 1) -> Tensor:
    """(B, D)."""
    backbone = network.backbone
    full = Architecture.full(backbone.config.sub_layers)
    features: Features = backbone(backbone.read_texts(ids, mask), backbone.read_images(pixels, modality=modality), full)
    return features.pooled


def layer(state: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return state[f"{name}.weight"], state[f"{name}.bias"]


def write(file: Path, tensors: dict[str, Tensor]) -> None:
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}, file)


def beyond(folder: Path) -> list[str]:
    return [each.name for each in compare(folder) if not each.within]


def test_nlvr2(folder: Path, state: dict[str, Tensor], network: Network, given: dict[str, Tensor]) -> None:
    ids, mask, images = given["input_ids"], given["attention_mask"], [given["pixel_values"].roll(n, 0) for n in (0, 1)]
    each = [pooled(network, ids, mask, image, modality=1 + index) for index, image in enumerate(images)]
    both = torch.cat(each, dim=1)
    hidden = F.linear(both, *layer(state, "nlvr2_classifier.0"))
    hidden = F.gelu(F.layer_norm(hidden, (2 * WIDTH,), *layer(state, "nlvr2_classifier.1")))
    logits = F.linear(hidden, *layer(state, "nlvr2_classifier.3"))
    loss = F.cross_entropy(logits, torch.tensor(NLVR2_LABELS)).reshape(1)
    shared = {"input_ids": ids, "attention_mask": mask, "cls_feats": both, "nlvr2_logits": logits, "nlvr2_loss": loss}
    write(folder / "stacked.safetensors", shared | {"pixel_values": torch.stack(images, dim=1)})
    labelled = {
        "pixel_values_0": images[0],
        "pixel_values_1": images[1],
        "cls_feats_1": each[0],
        "cls_feats_2": each[1],
    }
    write(folder / "labelled.safetensors", shared | labelled)
    assert len(list(compare(folder))) == SIZES + 3 + 5
    assert beyond(folder) == []
    write(folder / "labelled.safetensors", shared | labelled | {"cls_feats_2": each[0]})
    assert beyond(folder) == ["labelled.cls_feats_2"]


def test_retrieval(folder: Path, state: dict[str, Tensor], network: Network, given: dict[str, Tensor]) -> None:
    ids, masks = (torch.stack([given[name], given[name].flip(0)], 1) for name in ("input_ids", "attention_mask"))
    pixels = given["pixel_values"]
    texts = torch.stack([pooled(network, ids[:, text], masks[:, text], pixels) for text in (0, 1)], dim=1)  # (B, T, D)
    scores = F.linear(texts, *layer(state, "rank_output")).squeeze(-1)
    loss = F.cross_entropy(scores, torch.zeros(3, dtype=torch.long)).reshape(1)
    inputs = {"input_ids": ids, "attention_mask": masks, "pixel_values": pixels}
    write(folder / "ranked.safetensors", inputs | {"irtr_scores": scores, "irtr_loss": loss})
    assert len(list(compare(folder))) == SIZES + 2
    assert beyond(folder) == []
    write(folder / "ranked.safetensors", inputs | {"irtr_scores": scores.flip(1), "irtr_loss": loss + 0.1})
    assert beyond(folder) == ["ranked.irtr_loss", "ranked.irtr_scores"]


def test_matching(folder: Path, state: dict[str, Tensor], network: Network, given: dict[str, Tensor]) -> None:
    inputs = {name: given[name] for name in ("input_ids", "attention_mask", "pixel_values")}
    logits = F.linear(pooled(network, *inputs.values()), *layer(state, "itm_score.fc"))
    loss = F.cross_entropy(logits, torch.tensor(ITM_LABELS)).reshape(1)
    write(folder / "matched.safetensors", inputs | {"itm_logits": logits, "itm_loss": loss})
    assert len(list(compare(folder))) == SIZES + 2
    assert beyond(folder) == []
    write(folder / "matched.safetensors", inputs | {"itm_logits": logits + 1, "itm_loss": loss})
    assert beyond(folder) == ["matched.itm_logits"]


def test_a_head_that_the_checkpoint_lacks(folder: Path, state: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    write(folder / "many.safetensors", {key: tensor for key, tensor in state.items() if "vqa" not in key})
    write(folder / "asked.safetensors", given)
    with pytest.raises(ValueError, match="vqa is compared, but the checkpoint has only the heads"):
        list(compare(folder))
