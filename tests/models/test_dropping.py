"""A dropped sub-layer costs nothing, is never called, and equals a network that was built without it."""

import random

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep, Stack, bottleneck
from models.backbone import Features
from models.batch import Batch, Split
from models.inputs import read_batch
from models.modules.base import Context
from models.modules.beside import Beside
from models.modules.build import Modules, build_modules
from models.network import Network
from models.shapes.dataset import ShapesData
from models.student import Student
from models.vilt import Vilt
from models.vilt_config import ViltConfig
from models.workload import TaskName
from tests.networks import TINY, random_network


@pytest.fixture(scope="module")
def network() -> Network:
    return random_network()


@pytest.fixture(scope="module")
def batch() -> Batch:
    return ShapesData(TaskName.VQA).examples(Split.FITNESS, 4)


def run(network: Network, batch: Batch, architecture: Architecture, modules: Modules | None = None) -> Features:
    inputs = read_batch(network.backbone, batch).all()
    with torch.inference_mode():
        features: Features = network.backbone(inputs.texts, inputs.images, architecture, modules)
    return features


def sequence(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
    """The joint sequence that enters block 0, (B, S, D), and its validity."""
    inputs = read_batch(network.backbone, batch).all()
    tokens = torch.cat([inputs.texts.tokens, inputs.images.tokens], dim=1)
    assert inputs.images.valid is None
    return tokens, torch.cat([inputs.texts.valid, torch.ones_like(inputs.images.tokens[..., 0], dtype=torch.bool)], 1)


def vilt(network: Network) -> Vilt:
    assert isinstance(network.backbone, Vilt)
    return network.backbone


def random_architecture(rng: random.Random, config: ViltConfig = TINY) -> Architecture:
    choices = tuple(Choice(rng.random() < 0.5, bottleneck(rng.choice([0, 4]))) for _ in config.sub_layers)
    patches = PatchKeep(rng.choice([0.3, 0.6]), rng.randrange(config.blocks)) if rng.random() < 0.5 else None
    return Architecture(choices, patches)


def test_a_dropped_sub_layer_is_never_called(network: Network, batch: Batch) -> None:
    called: list[int] = []
    hooks = []
    for block in range(TINY.blocks):
        parts = vilt(network).block(block)
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
    modules = build_modules(network.backbone, architecture, generator=torch.Generator().manual_seed(seed))
    whole, part = (run(each, batch, architecture, modules) for each in (network, small))
    assert torch.equal(whole.pooled, part.pooled)
    assert torch.equal(whole.image, part.image)


def test_everything_dropped_to_identity_is_the_embedding_alone(network: Network, batch: Batch) -> None:
    nothing = Architecture(tuple(Choice(keep=False) for _ in TINY.sub_layers))
    expected = vilt(network).norm(sequence(network, batch)[0])
    features = run(network, batch, nothing)
    assert torch.equal(torch.cat([features.text, features.image], dim=1), expected)


def test_an_adapter_adds_its_formula_to_the_residual_stream(network: Network, batch: Batch) -> None:
    """f(h) = W_up relu(W_down LN(h) + b_d) + b_u, on the un-normalised stream, beside and in place of a sub-layer."""
    only_first = Architecture(
        (Choice(False, ModuleSpec("bottleneck", 4)), *(Choice(keep=False) for _ in TINY.sub_layers[1:]))
    )
    modules = build_modules(network.backbone, only_first, generator=torch.Generator().manual_seed(0))
    tokens, valid = sequence(network, batch)
    adapter = modules.at(0)
    assert adapter is not None
    weights = dict(adapter.named_parameters())
    mean, variance = tokens.mean(-1, keepdim=True), tokens.var(-1, keepdim=True, unbiased=False)
    normed = (tokens - mean) / (variance + 1e-5).sqrt()
    update = (normed @ weights["down.weight"].T).relu() @ weights["up.weight"].T
    features = run(network, batch, only_first, modules)
    expected = vilt(network).norm(tokens + update)
    assert (torch.cat([features.text, features.image], 1) - expected).abs().max() < 1e-5
    beside = Architecture(
        (Choice(True, ModuleSpec("bottleneck", 4)), *(Choice(keep=False) for _ in TINY.sub_layers[1:]))
    )
    attention = vilt(network).block(0).msa
    assert attention is not None
    with torch.inference_mode():
        kept, _ = attention(tokens, valid[:, None, None])
    features = run(network, batch, beside, modules)
    expected = vilt(network).norm(tokens + kept + update)
    assert (torch.cat([features.text, features.image], 1) - expected).abs().max() < 1e-5


@torch.inference_mode()
def test_prompts_are_further_keys_and_values(network: Network, batch: Batch) -> None:
    """As tokens behind the sequence that pass the norm, are attended to, and whose own updates are left out."""
    attention = vilt(network).block(1).msa
    assert attention is not None
    tokens, valid = sequence(network, batch)
    chosen = Architecture.full(TINY.sub_layers, module=ModuleSpec("vfpt", 3))
    prompts = build_modules(network.backbone, chosen, generator=torch.Generator().manual_seed(0)).at(2)
    assert prompts is not None
    added = prompts.prompts()
    assert added is not None
    beside = Beside(prompts, Context(Stack.JOINT, 13, None, None))
    found, scores = attention(tokens, valid[:, None, None], beside, 14)
    longer = torch.cat([tokens, added.expand(len(tokens), -1, -1)], dim=1)
    expected, _ = attention(longer, torch.nn.functional.pad(valid, (0, 3), value=True)[:, None, None])
    torch.testing.assert_close(found, expected[:, :-3], rtol=1e-4, atol=1e-5)
    alone = attention(tokens, valid[:, None, None], None, 14)[1]
    assert scores.shape == (len(tokens), tokens.shape[1] - 14)
    assert torch.equal(scores, alone)  # prompts take no share of the patches' scores


def test_modules_run_where_the_architecture_has_one(network: Network, batch: Batch) -> None:
    """A set may hold more, as shared weights do."""
    full = Architecture.full(TINY.sub_layers, module=bottleneck(4))
    modules = build_modules(network.backbone, full, generator=torch.Generator().manual_seed(0))
    plain = Architecture.full(TINY.sub_layers)
    assert torch.equal(run(network, batch, plain, modules).pooled, run(network, batch, plain).pooled)
    gone = Architecture(tuple(Choice(keep=False) for _ in TINY.sub_layers))
    assert torch.equal(run(network, batch, gone, modules).pooled, run(network, batch, gone).pooled)
    assert not torch.equal(run(network, batch, full, modules).pooled, run(network, batch, plain).pooled)


def test_adapters_start_near_zero_effect_and_as_published() -> None:
    config = ViltConfig()
    full = Architecture.full(config.sub_layers, module=bottleneck(96))
    with torch.device("meta"):
        backbone = Vilt(config)
    modules = build_modules(backbone, full, generator=torch.Generator().manual_seed(0))
    assert sum(parameter.numel() for parameter in modules.parameters()) == 3_596_544  # DAS, ViLT without a skip
    adapter = modules.at(0)
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
        network, Architecture.full(TINY.sub_layers, module=bottleneck(4)), TaskName.VQA, generator=torch.Generator()
    )
    optimiser = torch.optim.SGD(student.parameters(), lr=0.1)
    student.task.loss(student(read_batch(network.backbone, batch).all()), batch.targets).backward()
    optimiser.step()
    after = network.backbone.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(parameter.grad is None for parameter in network.backbone.parameters())


def test_the_patch_filter_keeps_cls_and_the_best_attended_patches(network: Network, batch: Batch) -> None:
    """With one block and the filter after it, what stays is what the attention ranks first, in raster order."""
    config = ViltConfig.from_json(TINY.to_json() | {"blocks": 2})
    small = random_network(config)
    tokens, valid = sequence(small, batch)
    attention = vilt(small).block(0).msa
    assert attention is not None
    _, scores = attention(tokens, valid[:, None, None], first_patch=batch.input_ids.shape[-1] + 1)
    only_first = (Choice(), *(Choice(keep=False) for _ in config.sub_layers[1:]))
    whole = run(small, batch, Architecture(only_first)).image
    some = run(small, batch, Architecture(only_first, PatchKeep(0.25, 1))).image
    assert some.shape[1] == 1 + 9
    for row in range(len(batch)):
        best = sorted(scores[row].topk(9).indices.tolist())
        assert torch.equal(some[row, 1:], whole[row, 1:][best])
        assert torch.equal(some[row, 0], whole[row, 0])
