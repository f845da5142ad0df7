"""A DAS checkpoint gives the right adapter to each place; its numbers are compared in tests/parity."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.architecture import Choice, Stack, SubLayer, SubLayerKind, bottleneck
from models.formats.das_checkpoint import load_das
from models.formats.das_keys import taken_apart
from models.formats.lightning import CheckpointError

FIXTURES = Path(__file__).parents[1] / "fixtures" / "das"
METER, VILT = FIXTURES / "meter_weights.safetensors", FIXTURES / "vilt_weights.safetensors"
IN_LAYER = Choice(module=bottleneck(6))


@pytest.fixture
def damaged(tmp_path: Path) -> Callable[[Callable[[dict[str, Tensor]], object]], Path]:
    """A changed METER checkpoint."""

    def make(edit: Callable[[dict[str, Tensor]], object]) -> Path:
        state = load_file(METER)
        edit(state)
        save_file(state, tmp_path / "damaged.safetensors")
        return tmp_path / "damaged.safetensors"

    return make


def test_meter_layers_are_the_text_stream_by_depth_then_the_image_stream() -> None:
    das = load_das(METER, heads=4)
    assert das.layers == tuple((stack, depth) for stack in (Stack.TEXT, Stack.IMAGE) for depth in range(6))
    choices = dict(zip(das.network.config.sub_layers, das.architecture([1, 6]).choices, strict=True))
    dropped = {layer for layer, choice in choices.items() if not choice.keep}
    assert dropped == {SubLayer(depth, kind, stack) for depth, stack in das_places() for kind in SubLayerKind}
    skipped = Choice(keep=False, module=bottleneck(18), bare=True)
    assert choices[SubLayer(1, SubLayerKind.SELF_ATTENTION, Stack.TEXT)] == skipped
    assert choices[SubLayer(1, SubLayerKind.FFN, Stack.TEXT)] == Choice(keep=False)
    assert choices[SubLayer(0, SubLayerKind.CROSS_ATTENTION, Stack.TEXT)] == IN_LAYER
    assert choices[SubLayer(0, SubLayerKind.FFN, Stack.VISION)] == Choice()


def das_places() -> list[tuple[int, Stack]]:
    return [(1, Stack.TEXT), (0, Stack.IMAGE)]


def test_vilt_layers_are_blocks() -> None:
    das = load_das(VILT, heads=4)
    skipped = [Choice(keep=False, module=bottleneck(12)), Choice(keep=False)]
    assert list(das.architecture([2]).choices) == [IN_LAYER] * 4 + skipped + [IN_LAYER] * 2
    assert das.architecture([2]).classifier_token is False


@pytest.mark.parametrize("file", [METER, VILT])
def test_modules_are_the_checkpoints_and_no_others(file: Path) -> None:
    das, state = load_das(file, heads=4), load_file(file)
    modules = das.modules([0])
    owner = "adapter_list_l.0.0" if file is METER else "adapter_list.0.0"
    assert torch.equal(modules.state_dict()["by_place.0.down.weight"], state[f"{owner}.down_proj.weight"])
    carried = [choice.module for choice in das.architecture([0]).choices if choice.module is not None]
    assert len(modules.by_place) == len(carried)
    assert (modules.classifier_token is None) == (file is VILT)
    assert not modules.training


def test_heads_come_along() -> None:
    network = load_das(METER, heads=4).network
    assert list(network.heads) == ["vqa"]
    assert network.answers == tuple(str(label) for label in range(8))


def test_layers_that_there_are_not() -> None:
    with pytest.raises(ValueError, match=r"layers to skip are 0 to 11, not \[12\]"):
        load_das(METER, heads=4).architecture([12])


def test_keys_that_are_nobodys_are_refused(damaged: Callable[..., Path]) -> None:
    with pytest.raises(CheckpointError, match=r"cross_modal_text_layers\.0\.adapter\.scale"):
        load_das(damaged(lambda state: state.update({"cross_modal_text_layers.0.adapter.scale": torch.ones(1)})))


def test_an_adapter_without_a_part_is_refused(damaged: Callable[..., Path]) -> None:
    file = damaged(lambda state: state.pop("adapter_list_l.0.0.up_proj.bias"))
    assert load_das(file, heads=4).modules([1]) is not None  # not needed there
    with pytest.raises(CheckpointError, match=r"missing keys: by_place\.0\.up\.bias"):
        load_das(file, heads=4).modules([0])


def test_another_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError, match="has no adapters of DAS"):
        load_das(FIXTURES.parent / "vilt" / "vqa.safetensors")
    assert taken_apart({"pooler.dense.bias": torch.ones(1)}).plain.keys() == {"pooler.dense.bias"}
