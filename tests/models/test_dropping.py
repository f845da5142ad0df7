"""A dropped sub-layer costs nothing, is never called, and equals a network that was built without it."""

import random

import pytest
import torch
from torch import Tensor

from models.adapter import Adapters
from models.architecture import Architecture, Choice, PatchKeep
from models.batch import Batch, Split
from models.network import Network
from models.shapes.dataset import ShapesData
from models.student import Student, embed_batch
from models.vilt import Features, Vilt
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.networks import TINY, random_network


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network()


@pytest.fixture(scope="module")
def batch() -> Batch:
    return ShapesData(TaskName.VQA).examples(Split.FITNESS, 4)


def run(network: Network, batch: Batch, architecture: Architecture, adapters: Adapters | None = None) -> Features:
    embedded, _ = embed_batch(network.backbone, batch)
    with torch.inference_mode():
        features: Features = network.backbone(embedded, architecture, adapters)
    return features


def random_architecture(rng: random.Random, config: ViltConfig = TINY) -> Architecture:
    choices = tuple(Choice(rng.random() < 0.5, rng.choice([0, 4])) for _ in config.sub_layers)
    patches = PatchKeep(rng.choice([0.3, 0.6]), rng.randrange(config.blocks)) if rng.random() < 0.5 else None
    return Architecture(choices, patches)


def test_a_dropped_sub_layer_is_never_called(network: Network, batch: Batch) -> None:
    called: list[int] = []
    hooks = []
    for block in range(TINY.blocks):
        parts = network.backbone.block(block)
        for place, part in ((2 * block, parts.msa), (2 * block + 1, parts.ffn)):
            assert part is not None
            hooks.append(part.register_forward_pre_hook(lambda *_, place=place: called.append(place)))
    try:
        for seed in range(10):
            architecture = random_architecture(random.Random(seed))
            called.clear()
            run(network, batch, architecture)
            assert called == [place for place, choice in enumerate(architecture.choices) if choice.keep]
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize("seed", range(5))
def test_dropping_equals_a_network_without_those_layers(network: Network, batch: Batch, seed: int) -> None:
    """Kept weights are copied into a ViLT that never had the others."""
    architecture = random_architecture(random.Random(seed))
    slim = Vilt(TINY, architecture).eval()
    slim.load_state_dict({key: network.backbone.state_dict()[key] for key in slim.state_dict()})
    small = Network(slim, network.heads, network.answers)
    adapters = Adapters(TINY.hidden_size, architecture, generator=torch.Generator().manual_seed(seed))
    whole, part = (run(each, batch, architecture, adapters) for each in (network, small))
    assert torch.equal(whole.pooled, part.pooled)
    assert torch.equal(whole.image, part.image)


def test_everything_dropped_to_identity_is_the_embedding_alone(network: Network, batch: Batch) -> None:
    nothing = Architecture(tuple(Choice(keep=False) for _ in TINY.sub_layers))
    embedded, _ = embed_batch(network.backbone, batch)
    expected = network.backbone.norm(embedded.tokens)
    features = run(network, batch, nothing)
    assert torch.equal(torch.cat([features.text, features.image], dim=1), expected)


def test_an_adapter_adds_its_formula_to_the_residual_stream(network: Network, batch: Batch) -> None:
    """f(h) = W_up relu(W_down LN(h) + b_d) + b_u, on the un-normalised stream, beside and in place of a sub-layer."""
    only_first = Architecture((Choice(False, 4), *(Choice(keep=False) for _ in TINY.sub_layers[1:])))
    adapters = Adapters(TINY.hidden_size, only_first, generator=torch.Generator().manual_seed(0))
    embedded, _ = embed_batch(network.backbone, batch)
    tokens = embedded.tokens
    adapter = adapters.at(0)
    assert adapter is not None
    weights = dict(adapter.named_parameters())
    mean, variance = tokens.mean(-1, keepdim=True), tokens.var(-1, keepdim=True, unbiased=False)
    normed = (tokens - mean) / (variance + 1e-5).sqrt()
    update = (normed @ weights["down.weight"].T).relu() @ weights["up.weight"].T
    features = run(network, batch, only_first, adapters)
    expected = network.backbone.norm(tokens + update)
    assert (torch.cat([features.text, features.image], 1) - expected).abs().max() < 1e-5
    beside = Architecture((Choice(True, 4), *(Choice(keep=False) for _ in TINY.sub_layers[1:])))
    attention = network.backbone.block(0).msa
    assert attention is not None
    assert embedded.valid is not None
    with torch.inference_mode():
        kept, _ = attention(tokens, embedded.valid[:, None, None], None)
    features = run(network, batch, beside, adapters)
    expected = network.backbone.norm(tokens + kept + update)
    assert (torch.cat([features.text, features.image], 1) - expected).abs().max() < 1e-5


