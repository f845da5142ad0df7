"""Recall from a score matrix, against sorting by hand; ties count against the network."""

import pytest
import torch
from torch import Tensor

from models.data.retrieval_metrics import retrieval_recall


def recall_by_sorting(scores: Tensor, image_of_text: Tensor, cutoff: int) -> tuple[float, float]:
    """TR@K and IR@K of distinct scores."""
    texts = scores.argsort(1, descending=True)[:, :cutoff]
    images = scores.argsort(0, descending=True)[:cutoff]
    found_text = [bool((image_of_text[row] == image).any()) for image, row in enumerate(texts)]
    found_image = [text_image in column for text_image, column in zip(image_of_text.tolist(), images.T, strict=True)]
    return sum(found_text) / len(found_text), sum(found_image) / len(found_image)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_sorting(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    image_of_text = torch.arange(12).repeat_interleave(5)[torch.randperm(60, generator=generator)]
    scores = torch.rand(12, 60, generator=generator)
    result = retrieval_recall(scores, image_of_text)
    for cutoff in (1, 5, 10):
        expected = recall_by_sorting(scores, image_of_text, cutoff)
        assert (result.text[cutoff], result.image[cutoff]) == pytest.approx(expected)


def test_images_may_have_different_numbers_of_texts() -> None:
    scores = torch.tensor([[0.1, 0.9, 0.2], [0.8, 0.3, 0.4]])
    result = retrieval_recall(scores, torch.tensor([0, 0, 1]), (1, 2))
    assert result.text == {1: 0.5, 2: 1.0}
    assert result.image == {1: 2 / 3, 2: 1.0}


def test_a_tie_counts_against_the_network() -> None:
    result = retrieval_recall(torch.zeros(3, 6), torch.arange(3).repeat(2), (1, 2, 3))
    assert result.image == {1: 0.0, 2: 0.0, 3: 1.0}
    assert result.text == {1: 0.0, 2: 0.0, 3: 0.0}


@pytest.mark.parametrize(
    ("scores", "image_of_text", "message"),
    [
        (torch.zeros(2, 3), torch.tensor([0, 1]), r"got \(2, 3\) and \(2,\)"),
        (torch.zeros(2, 2), torch.tensor([0, 0]), r"not so: \[1\]"),
        (torch.zeros(2, 3), torch.tensor([0, 1, 2]), r"not so: \[2\]"),
        (torch.full((1, 1), float("nan")), torch.tensor([0]), "NaN"),
    ],
)
def test_what_is_no_score_matrix_is_refused(scores: Tensor, image_of_text: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        retrieval_recall(scores, image_of_text)
