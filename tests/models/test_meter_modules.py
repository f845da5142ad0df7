"""What METER's sub-layers do with trainable modules, beside them and in their place."""

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture, Choice, Stack, SubLayerKind, bottleneck
from models.batch import Batch
from models.layers.meter_sub_layers import Call, PreNorm
from models.meter import Meter
from models.modules.base import Context, TrainableModule
from models.modules.beside import Beside
from tests.models.meter_runs import FULL, PLACES, One, changed, examples, random_meter, run, same


@pytest.fixture(scope="module")
def meter() -> Meter:
    return random_meter()


@pytest.fixture(scope="module")
def batch() -> Batch:
    return examples()


class Adds(TrainableModule):
    """Adds a constant, and remembers what it was shown."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value
        self.seen: list[tuple[Tensor, Tensor | None, Context]] = []

    def update(self, hidden: Tensor, output: Tensor | None, context: Context) -> Tensor | None:
        self.seen.append((hidden, output, context))
        return torch.full_like(hidden, self.value) * torch.arange(hidden.shape[-1])


def test_what_stands_in_a_fusion_sub_layers_place(meter: Meter, batch: Batch) -> None:
    """LN(h + u) with a module, h + u with a bare one, h with none; nothing else follows in this architecture."""
    gone = {name: Choice(keep=False) for name in PLACES if name.startswith("image.")}
    last = "image.1.ffn"

    def image(choice: Choice, module: Adds | None = None) -> Tensor:
        named = {name.replace(".", "_"): each for name, each in (gone | {last: choice}).items()}
        modules = None if module is None else One({PLACES[last]: module})
        return run(meter, batch, changed(**named), modules).image

    hidden = image(Choice(keep=False))
    module = Adds(0.1)
    update = 0.1 * torch.arange(16)
    assert torch.equal(image(Choice(False, bottleneck(1), bare=True), module), hidden + update)
    norm = meter.get_submodule("stacks.image.1.ffn.norm")
    assert torch.equal(image(Choice(False, bottleneck(1)), module), norm(hidden + update))
    for shown, output, context in module.seen:
        assert torch.equal(shown, hidden)
        assert output is None
        assert context.stack is Stack.IMAGE
    kept = image(Choice(True, bottleneck(1)), module)
    assert torch.equal(kept, image(Choice()) + update)  # beside an FFN: behind the norm


@pytest.mark.parametrize("kind", [SubLayerKind.SELF_ATTENTION, SubLayerKind.CROSS_ATTENTION])
def test_beside_a_kept_attention_the_norm_follows(meter: Meter, batch: Batch, kind: SubLayerKind) -> None:
    name, module = f"text.1.{kind}", Adds(0.1)
    after = {each: Choice(keep=False) for each in PLACES if each.startswith("text.1.")} | {
        name: Choice(True, bottleneck(1))
    }
    architecture = changed(**{each.replace(".", "_"): choice for each, choice in after.items()})
    text = run(meter, batch, architecture, One({PLACES[name]: module})).text
    ((hidden, output, _),) = module.seen
    assert output is not None
    norm = meter.get_submodule(f"stacks.text.1.{kind}.norm")
    assert (text - norm(output + hidden + 0.1 * torch.arange(16))).abs().max() < 1e-5


def test_modules_see_token_0_of_what_their_stack_meets(meter: Meter, batch: Batch) -> None:
    names = ["text.0.msa", "text.0.ca", "image.0.ffn", "vision.1.ffn", "language.0.msa"]
    modules = {name: Adds(0.0) for name in names}
    architecture = changed(**{name.replace(".", "_"): Choice(True, bottleneck(1)) for name in names})
    run(meter, batch, architecture, One({PLACES[name]: module for name, module in modules.items()}))
    contexts = {name: module.seen[0][2] for name, module in modules.items()}
    hidden = {name: module.seen[0][0] for name, module in modules.items()}
    first, second = contexts["text.0.msa"].image, contexts["text.0.ca"].image
    assert first is not None
    assert second is not None
    assert torch.equal(first, second)  # as it entered the layer
    for name in ("text.0.msa", "text.0.ca", "language.0.msa"):
        text = contexts[name].text
        assert text is not None
        assert torch.equal(text, hidden[name][:, :1])
    other = contexts["image.0.ffn"].text
    assert other is not None
    assert torch.equal(other, hidden["text.0.msa"][:, :1])  # as it entered the layer
    assert contexts["language.0.msa"].image is None
    assert contexts["vision.1.ffn"].text is None


class Shifts(TrainableModule):
    """Adds one to what a linear gives."""

    def __init__(self, linear: str) -> None:
        super().__init__()
        self.linear = linear

    def delta(self, linear: str, hidden: Tensor, context: Context) -> Tensor | None:
        del context
        return hidden.new_ones(()) if linear == self.linear else None


@pytest.mark.parametrize("name", ["text.1.ca", "image.0.msa", "vision.0.msa", "vision.1.ffn", "language.0.ffn"])
def test_a_delta_is_a_change_of_the_frozen_linear(meter: Meter, batch: Batch, name: str) -> None:
    place = PLACES[name]
    for linear, (weight, bias) in meter.linears(place).items():
        assert weight.ndim == 2
        shifted = run(
            meter,
            batch,
            changed(**{name.replace(".", "_"): Choice(True, bottleneck(1))}),
            One({place: Shifts(linear)}),
        )
        bias.add_(1.0)
        try:
            expected = run(meter, batch, FULL)
        finally:
            bias.sub_(1.0)
        assert same(shifted, expected, 1e-5)


class Prompts(TrainableModule):
    def __init__(self, tokens: Tensor) -> None:
        super().__init__()
        self.tokens = tokens

    def prompts(self) -> Tensor | None:
        return self.tokens


@pytest.mark.parametrize("name", ["text.1.msa", "language.0.msa"])
def test_prompts_are_further_keys_and_values(meter: Meter, batch: Batch, name: str) -> None:
    """The same as padding tokens that hold the prompts and are attended to: here a text whose tail is the prompts."""
    place, prompts = PLACES[name], torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    body, call = meter.sub_layer(place), Call(Choice())
    hidden = torch.randn(3, 5, 16, generator=torch.Generator().manual_seed(1))
    joined = torch.cat([hidden, prompts.expand(3, -1, -1)], dim=1)
    expected, _ = body(joined, call)
    found, _ = body(hidden, call, prompts)
    assert (found - expected[:, :5]).abs().max() < 1e-5
    architecture = changed(**{name.replace(".", "_"): Choice(True, bottleneck(1))})
    assert not same(run(meter, batch, architecture, One({place: Prompts(prompts)})), run(meter, batch, FULL), 1e-3)


def test_prompts_pass_clips_norm(meter: Meter) -> None:
    layer = meter.get_submodule("stacks.vision.0.msa")
    assert isinstance(layer, PreNorm)
    assert layer.norm is not None
    prompts = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    hidden = torch.randn(3, 5, 16, generator=torch.Generator().manual_seed(1))
    beside = Beside(Prompts(prompts), Context(Stack.VISION, 0, None, None))
    found, _ = layer(hidden, Call(Choice(True, bottleneck(1)), beside))
    assert layer.body is not None
    expected, _ = layer.body(layer.norm(torch.cat([hidden, prompts.expand(3, -1, -1)], dim=1)), Call(Choice()))
    assert (found - hidden - expected[:, :5]).abs().max() < 1e-5


def test_a_classifier_token_takes_the_place_of_the_first_projected_one(meter: Meter, batch: Batch) -> None:
    """Whatever word stands first, what leaves is the same; without a fusion layer it is the token and its type."""
    token = torch.arange(16.0)
    nothing = tuple(Choice(keep=False) for _ in FULL.choices)
    features = run(meter, batch, Architecture(nothing, classifier_token=True), One({}, token))
    assert torch.equal(features.text[:, 0], (token + meter.modalities.weight[0]).expand(4, -1))
    plain = run(meter, batch, Architecture(nothing))
    assert torch.equal(features.text[:, 1:], plain.text[:, 1:])


def test_a_module_that_adds_nothing_cannot_stand_alone(meter: Meter, batch: Batch) -> None:
    for name in ("text.0.msa", "vision.0.ffn"):
        architecture = changed(**{name.replace(".", "_"): Choice(False, bottleneck(1))})
        with pytest.raises(ValueError, match="cannot stand in the place of"):
            run(meter, batch, architecture, One({PLACES[name]: Shifts("out")}))