def test_adapters_start_near_zero_effect_and_as_published() -> None:
    config = ViltConfig()
    full = Architecture.full(config.sub_layers, bottleneck=96)
    adapters = Adapters(config.hidden_size, full, generator=torch.Generator().manual_seed(0))
    assert sum(parameter.numel() for parameter in adapters.parameters()) == 3_596_544  # DAS, ViLT without a skip
    adapter = adapters.at(0)
    assert adapter is not None
    weights = dict(adapter.named_parameters())
    assert weights["down.weight"].std().item() == pytest.approx(0.02, rel=0.02)
    assert weights["up.weight"].std().item() == pytest.approx(0.02, rel=0.02)
    assert not weights["down.bias"].any()
    assert not weights["up.bias"].any()


def test_wrong_architectures_are_refused(network: Network, batch: Batch) -> None:
    with pytest.raises(ValueError, match="4 sub-layers; this ViLT has 6"):
        run(network, batch, Architecture.full(TINY.sub_layers[:4]))
    slim = Network(Vilt(TINY, Architecture((Choice(keep=False), *[Choice()] * 5))), network.heads)
    with pytest.raises(ValueError, match=r"block\.0\.msa"):
        run(slim, batch, Architecture.full(TINY.sub_layers))
    with pytest.raises(ValueError, match="nothing follows"):
        run(network, batch, Architecture(Architecture.full(TINY.sub_layers).choices, PatchKeep(0.5, 3)))


def test_candidates_leave_no_trace_in_the_backbone(network: Network, batch: Batch) -> None:
    before = {key: value.clone() for key, value in network.backbone.state_dict().items()}
    student = Student(
        network, Architecture.full(TINY.sub_layers, bottleneck=4), TaskName.VQA, generator=torch.Generator()
    )
    optimiser = torch.optim.SGD(student.parameters(), lr=0.1)
    student.task.loss(student(*embed_batch(network.backbone, batch)), batch.targets).backward()
    optimiser.step()
    after = network.backbone.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(parameter.grad is None for parameter in network.backbone.parameters())


def kept_patches(network: Network, batch: Batch, keep: PatchKeep) -> Tensor:
    return run(network, batch, Architecture(Architecture.full(TINY.sub_layers).choices, keep)).image


def test_the_patch_filter_keeps_cls_and_the_best_attended_patches(network: Network, batch: Batch) -> None:
    """With one block and the filter after it, what stays is what the attention ranks first, in raster order."""
    config = ViltConfig.from_json(TINY.to_json() | {"blocks": 2})
    small = random_network(config)
    embedded, _ = embed_batch(small.backbone, batch)
    attention = small.backbone.block(0).msa
    assert attention is not None
    assert embedded.valid is not None
    _, scores = attention(embedded.tokens, embedded.valid[:, None, None], embedded.first_patch)
    only_first = (Choice(), *(Choice(keep=False) for _ in config.sub_layers[1:]))
    whole = run(small, batch, Architecture(only_first)).image
    some = run(small, batch, Architecture(only_first, PatchKeep(0.25, 1))).image
    assert some.shape[1] == 1 + 9
    for row in range(len(batch)):
        best = sorted(scores[row].topk(9).indices.tolist())
        assert torch.equal(some[row, 1:], whole[row, 1:][best])
        assert torch.equal(some[row, 0], whole[row, 0])


def test_padding_is_never_kept_before_a_valid_patch() -> None:
    from models.patch_filter import keep_patches

    tokens = torch.arange(8.0).view(1, 8, 1).expand(2, -1, 3)
    valid = torch.ones(2, 8, dtype=torch.bool)
    valid[1, 4:] = False
    scores = torch.tensor([[0.1, 0.1, 0.5, 0.2, 0.1], [0.0, 0.1, 0.9, 0.9, 0.9]])
    kept, kept_valid = keep_patches(tokens, valid, scores=scores, first_patch=3, count=3)
    assert kept[:, :, 0].tolist() == [[0, 1, 2, 3, 5, 6], [0, 1, 2, 3, 4, 5]]
    assert kept_valid is not None
    assert kept_valid[1].tolist() == [True, True, True, True, False, False]
