"""What is said of the patches that a filter meets is what the network's own filter goes by."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models import patch_filter
from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep, Stack
from models.batch import Batch, Split
from models.inputs import Inputs, read_batch
from models.layers import meter_streams, vilt_stream
from models.modules.build import build_modules
from models.network import Network
from models.seen_patches import seen_patches
from models.shapes.dataset import ShapesData
from models.workload import TaskName
from tests.networks import TINY, TINY_METER, random_network

ADAPTER = ModuleSpec("bottleneck", 4)
Met = dict[str, Tensor | None]


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> Met:
    """The arguments of the network's own filter, when it ran last."""
    found: Met = {}

    def listening(tokens: Tensor, valid: Tensor | None, **named: object) -> tuple[Tensor, Tensor | None]:
        scores, foreground, first = named["scores"], named["foreground"], named["first_patch"]
        assert isinstance(scores, Tensor)
        assert isinstance(first, int)
        assert foreground is None or isinstance(foreground, Tensor)
        found.update(scores=scores, foreground=foreground, real=None if valid is None else valid[:, first:])
        return patch_filter.filter_patches(tokens, valid, **named)  # type: ignore[arg-type] # as they came

    for streams in (vilt_stream, meter_streams):
        monkeypatch.setattr(streams, "filter_patches", listening)
    return found


@pytest.fixture
def batch() -> Batch:
    found = ShapesData(TaskName.NLVR2).examples(Split.TEST, 4)
    patches = (TINY.image_size // TINY.patch_size) ** 2
    generator = torch.Generator().manual_seed(3)
    return replace(found, foreground=torch.rand(4, 2, patches, generator=generator))


def check(network: Network, inputs: Inputs, architecture: Architecture, met: Met) -> None:
    modules = build_modules(network.backbone, architecture, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        network.backbone(inputs.texts, inputs.images, architecture, modules)
    met = dict(met)
    seen = seen_patches(network.backbone, inputs, architecture, modules)
    assert met["scores"] is not None
    assert torch.equal(seen.scores, met["scores"])
    assert not seen.scores.isnan().any()
    expected = torch.ones_like(seen.real) if met["real"] is None else met["real"]
    assert torch.equal(seen.real, expected)
    assert (seen.foreground is None) == (met["foreground"] is None)
    if seen.foreground is not None and met["foreground"] is not None:
        assert torch.equal(seen.foreground, met["foreground"])


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("dropped", [(), (0,), (0, 2)])
@pytest.mark.parametrize("looked", [True, False])
def test_of_a_vilt(batch: Batch, met: Met, place: int, dropped: tuple[int, ...], looked: bool) -> None:
    """With images of which part is padding."""
    network = random_network()
    mask = torch.ones(4, 2, TINY.image_size, TINY.image_size, dtype=torch.bool)
    mask[1, :, 32:] = False
    mask[2, 1, :, 16:] = False
    batch = replace(batch, pixel_mask=mask, foreground=batch.foreground if looked else None)
    choices = tuple(Choice(keep=gene not in dropped, module=ADAPTER) for gene in range(6))
    inputs = read_batch(network.backbone, batch).all()
    check(network, inputs, Architecture(choices, PatchKeep(0.5, place)), met)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("sees", [True, False])
def test_of_a_meter(batch: Batch, met: Met, place: int, sees: bool) -> None:
    """Without a self-attention before the filter it goes by similarity, at the last place behind the encoder's norm."""
    network = random_network(TINY_METER)
    choices = tuple(
        Choice(keep=sees or gene.stack is not Stack.VISION, module=ADAPTER if gene.stack is Stack.TEXT else None)
        for gene in TINY_METER.sub_layers
    )
    inputs = read_batch(network.backbone, batch).all()
    check(network, inputs, Architecture(choices, PatchKeep(0.5, place)), met)
