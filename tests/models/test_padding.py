"""Padding changes nothing at valid tokens: an example in a padded batch is what it is alone, with every module."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.architecture import Architecture, Choice, ModuleSpec, PatchKeep
from models.backbone import Features
from models.costs.module_costs import KINDS
from models.inputs import concatenated
from models.meter_config import MeterConfig
from models.modules.build import Modules, build_modules
from models.network import Network
from models.vilt_config import ViltConfig
from tests.models.modules.places import fill
from tests.models.modules.test_every_kind import SPECS
from tests.networks import TINY, TINY_METER, random_network

LENGTHS = (4, 9)  # tokens of two texts
ROUTED = ("routing-lora:3:self:text", "routing-adapter:4:self")
Carried = tuple[Architecture, Modules]
VILT, METER = TINY, replace(TINY_METER, pad_id=1, max_positions=16)


@pytest.fixture(scope="module")
def networks() -> dict[type, Network]:
    return {type(config): random_network(config) for config in (VILT, METER)}


def texts(config: ViltConfig | MeterConfig) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(5, config.vocabulary, (1, length), generator=generator) for length in LENGTHS]


def run(network: Network, ids: Tensor, pixels: Tensor, size: tuple[int, int] | None, with_: Carried) -> Features:
    """One batch; images of which only `size` (height, width) is valid."""
    architecture, modules = with_
    mask = None
    if size is not None:
        mask = torch.zeros(len(pixels), *pixels.shape[2:], dtype=torch.bool)
        mask[:, : size[0], : size[1]] = True
    read = network.backbone.read_texts(ids, ids != network.config.pad_id, blocks=0)
    images = network.backbone.read_images(pixels, mask, blocks=0)
    features: Features = network.backbone(read, images, architecture, modules)
    return features


def carried(network: Network, text: str, *, keep: bool, patches: PatchKeep | None = None) -> Carried:
    """The module everywhere; where it stands in place, at every other sub-layer, the others kept plain."""
    spec, sub_layers = ModuleSpec.parse(text), network.config.sub_layers
    choices = tuple(
        Choice(module=spec) if keep else Choice(keep=place % 2 > 0, module=None if place % 2 else spec)
        for place in range(len(sub_layers))
    )
    architecture = Architecture(choices, patches)
    modules = build_modules(network.backbone, architecture, generator=torch.Generator().manual_seed(0))
    fill(modules, seed=4)
    with torch.no_grad():
        for parameter in modules.parameters():
            parameter.mul_(0.1)
    return architecture, modules


def kinds() -> Iterator[tuple[str, bool]]:
    for text in (*SPECS, *ROUTED):
        yield text, True
        if KINDS[ModuleSpec.parse(text).kind].in_place:
            yield text, False


@pytest.mark.parametrize(("text", "keep"), list(kinds()))
@pytest.mark.parametrize("config", [VILT, METER], ids=["vilt", "meter"])
@torch.inference_mode()
def test_a_padded_text_is_what_it_is_alone(
    networks: dict[type, Network], config: ViltConfig | MeterConfig, text: str, keep: bool
) -> None:
    network, longest = networks[type(config)], max(LENGTHS)
    pixels = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(2))
    own = carried(network, text, keep=keep)
    padded = [torch.nn.functional.pad(ids, (0, longest - ids.shape[1]), value=config.pad_id) for ids in texts(config)]
    together = run(network, torch.cat(padded), pixels, None, own)
    for row, ids in enumerate(texts(config)):
        alone = run(network, ids, pixels[row : row + 1], None, own)
        for name in ("image", "pooled"):
            torch.testing.assert_close(getattr(together, name)[row], getattr(alone, name)[0], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(together.text[row, : ids.shape[1]], alone.text[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("text", "keep"), list(kinds()))
@torch.inference_mode()
def test_a_padded_image_is_what_it_is_alone(networks: dict[type, Network], text: str, keep: bool) -> None:
    """On a canvas of 6 x 6 patches of which 4 x 3 are valid; also behind a patch filter."""
    network, ids = networks[ViltConfig], texts(VILT)[1]
    pixels = torch.zeros(1, 3, 48, 48)
    pixels[:, :, :32, :24] = torch.randn(1, 3, 32, 24, generator=torch.Generator().manual_seed(2))
    for patches in (None, PatchKeep(0.5, 1)):
        own = carried(network, text, keep=keep, patches=patches)
        padded, alone = (run(network, ids, each, (32, 24), own) for each in (pixels, pixels[:, :, :32, :24]))
        for name in ("text", "pooled"):
            torch.testing.assert_close(getattr(padded, name), getattr(alone, name), rtol=1e-3, atol=1e-4)


@torch.inference_mode()
def test_images_of_different_canvases_are_joined_with_padding(networks: dict[type, Network]) -> None:
    """A gallery is read in parts, each as wide as its widest image."""
    network, ids = networks[ViltConfig], texts(VILT)[1]
    generator = torch.Generator().manual_seed(2)
    parts = [
        network.backbone.read_images(torch.randn(1, 3, *size, generator=generator), foreground=torch.rand(1, patches))
        for size, patches in (((32, 24), 12), ((48, 40), 30))
    ]
    joined = concatenated(parts)
    assert joined.valid is not None
    assert joined.valid.sum(1).tolist() == [13, 31]
    assert joined.foreground is not None
    assert joined.foreground.shape == (2, 30)
    full = Architecture.full(VILT.sub_layers)
    read = network.backbone.read_texts(ids.expand(2, -1), torch.ones(2, ids.shape[1]))
    together = network.backbone(read, joined, full).pooled
    for row, part in enumerate(parts):
        alone = network.backbone(read.rows(torch.tensor([row])), part, full).pooled
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-4, atol=1e-5)
