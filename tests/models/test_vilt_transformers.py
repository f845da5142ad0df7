"""Our ViLT against `transformers`' own classes on random weights: folders of theirs load and give their numbers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    ViltConfig,
    ViltForImageAndTextRetrieval,
    ViltForImagesAndTextClassification,
    ViltForQuestionAnswering,
)

from models.architecture import Architecture
from models.batch import Batch
from models.checkpoints import load_network
from models.heads import TASKS
from models.inputs import read_batch
from models.network import Network
from models.workload import TaskName

TOLERANCE = 1e-5


def published_config(**changes: Any) -> ViltConfig:  # noqa: ANN401 - as many kinds as the class takes
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 96,
        "image_size": 64,
        "patch_size": 16,
        "vocab_size": 50,
        "max_position_embeddings": 12,
        "layer_norm_eps": 1e-6,
        "num_labels": 7,
    }
    return ViltConfig(**(sizes | changes))


def batch(*, texts: int = 1, images: int = 1, seed: int = 3) -> Batch:
    """Three examples with padded texts and images of different sizes on one canvas."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 50, (3, texts, 10), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, :, 6:] = 0
    pixel_mask = torch.zeros(3, images, 64, 96, dtype=torch.bool)
    for row, (height, width) in enumerate([(64, 64), (48, 96), (32, 80)]):
        pixel_mask[row, :, :height, :width] = True
    pixels = torch.randn(3, images, 3, 64, 96, generator=generator) * pixel_mask.unsqueeze(2)
    return Batch(ids * mask, mask, pixels, pixel_mask, torch.zeros(3))


def ours(network: Network, given: Batch, task: TaskName) -> Tensor:
    inputs = read_batch(network.backbone, given).all()
    features = network.backbone(inputs.texts, inputs.images, Architecture.full(network.config.sub_layers))
    return TASKS[task].logits(network.head(task), features.pooled.unflatten(0, (-1, inputs.passes)))


@pytest.mark.parametrize("eps", [1e-6, 1e-3])
def test_question_answering(tmp_path: Path, eps: float) -> None:
    torch.manual_seed(0)
    config = published_config(layer_norm_eps=eps)
    config.id2label = {index: f"answer {index}" for index in range(7)}
    theirs = ViltForQuestionAnswering(config).eval()
    theirs.save_pretrained(tmp_path)
    network, given = load_network(tmp_path), batch()
    with torch.no_grad():
        reference = theirs(
            input_ids=given.input_ids[:, 0],
            attention_mask=given.attention_mask[:, 0],
            pixel_values=given.pixel_values[:, 0],
            pixel_mask=given.pixel_mask[:, 0].long() if given.pixel_mask is not None else None,
        ).logits
    assert (ours(network, given, TaskName.VQA) - reference).abs().max() < TOLERANCE
    assert network.answers == tuple(f"answer {index}" for index in range(7))


def test_two_images(tmp_path: Path) -> None:
    torch.manual_seed(1)
    theirs = ViltForImagesAndTextClassification(
        published_config(num_images=2, modality_type_vocab_size=3, num_labels=2)
    ).eval()
    theirs.save_pretrained(tmp_path)
    network, given = load_network(tmp_path), batch(images=2)
    assert given.pixel_mask is not None
    with torch.no_grad():
        reference = theirs(
            input_ids=given.input_ids[:, 0],
            attention_mask=given.attention_mask[:, 0],
            pixel_values=given.pixel_values,
            pixel_mask=given.pixel_mask.long(),
        ).logits
    assert (ours(network, given, TaskName.NLVR2) - reference).abs().max() < TOLERANCE


def test_retrieval_ranks_every_text_of_an_image(tmp_path: Path) -> None:
    torch.manual_seed(2)
    theirs = ViltForImageAndTextRetrieval(published_config()).eval()
    theirs.save_pretrained(tmp_path)
    network, given = load_network(tmp_path), batch(texts=4)
    assert given.pixel_mask is not None
    scores = ours(network, given, TaskName.RETRIEVAL)
    for text in range(4):
        with torch.no_grad():
            reference = theirs(
                input_ids=given.input_ids[:, text],
                attention_mask=given.attention_mask[:, text],
                pixel_values=given.pixel_values[:, 0],
                pixel_mask=given.pixel_mask[:, 0].long(),
            ).logits[:, 0]
        assert (scores[:, text] - reference).abs().max() < TOLERANCE


def test_the_three_formats_hold_the_same_network(tmp_path: Path) -> None:
    """`transformers` to our folder and back into the same tensors."""
    from models.checkpoints import save_network

    torch.manual_seed(3)
    ViltForQuestionAnswering(published_config()).save_pretrained(tmp_path / "theirs")
    network = load_network(tmp_path / "theirs")
    save_network(tmp_path / "ours", network, provenance={"from": "a test"})
    again = load_network(tmp_path / "ours")
    assert again.config == network.config
    assert again.answers == network.answers
    for first, second in ((network.backbone, again.backbone), (network.heads, again.heads)):
        states = first.state_dict(), second.state_dict()
        assert states[0].keys() == states[1].keys()
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
