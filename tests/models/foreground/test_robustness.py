"""The robustness of the filter is measured on the patches that the network itself keeps."""

from dataclasses import replace

import pytest
import torch

from models.architecture import Architecture, Choice, PatchKeep, PatchMode
from models.batch import Batch, Split
from models.checkpoints import load_network
from models.foreground.batch import batch_foreground
from models.foreground.perturb import Fault, Perturbation
from models.foreground.robustness import Robustness, patch_scores
from models.foreground.saliency import Saliency
from models.inputs import read_batch
from models.network import Network
from models.patch_filter import choose_patches
from models.registry import SHIPPED
from models.shapes.dataset import ShapesData
from models.vilt import Vilt
from models.workload import TaskName


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(SHIPPED["shapes-vilt"])


@pytest.fixture(scope="module")
def batch(network: Network) -> Batch:
    batch = ShapesData(TaskName.VQA).examples(Split.TEST, 6)
    names = [[str(place)] for place in range(6)]
    size = network.config.patch_size
    return replace(batch, foreground=batch_foreground(Saliency(), batch, patch_size=size, image_ids=names))


@pytest.mark.parametrize("mode", PatchMode)
@pytest.mark.parametrize("after_block", [0, 1, 3])
@torch.inference_mode()
def test_the_network_keeps_what_the_filter_chooses(
    network: Network, batch: Batch, mode: PatchMode, after_block: int
) -> None:
    """Nothing runs after the filter, so every kept patch can be told by its token."""
    keep = PatchKeep(0.4, after_block, mode)
    places = range(len(network.config.sub_layers))
    choices = tuple(Choice(keep=place < 2 * after_block) for place in places)
    backbone = network.backbone
    assert isinstance(backbone, Vilt)
    inputs = read_batch(backbone, batch).all()
    whole = backbone(inputs.texts, inputs.images, Architecture(choices)).image[:, 1:]
    some = backbone(inputs.texts, inputs.images, Architecture(choices, keep)).image[:, 1:]
    assert batch.foreground is not None
    scores = patch_scores(backbone, batch, Architecture(choices, keep))
    chosen = choose_patches(
        torch.ones_like(scores, dtype=torch.bool), keep=keep, scores=scores, foreground=batch.foreground[:, 0]
    )
    assert some.shape[1] == 14
    assert torch.equal(some.flatten(0, 1), whole[chosen])


def test_faults_show(network: Network) -> None:
    measured = Robustness(network, PatchKeep(0.5, 1), examples=64)
    true, none = measured.true(), measured.perturbed(Perturbation(Fault.NONE))
    assert (true.changed, true.fallbacks < 0.2, true.recall > 0.98) == (0.0, True, True)
    assert none.fallbacks == 1.0
    assert none.recall < true.recall - 0.1
    little, much = (measured.perturbed(Perturbation(Fault.SHIFTED, level)) for level in (0.1, 1.0))
    assert 0.0 < little.changed < much.changed
    assert little.recall > much.recall
    assert measured.perturbed(Perturbation(Fault.SPURIOUS, 0.0)) == true


def test_a_filter_that_keeps_all_changes_nothing(network: Network) -> None:
    measured = Robustness(network, PatchKeep(1.0, 1), examples=32)
    for effect in (measured.true(), measured.perturbed(Perturbation(Fault.DROPPED, 0.5))):
        assert (effect.changed, effect.recall) == (0.0, 1.0)
        assert effect.accuracy == measured.unfiltered()
