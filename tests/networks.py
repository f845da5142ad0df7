"""Small random networks for tests: sizes of the embedded world's data, weights from a seed."""

from pathlib import Path

import torch
from torch import nn

from models.checkpoints import save_network
from models.heads import TASKS
from models.meter_config import MeterConfig
from models.network import Network
from models.registry import BackboneEntry, read_entry
from models.shapes.dataset import ShapesData
from models.shapes.tokenizer import TOKENIZER_FILE, load_tokenizer
from models.vilt_config import ViltConfig
from models.weights import empty_backbone
from models.workload import TaskName

TINY = ViltConfig(
    hidden_size=16,
    heads=2,
    blocks=3,
    ffn_size=64,
    image_size=48,
    patch_size=8,
    vocabulary=load_tokenizer().get_vocab_size(),
    max_text_length=13,
    modalities=3,
)


TINY_METER = MeterConfig(
    hidden_size=16,
    heads=2,
    depth=2,
    ffn_size=32,
    vision_width=16,
    vision_heads=2,
    vision_blocks=2,
    vision_ffn_size=32,
    image_size=48,
    patch_size=8,
    language_width=16,
    language_heads=2,
    language_blocks=2,
    language_ffn_size=32,
    vocabulary=load_tokenizer().get_vocab_size(),
    max_positions=14,
    max_text_length=13,
    modalities=3,
    pad_id=0,
)


def random_network(config: ViltConfig | MeterConfig = TINY, *, seed: int = 0) -> Network:
    """A network with a head for every task; every parameter is drawn, so that none hides behind a zero."""
    answers = tuple(ShapesData(TaskName.VQA).answers)
    heads: dict[str, nn.Module] = {str(name): task.head(config, len(answers)) for name, task in TASKS.items()}
    heads["itm"] = nn.Linear(config.pooled_size, 2)
    network = Network(empty_backbone(config), nn.ModuleDict(heads), answers, TOKENIZER_FILE)
    generator = torch.Generator().manual_seed(seed)
    for module in (network.backbone, network.heads):
        module.eval().requires_grad_(False)
        for name, parameter in module.named_parameters():
            around = 1.0 if "norm.weight" in name else 0.0
            parameter.copy_(around + 0.2 * torch.randn(parameter.shape, generator=generator))
    return network


def random_backbone(folder: Path, config: ViltConfig | MeterConfig = TINY) -> BackboneEntry:
    """A registered backbone in `folder` with random weights."""
    save_network(folder, random_network(config), provenance={"made": "at random, for a test"})
    return read_entry(folder.name, folder)
