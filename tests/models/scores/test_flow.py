"""MULTIFLOW's parts, apart from the numbers of the published code (tests/parity/test_multiflow.py)."""

import pytest
import torch

from models.scores.flow import MeanSquareInputs, flow_scores, mean_flow_score
from models.scores.flow_mask import dropped, flow_mask, layer_sparsities


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_mean_score_needs_no_product() -> None:
    weight, mean_square = random(7, 5), random(5, seed=1).square()
    assert mean_flow_score(weight, mean_square) == pytest.approx(float(flow_scores(weight, mean_square).mean()))


def test_batches_add_up_and_padding_does_not_count() -> None:
    tokens, valid = random(6, 4, 3), torch.arange(4).expand(6, 4) < torch.tensor([4, 1, 2, 4, 3, 1])[:, None]
    whole, parts = MeanSquareInputs(), MeanSquareInputs()
    whole.add(tokens, valid)
    parts.add(tokens[:2], valid[:2])
    parts.add(tokens[2:], valid[2:])
    torch.testing.assert_close(parts.value, whole.value)
    torch.testing.assert_close(whole.value, (tokens * valid[..., None]).square().sum((0, 1)) / 6)
    everything = MeanSquareInputs()
    everything.add(tokens)
    torch.testing.assert_close(everything.value, tokens.square().sum((0, 1)) / 6)


def test_without_inputs_there_is_no_mean() -> None:
    with pytest.raises(ValueError, match="run the calibration examples first"):
        _ = MeanSquareInputs().value


def test_a_layer_of_small_weights_becomes_sparser() -> None:
    weights = {"small": 0.1 * random(8, 8), "large": random(8, 8, seed=1)}
    found = layer_sparsities(weights, 0.5)
    assert found["small"] > 0.5 > found["large"]
    assert (found["small"] + found["large"]) / 2 == pytest.approx(0.5)


@pytest.mark.parametrize(("sparsity", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_the_ends_of_sparsity(sparsity: float, share: float) -> None:
    assert layer_sparsities({"layer": random(4, 4)}, sparsity) == {"layer": share}
    assert float((~flow_mask(random(4, 4), share)).float().mean()) == share


def test_rounding_drops_one_less_as_in_the_published_code() -> None:
    weight = torch.arange(1.0, 11.0).view(2, 5)
    sparsity = layer_sparsities({"layer": weight}, 0.1)["layer"]
    assert sparsity == pytest.approx(0.1)
    assert dropped(sparsity, weight.numel()) == 0
    assert flow_mask(weight, sparsity).all()


def test_what_ties_with_the_last_one_goes_too() -> None:
    assert flow_mask(torch.tensor([[1.0, 2.0], [2.0, 3.0]]), 0.5).tolist() == [[False, False], [False, True]]


def test_a_sparsity_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\], not 63"):
        layer_sparsities({"layer": random(2, 2)}, 63)
    with pytest.raises(ValueError, match="at least one layer"):
        layer_sparsities({}, 0.5)
